#!/usr/bin/env bash
# The kernels as they are built on an architecture that has no kernels of its own: warnings are errors,
# and the tests have to pass.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# A target folder of its own, so that the usual one is not rebuilt in turn.
export STRATA_KERNELS_PORTABLE=1 CARGO_TARGET_DIR="$PWD/target/portable"
cargo clippy -p strata-kernels --all-targets --locked -- -D warnings
cargo test -p strata-kernels --locked --lib
