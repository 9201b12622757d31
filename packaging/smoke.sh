#!/bin/sh
# What an installed auditbench must do. It works in a folder of its own, and needs nothing of the tree.
#
# Usage: smoke.sh [AUDITBENCH [PART...]]      the program, `auditbench` if not given; parts:
#   stored   measure the consumer, show, report, count a log: anywhere, without root (if none is named)
#   plugin   the pytest plugin; pytest is in the environment of the program
#   count    count instructions in a guest; needs qemu-system-x86_64, and the network for a kernel
#   run      measure this kernel's audit, also by the plugin if that is named; needs root and audit
# KERNEL (environment) is the kernel to count under; else it is that of the distribution, a Debian.
set -eu
auditbench=$(command -v "${1:-auditbench}")
[ $# = 0 ] || shift
parts=" ${*:-stored} "
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

for part in $parts; do
    case $part in
    stored | plugin | count | run) ;;
    *) echo "smoke.sh: no such part: $part" >&2 && exit 2 ;;
    esac
done

has() { case $parts in *" $1 "*) ;; *) return 1 ;; esac }

# A file is made by the command, and something is in it.
printed() {
    target=$1
    shift
    "$@" >"$target" || { echo "smoke.sh: exit code $?: $*" >&2; cat "$target" >&2; exit 1; }
    test -s "$target"
}

cat >site.rules <<'R'
-D
-b 8192
-a always,exit -F arch=b64 -S connect -F key=net
R

stored() {
    printed plans "$auditbench" list plans
    printed run "$auditbench" run replay --fast --blocks 1 --no-live --results results
    printed shown "$auditbench" show latest
    printed said "$auditbench" report latest -o page.html
    test -s page.html
    printf '%s\n' \
        'type=SYSCALL msg=audit(1700000000.001:1): arch=c000003e syscall=42 success=yes exit=0 a0=3 a1=7f a2=10 a3=0 items=0 ppid=1 pid=2 auid=1000 uid=0 gid=0 euid=0 suid=0 fsuid=0 egid=0 sgid=0 fsgid=0 tty=pts0 ses=1 comm="curl" exe="/usr/bin/curl" key="net"' \
        'type=EOE msg=audit(1700000000.001:1):' >audit.log
    printed top "$auditbench" top audit.log
    grep -q curl top
}

# Exit code 3, not decided, is fine: this is about whether it measures, not what.
run() {
    code=0
    "$auditbench" run --workload udp --rules site.rules --blocks 1 --ops 500 --borrow --no-live \
        --results live >live.txt || code=$?
    [ "$code" = 0 ] || [ "$code" = 3 ] || { cat live.txt; exit 1; }
    printed shown "$auditbench" show latest --ledger --results live
    grep -q site shown
}

count() {
    # shellcheck disable=SC2086
    printed counted "$auditbench" count ${KERNEL:+--kernel "$KERNEL"} --scenario no-rules \
        --rules site.rules --results counts
    grep -Eq 'syscalls +site' counted
}

# A rule that the kernel would refuse fails the test on any host that has libaudit, measured or not.
plugin() {
    mkdir rules-repository
    echo '-a always,exit -S nosuchcall' >rules-repository/bad.rules
    cp site.rules rules-repository
    cat >rules-repository/test_rules.py <<'T'
import pytest

pytestmark = pytest.mark.audit_overhead(workload="udp", blocks=2, ops=500, inconclusive="xfail")


def test_site(audit_overhead):
    audit_overhead("site.rules").assert_nothing_lost()


def test_bad(audit_overhead):
    audit_overhead("bad.rules")
T
    python=$(dirname "$(readlink -f "$auditbench")")/python
    require=""
    ! has run || require="--audit-require --audit-borrow"
    # Without libaudit nothing is read, and that is what must be said.
    # shellcheck disable=SC2086
    (cd rules-repository && "$python" -m pytest -p no:cacheprovider -q -rs $require -k site) >tested ||
        grep -q 'libaudit.so.1 cannot be loaded' tested || { cat tested; exit 1; }
    ! has run || grep -q '1 passed\|1 xfailed' tested || { cat tested; exit 1; }
    if (cd rules-repository && "$python" -m pytest -p no:cacheprovider -q -k bad) >tested; then
        cat tested
        exit 1
    fi
    grep -q 'nosuchcall\|libaudit' tested
}

"$auditbench" --version
for part in stored plugin count run; do
    ! has "$part" || { $part; echo "smoke.sh: $part: fine"; }
done
