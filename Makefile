# One word per purpose; `make` alone explains them. Everything it builds stands in .venv and .cache.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory
unexport PYTHONDONTWRITEBYTECODE # compiling everything anew would double the time each process takes to start

# The pinned packages were compiled for 3.11, so that one first; anything newer serves too.
PYTHON ?= $(shell for name in python3.11 python3 python3.12 python3.13 python3.14; do \
  "$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$name" && break; done)
PY := .venv/bin/python

# The pins are complete, so nothing is resolved again: a resolver would look at a later release of what an extra names.
# Debian ships Python without the installer for new environments; there the machine's own pip fills ours.
PIP := $$($(PY) -m pip --version >/dev/null 2>&1 && echo "$(PY) -m pip" || echo "$(PYTHON) -m pip --python $(PY)")
define INSTALL
  printf '%s ' "$(1)"
  $(PIP) install --disable-pip-version-check --no-input --progress-bar off --no-deps --require-hashes -r $(2) \
    | awk '/^Collecting|^Requirement/ { printf "."; fflush() } END { print " done" }'
  $(PIP) install --disable-pip-version-check --no-input --quiet --no-deps --no-build-isolation -e .
endef

.PHONY: help demo cluster test test-fast check bench clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile

demo: .venv/runtime.stamp ## the provider with two department apps on this machine: http://localhost:8000
	@exec $(PY) -m idp demo $(ARGS)

cluster: .venv/runtime.stamp ## the real thing on one machine: PostgreSQL, Redis, two nodes, TLS: https://idp.localhost:8443
	@$(PY) -m adapters.sandbox.services install --with nginx
	@exec $(PY) -m adapters.sandbox.cluster $(ARGS)

# Races, kills and time-outs meet a busy machine's moods: what failed runs once more by itself, and has to pass then.
define PYTEST
  $(PY) -m pytest -m $(1) -n $(2) $(ARGS) || { \
    test $$? -eq 1 && echo "Once more, only what failed:" && \
    $(PY) -m pytest -m $(1) --last-failed --last-failed-no-failures none $(ARGS); }
endef

# The first part tries a few examples of each property, the second all of them and what is tried by the hundred.
# Tests wait for clocks and other processes now and then: one more of them runs than there are cores.
CORES := $(shell nproc 2>/dev/null || echo 2)
WAITING := $(shell echo $$(($(CORES) + 1)))

test: .venv/test.stamp ## everything: services and browser are installed, nothing is skipped
	@$(PY) -m adapters.sandbox.services install --with browser,nginx,apache,node
	@$(MAKE) check
	@$(MAKE) test-fast
	@$(call PYTEST,"(services or browser or peer or processes or exhaustive or hypothesis) and not alone",$(WAITING))
	@$(call PYTEST,"alone",0)

test-fast: .venv/test.stamp ## the tests that need no server, start no process and are quick
	@$(call PYTEST,"not services and not browser and not peer and not processes and not exhaustive" --hypothesis-profile=quick,$(WAITING))

check: .venv/test.stamp ## style, types and the layers of the house
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@$(PY) -m mypy
	@.venv/bin/lint-imports

bench: .venv/test.stamp ## measure against npm oidc-provider, or ARGS=timings, flood, legacy, faces, certificates or mandates, and write docs/benchmarks.md
	@$(PY) -m adapters.sandbox.services install --with node
	@exec $(PY) -m bench $(ARGS)

clean: ## forget everything make built or downloaded
	rm -rf .venv .cache build dist ./*.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache \
	  .hypothesis .coverage htmlcov tests/node/node_modules

$(PY):
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed and was not found (set PYTHON=...)." >&2; exit 1; }
	@$(PYTHON) -m venv .venv >/dev/null 2>&1 || $(PYTHON) -m venv --clear --without-pip .venv

.venv/runtime.stamp: requirements/runtime.txt pyproject.toml | $(PY)
	@$(call INSTALL,Installing what the provider needs,requirements/runtime.txt)
	@touch $@

.venv/test.stamp: requirements/test.txt .venv/runtime.stamp
	@$(call INSTALL,Installing what the tests need,requirements/test.txt)
	@touch $@
