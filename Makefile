# Two commands: `make demo` asks the bundled demo database a question, `make test` runs the tests.
# Both set up .venv first, and start again cleanly when interrupted.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

# llama-cpp-python comes as source; without its vision parts the build takes a quarter less time.
export CMAKE_ARGS ?= -DLLAVA_BUILD=OFF
export TOKENIZERS_PARALLELISM := false

# Test files that run at a time; a model and a browser take about 2 GB for each.
WORKERS ?= 2

.PHONY: help setup demo check test lint sums results sql-model encoder clean

help: ## list these commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1#/' | column -t -s '#'

setup: $(READY) ## install pinned versions into .venv

# The stamp is written last, so an interrupted set-up is taken up again by the next call.
$(READY): pyproject.toml constraints.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing pinned versions into $(VENV) (a few minutes the first time; llama.cpp is compiled) ..."
	$(BIN)/python -m pip install --progress-bar on --constraint constraints.txt --editable ".[dev]"
	@touch $(READY)

demo: $(READY) ## ask the bundled demo database a question
	$(BIN)/coderag ingest --demo --storage-dir storage/demo
	$(BIN)/coderag ask --database coderag_app/bundled/demo/demo.sqlite --storage-dir storage/demo \
	  "How many orders are there for each status?"

# The tests that load no model and start neither server nor browser; their markers are in pyproject.toml.
check: lint ## lint, and run the quick tests: about a minute
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile -m "not model and not server and not browser and not slow"

test: $(READY) ## run all tests
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile

# Measures every accuracy figure of docs/results.md and writes its tables, the README's table and its plot.
# docs/benchmark_data.md describes DATA. A stopped run continues where it was. RESULTS=runs/other measures another model;
# LIMIT=20 is a quick look.
DATA ?= ../shared/data
RESULTS ?= runs/results
LLM ?= bundled
LIMIT ?=
EVALUATE = $(BIN)/coderag evaluate --llm $(LLM) $(if $(LIMIT),--limit $(LIMIT))
SPIDER = $(DATA)/spider_dev --examples $(RESULTS)/index_spider_train
SAME = $(DATA)/spider_dev --examples same
INDEXES = demo spider_train synthesized
INDEX = $(INDEXES:%=$(RESULTS)/index_%/manifest.json)
MEASURED = demo spider_dev spider_dev_synthesized spider_dev_same spider_dev_same_leaks geography defog_basic \
  gretel_sample spider_dev_default spider_dev_constrained spider_dev_voting spider_dev_ranked
GREEDY = $(EVALUATE) --samples 0
results: $(READY) $(INDEX) ## measure every accuracy figure of docs/results.md (hours)
	$(EVALUATE) $(DATA)/spider_dev --examples $(RESULTS)/index_synthesized --run-dir $(RESULTS)/spider_dev_default \
	  --arms none,tuned
	$(GREEDY) demo --run-dir $(RESULTS)/demo --examples $(RESULTS)/index_demo --arms all
	$(GREEDY) $(SPIDER) --run-dir $(RESULTS)/spider_dev --arms all
	$(GREEDY) $(DATA)/spider_dev --examples $(RESULTS)/index_synthesized --run-dir $(RESULTS)/spider_dev_synthesized \
	  --arms none,tuned
	$(GREEDY) $(SAME) --run-dir $(RESULTS)/spider_dev_same --arms all
	$(GREEDY) $(SAME) --run-dir $(RESULTS)/spider_dev_same_leaks --arms none,tuned --keep-leaks
	$(GREEDY) $(DATA)/geography --run-dir $(RESULTS)/geography --examples same --arms all
	$(GREEDY) $(DATA)/defog_basic --run-dir $(RESULTS)/defog_basic --examples same --arms all
	$(GREEDY) $(DATA)/gretel_sample.jsonl --run-dir $(RESULTS)/gretel_sample --examples same --arms all
	$(GREEDY) $(SPIDER) --run-dir $(RESULTS)/spider_dev_constrained --arms none --constrain
	$(EVALUATE) $(SPIDER) --run-dir $(RESULTS)/spider_dev_voting --arms none --samples 8 --no-rank
	$(EVALUATE) $(SPIDER) --run-dir $(RESULTS)/spider_dev_ranked --arms none --samples 8
	$(EVALUATE) $(DATA)/spider_dev --conversations $(DATA)/sparc_dev/conversations.jsonl --run-dir $(RESULTS)/sparc_dev
	$(BIN)/python -m finetune.evaluation.results $(MEASURED:%=$(RESULTS)/%) \
	  $(if $(LIMIT),,--page docs/results.md --readme README.md --plot docs/images/results.svg)

$(RESULTS)/index_demo/manifest.json: | $(READY)
	$(BIN)/coderag ingest --demo --storage-dir $(@D)

$(RESULTS)/index_spider_train/manifest.json: | $(READY)
	$(BIN)/coderag ingest --spider $(DATA)/spider_train --storage-dir $(@D)

