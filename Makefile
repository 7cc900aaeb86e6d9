# Every target makes .venv and installs the pinned requirements and this checkout (editable) first, once.
PYTHON ?= python3
VENV ?= .venv
PY := $(VENV)/bin/python
PORT ?= 7860
RUN := runs/all-MiniLM-L6-v2-rotten_tomatoes-seed0

.DEFAULT_GOAL := help
.PHONY: help demo audio-demo test test-all lint wheel space-check space-check-short ranges accuracy screenshots examples memory-tables tables clean

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 19

$(VENV)/installed: requirements.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(PY) -m pip install --quiet --upgrade "pip==26.3"
	$(PY) -m pip install --quiet -r requirements.txt
	$(PY) -m pip install --quiet --no-deps -e .
	@touch $@

$(VENV)/installed-dev: $(VENV)/installed requirements-dev.txt
	$(PY) -m pip install --quiet -r requirements-dev.txt
	@touch $@

$(RUN)/run.json: | $(VENV)/installed
	$(PY) training/finetune.py --resume --output-dir $(RUN)

$(RUN)/export/parity.json: $(RUN)/run.json
	$(PY) exporting/export.py $(RUN) --overwrite

demo: $(RUN)/export/parity.json  ## fine-tune, export, and serve the page
	MODEL_ID=$${MODEL_ID:-$(RUN)/export} GRADIO_SERVER_PORT=$(PORT) $(PY) app.py

audio-demo: | $(VENV)/installed  ## fine-tune and export the drum model for the audio tab
	$(PY) training/finetune.py --task audio --resume --export

# One process a core, each with one thread: two that ask for two threads each would wait for one another.
SHARED := OMP_NUM_THREADS=1 $(PY) -m pytest -n logical --maxprocesses 4 --dist loadfile --no-loadscope-reorder

test: $(VENV)/installed-dev  ## the tests but for the slow ones, on all cores
	$(SHARED) -m "not slow"

test-all: $(VENV)/installed-dev  ## the tests with the slow ones
	$(SHARED)

lint: $(VENV)/installed-dev  ## ruff, and the types
	$(PY) -m ruff check .
	$(VENV)/bin/basedpyright --pythonpath $(PY)

wheel: $(VENV)/installed-dev  ## the wheel, built and tried in an empty environment of each Python that is installed
	$(PY) -m pytest tests/test_wheel.py

space-check: $(VENV)/installed-dev  ## what a Space would get, tried: a fresh environment, another user, every button
	$(PY) -m exporting.space_check

space-check-short: $(VENV)/installed-dev  ## the same with one button a tab, in an environment that is kept
	$(PY) -m exporting.space_check --short

ranges: $(VENV)/installed-dev  ## both ends of the ranges in pyproject.toml tried (half an hour, gigabytes)
	$(PY) -m tests.version_ranges lowest
	$(PY) -m tests.version_ranges highest

accuracy: | $(VENV)/installed  ## repeat the accuracy figures of the README (about an hour)
	$(PY) -m benchmarks.accuracy

screenshots: $(VENV)/installed-dev  ## redraw docs/images from the running page
	$(PY) tests/app/browser.py --screenshots docs/images/opening --as-opened

examples: $(VENV)/installed  ## redraw what the page's tabs open with, demos/drawn, and the corpus that travels
	$(PY) -m grokaem.corpora.definitions
	$(PY) -m demos.drawn

memory-tables: $(VENV)/installed  ## record the steps behind the memory tab anew, demos/memory_tables (an hour)
	$(PY) -m demos.memory_models

tables: $(VENV)/installed  ## rewrite the tables of docs/ that come from the code
	$(PY) -m docs.tables

clean:  ## remove the environment and the runs
	rm -rf $(VENV) runs
