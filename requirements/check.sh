#!/bin/sh
# The system packages of a stage (packages.txt): says which are missing, and has them installed.
#
# Usage: check.sh bench|test [PYTHON]
#   SETUP=no: only name them. On a terminal it asks once; elsewhere it goes ahead.
# Exit code 4: something that the build needs is still missing.
set -u
here=$(dirname "$0")
wanted=${1:-bench}
python=${2:-python3}

say() { echo "auditbench: $*" >&2; }

# Sets the package manager, its command, and the place of its names in a line of the list.
distribution() {
    manager="" place=2 install="install with your package manager:"
    for candidate in apt-get dnf zypper pacman; do
        command -v $candidate >/dev/null 2>&1 && manager=$candidate && break
    done
    case $manager in
    apt-get) install="apt-get install -y --no-install-recommends" ;;
    dnf) place=4 install="dnf install -y --setopt=install_weak_deps=False" ;;
    zypper) place=5 install="zypper --non-interactive install --no-recommends" ;;
    pacman) place=6 install="pacman -S --needed --noconfirm" ;;
    esac
    case $manager:$(sed -n 's/^ID\(_LIKE\)*=//p' /etc/os-release 2>/dev/null) in
    apt-get:*ubuntu*) place=3 ;;
    esac
}

# Whether this machine has what a line of the list needs.
have() {
    case $1 in
    python) "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ;;
    venv) "$python" -c 'import venv, ensurepip' ;;
    headers) "$python" -c 'import os, sys, sysconfig
sys.exit(not os.path.exists(os.path.join(sysconfig.get_paths()["include"], "Python.h")))' ;;
    compiler) echo '#include <stdio.h>' | "${CC:-gcc}" -E - ;;
    libaudit) "$python" -c 'import ctypes; ctypes.CDLL("libaudit.so.1")' ;;
    *'|'*) have "${1%%|*}" || have "${1#*|}" ;;
    *) (PATH=$PATH:/usr/sbin:/sbin && command -v "$1") ;;
    esac >/dev/null 2>&1
}

# Sets what is missing for a stage, and the packages that have it.
look() {
    missing="" packages=""
    while read -r stage need names; do
        [ "$stage" = bench ] || [ "$stage" = "$1" ] || continue
        have "$need" && continue
        # shellcheck disable=SC2086
        set -- "$1" $names
        eval "names=\$$place"
        [ "$names" != - ] || continue
        missing="$missing ${need%%|*}"
        for package in $(echo "$names" | tr , ' '); do
            case " $packages " in
            *" $package "*) ;;
            *) packages="$packages $package" ;;
            esac
        done
    done <"$here/packages.txt"
    command="$sudo$install$packages"
}

# Whether packages may be installed: as root, or through sudo.
privileged() {
    [ -n "$sudo" ] || return 0
    command -v sudo >/dev/null 2>&1 || return 1
    [ -t 0 ] || sudo -n true 2>/dev/null
}

agreed() {
    [ -t 0 ] && [ -t 2 ] || return 0
    printf 'auditbench: go ahead? [Y/n] ' >&2
    read -r answer || return 1
    case $answer in [nN]*) return 1 ;; esac
}

[ "$(id -u)" = 0 ] && sudo="" || sudo="sudo "
distribution
look "$wanted"
[ -n "$missing" ] || exit 0
if [ "${SETUP:-}" != no ] && [ -n "$manager" ] && privileged; then
    say "'make $wanted' needs system packages and installs them, starting no service of theirs:"
    say "    $command"
    say "(SETUP=no only names them)"
    if agreed; then
        # shellcheck disable=SC2086
        ${sudo}sh "$here/install.sh" "$manager" $packages -- $install || say "not all was installed"
        look "$wanted"
        [ -n "$missing" ] || exit 0
    fi
fi
lacking=$missing remedy=$command
look bench
if [ -n "$missing" ]; then
    say "cannot be built, missing:$missing. Install with: $command"
    exit 4
fi
say "tests are skipped for want of:$lacking. Install with: $remedy"
