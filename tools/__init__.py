"""The programs that check this project; no part of the package."""
