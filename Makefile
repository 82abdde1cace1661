# Everything that is done with a checkout. Each target sets up the environment it needs by itself.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
RUNS ?= 20
ALONE ?= 1
AT_ONCE ?= 1
SEEDS ?= 100

.PHONY: demo test test-all test-steady soak check format bench docs schema clean

demo: $(STAMP)  ## play a match on loopback and show each step
	$(BIN)/python -m roundhook demo

test: $(STAMP)  ## all tests but the long forms
	$(BIN)/python -m pytest -q -m "not full" --numprocesses auto --dist worksteal

test-all: $(STAMP)  ## all tests, every seed and thousands of reloads included; the whole bot on PostgreSQL too
	$(BIN)/python -m pytest -q
	$(BIN)/python -m pytest -q -m "not full" --numprocesses auto --dist worksteal --stage-on postgres

test-steady: $(STAMP)  ## all tests RUNS times under changing conditions, AT_ONCE runs at a time; ALONE times a round each test by itself
	$(BIN)/python -m tests.steady --runs $(RUNS) --alone $(ALONE) --at-once $(AT_ONCE)

soak: $(STAMP)  ## SEEDS evenings with kills and faults, as long as that takes
	ROUNDHOOK_SOAK_SEEDS=$(SEEDS) $(BIN)/python -m pytest -q tests/faults -m full --numprocesses auto --dist load

check: $(STAMP)  ## format, lint, types, import rules, docs and schema up to date
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m docs.generate --check
	$(BIN)/python -m tests.schema --check

format: $(STAMP)  ## put the code into shape
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: $(STAMP)  ## write the generated reference pages
	$(BIN)/python -m docs.generate

schema: $(STAMP)  ## write what the migrations make of an empty database
	$(BIN)/python -m tests.schema

bench: $(STAMP)  ## measure; prints figures
	$(BIN)/python -m benchmarks

clean:  ## remove the environment and caches
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache demo-out steady-out

$(STAMP): pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "roundhook needs Python 3.11 or newer; set PYTHON=…")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $@
