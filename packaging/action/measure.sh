#!/usr/bin/env bash
# The step of action.yml that measures: the rules of a pull request beside those of its merge base.
#
# From the environment: AUDITBENCH (the program), RULES (a path in the repository), LINT (a severity or
# none), COUNT (limits of instructions, or nothing), KERNEL (to count under), COST (`true`: what each
# line costs), LIMITS, WORKLOADS, ARGUMENTS (words, separated by spaces), INCONCLUSIVE (warn or fail), RESULTS, and what GitHub sets.
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

# What is wrong with the rules needs no measuring, and is told whatever comes of that.
answer=$work/answer.md
findings=0
if [ "$LINT" != none ]; then
    code=0
    "$AUDITBENCH" rules lint "$RULES" --elsewhere --fail-on "$LINT" | tee "$work/findings" || code=$?
    case $code in
    0) ;;
    1)
        findings=1
        echo "::error file=$RULES::rules lint has findings; the summary lists them"
        { printf '### Findings in `%s`\n\n```text\n' "$RULES"; cat "$work/findings"; printf '```\n\n'; } >>"$answer"
        ;;
    *) exit "$code" ;;
    esac
fi

# gate FOLDER-OF-ITS-OWN LIMITS WORD...: both sides by limits; the exit code is `code`.
gate() {
    local folder=$1 limit limits=() wanted
    read -ra wanted <<<"$2"
    shift 2
    for limit in "${wanted[@]}"; do
        limits+=(--fail "head/$limit")
    done
    mkdir -p "$folder"
    code=0
    sudo -E "$AUDITBENCH" gate --rules "${files[@]}" --reference "$reference" "${limits[@]}" \
        --results "$RESULTS" --to "md=$folder/answer.md" "$@" || code=$?
    [ ! -s "$folder/answer.md" ] || { cat "$folder/answer.md"; echo; } >>"$answer"
}

# Instructions are the same on every runner: they are counted in an emulated guest.
counted=0
if [ -n "$COUNT" ]; then
    if "$AUDITBENCH" gate --help | grep -q -e --count; then
        gate "$work/counted" "$COUNT" --count --kernel "$KERNEL"
        counted=$code
    else
        echo "::notice::this auditbench cannot count in a gate: only time is measured"
    fi
fi
# What each line costs decides nothing: it says where to look.
if [ "$COST" = true ]; then
    if "$AUDITBENCH" rules cost "$RULES" --kernel "$KERNEL" --to "md=$work/bill.md"; then
        { printf '<details><summary>What each line costs</summary>\n\n'; cat "$work/bill.md"; printf '\n</details>\n\n'; } >>"$answer"
    else
        echo "::warning::rules cost: what each line costs could not be counted; the log says why"
    fi
fi
gate "$work/measured" "$LIMITS" --workload "${workloads[@]}" --borrow "${more[@]}"
measured=$code

echo "code=$measured" >>"$GITHUB_OUTPUT"
echo "counted=$counted" >>"$GITHUB_OUTPUT"
[ ! -s "$answer" ] || echo "markdown=$answer" >>"$GITHUB_OUTPUT"

# Whether an exit code of a gate ends the job: 0 if not, after a warning that says why.
ends_job() {
    case $1 in
    0) return 1 ;;
    3)
        [ "$INCONCLUSIVE" = warn ] || return 0
        echo "::warning::$2: not decided on this runner; the summary says what would decide"
        return 1
        ;;
    4)
        echo "::warning::$2: not possible on this runner; the log says why"
        return 1
        ;;
    esac
}
! ends_job "$counted" "instructions" || exit "$counted"
! ends_job "$measured" "time and loss" || exit "$measured"
exit "$findings"
