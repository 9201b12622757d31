#!/usr/bin/env bash
# The step of action.yml that comments: one comment per pull request and rule file, kept up to date.
#
# From the environment: ANSWER (a Markdown file), RULES, PULL_REQUEST (its number), GH_TOKEN, and
# what GitHub sets. A token that may not comment, as for a pull request from a fork, is a warning.
set -euo pipefail

mark="<!-- auditbench: $RULES -->"
body=$(mktemp)
{
    echo "$mark"
    cat -- "$ANSWER"
} >"$body"

comments=repos/$GITHUB_REPOSITORY/issues
publish() {
    local last
    last=$(gh api --paginate "$comments/$PULL_REQUEST/comments" \
        --jq '.[] | select(.body | startswith(env.MARK)) | .id' | tail -n 1) || return
    if [ -n "$last" ]; then
        gh api --silent --method PATCH "$comments/comments/$last" --field "body=@$body"
    else
        gh api --silent "$comments/$PULL_REQUEST/comments" --field "body=@$body"
    fi
}

export MARK=$mark
publish || echo "::warning::the comment could not be made: the job needs 'pull-requests: write'"
