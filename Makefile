# Every target sets up .venv first, once; it is brought up to date when pyproject.toml or constraints.txt changes.

PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python
STAMP := $(VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help install demo test test-fast check format bench peers bundle bundle-models bundle-ensemble

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' Makefile

install: $(STAMP) ## Set up .venv with the package, all its extras and the development tools
	@echo "Ready: $(RUN)"

demo: $(STAMP) ## Train a recommender on simulated students and compare it with simple ones
	$(RUN) examples/demo.py

test: $(STAMP) ## Run all tests
	$(RUN) -m pytest

test-fast: $(STAMP) ## Run the tests that take no more than a few seconds each
	$(RUN) -m pytest -m "not slow"

check: $(STAMP) ## Check format, lint and types, then run all tests (what CI runs)
	$(RUN) -m ruff format --check
	$(RUN) -m ruff check
	$(RUN) -m mypy
	$(RUN) -m pytest

format: $(STAMP) ## Rewrite the code in the project's format and mend what the linter can mend
	$(RUN) -m ruff format
	$(RUN) -m ruff check --fix

bench: $(STAMP) ## Run every benchmark, one after the other
	@set -e; for script in benchmarks/*.py; do echo "$$script"; $(RUN) "$$script"; done

# Without their dependencies: all that the model classes import is there, and wandb would bring a dozen packages.
PEERS := pandas pyBKT pykt-toolkit
peers: $(STAMP) ## Train the field's student models on the real logs (LDSIM_DATA) and fill docs/peers.md; takes hours
	$(RUN) -m pip install --constraint constraints.txt --no-deps $(PEERS)
	$(RUN) -m ldsim_env bench peers

# make bundle NAME=ASSIST17 rebuilds the other bank.
NAME := ASSIST09
LOGS := $(or $(LDSIM_DATA),../shared/data)/$(shell echo $(NAME) | tr A-Z a-z)
BANK := ldsim_env/banks/$(NAME)
TEACHING = --relations $(BANK)/relations.json $(addprefix --labels ,$(wildcard $(BANK)/labels.json))
bundle: $(STAMP) ## Rebuild a bundled simulator and its synthetic cohort from the real logs (LDSIM_DATA)
	$(RUN) -m ldsim_env fit $(LOGS) --name $(NAME) --out $(BANK) $(TEACHING)
	$(RUN) -m ldsim_env cohort $(LOGS) --simulator $(BANK) --compare-with $(LOGS)/fold4.csv
	$(RUN) -m ldsim_env probe $(LOGS)/fold4.csv --simulator $(BANK) --keep
	rm $(BANK)/history.json $(BANK)/history.png

MODELS := attention bkt dkt irt kss
bundle-models: $(STAMP) ## Rebuild a bank's student models other than LDSim's (LDSIM_DATA)
	@set -e; for model in $(MODELS); do \
		$(RUN) -m ldsim_env fit $(LOGS) --name $(NAME) --student-model $$model \
			--out $(BANK)/models/$$model --relations $(BANK)/relations.json; \
		$(RUN) -m ldsim_env probe --simulator $(NAME)/$$model --students 200 --keep; \
		rm $(BANK)/models/$$model/history.json $(BANK)/models/$$model/history.png; \
	done

bundle-ensemble: $(STAMP) ## Rebuild a bank's ensemble: LDSim with five seeds (LDSIM_DATA)
	$(RUN) -m ldsim_env fit $(LOGS) --name $(NAME) --seeds 5 --out $(BANK)/models/ensemble $(TEACHING)
	rm $(BANK)/models/ensemble/*/history.json $(BANK)/models/ensemble/*/history.png

# The stamp comes last, so that a set-up that was interrupted is taken up again.
$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "ldsim-env needs Python 3.11 or newer, and '$(PYTHON) --version' says: $$($(PYTHON) --version 2>&1 | head -n 1)" >&2; \
		echo "Name a newer one: make $(or $(MAKECMDGOALS),install) PYTHON=python3.12" >&2; exit 1; }
	@echo "Setting up $(VENV): a few minutes, once."
	$(PYTHON) -m venv $(VENV)
	$(RUN) -m pip install --constraint constraints.txt --editable '.[all,dev]'
	@touch $@
