# Every target sets itself up from a bare Python 3.11 with venv. uv, where present, makes it faster; nothing needs it.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
UV     := $(shell command -v uv 2>/dev/null)
STAMP  := $(VENV)/installed

.PHONY: demo test check e2e bench soak clean
.DEFAULT_GOAL := test

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit("dreamfs needs Python 3.11 or newer; say which: make PYTHON=python3.11") if sys.version_info < (3, 11) else None'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
ifdef UV
	@VIRTUAL_ENV=$(abspath $(VENV)) $(UV) pip install --quiet --constraint constraints.txt --editable . --group dev
else
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade --constraint constraints.txt pip
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable . --group dev
endif
	@touch $@

demo: $(STAMP)  ## an on-call team's week, end to end; make demo TRANSCRIPTS=FOLDER dreams over your own
	@$(BIN)/dreamfs demo $(TRANSCRIPTS)

test: check  ## everything that has to pass
	@$(BIN)/python -m pytest -q -n 2

check: $(STAMP)  ## style, types and import rules
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@PATH="$(abspath $(BIN)):$$PATH" $(BIN)/lint-imports --no-cache
	@$(BIN)/mypy
	@$(BIN)/mypy bench
	@$(BIN)/pyright --pythonpath $(BIN)/python

e2e: $(STAMP)  ## real Claude Code over a scripted model, and the MCP Inspector; needs npm, skipped without
	@$(BIN)/python -m pytest -q -rs tests/e2e/claude_code.py tests/e2e/inspector.py

bench: $(STAMP)  ## the budgets, as ratios in one run
	@$(BIN)/python -m bench

soak: $(STAMP)  ## slow: kill -9, long races, comparisons with peers
	@$(BIN)/python -m bench --soak

clean:
	@rm -rf $(VENV)
