# Every target sets up what it needs; a second time that costs nothing.
PYTHON  ?= python3
BIN     := .venv/bin
MINUTES ?= 10
ARGS    ?=

.DEFAULT_GOAL := help
.PHONY: help setup run serve test check bench soak chaos failover photos fuzz mutants freeze i18n screens package lock

help:      ## this list
	@sed -n 's/^\([a-z0-9]*\):[ a-z]*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 10

setup:     ## everything for running and testing, without doing either
	@$(PYTHON) tools/prepare.py test

run:       ## the demo company in a window (pictures in build/screens/ where there is no display)
	@$(PYTHON) tools/prepare.py run
	@$(BIN)/crm-desktop demo $(ARGS)

serve:     ## a server with the demo company, on this machine only
	@$(PYTHON) tools/prepare.py run
	@test -d build/serve || $(BIN)/crm-server --data build/serve demo
	@$(BIN)/crm-server --data build/serve serve $(ARGS)

test: setup ## all tests; one of them: make test ARGS=tests/...
	@$(BIN)/python -m pytest -n 2 $(ARGS)

check: setup ## format, lint, imports, types, dependencies, migrations, translations
	@$(BIN)/python tools/check.py

bench: setup ## the promises about speed, measured
	@$(BIN)/python -m tests.bench $(ARGS)

soak: setup ## simulated devices against a server for MINUTES=10
	@$(BIN)/python -m tests.simulator.soak --minutes $(MINUTES) $(ARGS)

chaos: setup ## real processes, kill -9 and a bad network for MINUTES=10
	@$(BIN)/python -m tests.chaos --minutes $(MINUTES) $(ARGS)

failover: setup ## kills the primary of a PostgreSQL with Patroni under load (Debian: etcd-server, haproxy)
	@$(BIN)/python -m tests.failover $(ARGS)

photos: setup ## 200 photos attached offline arrive once each, across 40 kills on either side
	@CRM_PHOTOS=200 CRM_PHOTO_KILLS=40 $(BIN)/python -m pytest -q -n 0 tests/e2e/test_files.py -k killed $(ARGS)

fuzz: setup ## hostile input for every decoder for MINUTES=10 in all (Linux x86_64, Python 3.11 or 3.12)
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --require-hashes \
	  --requirement requirements-fuzz.lock
	@CRM_API_EXAMPLES=200 $(BIN)/python -m pytest -q -n 0 tests/fuzz/test_api.py
	@nice $(BIN)/python -m tests.fuzz --minutes $(MINUTES) $(ARGS)

mutants: setup ## do the tests notice when the engine is broken?
	@$(BIN)/python -m tests.simulator.mutants $(ARGS)

freeze: setup ## what this version says and stores, kept for the tests of every later one
	@$(BIN)/python -m tests.contracts.record

i18n: setup ## collects and compiles the translations
	@$(BIN)/python tools/i18n.py $(ARGS)

screens: setup ## a picture of every pane in build/screens/
	@$(BIN)/python -m tools.screens $(ARGS)

package: setup ## installers for this platform in dist/
	@$(BIN)/python -m installers $(ARGS)

lock: setup ## resolves the dependencies anew: the newest versions pyproject.toml allows
	@$(BIN)/uv pip compile --universal --python-version 3.11 --all-extras --generate-hashes --upgrade --quiet \
	  --no-emit-index-url --custom-compile-command "make lock" pyproject.toml --output-file requirements.lock
	@$(BIN)/uv pip compile --universal --python-version 3.11 --group fuzz --generate-hashes --upgrade --quiet \
	  --no-emit-index-url --custom-compile-command "make lock" --output-file requirements-fuzz.lock
	@$(BIN)/uv pip compile --universal --python-version 3.11 --group failover --generate-hashes --upgrade --quiet \
	  --no-emit-index-url --custom-compile-command "make lock" --output-file requirements-failover.lock
