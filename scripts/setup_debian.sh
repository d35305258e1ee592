#!/usr/bin/env bash
# Install the Debian packages that `make check` and `make test` need, if any is missing: a C compiler, make,
# curl, git, and Python 3 with pip and venv. Arguments are further programs, each in the package of its name
# or, as in ip:iproute2, in the one that is named behind it.
# Prints nothing if all are there, and never asks anything.
set -euo pipefail

# Daemons are in a folder that a user's PATH may lack.
PATH="$PATH:/usr/sbin"
python="${PYTHON:-python3}"

# The packages that are missing, each with a space after it.
missing() {
    # A program is linked, since a compiler without the C library's files can't build anything.
    { command -v make && echo 'int main(void) { return 0; }' | cc -x c -o /dev/null -; } \
        >/dev/null 2>&1 || printf 'build-essential '
    for tool in curl git "$@"; do
        command -v "${tool%%:*}" >/dev/null || printf '%s ' "${tool##*:}"
    done
    command -v "$python" >/dev/null || printf 'python3 '
    "$python" -m pip --version >/dev/null 2>&1 || printf 'python3-pip '
    # Debian's Python has the module venv without this package, but can't create an environment.
    "$python" -c 'import ensurepip, venv' >/dev/null 2>&1 || printf 'python3-venv '
}

fail() {
    echo "error: $1; run: sudo apt-get install $packages" >&2
    exit 1
}

packages="$(missing "$@")"
[ -n "$packages" ] || exit 0

if ! command -v apt-get >/dev/null; then
    echo "error: install what corresponds to these Debian packages: $packages" >&2
    exit 1
fi
as_root=()
if [ "$(id -u)" -ne 0 ]; then
    sudo -n true 2>/dev/null || fail "packages are missing, and sudo is absent or needs a password"
    as_root=(sudo -n)
fi
# Tests start servers themselves: with SYSTEMD_OFFLINE, no package starts one as a service now.
apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive SYSTEMD_OFFLINE=1 apt-get -qq -o DPkg::Lock::Timeout=300)

echo "installing $packages"
# The lists may be recent enough even if they can't be updated.
"${apt[@]}" update </dev/null >/dev/null || true
# shellcheck disable=SC2086 # The names are separate words.
"${apt[@]}" install --yes --no-install-recommends $packages </dev/null >/dev/null || fail "apt-get failed"
# Nor may one start with the system, and take its port, such as 9090.
if command -v systemctl >/dev/null; then
    # shellcheck disable=SC2086
    units="$(dpkg -L $packages | sed -nE 's|.*/systemd/system/([^/@]+\.service)$|\1|p' | sort -u || true)"
    for unit in $units; do
        "${as_root[@]}" env SYSTEMD_OFFLINE=1 systemctl --quiet disable "$unit" \
            && echo "$unit is not started with the system; to change that: systemctl enable $unit"
    done
fi

packages="$(missing "$@")"
[ -z "$packages" ] || fail "something is still missing after the installation"
