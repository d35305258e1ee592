#!/usr/bin/env bash
# Run the kernels' tests under AddressSanitizer. A stable toolchain has the runtime but hides the flag.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

target="$(rustc -vV | sed -n 's/^host: //p')"
runtime="$(find "$(rustc --print sysroot)/lib/rustlib/$target/lib" -name 'librustc-*_rt.asan.a')"
if [ -z "$runtime" ]; then
    echo "asan: this toolchain has no AddressSanitizer runtime; the kernels were not tested with it"
    exit 0
fi
# A target folder of its own, since everything is compiled again with the sanitizer's flags.
export RUSTC_BOOTSTRAP=1 RUSTFLAGS="-Zsanitizer=address" CARGO_TARGET_DIR="$PWD/target/asan"
# Optimised, so that the code under test is the code that serves.
cargo test -p strata-kernels --locked --release --target "$target" --lib
