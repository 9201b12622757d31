#!/bin/sh
# Installs system packages without starting a service that they bring. Run as root, by check.sh.
#
# A daemon that a package starts would take the audit socket from the tests and change what is
# measured. What keeps it from starting is taken away again, also after Ctrl-C, and after a kill by
# the next use.
#
# Usage: install.sh MANAGER PACKAGE... -- COMMAND...
#   DESTDIR: another place than / for what keeps services from starting; the tests give one.
set -u
PATH=$PATH:/usr/sbin:/sbin
policy=${DESTDIR:-}/usr/sbin/policy-rc.d
kept=$policy.kept-by-auditbench
preset=${DESTDIR:-}/run/systemd/system-preset/00-auditbench.preset
mark="# Made by auditbench while it installs packages: no service is started."

say() { echo "auditbench: $*" >&2; }

exists() { [ -e "$1" ] || [ -L "$1" ]; }

forbid_services() {
    trap allow_services EXIT
    trap 'exit 129' HUP
    trap 'exit 130' INT
    trap 'exit 143' TERM
    case $manager in
    apt-get)
        ! exists "$policy" || grep -qsxF "$mark" "$policy" || mv "$policy" "$kept"
        rm -f "$policy"
        printf '#!/bin/sh\n%s\nexit 101\n' "$mark" >"$policy"
        chmod 755 "$policy"
        ;;
    dnf)
        mkdir -p "${preset%/*}"
        printf '%s\ndisable *\n' "$mark" >"$preset"
        ;;
    esac
}

allow_services() {
    trap '' HUP INT TERM
    rm -f "$preset"
    ! grep -qsxF "$mark" "$policy" || rm -f "$policy"
    ! exists "$kept" || mv "$kept" "$policy"
}

# Those of the packages that the distribution serves: one that it does not would stop the others.
served() {
    case $manager in
    apt-get) for package; do apt-cache show "$package" >/dev/null 2>&1 && echo "$package"; done ;;
    dnf) dnf -q repoquery --qf '%{name}\n' "$@" | sort -u ;;
    *) echo "$@" ;;
    esac
}

# On a terminal the package manager shows its own progress; elsewhere it speaks only where it fails.
run() {
    if [ -t 1 ]; then
        "$@" && return 0
    else
        output=$("$@" 2>&1) && return 0
        printf '%s\n' "$output" | tail -n 15 >&2
    fi
    say "failed: $*"
    return 1
}

manager=$1 packages=""
shift
while [ "$1" != -- ]; do
    packages="$packages $1"
    shift
done
shift

# Two at once would take away each other's prohibition.
exec 9>"${DESTDIR:-}/run/auditbench-install.lock"
! command -v flock >/dev/null 2>&1 || flock 9
export DEBIAN_FRONTEND=noninteractive
had_auditd=$(command -v auditd)
forbid_services
if [ "$manager" = apt-get ]; then
    say "reading the lists of packages"
    run apt-get -o DPkg::Lock::Timeout=120 update
    set -- "$@" -o DPkg::Lock::Timeout=120 -o Dpkg::Use-Pty=0
fi
say "downloading and installing$packages and what they need"
# shellcheck disable=SC2046,SC2086
run "$@" $(served $packages) || exit 1
if [ -z "$had_auditd" ] && command -v auditd >/dev/null 2>&1; then
    # The next boot is not to start it either.
    ! command -v systemctl >/dev/null 2>&1 || systemctl --quiet disable auditd.service
    say "auditd is installed and stays off (to have it run: systemctl enable --now auditd)"
fi
