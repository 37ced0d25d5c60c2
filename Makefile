# Zhiyin: `make demo` sets everything up and runs the main job; `make test` sets everything up and runs all tests.
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# for two cores: one worker more, since tests wait for browsers, servers and clocks; what takes long comes first;
# and no thread beside each worker's own, which would wait for its turn by going round in circles
PYTEST := OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1 $(BIN)/pytest -n 3 --dist loadgroup --no-loadscope-reorder
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help demo test lint bench check messages clean

help: ## Show this list
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(BIN)/zhiyin: pyproject.toml
	@tools/install core

$(VENV)/.test: pyproject.toml tools/install tools/system-packages tests/clients/package-lock.json
	@tools/install test

demo: $(BIN)/zhiyin ## Set up, then the whole loop on a simulated shop; leaves the console running
	@if [ -t 1 ]; then $(BIN)/zhiyin demo; else $(BIN)/zhiyin demo --no-serve; fi

test: $(VENV)/.test lint ## Set up, then all tests (what CI runs)
	@$(PYTEST)

lint: $(VENV)/.test ## Style, types and the architecture contracts
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

check: lint ## Fast checks: style, types, contracts and the pure tests
	@$(PYTEST) -m "not spark and not postgres and not browser and not real"

bench: $(VENV)/.test ## Benchmarks against hand-written peers; results in docs/benchmarks.md
	@$(BIN)/python -m bench

messages: $(VENV)/.test ## Collect the texts of the console and compile both translations
	@tools/messages

clean: ## Remove what these commands made
	rm -rf $(VENV) tests/clients/node_modules demo .mypy_cache .ruff_cache .pytest_cache .hypothesis
