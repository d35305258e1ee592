#!/bin/sh
# Fills a folder with a binary that `cargo auditable` has built, and what belongs to it: the licences of
# its dependencies, the list of its crates in CycloneDX's format, and the digests of all files.
# Runs in the workspace. Usage: collect.sh BINARY TARGET
set -eu
binary="$1" target="$2"
name="${binary##*/}"
doc="$target/usr/share/doc/$name"

mkdir -p "$target/usr/local/bin" "$doc"
cp "$binary" "$target/usr/local/bin/"
cp LICENSE "$doc/"
auditable2cdx "$binary" > "$doc/$name.cdx.json"

# Crates that are only used while building are not part of the binary.
cargo tree --locked --offline --package "$name" --edges normal --prefix none --format '{p}' \
    | awk '$2 ~ /^v/ && $3 !~ /^\(\// { print $1 "-" substr($2, 2) }' | LC_ALL=C sort -u \
    | while read -r crate; do
        for text in "${CARGO_HOME:-$HOME/.cargo}"/registry/src/*/"$crate"/*; do
            case "${text##*/}" in
                [Ll][Ii][Cc][Ee][Nn][CcSs][Ee]* | COPYING* | NOTICE* | UNLICENSE*)
                    [ -f "$text" ] || continue
                    printf '======== %s/%s\n\n' "$crate" "${text##*/}"
                    cat "$text" ;;
            esac
        done
    done | gzip -n -9 > "$doc/licences-of-dependencies.gz"

sh "${0%/*}/digests.sh" "$target" "$name"
