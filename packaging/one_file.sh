#!/bin/sh
# Makes the one file that people download: a script that chooses where to unpack, and a PEX or scie.
#
# Usage: one_file.sh pex|scie PAYLOAD OUTPUT [PYTHON]
#   PAYLOAD  what pex made: a PEX, which PYTHON (python3.11) has to run, or a scie, which has its own
#   FOR_ROOT (environment): the folder it unpacks to for root, /var/cache/auditbench if not given
set -eu
kind=$1 payload=$2 output=$3 python=${4:-python3}
for_root=${FOR_ROOT:-/var/cache/auditbench}
digest=$(sha256sum "$payload" | cut -d ' ' -f 1)
bytes=$(wc -c <"$payload")
template=$(dirname "$0")/one_file_head.sh
head=$(mktemp)
trap 'rm -f "$head"' EXIT

# The script tells its own size, so its size must not depend on the number.
fill() {
    sed -e "s|@KIND@|$kind|" -e "s|@PYTHON@|$python|" -e "s|@DIGEST@|$digest|" \
        -e "s|@PAYLOAD_AT@|$1|" -e "s|@PAYLOAD_BYTES@|$bytes|" -e "s|@FOR_ROOT@|$for_root|" "$template"
}
fill 1000000 >"$head"
size=$(wc -c <"$head")
fill "$(printf %7s "$size")" >"$head"
cat "$head" "$payload" >"$output"
chmod 755 "$output"