# Examples that the project makes itself from the schemas of Spider dev: what a database has that nobody has asked yet.
$(RESULTS)/index_synthesized/manifest.json: | $(READY)
	rm -rf $(@D)
	for database in $(DATA)/spider_dev/databases/*.sqlite; do \
	  $(BIN)/coderag ingest --database $$database --synthesize --storage-dir $(@D).part \
	  || echo "$$database gives no examples"; done
	mv $(@D).part $(@D)

# Trains the SQL model from nothing in one pass and exports it (92 minutes of training on two cores), on made data and,
# where SPIDER_TRAIN is a folder, on the questions of Spider's training databases; SPIDER_TRAIN= takes made data alone.
# PRESET=tiny SQL_STEPS=60 DATABASES=150 COPIES=1 proves the path in minutes.
PRESET ?= small
SQL_STEPS ?= 6000
SPIDER_TRAIN ?= $(wildcard $(DATA)/spider_train)
DATABASES ?= $(if $(SPIDER_TRAIN),2150,2950)
COPIES ?= 32
PROCESSES ?= 2
RUN = runs/sql_model/$(PRESET)
# These of Spider's training databases fit the vote (finetune.confidence), so the model never sees them.
LEFT_OUT = gymnast icfp_1 inn_1 insurance_and_eClaims music_4 party_host party_people pilot_record ship_1 ship_mission \
  shop_membership university_basketball workshop_paper wrestler
REAL = $(if $(SPIDER_TRAIN),$(RUN)-real.jsonl)
sql-model: $(READY) ## train the bundled SQL model from nothing (92 minutes)
	test -f $(RUN)-made.jsonl || \
	  $(BIN)/python -m finetune.sql_model.training_text $(RUN)-made.jsonl --databases $(DATABASES) --pairs 200 --seed 41
	$(if $(REAL),test -f $(REAL) || $(BIN)/python -m finetune.sql_model.real_data $(SPIDER_TRAIN) $(REAL) \
	  --copies $(COPIES) --seed 7 $(LEFT_OUT:%=--leave-out %))
	OMP_NUM_THREADS=1 $(BIN)/torchrun --standalone --nproc-per-node $(PROCESSES) -m finetune.sql_model.train \
	  --data $(RUN)-made.jsonl $(REAL:%=--data %) --out $(RUN) --preset $(PRESET) --steps $(SQL_STEPS) \
	  --batch-windows 6 --threads 1 --held-out 8 --every 500
	$(BIN)/python -m finetune.sql_model.gguf_export --run $(RUN) --out $(RUN).gguf $(if $(REAL),--licence CC-BY-SA-4.0)
	$(BIN)/coderag evaluate demo --run-dir $(RUN)-demo --llm $(RUN).gguf --arms none

# Trains the encoder's adapter from all-MiniLM-L6-v2 (an hour on one core). STEPS=5 ENCODER_DATABASES=40 proves the path.
# Functions of Python's library, of installed packages and of this project keep the place that the base gives them.
ENCODER = runs/encoder/made
ENCODER_DATABASES ?= 1800
STEPS ?= 0
PACKAGES = pandas numpy sklearn scipy networkx requests aiohttp click rich jinja2
SITE = $(wildcard $(VENV)/lib/python3*/site-packages)
SEARCHES = $(BIN)/python -m finetune.encoder.search_rows
WEIGHT ?= 0.65
encoder: $(READY) ## train the bundled encoder's adapter (an hour)
	test -f $(ENCODER)-sql.jsonl || $(BIN)/python -m finetune.encoder.near_miss_rows $(ENCODER)-sql.jsonl \
	  --databases $(ENCODER_DATABASES) --pairs 48 --negatives 0 --seed 41
	$(SEARCHES) $(ENCODER)-library.jsonl --seed 5 --count 20000
	$(SEARCHES) $(ENCODER)-packages.jsonl --seed 6 --count 20000 $(PACKAGES:%=--folder $(SITE)/%)
	$(SEARCHES) $(ENCODER)-own.jsonl --seed 3 --folder coderag_app --folder finetune --folder ingestion
	$(BIN)/python -m finetune.encoder.fine_tune $(ENCODER)-sql.jsonl --output $(ENCODER) --preset sql-adapter --max-steps $(STEPS) \
	  --keep $(ENCODER)-library.jsonl --keep $(ENCODER)-packages.jsonl --keep $(ENCODER)-own.jsonl
	$(BIN)/python -m finetune.encoder.export_adapter $(ENCODER) $(ENCODER)-adapter --rank 64 --weight $(WEIGHT)

lint: $(READY) ## check style, formatting, docstrings and types, as CI does
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/interrogate coderag_app ingestion finetune ui
	$(BIN)/mypy

# Run this after rebuilding a bundled file: a file that differs from its hash here is refused at start-up.
sums: $(READY) ## write coderag_app/bundled/SHA256SUMS anew
	$(BIN)/python -m coderag_app.bundled.integrity

clean: ## delete .venv and what builds and caches left
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache
