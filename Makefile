# Two commands: `make demo` asks the bundled demo database a question, `make test` runs the tests.
# Both set up .venv first, and start again cleanly when interrupted.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

# llama-cpp-python comes as source; without its vision parts the build takes a quarter less time.
export CMAKE_ARGS ?= -DLLAVA_BUILD=OFF
export TOKENIZERS_PARALLELISM := false

.PHONY: setup demo test lint results results-all sql-model clean

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

# Prints every accuracy figure of the README and writes its table. DATA is described in docs/benchmark_data.md.
# `make results-all` measures the other data sets and arms as well.
DATA ?= ../shared/data
EVALUATE = $(BIN)/coderag evaluate --llm bundled
results: $(READY)
	$(BIN)/coderag ingest --demo --storage-dir runs/index_demo
	$(BIN)/coderag ingest --spider $(DATA)/spider_train --storage-dir runs/index_spider_train
	$(EVALUATE) demo --run-dir runs/demo --examples runs/index_demo --arms all
	$(EVALUATE) $(DATA)/spider_dev --run-dir runs/spider_dev --examples runs/index_spider_train --arms none,tuned
	$(EVALUATE) $(DATA)/defog_basic --run-dir runs/defog_basic --examples same --arms all
	$(EVALUATE) $(DATA)/gretel_sample.jsonl --run-dir runs/gretel_sample --examples same --arms all
	$(BIN)/python -m coderag_app.evaluation.results runs/demo runs/spider_dev runs/defog_basic runs/gretel_sample \
	  --readme README.md
	$(BIN)/coderag evaluate-encoder --data $(DATA) --task spider_dev --task spider_train --no-bm25

results-all: results
	$(EVALUATE) $(DATA)/spider_dev --run-dir runs/spider_dev --examples runs/index_spider_train --arms all
	$(EVALUATE) $(DATA)/spider_dev --run-dir runs/spider_dev_same --examples same --arms all
	$(EVALUATE) $(DATA)/geography --run-dir runs/geography --examples same --arms all
	$(BIN)/python -m coderag_app.evaluation.results runs/demo runs/spider_dev runs/spider_dev_same runs/geography \
	  runs/defog_basic runs/gretel_sample

# Trains the SQL model from nothing and exports it. PRESET=tiny MINUTES=3 DATABASES=200 proves the path.
PRESET ?= small
MINUTES ?= 120
DATABASES ?= 3600
THREADS ?= 0
RUN = runs/sql_model/$(PRESET)
sql-model: $(READY)
	test -f $(RUN)-data.jsonl || $(BIN)/python -m finetune.sql_model.data $(RUN)-data.jsonl --databases $(DATABASES) --pairs 110
	$(BIN)/python -m finetune.sql_model.train --data $(RUN)-data.jsonl --out $(RUN) --preset $(PRESET) \
	  --minutes $(MINUTES) --threads $(THREADS) --held-out 4
	$(BIN)/python -m finetune.sql_model.export --run $(RUN) --out $(RUN).gguf
	$(BIN)/coderag evaluate demo --run-dir $(RUN)-demo --llm $(RUN).gguf --arms none

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/interrogate coderag_app ingestion finetune ui
	$(BIN)/mypy

clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache
