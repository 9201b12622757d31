#!/bin/sh
# What the build needs from the system: checks, and names the command that installs what is missing.
# Installs nothing itself. Usage: requirements.sh PYTHON
set -u
python=${1:-python3}
missing=""

"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || missing="$missing python"
"$python" -c 'import venv, ensurepip' 2>/dev/null || missing="$missing venv"
"$python" -c 'import os, sysconfig, sys
sys.exit(not os.path.exists(os.path.join(sysconfig.get_paths()["include"], "Python.h")))' 2>/dev/null ||
    missing="$missing headers"
command -v "${CC:-cc}" >/dev/null 2>&1 || command -v gcc >/dev/null 2>&1 || missing="$missing compiler"
"$python" -c 'import ctypes; ctypes.CDLL("libaudit.so.1")' 2>/dev/null || missing="$missing libaudit"

[ -z "$missing" ] && exit 0

if command -v apt-get >/dev/null 2>&1; then
    install="apt-get install -y"
    names="python=python3 venv=python3-venv headers=python3-dev compiler=gcc libaudit=libaudit1"
    extra=" libc6-dev"
elif command -v dnf >/dev/null 2>&1; then
    install="dnf install -y"
    names="python=python3.11 venv=python3 headers=python3-devel compiler=gcc libaudit=audit-libs"
    extra=""
elif command -v zypper >/dev/null 2>&1; then
    install="zypper install -y"
    names="python=python311 venv=python311 headers=python311-devel compiler=gcc libaudit=libaudit1"
    extra=""
elif command -v pacman >/dev/null 2>&1; then
    install="pacman -S --needed"
    names="python=python venv=python headers=python compiler=gcc libaudit=audit"
    extra=""
else
    install="install with your package manager:"
    names="python=python>=3.11 venv=python-venv headers=python-headers compiler=gcc libaudit=libaudit"
    extra=""
fi

packages=""
for what in $missing; do
    for pair in $names; do
        [ "${pair%%=*}" = "$what" ] && packages="$packages ${pair#*=}"
    done
    [ "$what" = compiler ] && packages="$packages$extra"
done
sudo=""
[ "$(id -u)" = 0 ] || sudo="sudo "
echo "auditbench cannot be built, missing:$missing. Install with: $sudo$install$packages" >&2
exit 4
