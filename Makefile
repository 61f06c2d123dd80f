# Two commands on a fresh machine: `make run` and `make test`. Both do all the set-up.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SYSTEM := libfluidsynth3 musescore-general-soundfont-small
TEST_SYSTEM := $(SYSTEM) chromium mma

# without compiled bytecode every start would compile Gradio and TensorFlow again, which takes longer than the start
unexport PYTHONDONTWRITEBYTECODE

.PHONY: run test check format setup setup-dev system system-test clean

run: setup system
	$(BIN)/python app.py

test: setup-dev system-test
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile -m 'not alone'
	$(BIN)/python -m pytest -m alone

check: setup-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

format: setup-dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

setup: $(VENV)/.run
setup-dev: $(VENV)/.dev

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Expected Python 3.11 or later. Received: $$($(PYTHON) --version). Try: make PYTHON=python3.11"; exit 2; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run: requirements.txt pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet -r requirements.txt
	touch $@

$(VENV)/.dev: $(VENV)/.run
	$(BIN)/python -m pip install --quiet -e '.[corpus,dev]'
	touch $@

# Debian packages, where this user may install them; otherwise the one command to type. Sound is optional for `run`.
system:
	@tools/install-packages.sh $(SYSTEM) || true

system-test:
	@tools/install-packages.sh $(TEST_SYSTEM)

clean:
	rm -rf $(VENV) build dist *.egg-info
