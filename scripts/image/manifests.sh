#!/bin/sh
# Copies a workspace's manifests and build scripts, and empty files in place of its crates' code. From
# these cargo builds all dependencies, and they don't change when the code does.
# Usage: manifests.sh WORKSPACE TARGET
set -eu
workspace="$1" target="$2"

find "$workspace" -type f | while read -r file; do
    copy="$target${file#"$workspace"}"
    case "$file" in
        */Cargo.toml | */Cargo.lock | */build.rs | */src/lib.rs | */src/main.rs) mkdir -p "${copy%/*}" ;;
    esac
    case "$file" in
        */Cargo.toml | */Cargo.lock | */build.rs) cp "$file" "$copy" ;;
        */src/lib.rs) echo '//! Empty.' > "$copy" ;;
        */src/main.rs) printf '//! Empty.\nfn main() {}\n' > "$copy" ;;
    esac
done
