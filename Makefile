# Everything below works from a fresh checkout with Python >= 3.11 and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
unexport PYTHONDONTWRITEBYTECODE
unexport DEVICELINK_DATA
WORKERS ?= 3

SEEDS ?= 2000

.PHONY: demo test lint format lock clean world sweep fuzz bench

demo: $(VENV)/run.stamp
	$(BIN)/devicelink demo

test: $(VENV)/dev.stamp
	$(BIN)/pytest -n $(WORKERS) $(ARGS)

# The simulated world: SEEDS=N stories, or SEED=N for one again.
world: $(VENV)/dev.stamp
	$(BIN)/python -m devicelink_simulation.world \
	  $(if $(SEED),seed $(SEED),seeds $(SEEDS) --start $(or $(START),0))

# Every operation of whole sessions struck in every way, and the journal's disk; EVERY=N thins.
sweep: $(VENV)/dev.stamp
	$(BIN)/python -m devicelink_simulation.world sweep --every $(or $(EVERY),1)
	$(BIN)/python -m devicelink_simulation.world journal --every $(or $(EVERY),1)

# Looks for bytes that decoders do not expect; TARGET=… for one, SECONDS=… for each.
fuzz: $(VENV)/fuzz.stamp
	for target in $(or $(TARGET),$$($(BIN)/python -m tests.fuzzing)); do \
	  $(BIN)/python -m tests.fuzzing $$target $(or $(SECONDS),60) || exit 1; done

# Ratios side by side, into bench/results.json and docs/performance.md; ROWS="append verify" for some.
bench: $(VENV)/bench.stamp
	$(BIN)/python -m bench $(ROWS)

lint: $(VENV)/dev.stamp
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/deptry .
	$(BIN)/vulture

format: $(VENV)/dev.stamp
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# Writes the lock files anew; they hold versions and hashes, never addresses.
lock: $(VENV)/dev.stamp
	$(BIN)/uv pip compile -q --universal --generate-hashes --no-emit-index-url --no-header \
	  pyproject.toml -o requirements/run.txt
	$(BIN)/uv pip compile -q --universal --generate-hashes --no-emit-index-url --no-header \
	  -c requirements/run.txt pyproject.toml --group dev -o requirements/dev.txt
	$(BIN)/uv pip compile -q --universal --generate-hashes --no-emit-index-url --no-header \
	  requirements/build.in -o requirements/build.txt
	$(BIN)/uv pip compile -q --universal --generate-hashes --no-emit-index-url --no-header \
	  --python-version 3.11 requirements/fuzz.in -o requirements/fuzz.txt
	$(BIN)/uv pip compile -q --universal --generate-hashes --no-emit-index-url --no-header \
	  -c requirements/dev.txt pyproject.toml --group dev --group bench -o requirements/bench.txt

clean:
	rm -rf $(VENV) dist .mypy_cache .ruff_cache .hypothesis .import_linter_cache

$(VENV)/run.stamp: requirements/run.txt requirements/build.txt pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install -q --disable-pip-version-check --no-deps --require-hashes -r requirements/run.txt
	$(BIN)/pip install -q --disable-pip-version-check --no-deps --require-hashes -r requirements/build.txt
	$(BIN)/pip install -q --disable-pip-version-check --no-deps --no-build-isolation --no-index -e .
	touch $@

$(VENV)/dev.stamp: requirements/dev.txt $(VENV)/run.stamp
	$(BIN)/pip install -q --disable-pip-version-check --no-deps --require-hashes -r requirements/dev.txt
	touch $@

$(VENV)/fuzz.stamp: requirements/fuzz.txt $(VENV)/dev.stamp
	$(BIN)/pip install -q --disable-pip-version-check --no-deps --require-hashes -r requirements/fuzz.txt
	touch $@

$(VENV)/bench.stamp: requirements/bench.txt $(VENV)/dev.stamp
	$(BIN)/pip install -q --disable-pip-version-check --no-deps --require-hashes -r requirements/bench.txt
	touch $@
