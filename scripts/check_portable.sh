#!/usr/bin/env bash
# Lint and test the kernels as they are built for an architecture that has no kernels of its own, without
# a toolchain for one. Warnings are errors.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# A target folder of its own, so that the usual one is not rebuilt each time.
export STRATA_KERNELS_PORTABLE=1 CARGO_TARGET_DIR="$PWD/target/portable"
cargo clippy -p strata-kernels --all-targets --locked -- -D warnings
cargo test -p strata-kernels --locked --lib
