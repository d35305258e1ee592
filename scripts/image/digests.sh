#!/bin/sh
# Lists the SHA-256 of a folder's files in its usr/share/doc/strata/NAME.sha256; in the image,
# `sha256sum -c` checks them from the root. All files get the same time, so that the layer that is made
# of the folder depends on nothing but their content.
# Usage: digests.sh FOLDER NAME
set -eu
cd "$1"
list="usr/share/doc/strata/$2.sha256"

mkdir -p "${list%/*}"
find . -type f ! -path "./$list" | sed 's|^\./||' | LC_ALL=C sort | while read -r file; do
    sha256sum "$file"
done > "$list"
find . -exec touch --no-dereference --date=@0 {} +
