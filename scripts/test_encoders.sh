#!/usr/bin/env bash
# The model's tests on every encoder and instruction set that this machine has, beside the default.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# Bits are the packed encoder's promise alone.
STRATA_ENCODER=reference cargo nextest run --locked --test model -E 'not test(batches)'
if [ "$(uname -m)" = x86_64 ]; then
    STRATA_ENCODER=packed STRATA_INSTRUCTION_SET=avx2 cargo nextest run --locked --test model
fi
# Plain loops would take minutes over the labelled snippets, by which `reduced` judges.
STRATA_ENCODER=packed STRATA_INSTRUCTION_SET=scalar \
    cargo nextest run --locked --test model -E 'not test(reduced::)'
