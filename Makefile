.DEFAULT_GOAL := help
.PHONY: help serve model data test check nextest fixtures heads heads-judged compare bench bench-heads bench-memory bench-peers asan heads-elsewhere openapi release

PYTHON ?= python3
NEXTEST := 0.9.143
VENV := .venv-fixtures
JUDGE := .venv-judge
PEERS := .venv-peers
STRATA := target/release/strata

help: ## Say what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

serve: model ## Bring the default model if it isn't there, build, and serve it on 127.0.0.1:8080
	cargo run --release --locked -- serve

model: ## Bring the default model to models/ (80 MB, once), every file checked
	@$(PYTHON) -B scripts/fetch_model.py

data: ## Bring the labelled texts to data/ (5 MB, once), every file checked
	@$(PYTHON) -B scripts/fetch_data.py

test: model data nextest $(JUDGE)/installed ## Set up what the tests need and run them all
	cargo test --workspace --doc --locked
	@scripts/asan.sh
	scripts/test_encoders.sh
	cargo nextest run --workspace --locked

check: ## Formatting, lints, documentation and the image's files, warnings being errors
	cargo fmt --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --locked
	scripts/check_portable.sh
	$(PYTHON) -B scripts/check_image.py

nextest:
	@cargo nextest --version >/dev/null 2>&1 || cargo install --locked cargo-nextest@$(NEXTEST)

release:
	cargo build --release --locked --bin strata

heads: release model data $(JUDGE)/installed ## Train the shipped heads again, beside scikit-learn on the same features
	for head in sentiment register; do \
		$(STRATA) train --data data/$$head.tsv --recipe last-four-concat --out config/heads/$$head \
			--save-features target/$$head.safetensors && \
		$(JUDGE)/bin/python -B scripts/sklearn_baseline.py target/$$head.safetensors || exit 1; \
	done

heads-judged: release model data $(JUDGE)/installed ## Train on several labels and on numbers, beside scikit-learn on the same features
	for kind in facets:multi-label rating:regression; do \
		$(STRATA) train --data data/$${kind%:*}.tsv --problem-type $${kind#*:} --recipe last-four-concat \
			--out target/heads/$${kind%:*} --save-features target/$${kind%:*}.safetensors && \
		$(JUDGE)/bin/python -B scripts/sklearn_baseline.py target/$${kind%:*}.safetensors || exit 1; \
	done

compare: release model data ## Compare recipes on the sentiment data: the README's table, and how long it takes
	$(STRATA) compare --data data/sentiment.tsv --report target/comparison.html
	$(STRATA) compare --data data/sentiment.tsv --quick

bench: model data ## Texts a second over HTTP, against the encoder's own rate in process
	cargo bench --locked --bench serving

bench-memory: model data ## Memory of the server over 100,000 texts of mixed lengths
	cargo bench --locked --bench serving -- --memory

bench-heads: model data ## What three heads and an embedding cost over one head
	cargo bench --locked --bench serving -- --heads

bench-peers: model data $(PEERS)/installed ## The same work on Strata and its peers (half an hour; a few GB, once)
	$(PEERS)/bin/python -B benches/peers/run.py

asan: ## The kernels' tests under AddressSanitizer, where the toolchain has its runtime
	@scripts/asan.sh

heads-elsewhere: $(VENV)/installed ## Serve heads trained by scikit-learn and PyTorch with the README's lines
	JUDGE_PYTHON=$(VENV)/bin/python HEADS_FROM=scikit-learn,pytorch cargo nextest run --locked --test api elsewhere

openapi: ## Write openapi.yaml anew from the code
	cargo run --locked --quiet -- openapi > openapi.yaml

fixtures: model $(VENV)/installed ## Compute the golden values again with PyTorch (a download of a few GB, once)
	$(VENV)/bin/python -B tests/fixtures/generate_golden.py
	$(VENV)/bin/python -B tests/fixtures/generate_windows.py
	$(VENV)/bin/python -B tests/fixtures/generate_tiny.py

# Rebuilt from nothing whenever the pins change; the mark is set only once all is installed.
$(VENV)/installed: tests/fixtures/requirements.txt
$(JUDGE)/installed: scripts/requirements.txt
$(PEERS)/installed: benches/peers/requirements.txt
%/installed:
	rm -rf $*
	$(PYTHON) -m venv $*
	$*/bin/pip install --quiet --disable-pip-version-check -r $<
	touch $@
