#!/bin/sh
# What an installed auditbench must do anywhere, also in a container without audit and compiler.
#
# Usage: smoke.sh [AUDITBENCH]     the program, `auditbench` if not given; works in a folder of its own
set -eu
auditbench=${1:-auditbench}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

"$auditbench" --version
"$auditbench" list plans >plans
"$auditbench" run replay --fast --blocks 1 --no-live --results results >run || { cat run; exit 1; }
"$auditbench" show latest >shown
"$auditbench" report latest -o page.html
printf '%s\n' \
    'type=SYSCALL msg=audit(1700000000.001:1): arch=c000003e syscall=42 success=yes exit=0 a0=3 a1=7f a2=10 a3=0 items=0 ppid=1 pid=2 auid=1000 uid=0 gid=0 euid=0 suid=0 fsuid=0 egid=0 sgid=0 fsgid=0 tty=pts0 ses=1 comm="curl" exe="/usr/bin/curl" key="net"' \
    'type=EOE msg=audit(1700000000.001:1):' >audit.log
"$auditbench" top audit.log >top
grep -q curl top
test -s shown && test -s page.html && test -s plans
echo "smoke.sh: fine"
