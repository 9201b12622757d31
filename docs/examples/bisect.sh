#!/bin/sh
# For `git bisect run`: which commit made audit cost more, or lose events?
#
#   git bisect run bisect.sh BASE MEASURE [ARGUMENT…]
#
# BASE     a stored run of the good commit, such as @good; with BOOTS=3 the newest three of that label
# MEASURE  builds the commit that is checked out and measures it, with --label "$LABEL"
#
# RESULTS  the folder of results, outside of what is checked out (default: results beside this file)
# BOOTS    how often MEASURE is called for each commit, each time on a fresh boot (default: 1)
# COMPARE  more options of `auditbench compare` (default: --allow kernel,version)
#
# Ends with 0 (not worse), 1 (worse), 125 (this commit cannot be judged: it does not build or boot, or
# the answer is inconclusive), or 128 and more (something is wrong with the command: stop bisecting).
set -u

give_up() {
    echo "bisect.sh: $1" >&2
    exit 255
}

[ $# -ge 2 ] || give_up "give BASE and MEASURE: git bisect run bisect.sh @good ./measure.sh"
command -v auditbench >/dev/null || give_up "auditbench is not on the PATH"
here=$(cd "$(dirname "$0")" && pwd) || give_up "the folder of this file cannot be read"
RESULTS=${RESULTS:-$here/results}
BOOTS=${BOOTS:-1}
COMPARE=${COMPARE:---allow kernel,version}
LABEL=bisect-$(git rev-parse --short=12 HEAD) || give_up "this is no git repository"
export RESULTS LABEL
base=$1
shift

# The newest runs with a label, as many as there are boots: @x~0 @x~1 @x~2.
newest() {
    number=0
    while [ "$number" -lt "$BOOTS" ]; do
        printf '%s~%s ' "$1" "$number"
        number=$((number + 1))
    done
}

boot=0
while [ "$boot" -lt "$BOOTS" ]; do
    "$@" || exit 125
    boot=$((boot + 1))
done

# Several words each.
# shellcheck disable=SC2046,SC2086
if [ "$BOOTS" -gt 1 ]; then
    set -- $(newest "$base") --with $(newest "@$LABEL")
else
    set -- "$base" "@$LABEL"
fi
# shellcheck disable=SC2086
auditbench compare "$@" --results "$RESULTS" $COMPARE
case $? in
    0) exit 0 ;;
    1) exit 1 ;;
    3) exit 125 ;;
    *) give_up "the runs cannot be compared" ;;
esac
