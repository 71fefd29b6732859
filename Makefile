# Two commands do everything on a fresh machine: `make demo` and `make test`.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes
LOCK := $(BIN)/uv pip compile pyproject.toml --universal --generate-hashes --no-annotate \
	--python-version 3.11 --custom-compile-command "make lock" --quiet

WABT := wabt@1.0.39
PAGE := charrnn/export/page

.PHONY: help demo test test-all fuzz faults check format coverage api kernel notebook shakespeare reviews benchmark bundle audit lock clean

demo: $(VENV)/.installed  ## install, train a small LSTM for about a minute, print what it writes
	rm -rf checkpoints/demo
	$(BIN)/charrnn train --preset minute --run demo --checkpoints checkpoints
	$(BIN)/charrnn sample "The " --run demo --checkpoints checkpoints --temp 0.7 --length 500 --seed 1

help:  ## list what make can do
	@sed -n 's/^\([a-z-]*\):.*  ## \(.*\)/\1 \2/p' $(MAKEFILE_LIST) | \
		while read -r target about; do printf 'make %-12s %s\n' "$$target" "$$about"; done

test: $(VENV)/.installed-dev  ## run the tests, in two processes: about five minutes
	$(BIN)/python -m pytest -n 2 --dist loadfile -m "not slow"

test-all: $(VENV)/.installed-dev  ## run the slow tests too, as CI does: a quarter of an hour
	$(BIN)/python -m pytest -n 2 --dist loadfile

fuzz: $(VENV)/.installed-dev  ## mutate files of every kind, 100,000 in all, and look for harm: a quarter of an hour
	$(BIN)/python -m tests.fuzz

check: $(VENV)/.installed-dev  ## lint, format and types, as CI does
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(VENV)/.installed-dev  ## fix what lint and format can fix by themselves
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

coverage: $(VENV)/.installed-dev  ## run the tests, and list the lines that none of them runs
	$(BIN)/python -m pytest -n 2 --dist loadfile --cov --cov-report term-missing:skip-covered

faults: $(VENV)/.installed-dev  ## kill runs at every step of their writes, fill their disk, and see that they resume: an hour
	$(BIN)/python -m tests.faults

api: $(VENV)/.installed  ## render docs/api.md from its template and the docstrings
	$(BIN)/python docs/render_api.py

kernel: $(PAGE)/kernel.wat  ## assemble the exported page's kernel, with wabt, which npm fetches
	npm exec --yes --package=$(WABT) -- wat2wasm $< -o $(PAGE)/kernel.wasm

notebook: $(VENV)/.installed-notebook  ## run the notebook from its top, about three minutes, and keep its outputs
	$(BIN)/python docs/notebooks/run.py docs/notebooks/tour.ipynb

shakespeare: $(VENV)/.installed  ## train and compare every preset and cell: hours
	$(BIN)/python benchmarks/shakespeare.py

reviews: $(VENV)/.installed  ## train and compare every review classifier: hours
	$(BIN)/charrnn classify imdb --model all

benchmark: $(VENV)/.installed  ## speed against Keras, and PyTorch if it is installed
	$(BIN)/python benchmarks/sampling.py
	$(BIN)/python benchmarks/training.py

$(VENV)/.installed: pyproject.toml requirements/run.txt
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' || \
		{ echo "charrnn needs Python 3.11, 3.12 or 3.13: make demo PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(INSTALL) -r requirements/run.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -e .
	touch $@

$(VENV)/.installed-dev: $(VENV)/.installed requirements/dev.txt
	$(INSTALL) -r requirements/dev.txt
	touch $@

$(VENV)/.installed-notebook: $(VENV)/.installed requirements/notebook.txt
	$(INSTALL) -r requirements/notebook.txt
	touch $@

$(VENV)/.installed-audit: $(VENV)/.installed requirements/audit.txt
	$(INSTALL) -r requirements/audit.txt
	touch $@

bundle: $(VENV)/.installed  ## train the network that comes with the package, and pack it: five minutes or more
	rm -rf build/checkpoints/shakespeare charrnn/bundled/shakespeare
	$(BIN)/charrnn train --preset quick --seed 0 --run shakespeare --checkpoints build/checkpoints
	mkdir -p charrnn/bundled/shakespeare
	$(BIN)/charrnn export shakespeare --checkpoints build/checkpoints --to int8 \
		-o charrnn/bundled/shakespeare/epoch-0009.weights.h5  # quick has 9 epochs, the last its best
	cp build/checkpoints/shakespeare/history.csv charrnn/bundled/shakespeare

audit: $(VENV)/.installed-audit  ## ask the package index for known holes in what is pinned
	for lock in requirements/*.txt; do $(BIN)/pip-audit --strict --disable-pip -r $$lock || exit 1; done

lock: $(VENV)/.installed-audit  ## pin the newest suitable version of every package, with its hashes
	$(LOCK) --upgrade -o requirements/run.txt
	for extra in dev notebook audit; do \
		$(LOCK) --upgrade -c requirements/run.txt --extra $$extra -o requirements/$$extra.txt; \
	done

clean:  ## remove what make made; runs and texts stay
	rm -rf $(VENV) .hypothesis .mypy_cache .pytest_cache .ruff_cache
