# Everything that a contributor types. `make` alone lists it.
# Needs: make, Python 3.11 or newer with venv. Works as root or not, without Docker and without a running service.

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
T ?= tests
DEMO_ARGS ?=

# The first Python that is new enough; `make PYTHON=/path/to/python3.12 setup` names another.
PYTHON ?= $(shell for candidate in python3 python3.13 python3.12 python3.11; do \
	$$candidate -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$candidate; break; }; done)

# Django's own checks need settings and a database; this gives them both, and stops what it started.
WITH_SERVICES := DJANGO_SETTINGS_MODULE=obiwork_project.settings.test $(BIN)/python -m obiwork_project.services --

.DEFAULT_GOAL := help
.PHONY: help setup demo test check fmt lock clean

help: ## list what can be done
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(STAMP) ## set everything up without running anything

# A virtual environment with the locked uv, made again where its Python is gone or too old.
define VENV_WITH_UV
@[ -n "$(PYTHON)" ] || { echo "make: no Python 3.11 or newer here; install one or say PYTHON=/path/to/python3"; exit 1; }
@$(BIN)/python -c 'import pip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "make: $(PYTHON) has no venv; install it (Debian and Ubuntu: apt install python3-venv)"; exit 1; }; \
	$(PYTHON) -m venv --clear $(VENV); }
@awk '/^uv==/ {wanted = 1} wanted {print} wanted && !/\\$$/ {exit}' requirements-dev.txt > $(VENV)/uv.txt
@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(VENV)/uv.txt
endef

# The lock decides: nothing is installed again until it or the project's description changes. pip is the fallback
# where uv cannot run, and installs the project itself, which needs no download.
$(STAMP): requirements-dev.txt pyproject.toml
	$(VENV_WITH_UV)
	@$(BIN)/uv pip sync --system-certs --quiet --python $(BIN)/python --require-hashes requirements-dev.txt \
		|| $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: $(STAMP) ## run the whole system on paper until Ctrl-C (DEMO_ARGS="--seconds 60 --json out.json")
	@exec $(BIN)/obiwork demo $(DEMO_ARGS)

test: $(STAMP) ## run the tests against a real PostgreSQL and Redis (T=tests/core for a part)
	@$(BIN)/python -m pytest -n 2 --dist loadgroup $(T)

check: $(STAMP) ## check format, lint, types, import contracts and migrations
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .
	@DATABASE_URL=postgres:///types REDIS_URL=unix:///types $(BIN)/mypy
	@$(BIN)/lint-imports
	@$(WITH_SERVICES) sh -c '$(BIN)/python manage.py makemigrations --check --dry-run && $(BIN)/python manage.py check'

fmt: $(STAMP) ## format the code and repair what lint can repair
	@$(BIN)/ruff check --quiet --fix .
	@$(BIN)/ruff format --quiet .

lock: ## refresh requirements.txt and requirements-dev.txt from pyproject.toml
	$(VENV_WITH_UV)
	@$(BIN)/uv lock --system-certs --quiet
	@$(BIN)/uv export --quiet --frozen --no-header --no-annotate --no-emit-project --extra embedded --no-dev \
		-o requirements.txt
	@$(BIN)/uv export --quiet --frozen --no-header --no-annotate --no-emit-project --extra embedded \
		-o requirements-dev.txt

clean: ## remove what the tools leave behind, and the state in .run; keep .venv
	@rm -rf .run build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -not -path './$(VENV)/*' -prune -exec rm -rf {} +
