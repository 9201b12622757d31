#!/bin/sh
# Makes the one file of a wheel: a PEX for the Python that pex runs on, or a scie with its own.
#
# Usage: pex.sh pex|scie WHEEL OUTPUT      with `pex` (the tool, 2.105 or newer) on the path
# pex fetches what auditbench depends on, and for a scie the interpreter.
set -eu
# A pattern that fits two wheels would have the second one overwritten.
[ $# = 3 ] || { echo "pex.sh: give pex or scie, one wheel, and the file to make" >&2; exit 2; }
kind=$1 wheel=$(realpath "$2") output=$3
here=$(dirname "$0")
python=$(python3 -I -c 'import sys; print("python%d.%d" % sys.version_info[:2])')
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# An environment is made of it at the first start: auditbench starts its parts by sys.executable.
set -- "auditbench[history,pyperf] @ file://$wheel" --console-script auditbench --venv prepend --no-rc \
    --python "$(command -v "$python")" --no-build --no-compress --no-pre-install-wheels
if [ "$kind" = scie ]; then
    pex "$@" --scie eager --scie-only --output-file "$work/auditbench"
else
    pex "$@" --output-file "$work/auditbench"
fi
"$here/one_file.sh" "$kind" "$work/auditbench" "$output" "$python"
