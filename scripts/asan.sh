#!/usr/bin/env bash
# The kernels' tests under AddressSanitizer. A stable toolchain has its runtime but hides the flag.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../tests/asan"

target="$(rustc -vV | sed -n 's/^host: //p')"
runtime="$(find "$(rustc --print sysroot)/lib/rustlib/$target/lib" -name 'librustc-*_rt.asan.a')"
if [ -z "$runtime" ]; then
    echo "asan: this toolchain has no runtime for it; the kernels were not tested under it"
    exit 0
fi
export RUSTC_BOOTSTRAP=1 RUSTFLAGS="-Zsanitizer=address" CARGO_TARGET_DIR=../../target/asan
# Optimised, so that it is the code that serves.
cargo test --locked --release --target "$target" --lib
