# `make demo` and `make test` need nothing but Python 3.11 or later, pip and make: they set up .venv by themselves.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
TOOLS := $(VENV)/.tools
PEERS := .venv-bench/.installed
# numpy's OpenBLAS is to choose the instructions by itself, as the peers do, whatever the environment says.
BENCH := env -u OPENBLAS_CORETYPE .venv-bench/bin/python -m benchmarks.
SHORT := $(if $(QUICK),--quick)
DEMO := .demo
# Every core begins with its share of the files, in a row, and takes over from the others when it is done. Whatever
# the environment says, bytecode is kept, else every process that a test starts compiles the program anew; and
# BLAS begins with one thread, for two on each core would wait for each other.
PYTEST := env -u PYTHONDONTWRITEBYTECODE OPENBLAS_NUM_THREADS=1 $(BIN)/python -m pytest
PARALLEL := -n auto --dist worksteal

.PHONY: help demo test test-fast lint coverage torture docs wheel test-lowest bench scale clean

help:  ## List the targets.
	@awk -F ':.*##' '/^[a-z-]+:.*##/ { printf "%-14s%s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(INSTALLED)  ## Train on digits that the program draws itself, and score the result.
	@mkdir -p $(DEMO)
	$(BIN)/nnbp train --config configs/demo.toml --data-dir $(DEMO) --weights $(DEMO)/weights.npz
	$(BIN)/nnbp eval $(DEMO)/weights.npz --data-dir $(DEMO)

test: lint  ## Run every check and every test, on all cores.
	$(PYTEST) $(PARALLEL)

test-fast: $(TOOLS)  ## Run the tests that one waits for between two edits.
	$(PYTEST) $(PARALLEL) -q --hypothesis-profile=fast -m "not slow and not mnist"

lint: $(TOOLS)  ## Check format, style and types.
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

coverage: $(TOOLS)  ## Run the tests and show which lines and branches none of them takes.
	$(PYTEST) --cov --cov-report=term-missing:skip-covered

torture: $(TOOLS)  ## Kill, starve and damage runs and files at length, and print a table of what held.
	$(BIN)/python -m tests.torture

docs: $(INSTALLED)  ## Write the generated pages anew.
	$(BIN)/python docs/generate.py config > docs/config.md
	$(BIN)/python docs/generate.py cli > docs/cli.md

wheel: $(TOOLS)  ## Build the wheel, into dist/.
	$(BIN)/python -m pip wheel --quiet --no-deps --no-build-isolation --wheel-dir dist .

test-lowest:  ## Run the tests with the lowest versions of the dependencies.
	$(PYTHON) -m venv .venv-lowest
	.venv-lowest/bin/python -m pip install --quiet --editable '.[dev]' --constraint tests/lowest-versions.txt
	.venv-lowest/bin/python -m pytest

bench: $(PEERS)  ## Compare with PyTorch, JAX, scikit-learn and a loop over examples; QUICK=1 is short.
	$(BENCH)compare $(SHORT)
	$(BENCH)first_epoch $(SHORT)
	$(BENCH)step $(SHORT)
	$(BENCH)evaluation $(SHORT)
	$(BENCH)loading $(SHORT)
	$(BENCH)convolution $(SHORT)

scale: $(PEERS)  ## Measure how time and memory grow, beside PyTorch's, and draw docs/scale.png.
	$(BENCH)scale $(SHORT)
	$(BENCH)scale --plot

clean:  ## Remove everything that these targets made.
	rm -rf $(VENV) .venv-lowest .venv-bench $(DEMO) dist build .mypy_cache .pytest_cache .ruff_cache .hypothesis

$(INSTALLED): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --editable .
	@touch $@

$(TOOLS): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	@touch $(INSTALLED) $@

$(PEERS): benchmarks/requirements.txt pyproject.toml
	$(PYTHON) -m venv .venv-bench
	.venv-bench/bin/python -m pip install --quiet --editable '.[fast]' --requirement benchmarks/requirements.txt
	@touch $@
