# Two commands do everything on a fresh machine: `make demo` and `make test`.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test check format shakespeare reviews benchmark clean

demo: $(VENV)/.installed  ## install, train a small LSTM for about a minute, print what it writes
	rm -rf checkpoints/demo
	$(BIN)/charrnn train --preset minute --run demo --checkpoints checkpoints
	$(BIN)/charrnn sample "The " --run demo --checkpoints checkpoints --temp 0.7 --length 500 --seed 1

test: $(VENV)/.installed-dev  ## run the tests, in two processes
	$(BIN)/python -m pytest -n 2 --dist loadfile

check: $(VENV)/.installed-dev  ## lint, format and types, as CI does
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(VENV)/.installed-dev  ## mend what lint and format can mend by themselves
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

shakespeare: $(VENV)/.installed  ## train and compare every preset and cell: hours
	$(BIN)/python benchmarks/shakespeare.py

reviews: $(VENV)/.installed  ## train and compare every review classifier: hours
	$(BIN)/charrnn classify imdb --model all

benchmark: $(VENV)/.installed  ## speed against Keras, and PyTorch where installed
	$(BIN)/python benchmarks/sampling.py
	$(BIN)/python benchmarks/training.py

$(VENV)/.installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' || \
		{ echo "charrnn needs Python 3.11, 3.12 or 3.13: make demo PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	touch $@

clean:  ## remove what make made; runs and texts stay
	rm -rf $(VENV) .hypothesis .mypy_cache .pytest_cache .ruff_cache
