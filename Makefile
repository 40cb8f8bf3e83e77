# Two targets do everything for a newcomer: `make serve` and `make test`.
# Each first makes the virtual environment it needs.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RUN_STAMP := $(VENV)/.installed
TEST_STAMP := $(VENV)/.installed-dev
OLD_CLIENT := $(VENV)/kubernetes-28
DIR ?= jobs.d

.PHONY: serve test lint types contracts unit bench chaos soak clean

serve: $(RUN_STAMP)
	$(BIN)/localjobs serve $(DIR)

test: lint types contracts unit

lint: $(TEST_STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(TEST_STAMP)
	$(BIN)/mypy

contracts: $(TEST_STAMP)
	$(BIN)/lint-imports --no-cache

# A file of tests to one worker: what its module has served for all of them is made once.
unit: $(TEST_STAMP)
	$(BIN)/python -m pytest -n 2 --dist loadfile

bench: $(TEST_STAMP)
	$(BIN)/python -m benchmarks

chaos: $(TEST_STAMP)
	$(BIN)/python -m pytest -m chaos tests

soak: $(TEST_STAMP)
	$(BIN)/python -m pytest -m soak tests

clean:
	rm -rf $(VENV) build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "localjobs needs Python 3.11 or newer; set PYTHON=")'
	$(PYTHON) -m venv $(VENV)

$(RUN_STAMP): pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	touch $@

$(TEST_STAMP): pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	rm -rf $(OLD_CLIENT)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check \
		--target $(OLD_CLIENT) 'kubernetes==28.*'
	touch $@ $(RUN_STAMP)
