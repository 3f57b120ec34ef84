# `make demo` and `make test` are all that a newcomer needs; each sets up .venv from the lock first.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: demo test check format bench fuzz mutants oldest lock clean

demo: $(READY)
	$(BIN)/python -m demo

test: $(READY)
	$(BIN)/python -m pytest --numprocesses=2 --dist=loadfile --cov --cov-report=term $(ARGS)

check: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

format: $(READY)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(READY)
	$(BIN)/python -m benchmarks $(ARGS)

fuzz: $(READY)
	$(BIN)/python -m tests.fuzz --minutes 30 $(ARGS)

# In an environment of its own, since only this needs mutmut.
mutants:
	$(MAKE) VENV=.venv-mutants .venv-mutants/.ready
	.venv-mutants/bin/python -m pip install --quiet --disable-pip-version-check mutmut==3.8.1
	.venv-mutants/bin/python -m tests.mutants

# The oldest versions that pyproject.toml allows, with the tests that ask most of them.
OLDEST := .venv-oldest
oldest:
	$(PYTHON) -m venv --clear $(OLDEST)
	$(PYTHON) -m tests.oldest >$(OLDEST)/requirements.txt
	$(OLDEST)/bin/python -m pip install --quiet --disable-pip-version-check -r $(OLDEST)/requirements.txt
	$(OLDEST)/bin/python -m pip check --disable-pip-version-check
	PYTHONPATH=middleware:. $(OLDEST)/bin/python -m pytest -q -p no:cacheprovider --no-cov \
		tests/test_middleware.py tests/test_compact.py tests/test_keys.py tests/test_odd_keys.py \
		tests/test_signing.py tests/test_policy.py tests/test_users.py tests/test_dynamic_issuers.py \
		tests/remote/test_fetch.py tests/connections/test_stream.py tests/connections/test_websocket.py

# The lock is whole, so nothing is resolved anew; what is never imported need not be compiled.
$(READY): requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps --no-compile -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $(READY)

# Needs uv (https://docs.astral.sh/uv/), and nothing else does.
lock:
	uv pip compile pyproject.toml --group dev --universal --python-version 3.11 --generate-hashes \
		--no-strip-extras --no-emit-index-url --no-annotate --no-header --output-file requirements.lock

clean:
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .coverage dist
