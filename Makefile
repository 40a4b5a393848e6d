# Two commands: `make demo` asks the bundled demo database a question, `make test` runs the tests.
# Both set up .venv first, and start again cleanly when interrupted.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

# llama-cpp-python comes as source; without its vision parts the build takes a quarter less time.
export CMAKE_ARGS ?= -DLLAVA_BUILD=OFF
export TOKENIZERS_PARALLELISM := false

.PHONY: setup demo test lint results sql-model clean

setup: $(READY)

# The stamp is written last, so an interrupted set-up is taken up again by the next call.
$(READY): pyproject.toml constraints.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing pinned versions into $(VENV) (a few minutes the first time; llama.cpp is compiled) ..."
	$(BIN)/python -m pip install --progress-bar on --constraint constraints.txt --editable ".[dev]"
	@touch $(READY)

demo: $(READY)
	$(BIN)/coderag ingest --demo --storage-dir storage/demo
	$(BIN)/coderag ask --database coderag_app/bundled/demo/demo.sqlite --storage-dir storage/demo \
	  "How many customers are there in each country?"

test: $(READY)
	$(BIN)/python -m pytest

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/interrogate coderag_app ingestion finetune ui
	$(BIN)/mypy

clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache
