#!/usr/bin/env bash
# Run the model's tests with every encoder and instruction set that this machine has, besides the default.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# Only the packed encoder promises the same bits in any batch.
STRATA_ENCODER=reference cargo nextest run --locked --test model -E 'not test(batches)'
if [ "$(uname -m)" = x86_64 ]; then
    STRATA_ENCODER=packed STRATA_INSTRUCTION_SET=avx2 cargo nextest run --locked --test model
fi
if grep -qsw amx_tile /proc/cpuinfo; then
    # By default f32 is computed on tiles there.
    STRATA_ENCODER=packed STRATA_F32_PRODUCTS=fma cargo nextest run --locked --test model
fi
# The tests in `reduced` encode all labelled snippets, which would take minutes with plain loops.
STRATA_ENCODER=packed STRATA_INSTRUCTION_SET=scalar \
    cargo nextest run --locked --test model -E 'not test(reduced::)'
