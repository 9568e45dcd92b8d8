# Two commands: `make demo` shows what texturekit does, `make test` checks that it does it right.
# They need Python 3.11 to 3.13, make and git; the rest is installed into .venv.
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
# Where this is set, every process compiles torch, scipy and scikit-learn anew: 3 to 8 s each.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: demo test e2e lint types bench bench-quick bench-embedding bench-opencv4 peer-tests soak clean

# uv installs in seconds what takes plain pip minutes:  pip install -c constraints.txt -e .
$(VENV)/.core: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt uv
	$(BIN)/uv pip install --quiet --python $(BIN)/python -c constraints.txt -e .
	touch $@

$(VENV)/.dev: $(VENV)/.core
	$(BIN)/uv pip install --quiet --python $(BIN)/python -c constraints.txt -e ".[all,dev]"
	touch $@

# Without --weights none it would ask the network for pretrained weights.
demo: $(VENV)/.core
	$(BIN)/texturekit compare --task breast --weights none

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: $(VENV)/.dev
	$(BIN)/mypy

test: lint types
	$(BIN)/python -m pytest --numprocesses auto --dist loadfile --ignore=tests/e2e

# The pages in a real Chromium; without one the tests skip and say what to install.
$(VENV)/.e2e: $(VENV)/.dev
	$(BIN)/uv pip install --quiet --python $(BIN)/python -c constraints.txt -e ".[e2e]"
	touch $@

e2e: $(VENV)/.e2e
	$(BIN)/python -m pytest tests/e2e --numprocesses 2

# The peers that are timed, each optional: the table says which could not be installed.
INSTALL = $(BIN)/uv pip install --quiet --python $(BIN)/python -c constraints.txt
$(VENV)/.peers: $(VENV)/.dev
	-$(INSTALL) mahotas==1.4.19
	-$(INSTALL) nyxus==0.11.0
	-$(INSTALL) SimpleITK PyWavelets pykwalify six docopt setuptools wheel cython versioneer
	-$(INSTALL) --no-build-isolation --no-deps pyradiomics==3.0.1  # it builds with what is installed
	touch $@

BENCH = -m pytest benchmarks --benchmark-only --benchmark-quiet -q -rN --benchmark-json

bench: $(VENV)/.peers
	mkdir -p benchmarks/results
	$(BIN)/python $(BENCH)=benchmarks/results/bench.json

bench-quick: $(VENV)/.peers
	mkdir -p benchmarks/results
	$(BIN)/python $(BENCH)=benchmarks/results/quick.json --quick

# Networks on all cores: minutes each, and only a quiet machine gives numbers worth keeping.
bench-embedding: $(VENV)/.dev
	mkdir -p benchmarks/results
	$(BIN)/python $(BENCH)=benchmarks/results/embedding.json -k test_embedding

# OpenCV 5 has no HOGDescriptor; this environment holds OpenCV 4 and what the kernels need.
.venv-opencv4/.ready: constraints.txt
	$(PYTHON) -m venv .venv-opencv4
	grep -v '^opencv' constraints.txt > .venv-opencv4/constraints.txt
	.venv-opencv4/bin/python -m pip install --quiet --disable-pip-version-check \
	  -c .venv-opencv4/constraints.txt 'opencv-python-headless<5' numba scikit-image scipy pandas pyarrow \
	  pydantic PyYAML pytest pytest-benchmark hypothesis threadpoolctl
	touch $@

bench-opencv4: .venv-opencv4/.ready
	mkdir -p benchmarks/results
	.venv-opencv4/bin/python $(BENCH)=benchmarks/results/opencv4.json -k cv2

peer-tests: $(VENV)/.peers
	$(BIN)/python benchmarks/studies/peer_tests.py

# Damaged files, one process each, until the time is over: make soak SECONDS=600; and before that
# a minute of 50 clients who ask a served model, and an extraction killed twenty times.
SECONDS ?= 1800
soak: $(VENV)/.dev
	$(BIN)/python -m tests.app.soak
	TEXTUREKIT_KILLS=20 $(BIN)/python -m pytest -q tests/cli/test_extract.py -k killed
	$(BIN)/python -m tests.faults.fuzz --seconds $(SECONDS)

clean:
	rm -rf $(VENV) .venv-opencv4 benchmarks/results build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache
