# Needs Python 3.11 or later, make and git; Node 20 or later only for generate, check-generated and
# test-maintaining.

ifneq ($(filter-out help clean test-quick,$(or $(MAKECMDGOALS),help)),)
ifndef VERSIONS
VERSIONS := $(shell sh tools/pythons.sh | cut -d ' ' -f 1)
endif
ifeq ($(VERSIONS),)
$(error No usable Python, see above)
endif
endif

FIRST := $(firstword $(VERSIONS))
NEWEST := $(lastword $(VERSIONS))
# The tools run in the environment of the oldest interpreter, whose syntax the code must keep to.
TOOLS := .venv-$(FIRST)/bin/python
EVERYDAY := $(or $(wildcard .venv/bin/python),python3)
# For instance: make test VERSIONS=3.13 PYTEST="--no-cov -k emulator"
PYTEST :=

.PHONY: help demo test test-quick test-maintaining test-install venvs wheel lint types format generate check-generated guard pictures docs bench bench-bulk bench-command bench-emulator fuzz nightly lock clean

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1|/p' Makefile | awk -F '|' '{ printf "make %-16s %s\n", $$1, $$2 }'

demo: .venv-demo/ready ## create a user and a token against the local emulator, without Azure
	@.venv-demo/bin/acs-identity demo

test: ## test the wheel on every Python that is found, with coverage on the newest, which measures it at little cost
	@echo "testing on Python: $(VERSIONS)"
	@for version in $(filter-out $(VERSIONS),3.11 3.12 3.13); do echo "skipped, not found: Python $$version"; done
	@$(MAKE) --no-print-directory --silent -j2 venvs VERSIONS="$(VERSIONS)"
	@$(MAKE) --no-print-directory -k $(VERSIONS:%=test-%) VERSIONS="$(VERSIONS)"

test-%: .venv-%/ready wheel build/official/identity_samples_async.py
	@echo "== Python $*"
	@.venv-$*/bin/python -m pip install -qq --no-deps --force-reinstall build/dist/*.whl
	@.venv-$*/bin/python -m pip check
	@$(if $(filter 3.11,$*),,COVERAGE_CORE=sysmon )\
		.venv-$*/bin/python -m pytest -n auto --dist loadfile $(if $(filter $(NEWEST),$*),--cov --cov-report=) \
		-m "not node and not index$(if $(filter-out $(NEWEST),$*), and not once)" $(PYTEST)

test-quick: ## test the checkout installed in .venv, without the slow tests
	@$(EVERYDAY) -m pytest -m "not once and not node and not index" $(PYTEST)

venvs: $(VERSIONS:%=.venv-%/ready)

wheel: .venv-$(FIRST)/ready ## build the sdist, and the wheel from it, into build/dist
	@rm -rf build/dist && mkdir -p build/dist
	@$(TOOLS) -m build --no-isolation --outdir build/dist > build/dist/log 2>&1 || { cat build/dist/log; exit 1; }
	@echo "built $$(ls build/dist/*.whl)"

# Tests have no network, so what they need from the package index is fetched before.
build/official/identity_samples_async.py: tools/official_samples.py | .venv-$(FIRST)/ready
	@$(TOOLS) tools/official_samples.py

lint: .venv-$(FIRST)/ready ## check style, formatting and that the sync client equals the async one
	@$(TOOLS) -m ruff check
	@$(TOOLS) -m ruff format --check
	@$(TOOLS) tools/unasync.py --check

types: .venv-$(FIRST)/ready ## check the types of everything written by hand, with mypy and pyright
	@$(TOOLS) -m mypy
	@$(TOOLS) -m pyright --pythonpath $(TOOLS)

format: .venv-$(FIRST)/ready ## format the code, fix what can be fixed and write the sync client
	@$(TOOLS) -m ruff format
	@$(TOOLS) -m ruff check --fix
	@$(TOOLS) tools/unasync.py

generate: .venv-$(FIRST)/ready node_modules/.package-lock.json ## rewrite generated/ from swagger/ and autorest.md; one version: VERSION=2026-09-23
	@$(TOOLS) tools/generate.py $(if $(filter command,$(origin VERSION)),--version "$(VERSION)")

check-generated: .venv-$(FIRST)/ready node_modules/.package-lock.json ## prove that generated/ is what the contract gives
	@$(TOOLS) tools/generate.py --check

guard: .venv-$(FIRST)/ready ## report what the change does to users and what it leaves undone; BASE=main compares with main
	@$(TOOLS) -m tools.guard $(if $(BASE),--base $(BASE))

