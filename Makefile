# Two commands: `make demo` runs the main job on this machine, `make test` runs every check.
# Needs Python 3.11 or later with venv, and make. `make test` installs Debian packages that the tests talk to, saying so.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
UV     := $(shell command -v uv 2>/dev/null)
APT    := dovecot-imapd dovecot-lmtpd chromium tesseract-ocr tesseract-ocr-osd tesseract-ocr-eng tesseract-ocr-chi-sim

ifdef UV
INSTALL = $(UV) pip install --quiet --compile-bytecode --python $(BIN)/python --no-deps
else
INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps
endif

# Bytecode is kept, whatever this shell says: a command that compiles every module at each start takes seconds.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test check bench install install-test system lock wheel clean

demo: install
	$(BIN)/mailbot demo

test: install-test system check
	$(BIN)/python -m pytest

check: install-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: install-test system
	$(BIN)/python -m tests.bench

install: $(VENV)/.installed
install-test: $(VENV)/.installed-test

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "mailbot needs Python 3.11 or later")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: requirements.lock pyproject.toml | $(BIN)/python
	@echo "installing mailbot and the versions of requirements.lock into $(VENV)"
	$(INSTALL) -r requirements.lock
	$(INSTALL) -e .
	@touch $@

$(VENV)/.installed-test: requirements-test.lock $(VENV)/.installed
	@echo "installing what the tests use: requirements-test.lock"
	$(INSTALL) -r requirements-test.lock
	@touch $@

# Only what is missing is installed, through apt, with sudo for people who are not root.
system:
	@missing=""; for p in $(APT); do \
	  dpkg-query -W -f='$${Status}' $$p 2>/dev/null | grep -q 'ok installed' || missing="$$missing $$p"; done; \
	if [ -n "$$missing" ]; then \
	  echo "installing for the tests, through apt:$$missing"; \
	  sudo=$$([ "$$(id -u)" = 0 ] || echo sudo); \
	  $$sudo env DEBIAN_FRONTEND=noninteractive apt-get update -q >/dev/null && \
	  $$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -yq --no-install-recommends $$missing >/dev/null; \
	fi

# Resolves the newest versions that pyproject.toml allows, for the oldest Python that is supported.
lock:
	uv pip compile --quiet --no-header --no-annotate --no-emit-index-url --python-version 3.11 --extra demo pyproject.toml -o requirements.lock
	uv pip compile --quiet --no-header --no-annotate --no-emit-index-url --python-version 3.11 --extra dev --extra cpu -c requirements.lock pyproject.toml -o requirements-all.tmp
	grep -vxFf requirements.lock requirements-all.tmp > requirements-test.lock; rm requirements-all.tmp

wheel: install-test
	$(BIN)/python -m build --wheel --no-isolation

clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
