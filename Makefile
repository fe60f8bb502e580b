# Every target does the set-up it needs; `make` alone lists them.
SHELL := /bin/sh
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/ready
INPUTS := pyproject.toml requirements.txt requirements-dev.txt requirements-dev.lock

# A virtual environment holds absolute paths: in a clone that was moved or copied it must be made anew.
ifneq ($(shell cat $(READY) 2>/dev/null),$(CURDIR))
.PHONY: $(READY)
endif

# One more than there are cores: many tests wait for an engine, or for AWS to be believed.
WORKERS := $(shell n=$$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 1); echo $$((n + 1)))
PYTEST_ARGS ?= -n $(WORKERS) --dist loadgroup
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-all nightly test-aws faults bench lint docs format env lock clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { gsub(/\$$\$$/, "$$", $$2); printf "  make %-9s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

setup: $(READY) ## make .venv with everything installed, and the Pulumi engine where none is installed
	@$(BIN)/python tools/pulumi/engine.py ensure

# `ready` is written last, so that a set-up which failed half-way is done again.
$(READY): $(INPUTS)
	@rm -f $(READY)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null || { \
		echo "error: this needs Python 3.10 or newer, and $(PYTHON) is $$($(PYTHON) --version 2>/dev/null || echo not there). Name another: make setup PYTHON=python3.12" >&2; \
		exit 1; }
	@{ grep -qF "$(CURDIR)/" $(BIN)/pip && $(BIN)/python -c 'import pip, sys; sys.exit(sys.version_info < (3, 10))'; } 2>/dev/null || { \
		echo "Making $(VENV) (about a minute, first time only)." >&2; \
		$(PYTHON) -m venv --clear $(VENV); }
	@$(PIP) install --requirement requirements-dev.lock
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@printf '%s\n' "$(CURDIR)" > $(READY)

demo: setup ## the main job on the emulator: up, blocked preview, destroy with snapshot, restore
	@$(BIN)/python tools/demo/run.py

test: setup ## run the tests, with a fixed slice of the long ones
	@$(BIN)/python -m pytest $(PYTEST_ARGS)

test-all: setup ## run every test, the long ones in full, and the mutation run
	@REDSHIFT_TEARDOWN_TEST_ALL=1 $(BIN)/python -m pytest $(PYTEST_ARGS)
	@$(BIN)/python tests/unit/deletion_policy/mutation.py

nightly: setup ## ten thousand random histories, and two hundred on the engine, other ones every night
	@REDSHIFT_TEARDOWN_TEST_ALL=1 REDSHIFT_TEARDOWN_EXAMPLES=10000 $(BIN)/python -m pytest $(PYTEST_ARGS) tests/histories tests/e2e/test_random_histories.py

test-aws: setup ## ask the real Redshift; needs REDSHIFT_TEARDOWN_AWS=1, and says beforehand what it costs
	@$(BIN)/python -m pytest -n0 -s -k "not emulator" tests/aws

faults: setup ## every AWS call of a destroy with every fault, as a table
	@$(BIN)/python tools/faults.py

bench: setup ## measure policy, pack and scale; about half an hour, on a machine with nothing else to do
	@$(BIN)/python bench/deletion_policy.py
	@$(BIN)/python bench/pack.py
	@$(BIN)/python bench/scale.py $(BENCH_ARGS)

docs: $(READY) ## write the generated pages and build the documentation
	@$(BIN)/python tools/docs/generate.py
	@$(BIN)/python tools/docs/build.py

lint: $(READY) ## ruff, mypy, import-linter, words, documentation
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/mypy --no-error-summary
	@$(BIN)/mypy --no-error-summary __main__.py network.py
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/codespell
	@$(BIN)/python tools/docs/generate.py --check
	@$(BIN)/python tools/docs/build.py --check

format: $(READY) ## rewrite the code in the project's format
	@$(BIN)/ruff check --quiet --fix .
	@$(BIN)/ruff format --quiet .

env: ## print shell exports for the tests' own engine: eval "$$(make -s env)"
	@$(MAKE) -s setup >&2
	@$(BIN)/python tools/pulumi/engine.py env

lock: ## renew requirements-dev.lock (with the oldest Python you have from 3.10 on)
	@PYTHON="$(PYTHON)" tools/lock

# .pulumi-state and .redshift-teardown stay: they may speak of clusters that exist.
clean: ## remove what setup and builds made; stacks, their state and receipts stay
	@rm -rf $(VENV) .pulumi-engine build dist provider/*.egg-info
	@rm -rf .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .coverage htmlcov
	@find provider policy tests tools -type d -name __pycache__ -prune -exec rm -rf {} +
