# make run    a server with invented cases on http://127.0.0.1:6543
# make test   everything: lint, tests on SQLite and PostgreSQL, browser tests
# make check  the quick part of it: lint, rules of the architecture, migrations
# make lock   requirements*.txt anew from requirements*.in
# make clean  remove the environment and what was compiled; ./instance, with its records, stays

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install -qq --disable-pip-version-check
COMPILE := pip-compile --quiet --generate-hashes --allow-unsafe --strip-extras --no-header --no-annotate \
	--no-emit-options --no-emit-index-url --no-emit-find-links --no-emit-trusted-host
JOBS ?= 2

.PHONY: run test check lock clean
.DELETE_ON_ERROR:

run: $(VENV)/run.stamp
	$(BIN)/casework --ini development.ini serve --demo

test: $(VENV)/test.stamp
	$(BIN)/ruff check .
	$(BIN)/pytest -n $(JOBS)

check: $(VENV)/test.stamp
	$(BIN)/ruff check .
	$(BIN)/pytest tests/architecture

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "casework needs Python 3.11 or newer" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

# Later starts compare these stamps with the lock files only.
$(VENV)/run.stamp: requirements.txt setup.py | $(BIN)/python
	$(PIP) --require-hashes -r requirements.txt
	$(PIP) --no-deps --no-build-isolation --use-pep517 -e .
	@touch $@

$(VENV)/test.stamp: requirements-dev.txt $(VENV)/run.stamp
	$(PIP) --require-hashes -r requirements-dev.txt
	@touch $@

lock:
	$(PYTHON) -m venv $(VENV)-lock
	$(VENV)-lock/bin/python -m pip install --quiet pip-tools
	$(VENV)-lock/bin/$(COMPILE) -o requirements.txt requirements.in
	$(VENV)-lock/bin/$(COMPILE) -o requirements-dev.txt requirements-dev.in
	rm -rf $(VENV)-lock

clean:
	rm -rf $(VENV) $(VENV)-lock .pytest_cache .ruff_cache .hypothesis test-results casework.egg-info
	find casework schemas tests alembic -name __pycache__ -type d -prune -exec rm -rf {} +
	find casework schemas -name '*.mo' -delete
