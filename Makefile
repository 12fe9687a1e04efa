# Every target sets up its own virtual environment in .venv when there is none.
# The first Python that fits, unless one is named: make PYTHON=python3.12 bot
FITS := import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11 python; do \
	$$python -c '$(FITS)' 2>/dev/null && echo $$python && break; done)
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: bot test lint screenshots clean

bot: .venv/.bot
	$(BIN)/deephypebot up

test: .venv/.dev
	$(BIN)/pytest --numprocesses 4 --dist worksteal  # most of them wait most of the time

lint: .venv/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

screenshots: .venv/.dev
	$(BIN)/python -m docs.screenshots

clean:
	rm -rf .venv build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache

.venv/bin/python:
	@"$(PYTHON)" -c '$(FITS)' 2>/dev/null || { \
		echo 'Python 3.11, 3.12 or 3.13 is needed; name one with: make PYTHON=/path/to/python'; exit 1; }
	@"$(PYTHON)" -m venv .venv || { rm -rf .venv; exit 1; }

.venv/.bot: pyproject.toml constraints.txt | .venv/bin/python
	$(PIP) --editable '.[inference,gateway,worker]'
	@touch $@

.venv/.dev: pyproject.toml constraints.txt | .venv/bin/python
	$(PIP) --editable '.[dev]'
	@touch $@ .venv/.bot
