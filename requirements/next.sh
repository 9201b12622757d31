#!/bin/sh
# The last lines of `make bench`: three commands to go on with, as they can be typed in this folder.
#
# Usage: next.sh BIN [OPTION...]      BIN is the folder of the command, the options those of the run
set -u
bin=$1 results="" borrow=""
shift
while [ $# -gt 0 ] && [ "$1" != -- ]; do
    case $1 in
    --results) [ $# -gt 1 ] && shift && results=$1 ;;
    --results=*) results=${1#*=} ;;
    --borrow) borrow=" --borrow" ;;
    esac
    shift
done

# Whoever called through sudo types the next command without root again.
as_root="sudo "
[ "$(id -u)" != 0 ] || [ -n "${SUDO_UID:-}" ] || as_root=""
command -v sudo >/dev/null 2>&1 || as_root=""
stored=""
[ -z "$results" ] || stored=" --results '$(printf %s "$results" | sed "s/'/'\\\\''/g")'"

# A run is named after the time and its plan: the newest has the last name.
newest=""
for run in "${results:-results}"/*/*Z-*; do
    [ ! "${run##*/}" \> "${newest##*/}" ] || newest=$run
done
# Without audit, that is the plan to fall back to.
next="run --rules docs/examples/rules-repository/rules/base.rules$borrow$stored"
case ${newest##*/} in *Z-replay*) next=doctor ;; esac

echo
echo "Next, in $PWD:"
echo "    $bin/auditbench show latest --ledger$stored"
echo "    $bin/auditbench report latest -o report.html$stored"
echo "    $as_root$bin/auditbench $next"
