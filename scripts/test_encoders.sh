#!/usr/bin/env bash
# The model's tests on every encoder and instruction set that this machine has, beside the default.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# Bits are the packed encoder's promise alone.
STRATA_ENCODER=reference cargo nextest run --locked --test model -E 'not test(batches)'
sets=scalar
if [ "$(uname -m)" = x86_64 ]; then
    sets="avx2 scalar"
fi
for set in $sets; do
    STRATA_ENCODER=packed STRATA_INSTRUCTION_SET=$set cargo nextest run --locked --test model
done
