"""What stands in the results of an `each` for an item that failed; not how items are run."""


class ItemFailed(Exception):
    """The place of a failed item in the results of an `each` with `on_error="collect"`."""

    def __init__(self, index: int, error: Exception, attempts: int) -> None:
        """Take the number of the item, what it failed with, and how often it was tried."""
        super().__init__(index, error, attempts)
        self.index = index
        self.error = error
        self.attempts = attempts

    def __str__(self) -> str:
        kind = type(self.error).__name__
        return f"item {self.index} failed in attempt {self.attempts}: {kind}: {self.error}"
