#!/bin/bash
# The two commands of the README on a bare machine: a minimal Debian or Ubuntu in a folder, with git, make
# and python3 and nothing else, a clone of this checkout in it, and both commands there.
#
# Usage, as root: bare_root.sh SUITE FOLDER [COMMAND...]      (bookworm, trixie, noble, ...)
# The kernel is this machine's, and so is the audit that they borrow. FOLDER stays, to look at; what was
# mounted in it does not. Needs debootstrap.
set -euo pipefail
suite=$1 root=$(realpath "$2")
shift 2
[ $# -gt 0 ] || set -- sh -c 'make bench ARGS="--fast --workload udp --borrow" && .ci/run'
checkout=$(realpath "$(dirname "$0")/../..")

mirror=${MIRROR:-http://deb.debian.org/debian}
components=main
case $suite in
jammy | noble | questing | resolute) mirror=${MIRROR:-http://archive.ubuntu.com/ubuntu} components=main,universe ;;
esac
if [ ! -d "$root/usr" ]; then
    packages=git,make,python3,ca-certificates
    debootstrap --variant=minbase --components=$components --include=$packages "$suite" "$root" "$mirror"
fi

# The way to the package servers is this machine's: names, certificates, proxies.
settings=$(env | grep -E '^(PIP_|SSL_CERT_|REQUESTS_CA_|CURL_CA_|(https?|no)_proxy=|(HTTPS?|NO)_PROXY=)' || true)
files=$(sed -n 's|^[A-Za-z_]*=\(/.*\)|\1|p' <<<"$settings" | sort -u)
for file in /etc/resolv.conf /etc/hosts /etc/pip.conf /etc/apt/apt.conf.d/*proxy* $files; do
    [ -f "$file" ] || continue
    mkdir -p "$root$(dirname "$file")"
    cp -L "$file" "$root$file"
done
mapfile -t settings <<<"$settings"

# In a mount namespace of its own, where the folder becomes the root: nothing stays mounted, and the
# root is a mount point as on a real machine, which journald and user namespaces need.
rm -rf "$root/root/auditbench"
git -c safe.directory='*' clone --quiet "$checkout" "$root/root/auditbench"
export root
exec unshare --mount --propagation private bash -euc '
    mount --bind "$root" "$root"
    for name in dev proc sys; do mount --rbind "/$name" "$root/$name"; done
    mkdir -p "$root/.before"
    cd "$root"
    pivot_root . .before
    cd /root/auditbench
    umount -l /.before
    exec env -i HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
        LANG=C.UTF-8 "$@"' bash "${settings[@]:-CI=true}" "$@"
