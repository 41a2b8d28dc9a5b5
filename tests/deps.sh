#!/bin/sh
# Installs the packages named in $PACKAGES that are missing, on Debian and Ubuntu.
# Elsewhere: says what to install. Does nothing, and asks nobody, where all is there.
set -eu

if ! command -v dpkg-query >/dev/null 2>&1 || ! command -v apt-get >/dev/null 2>&1; then
    for tool in cc c++ clang pkg-config ruby puma valgrind tmux pgrep patchelf; do
        command -v "$tool" >/dev/null 2>&1 || echo "not found: $tool" >&2
    done
    echo "deps: not Debian or Ubuntu; if something is missing, install: a C and C++ compiler, clang," \
        "pkg-config, jemalloc (libjemalloc.so.2), jansson, libelf, ncursesw, check, ruby with its headers, puma, valgrind, tmux, procps, patchelf" >&2
    exit 0
fi

missing=
for package in $PACKAGES; do
    status=$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null || true)
    [ "$status" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

as_root=
if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null 2>&1; then
        echo "deps: missing packages, and no sudo; as root: apt-get install$missing" >&2
        exit 1
    fi
    as_root=sudo
fi
$as_root apt-get update -qq >/dev/null
# A release may have a package under another's roof: what it doesn't know is left out.
known=
for package in $missing; do
    if apt-cache show "$package" >/dev/null 2>&1; then
        known="$known $package"
    else
        echo "deps: this release has no package $package; going on without" >&2
    fi
done
missing=$known
[ -n "$missing" ] || exit 0
echo "deps: installing$missing"
# shellcheck disable=SC2086 # words on purpose
{
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing
} >/dev/null
