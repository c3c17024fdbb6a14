# SPDX-License-Identifier: Apache-2.0
# What a person needs: make demo, make test. What a developer needs as well: make setup, check, bench, lock, translations, figures, programme, screens.
# Asked of the machine: Python 3.11 or newer, make, git. Asked of the network: the Python package index, and for `make test` on a
# Debian machine without a browser or a database, Debian's packages.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.ONESHELL:
.DEFAULT_GOAL := help
.PHONY: help setup demo test check bench lock translations figures programme screens sizes clean

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
WORKERS ?= 2
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_NO_INPUT := 1

help:  ## what there is to make
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /make \1\t/' | expand -t 20

setup: $(READY)  ## .venv with everything that the others need, and the product in it

$(READY): requirements-dev.lock pyproject.toml tests/support/install/venv.sh
	@bash tests/support/install/venv.sh "$(PYTHON)"
	echo "filling .venv (about half a minute, the first time longer)" >&2
	# The lock is whole. Without --no-deps pip looks for an extra (coverage[toml]) among newer releases than the one that is locked.
	$(BIN)/python -m pip install -qq --no-deps --require-hashes -r requirements-dev.lock
	$(BIN)/python -m pip install -qq --no-deps --no-build-isolation --editable .
	touch $@

demo: $(READY)  ## the tool, its worker and a small LMS to try it from, on this machine
	@exec $(BIN)/lti-mentoring demo

test: $(READY)  ## every test
	@$(BIN)/python tests/support/install/servers.py chromium postgresql redis iproute2
	$(BIN)/python tests/support/install/peers.py
	$(BIN)/python -m pytest -n $(WORKERS)

check: $(READY)  ## style, types, contracts between the floors, known weaknesses, docs and translations in step
	@$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/bandit -q -r lti_mentoring -c pyproject.toml 2> >(grep -v WARNING >&2)
	$(BIN)/python -m pytest --quiet tests/house -k "step"

bench: $(READY)  ## logins and launches against the stock pylti1p3 tool, as JSON on standard output
	@$(BIN)/python tests/bench/run.py

lock: .venv/.uv/bin/uv  ## renew the locks after a change in pyproject.toml or of the Open edX peer; UPGRADE=1 takes the newest of everything
	@for extra in "requirements.lock" "requirements-dev.lock --group dev"; do
	  .venv/.uv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
	    --no-annotate --extra postgres --extra redis --extra pdf $${UPGRADE:+--upgrade} pyproject.toml --output-file $$extra
	done
	for lock in tests/peers/openedx/locks/*.lock; do
	  version=$${lock##*/}
	  echo "lti-consumer-xblock==$${version%.lock}" | .venv/.uv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	    --no-emit-index-url --no-header --no-annotate $${UPGRADE:+--upgrade} tests/peers/openedx/requirements.in - --output-file $$lock
	done

.venv/.uv/bin/uv: | $(READY)
	@$(BIN)/python -m venv .venv/.uv
	.venv/.uv/bin/python -m pip install -qq uv

translations: $(READY)  ## the catalogue of all texts for people, and every language brought in step with it
	@$(BIN)/python tests/support/catalogue.py

figures: $(READY)  ## the figures of the default programme, counted anew
	@$(BIN)/lti-mentoring programme figures config/programmes/foundations > config/programmes/foundations/FIGURES.md

programme: $(READY)  ## the whole default programme, taken in a browser by keyboard at 360 px
	@$(BIN)/python tests/support/install/servers.py chromium
	LTI_MENTORING_TEST_WHOLE_PROGRAMME=1 $(BIN)/python -m pytest tests/browser/test_whole_programme.py

screens: $(READY)  ## renew the pictures in docs/screens
	@$(BIN)/python tests/support/install/servers.py chromium
	LTI_MENTORING_TEST_SCREENS=1 $(BIN)/python -m pytest tests/browser/test_first_light.py

sizes: $(READY)  ## how long files and functions are
	@$(BIN)/python tests/house/test_sizes.py

clean:  ## forget .venv and the caches; var/ with its databases stays
	@rm -rf .venv build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
