# `make` alone says what there is.

VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

# shellcheck knows no zsh; the hook keeps to what both shells have, so it is checked as bash.
SH_FILES := .ci/run $(wildcard shell/*.bash shell/*.sh)
ZSH_FILES := $(wildcard shell/*.zsh)

# The first that is new enough; the python3 of the person goes first.
PYTHON := $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& echo "$$python" && break; done)

.PHONY: help test lint parts demo picture bench torture clean require-python
.NOTPARALLEL: # `test` wants its parts in order

help: ## what there is to make
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "%-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

test: parts lint ## lint, types and all tests, on real CLIs and real shells
	$(BIN)/python -m pytest -n 4 --dist loadgroup

lint: $(INSTALLED) ## ruff, mypy, shellcheck, shfmt
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/shellcheck $(SH_FILES) $(ZSH_FILES)
	$(BIN)/shfmt -i 2 -ci -d $(SH_FILES) $(ZSH_FILES)
	for file in $(ZSH_FILES) $(wildcard shell/*.sh); do zsh -n "$$file" || exit; done

parts: $(INSTALLED) ## fetch the real CLIs, old clients and programs the tests use
	$(BIN)/python tests/support/real_parts.py

demo: require-python ## sign in and out in a real shell, and see an old tool follow; leaves nothing behind
	@$(PYTHON) tests/demo.py

picture: $(INSTALLED) ## draw the README's picture, docs/demo.svg, from a run of the demo
	$(BIN)/python tests/picture.py

bench: parts ## what the plugin costs, against what was promised
	$(BIN)/python tests/bench.py

# -s: what a test says on stderr is seen while it runs (xdist passes no stdout on).
torture: parts ## the tests that take minutes: load, kills, races
	$(BIN)/python -m pytest -m torture -n 2 -s

clean: ## remove what was made here (not the parts in the user's cache folder)
	rm -rf $(VENV) build dist .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

require-python:
	@test -n "$(PYTHON)" || { echo 'Python 3.11 or later is needed: none found on PATH' >&2; exit 1; }

# Where Debian's python3-venv is missing, `venv` itself names the package. Dependency groups are
# known to pip since 25.1; the pip a Python brings is often older.
$(INSTALLED): pyproject.toml | require-python
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install --quiet --editable . --group dev
	touch $@
