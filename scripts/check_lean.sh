#!/usr/bin/env bash
# Lint the build without optional features, and test what it says about them. Warnings are errors.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

cargo clippy --no-default-features --all-targets --locked -- -D warnings
cargo test --no-default-features --locked --test api without_
