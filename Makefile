# Two targets do all the set-up on a fresh machine: `make bench` and `make test`. They also install
# system packages, after they said which; `SETUP=no` only names them.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
# Everything that decides whether the environment must be made again.
STAMP := $(VENV)/.auditbench-installed
SOURCES := pyproject.toml setup.py $(shell find consumer workloads -name '*.pyx' -o -name '*.pxd' -o -name '*.h')
# Root is asked for, not required: without it `bench` measures what can be measured. Root writes no
# bytecode into the caller's tree; it was compiled when the environment was made.
AS_ROOT = as=""; [ "$$(id -u)" = 0 ] || { command -v sudo >/dev/null 2>&1 && sudo -v && as="sudo -E env PYTHONDONTWRITEBYTECODE=1"; }; $$as
PIP = $(BIN)/python -m pip --quiet --disable-pip-version-check
ARGS ?=

# Where `install` puts the command: PREFIX/bin, by default ~/.local/bin, for root /usr/local/bin.
PREFIX ?=
LINK = PYTHONDONTWRITEBYTECODE=1 $(PYTHON) requirements/link_command.py

.PHONY: bench test lint types docs man fuzz clean doctor install uninstall requirements consumers

# What was measured, trustworthy or not, can be looked at; after other errors there is nothing.
bench: $(STAMP)
	@code=0; { $(AS_ROOT) $(BIN)/auditbench run --fallback replay $(ARGS); } || code=$$?; \
	case $$code in 0|3) sh requirements/next.sh $(BIN) $(ARGS) ;; esac; exit $$code

# A link to the command of this checkout, for the PATH; what is there already is left alone.
install: $(STAMP)
	@$(LINK) install $(abspath $(BIN))/auditbench "$(PREFIX)"

uninstall:
	@$(LINK) uninstall $(abspath $(BIN))/auditbench "$(PREFIX)"

doctor: $(STAMP)
	@$(AS_ROOT) $(BIN)/auditbench doctor

# Consumers that are had within two minutes are tested for real; where one cannot be, a stand-in is.
test: $(STAMP)-test
	@[ "$(SETUP)" = no ] || $(PYTHON) requirements/consumers/get.py --quick || true
	$(BIN)/python -m pytest -n logical --maxprocesses 4 $(ARGS)

lint: $(STAMP)-lint
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	PATH="$(abspath $(BIN)):$$PATH" cython-lint consumer workloads

types: $(STAMP)-types
	$(BIN)/mypy
	$(BIN)/python -P -m mypy.stubtest --concise $$($(BIN)/python tests/house/extensions.py)

# The documentation as a site that can be read from disk: build/site/index.html.
docs: $(STAMP)-docs
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet
	@echo build/site/index.html

# Manual pages, and completions of bash, zsh and fish, as packages have them: share/.
man: $(STAMP)
	@$(BIN)/python packaging/share.py
	@echo share/man/man1/auditbench.1

# The consumer under clang's sanitizers and libFuzzer; tests/fuzz/README.md.
fuzz: build/fuzzvenv/bin/cython
	build/fuzzvenv/bin/python tests/fuzz/run.py $(or $(ARGS),-runs=1000000 -max_len=512)

build/fuzzvenv/bin/cython:
	@command -v clang >/dev/null || { echo "make fuzz needs clang: apt-get install clang" >&2; exit 2; }
	$(PYTHON) -m venv build/fuzzvenv
	build/fuzzvenv/bin/python -m pip install --quiet atheris Cython setuptools

# System packages: those of the tests only where tests are to run.
requirements:
	@sh requirements/check.sh $(if $(filter test,$(MAKECMDGOALS)),test,bench) $(PYTHON)

$(STAMP): $(SOURCES) | requirements
	@echo "auditbench: making the environment $(VENV)"
	@$(PYTHON) -m venv $(VENV)
	@echo "auditbench: downloading Python packages and compiling consumer and workloads (about a minute)"
	@PYTHONWARNINGS=ignore $(PIP) install --config-settings editable_mode=compat --editable ".[history,pyperf]"
	@$(BIN)/python -m compileall -q auditbench harness consumer workloads
	@touch $@

# Beside that, the dependency group of a target.
$(STAMP)-%: $(STAMP)
	@echo "auditbench: downloading the Python packages of '$*'"
	@$(PIP) install --upgrade "pip>=25.1"
	@$(PIP) install --group $*
	@touch $@

# Other people's consumers, in pinned versions, below build/consumers: `test` gets the quick ones.
consumers:
	@$(PYTHON) requirements/consumers/get.py $(ARGS)

clean:
	rm -rf build share $(VENV) *.egg-info
	find consumer workloads \( -name "*.c" -o -name "*.so" \) -delete
