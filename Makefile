# One word a task. Needs GNU make and Python 3.11 or newer; `make PYTHON=python3.13 run` chooses another one.

PYTHON  ?= python3
ARGS    ?=
WORKERS ?= 2
BASE    ?=
IMAGE   ?= opentrader
# The whole suite must cover what setup.cfg demands ([coverage:report] fail_under); a part of it need not.
COVERED := --cov --cov-report=
COMMIT  := $(shell git rev-parse --short HEAD 2>/dev/null || echo dev)

VENV    := .venv
BIN     := $(VENV)/bin
INSTALL := $(BIN)/python -m pip --disable-pip-version-check install --quiet
# Not quiet: it takes a minute, and each package that comes in is a sign of life.
LOCKED  := $(subst --quiet,,$(INSTALL)) --require-hashes --only-binary :all: --requirement
# What is installed is as old as these stamps: a task after the first finds nothing to do.
READY      := $(VENV)/ready
READY_TEST := $(VENV)/ready-test
# An anchor of the benchmarks whose dependencies must not enter the environment that is measured.
VECTORBT   := build/vectorbt

.DEFAULT_GOAL := help
.PHONY: help run test check prove bench bench-long audit image image-test lock clean

help: ## List the tasks
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))
	@echo
	@echo '  ARGS="..." is handed on: make run ARGS="--port 8001", make test ARGS="-k trend -x"'

run: $(READY) ## Start the daemon on the paper exchange and the simulated market
	@$(BIN)/opentrader serve --data-dir ./data $(ARGS)

test: $(READY_TEST) ## Run the test suite; the long proofs are in `make prove`
	@$(BIN)/python -m pytest --numprocesses $(WORKERS) --dist loadfile -m "not slow" $(if $(ARGS),$(ARGS),$(COVERED))

check: $(READY_TEST) ## Lint, check the format, the types, and the direction of imports
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/mypy
	@$(BIN)/python -m pytest --quiet tests/test_imports.py tests/test_repository.py tests/test_deploy.py

prove: $(READY_TEST) ## Prove what takes up to two hours: slow tests, exploration, simulation; goes on where it was cut off
	@$(BIN)/python -m tests.prove --workers $(WORKERS) $(ARGS)

bench: $(READY_TEST) $(VECTORBT)/ready ## Measure what docs/performance.md claims, in 8 minutes; ARGS="P1 P5": some of it
	@$(BIN)/python -m bench --json build/bench.json --markdown build/bench.md $(ARGS)

bench-long: $(READY_TEST) $(VECTORBT)/ready ## The same and what takes longer, within an hour
	@$(BIN)/python -m bench --long --json build/bench-long.json --markdown build/bench-long.md $(ARGS)

image: ## Build the container image with docker, podman or buildah; BASE="python@sha256:..." pins what it stands on
	@deploy/build-image --tag $(IMAGE) --build-arg GIT_COMMIT=$(COMMIT) $(if $(BASE),--build-arg BASE=$(BASE)) $(ARGS) .

image-test: $(READY_TEST) ## Build the image with buildah on a Debian base, run it confined and check it; needs root
	@$(BIN)/python -m tests.deploy.image

clean: ## Remove the environment and all caches; ./data stays
	@rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo \
	  'opentrader needs Python 3.11 or newer; name one: make PYTHON=python3.13 $(MAKECMDGOALS)' >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

$(READY): requirements.lock setup.cfg pyproject.toml | $(BIN)/python
	@echo 'Installing the pinned packages into $(VENV); this happens once and takes about a minute.'
	@$(LOCKED) requirements.lock
	@$(INSTALL) --no-deps --no-build-isolation --editable .
	@echo 'Installed. `source $(BIN)/activate` puts the command opentrader within reach.'
	@touch $@

$(READY_TEST): requirements-test.lock $(READY)
	@echo 'Installing what the tests need.'
	@$(LOCKED) requirements-test.lock
	@touch $@

$(VECTORBT)/ready: requirements-vectorbt.lock
	@echo 'Installing vectorbt, which the replay is measured against, into $(VECTORBT).'
	@$(PYTHON) -m venv --clear $(VECTORBT)
	@$(VECTORBT)/bin/python -m pip --disable-pip-version-check install --require-hashes --only-binary :all: \
	  --requirement requirements-vectorbt.lock
	@touch $@

# --- for maintainers -------------------------------------------------------------------------------------------

TOOLS   := build/tools
COMPILE := CUSTOM_COMPILE_COMMAND="make lock" $(TOOLS)/bin/pip-compile --quiet --generate-hashes --allow-unsafe \
             --strip-extras --no-emit-options $(ARGS)
OURS    := --build-deps-for wheel

# With the oldest Python that is supported: newer ones install what it pins, the reverse is not so.
lock: $(TOOLS)/bin/pip-compile ## Pin the packages that setup.cfg names; ARGS="--upgrade" takes the newest
	@$(COMPILE) $(OURS) --extra plot --output-file requirements.lock setup.cfg
	@$(COMPILE) $(OURS) --constraint requirements.lock --output-file requirements-daemon.lock setup.cfg
	@$(COMPILE) $(OURS) --constraint requirements.lock --extra plot --extra test --extra bench \
	  --output-file requirements-test.lock setup.cfg
	@$(COMPILE) --output-file requirements-vectorbt.lock bench/vectorbt.in

audit: $(TOOLS)/bin/pip-audit ## Look the pinned packages up in the database of known vulnerabilities
	@$(TOOLS)/bin/pip-audit --strict --disable-pip --require-hashes --requirement requirements.lock $(ARGS)

$(TOOLS)/bin/pip-compile $(TOOLS)/bin/pip-audit:
	@$(PYTHON) -m venv $(TOOLS)
	@$(TOOLS)/bin/python -m pip --disable-pip-version-check install --quiet pip-tools==7.6.2 pip-audit==2.10.1
