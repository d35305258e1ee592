#!/bin/sh
# Fills a folder with what an image needs of Debian, out of the system that this runs on: the dynamic
# loader, the shared libraries that Rust programs link to, and how names of users and hosts are found. A second folder gets the folders that the image's user may write to.
#
# The packages' records are where scanners look for them in an image without dpkg.
# Usage: system.sh TARGET OWNED
set -eu
target="$1" owned="$2"

mkdir -p "$target" "$owned/heads"
cd "$target"
mkdir -p etc strata/config strata/models tmp usr/lib var/lib/dpkg/status.d
chmod 1777 tmp

for package in base-files libc6 libgcc-s1; do
    dpkg-query --status "$package" > "var/lib/dpkg/status.d/$package"
    mkdir -p "usr/share/doc/$package"
    cp -L "/usr/share/doc/$package/copyright" "usr/share/doc/$package/"
    dpkg-query --listfiles "$package" \
        | grep -E '/(ld-linux[^/]*|libc|libm|libgcc_s)\.so\.[0-9]+$' \
        | while read -r library; do
            mkdir -p ".${library%/*}"
            # The loader is a link in one of its places.
            cp -a "$library" ".$library"
        done
done
cp /usr/lib/os-release usr/lib/
ln -s ../usr/lib/os-release etc/os-release

printf '%s\n' root:x:0:0:root:/:/sbin/nologin strata:x:10001:10001:strata:/strata:/sbin/nologin > etc/passwd
printf '%s\n' root:x:0: strata:x:10001: > etc/group
echo 'hosts: files dns' > etc/nsswitch.conf
