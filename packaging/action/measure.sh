#!/usr/bin/env bash
# The step of action.yml that measures: the rules of a pull request beside those of its merge base.
#
# From the environment: AUDITBENCH (the program), RULES (a path in the repository), LIMITS, WORKLOADS,
# ARGUMENTS (words, separated by spaces), INCONCLUSIVE (warn or fail), RESULTS, and what GitHub sets.
# Where there is no merge base, or it has no such file, the rules are measured beside no rules.
set -euo pipefail

work=$(mktemp -d)
read -ra workloads <<<"$WORKLOADS"
read -ra more <<<"$ARGUMENTS"

if [ ! -f "$RULES" ]; then
    echo "::error::$RULES is not in this checkout: give the path of the rule file as input 'rules'"
    exit 2
fi
cp -- "$RULES" "$work/head.rules"
files=("$work/head.rules") reference=no-rules
if [ -n "${GITHUB_BASE_REF:-}" ]; then
    if ! base=$(git merge-base "origin/$GITHUB_BASE_REF" HEAD); then
        echo "::error::the merge base is not in this checkout: give actions/checkout 'fetch-depth: 0'"
        exit 2
    fi
    if git show "$base:$RULES" >"$work/base.rules" 2>/dev/null; then
        files=("$work/base.rules" "${files[@]}") reference=base
    else
        echo "::notice::$RULES is new in this pull request: it is measured beside no rules"
    fi
fi
limits=()
read -ra wanted <<<"$LIMITS"
for limit in "${wanted[@]}"; do
    limits+=(--fail "head/$limit")
done

code=0
sudo -E "$AUDITBENCH" gate --rules "${files[@]}" --reference "$reference" \
    --workload "${workloads[@]}" --borrow "${limits[@]}" --results "$RESULTS" \
    --to "md=$work/answer.md" "${more[@]}" || code=$?
echo "code=$code" >>"$GITHUB_OUTPUT"
[ ! -s "$work/answer.md" ] || echo "markdown=$work/answer.md" >>"$GITHUB_OUTPUT"
case $code in
3)
    [ "$INCONCLUSIVE" = warn ] || exit 3
    echo "::warning::not decided on this runner; the summary says what would decide"
    ;;
4) echo "::warning::audit is not available on this runner; nothing was measured" ;;
*) exit "$code" ;;
esac
