#!/bin/sh
# Installs osiris: downloads the archive for this machine, checks it, and unpacks it.
#
#   curl --proto '=https' -LsSf URL/install.sh | sh
#
# OSIRIS_INSTALL_DIR   directory of the installation, ~/.local by default: the program goes to bin/
# OSIRIS_DOWNLOAD_URL  directory of the release, for a mirror
# OSIRIS_TARGET        target to install, in place of the one of this machine
set -eu

version='@VERSION@'
url=${OSIRIS_DOWNLOAD_URL:-'@URL@'}
# The public key of releases, in PEM. Empty in a build that is not signed.
public_key='@PUBLIC_KEY@'

fail() {
    printf 'error: %s\n' "$1" >&2
    exit 3
}

has() {
    command -v "$1" >/dev/null 2>&1
}

find_target() {
    case $(uname -s) in
        Linux) ;;
        *) fail "no release for $(uname -s); build from source: see README.md" ;;
    esac
    case $(uname -m) in
        x86_64 | amd64) arch=x86_64 ;;
        aarch64 | arm64) arch=aarch64 ;;
        *) fail "no release for $(uname -m); build from source: see README.md" ;;
    esac
    # A system with another C library than glibc, such as Alpine, gets the static program.
    libc=musl
    for loader in /lib*/ld-linux-*.so.* /lib/*/ld-linux-*.so.*; do
        if [ -e "$loader" ]; then libc=gnu; fi
    done
    echo "$arch-unknown-linux-$libc"
}

download() {
    if has curl; then
        curl --fail --location --silent --show-error --output "$2" "$url/$1"
    elif has wget; then
        wget --quiet --output-document="$2" "$url/$1"
    else
        fail "cannot download: install curl or wget"
    fi || fail "cannot download $url/$1"
}

check_signature() {
    if [ -z "$public_key" ]; then
        return
    fi
    if ! has openssl; then
        echo 'note: openssl is missing, so only the checksum is checked, not the signature' >&2
        return
    fi
    download SHA256SUMS.sig "$dir/SHA256SUMS.sig"
    printf '%s\n' "$public_key" >"$dir/key.pem"
    openssl pkeyutl -verify -pubin -inkey "$dir/key.pem" -rawin -in "$dir/SHA256SUMS" \
        -sigfile "$dir/SHA256SUMS.sig" >/dev/null 2>&1 ||
        fail "the signature of $url/SHA256SUMS is wrong; nothing was installed"
}

check_sum() {
    expected=$(awk -v name="$1" '$2 == name { print $1 }' "$dir/SHA256SUMS")
    [ -n "$expected" ] || fail "$url/SHA256SUMS does not list $1"
    if has sha256sum; then
        actual=$(sha256sum "$dir/$1")
    elif has shasum; then
        actual=$(shasum --algorithm 256 "$dir/$1")
    else
        fail "cannot check the download: install sha256sum"
    fi
    [ "${actual%% *}" = "$expected" ] ||
        fail "the checksum of $1 is wrong; nothing was installed"
}

# The whole script is read before anything runs, so that a broken download does nothing.
main() {
    target=${OSIRIS_TARGET:-$(find_target)}
    prefix=${OSIRIS_INSTALL_DIR:-${HOME:?set HOME or OSIRIS_INSTALL_DIR}/.local}
    name=osiris-$version-$target
    dir=$(mktemp -d)
    trap 'rm -rf "$dir"' EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM

    [ -n "$url" ] || fail 'set OSIRIS_DOWNLOAD_URL to the directory of the release'
    download SHA256SUMS "$dir/SHA256SUMS"
    check_signature
    download "$name.tar.gz" "$dir/$name.tar.gz"
    check_sum "$name.tar.gz"
    tar -xzf "$dir/$name.tar.gz" -C "$dir" || fail "cannot unpack $name.tar.gz"
    "$dir/$name/bin/osiris" version >/dev/null 2>&1 ||
        fail "osiris does not run on this machine; set OSIRIS_TARGET to another target"

    mkdir -p "$prefix" || fail "cannot create $prefix"
    for part in bin share; do
        (cd "$dir/$name/$part" && find . -type f) | while read -r file; do
            mkdir -p "$prefix/$part/$(dirname "$file")"
            # A rename replaces a program that runs.
            cp "$dir/$name/$part/$file" "$prefix/$part/$file.new"
            mv -f "$prefix/$part/$file.new" "$prefix/$part/$file"
        done || fail "cannot write to $prefix"
    done

    echo "osiris $version is installed: $prefix/bin/osiris"
    case ":$PATH:" in
        *":$prefix/bin:"*) ;;
        *) echo "Add it to your PATH: export PATH=\"$prefix/bin:\$PATH\"" ;;
    esac
    echo 'Try it: osiris quickstart'
}

main "$@"
