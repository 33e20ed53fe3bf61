# Two commands for a newcomer: `make demo` and `make test`. Both make their own environment; only Python >= 3.11 is needed.
.DEFAULT_GOAL := help
.PHONY: help demo up test quick bench check fix setup clean

UV_VERSION := 0.13.9
UV := $(shell command -v uv 2>/dev/null || echo .tools/bin/uv)
ADOPTION := .venv/bin/adoption

help:  ## what there is
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(UV):
	@python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo 'Python 3.11 or newer is needed: https://www.python.org/downloads/'; exit 1; }
	@test -x .tools/bin/uv || { python3 -m venv .tools && .tools/bin/pip install --quiet uv==$(UV_VERSION); }

.venv/.ready: $(UV) pyproject.toml uv.lock
	@$(UV) sync --quiet --locked
	@touch .venv/.ready

setup: .venv/.ready  ## make the environment (.venv) from the lock file

demo: setup  ## a year of history through the whole stack, then the three reports
	@$(ADOPTION) demo

up: setup  ## run the tracker on this machine until Ctrl-C
	@$(ADOPTION) up

test: setup  ## the whole suite, on real parts; installs what it needs
	@deploy/test-machine.sh
	@.venv/bin/pytest

quick: setup  ## the tests that need no server
	@.venv/bin/pytest tests/unit tests/properties tests/architecture tests/contract

bench: setup  ## what a worker carries on this machine; half an hour, best left alone
	@deploy/test-machine.sh
	@.venv/bin/python -m tests.benchmarks

check: setup  ## lint, format, types
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/mypy

fix: setup  ## mend what ruff can mend
	@.venv/bin/ruff check --fix .
	@.venv/bin/ruff format .

clean:  ## remove the environment and what tools left behind
	@rm -rf .venv .tools .mypy_cache .ruff_cache .pytest_cache .hypothesis
