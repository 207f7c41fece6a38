# Two commands: `make demo` runs the main job on this machine, `make test` runs every check.
# Needs Python 3.11 or later with venv, and make. `make test` installs Debian packages that the tests talk to, saying so.
# The model runs on an NVIDIA GPU where nvidia-smi sees one, else on the CPU; DEVICE=cpu or DEVICE=gpu decides otherwise.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PEERS  := .venv-torch
DEVICE ?= $(shell nvidia-smi -L 2>/dev/null | grep -q GPU && echo gpu || echo cpu)
UV     := $(shell command -v uv 2>/dev/null)
APT    := dovecot-imapd dovecot-lmtpd chromium tesseract-ocr tesseract-ocr-osd tesseract-ocr-eng tesseract-ocr-chi-sim \
          tesseract-ocr-rus tesseract-ocr-ara tesseract-ocr-kor fonts-dejavu-core fonts-noto-cjk

# $(call install,VENV) installs into a virtual environment exactly what is named after it.
ifdef UV
install = $(UV) pip install --quiet --compile-bytecode --python $(1)/bin/python --no-deps
else
install = $(1)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps
endif

# Bytecode is kept, whatever this shell says: a command that compiles every module at each start takes seconds.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test check bench install install-test test-torch bench-torch system lock wheel clean

demo: install
	$(BIN)/mailbot demo

test: install-test system check
	$(BIN)/python -m pytest -n 2 --dist loadfile

check: install-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: install-test system
	$(BIN)/python -m tests.bench

# What mailbot computes beside torch and JAX, which it never needs itself, and EasyOCR, which it needs only where asked for: in an
# environment of their own, several GB large.
test-torch: $(PEERS)/.installed
	$(PEERS)/bin/python -m pytest tests/torch

bench-torch: $(PEERS)/.installed
	$(PEERS)/bin/python -m tests.bench.bench_generate --torch-python $(PEERS)/bin/python
	$(PEERS)/bin/python -m tests.bench.bench_train --torch-python $(PEERS)/bin/python

install: $(VENV)/.installed-$(DEVICE)
install-test: $(VENV)/.installed-test

%/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "mailbot needs Python 3.11 or later")'
	$(PYTHON) -m venv $*

$(VENV)/.installed-$(DEVICE): requirements.lock requirements-$(DEVICE).lock pyproject.toml | $(BIN)/python
	@echo "installing mailbot and the versions of requirements.lock and requirements-$(DEVICE).lock into $(VENV)"
	$(call install,$(VENV)) -r requirements.lock -r requirements-$(DEVICE).lock
	$(call install,$(VENV)) -e .
	@touch $@

$(VENV)/.installed-test: requirements-test.lock $(VENV)/.installed-$(DEVICE)
	@echo "installing what the tests use: requirements-test.lock"
	$(call install,$(VENV)) -r requirements-test.lock
	@touch $@

LOCKS := requirements.lock requirements-cpu.lock requirements-test.lock requirements-torch.lock
$(PEERS)/.installed: $(LOCKS) pyproject.toml | $(PEERS)/bin/python
	@echo "installing mailbot, torch and JAX into $(PEERS): $(LOCKS)"
	$(call install,$(PEERS)) $(addprefix -r ,$(LOCKS))
	$(call install,$(PEERS)) -e .
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

# Resolves the newest versions that pyproject.toml allows, for the oldest Python that is supported. Each file holds what comes on
# top: -cpu or -gpu on the first, -test and then -torch on both.
RESOLVE = uv pip compile --quiet --no-header --no-annotate --no-emit-index-url --python-version 3.11 pyproject.toml
lock:
	$(RESOLVE) --extra demo -o requirements.lock
	$(RESOLVE) --extra demo --extra cpu -c requirements.lock -o lock.tmp
	grep -vxFf requirements.lock lock.tmp > requirements-cpu.lock
	$(RESOLVE) --extra demo --extra gpu -c requirements.lock -o lock.tmp
	grep -vxFf requirements.lock lock.tmp > requirements-gpu.lock
	$(RESOLVE) --extra dev --extra cpu -c requirements.lock -c requirements-cpu.lock -o lock.tmp
	cat requirements.lock requirements-cpu.lock | grep -vxFf - lock.tmp > requirements-test.lock
	$(RESOLVE) --extra dev --extra cpu --extra peers --extra easyocr -c lock.tmp -o lock-peers.tmp
	grep -vxFf lock.tmp lock-peers.tmp > requirements-torch.lock
	rm lock.tmp lock-peers.tmp

wheel: install-test
	$(BIN)/python -m build --wheel --no-isolation

clean:
	rm -rf $(VENV) $(PEERS) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