test-maintaining: .venv-$(FIRST)/ready node_modules/.package-lock.json ## test what needs Node: an invented API version in a copy, and the official JavaScript client
	@$(TOOLS) -m pytest -m node $(PYTEST)

test-install: .venv-$(FIRST)/ready ## test what the documents say to install, each in an empty environment
	@$(TOOLS) -m pip install -qq --no-deps -e . && $(TOOLS) -m pytest -m index $(PYTEST)

pictures: .venv-$(FIRST)/ready ## take the pictures of the terminal and the console page that the documents show; needs chromium
	@$(TOOLS) -m pip install -qq --no-deps -e . && $(TOOLS) -m tools.console_picture && $(TOOLS) -m tools.terminal_picture

docs: .venv-$(FIRST)/ready ## build the documentation into build/docs; a warning is an error
	@$(TOOLS) -m pip install -qq --no-deps -e . && $(TOOLS) -m tools.cli_reference --check
	@$(TOOLS) -m sphinx -q -W --keep-going -b html docs build/docs
	@echo "the documentation is in build/docs/index.html"

bench: .venv-$(FIRST)/ready ## measure what a call of the client costs and write docs/performance.md; QUICK=1 is short
	@$(TOOLS) -m pip install -qq --no-deps -e . && $(TOOLS) -m benchmarks.client $(if $(QUICK),--quick,--write)

bench-bulk: .venv-$(FIRST)/ready ## measure bulk calls under the limits of the service and write its part of docs/scaling.md; five minutes
	@$(TOOLS) -m pip install -qq --no-deps -e . && $(TOOLS) -m benchmarks.bulk --write

bench-command: wheel ## measure how long the command takes to start, and write docs/command-performance.md
	@$(TOOLS) -m pip install -qq --no-deps -e . && $(TOOLS) -m benchmarks.command --write

bench-emulator: .venv-$(FIRST)/ready ## compare the emulator with bare routes, and write docs/emulator-performance.md; five minutes
	@$(TOOLS) -m pip install -qq --no-deps -e . && $(TOOLS) -m benchmarks.emulator --write

fuzz: .venv-$(FIRST)/ready ## try bad requests at random, always others; SECONDS=600 for ten minutes a test
	@$(TOOLS) -m pip install -qq --no-deps -e .
	@FUZZ_SECONDS=$(or $(SECONDS),60) $(TOOLS) -m pytest tests/emulator/test_fuzz.py tests/emulator/test_schemathesis.py --timeout 0 $(PYTEST)

nightly: .venv-$(FIRST)/ready ## the long runs: 10,000 random flows recorded and played back, and ten minutes of fuzzing a test
	@$(TOOLS) -m pip install -qq --no-deps -e .
	@RECORDING_EXAMPLES=10000 $(TOOLS) -m pytest tests/recordings/test_flows.py tests/recordings/test_no_secret_survives.py --timeout 0 $(PYTEST)
	@$(MAKE) --no-print-directory fuzz SECONDS=$(or $(SECONDS),600)

lock: ## rewrite constraints.txt: exact versions of everything the dev extra needs
	@test "$(VERSIONS)" = "3.11 3.12 3.13" || { echo "needs Python 3.11, 3.12 and 3.13; found $(VERSIONS)"; exit 1; }
	@"$$(sh tools/pythons.sh | sed -n 's/^$(FIRST) //p')" tools/lock.py $$(sh tools/pythons.sh | cut -d ' ' -f 2-)

clean: ## remove everything that was made here and is not in git
	@rm -rf build dist htmlcov node_modules *.egg-info .coverage* .venv-* .*_cache .hypothesis
	@find . -name __pycache__ -type d -not -path './.venv/*' -prune -exec rm -rf {} +

.venv-%/ready: setup.py constraints.txt
	@echo "setting up .venv-$*, about a minute ..."
	@rm -rf .venv-$*
	@"$$(sh tools/pythons.sh | sed -n 's/^$* //p')" -m venv .venv-$*
	@.venv-$*/bin/python -m pip install -qq -r constraints.txt
	@touch $@

.venv-demo/ready: setup.py constraints.txt
	@echo "setting up .venv-demo, half a minute ..."
	@rm -rf .venv-demo
	@"$$(sh tools/pythons.sh | sed -n 's/^$(NEWEST) //p')" -m venv .venv-demo
	@.venv-demo/bin/python -m pip install -qq -c constraints.txt -e ".[aio,cli,emulator]"
	@touch $@

node_modules/.package-lock.json: package-lock.json package.json .npmrc
	@command -v npm > /dev/null || { echo "npm is not on the PATH. Install Node 20 or later; only the generation and its tests need it."; exit 1; }
	npm ci --no-audit --no-fund
	@touch $@
