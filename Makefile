.PHONY: check test

check:
	python -m tools.check

test:
	pytest
