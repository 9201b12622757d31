#!/bin/sh
# Makes a Debian package of a wheel: an environment under /opt/auditbench, run by the system's Python.
#
# Usage: deb.sh WHEEL FOLDER       (as anyone, on the suite and architecture that it is for)
# Needs python3-venv and dpkg-deb; pip fetches what auditbench depends on.
set -eu
[ $# = 2 ] && [ -d "$2" ] || { echo "deb.sh: give one wheel and a folder" >&2; exit 2; }
wheel=$(realpath "$1") folder=$(realpath "$2")
place=opt/auditbench
python=$(readlink -f "$(command -v /usr/bin/python3)")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
stage=$work/stage
umask 022

# pip of another environment fills it, so that none is in the package.
fill_environment() {
    mkdir -p "$stage/opt"
    "$python" -I -m venv --without-pip "$stage/$place"
    "$python" -I -m venv "$work/tools"
    "$work/tools/bin/python" -I -m pip --disable-pip-version-check --python "$stage/$place/bin/python3" \
        install --quiet --no-compile --prefer-binary "auditbench[history,pyperf] @ file://$wheel"
}

# What says where it was made now says where it will be; of the programs only ours stays.
settle_environment() {
    find "$stage/$place/bin" -mindepth 1 ! -name 'python*' ! -name auditbench -delete
    rm -rf "${stage:?}/$place/include" "${stage:?}/$place/lib64"
    sed -i "s|$stage||g" "$stage/$place/bin/auditbench" "$stage/$place/pyvenv.cfg"
    find "$stage/$place/lib" -name direct_url.json -delete
    # Nothing is written there later: whoever runs it may not be root, and a package owns its files.
    "$stage/$place/bin/python3" -I -m compileall -q -s "$stage" -p / --invalidation-mode unchecked-hash \
        "$stage/$place/lib" || echo "deb.sh: some files do not compile; they are packaged as they are" >&2
    ! grep -rlIF "$stage" "$stage/$place" || { echo "deb.sh: these name the folder they were made in" >&2; exit 1; }
}

link_into_the_system() {
    mkdir -p "$stage/usr/bin" "$stage/usr/share/doc/auditbench"
    ln -s "/$place/bin/auditbench" "$stage/usr/bin/auditbench"
    cat "$stage/$place"/lib/python3*/site-packages/auditbench-*.dist-info/licenses/LICENSE \
        >"$stage/usr/share/doc/auditbench/copyright"
    # Manual pages and completions, where the wheel has some; those of what it depends on stay.
    for page in "$stage/$place"/share/man/man1/auditbench*.1; do
        [ -e "$page" ] || continue
        mkdir -p "$stage/usr/share/man/man1"
        gzip -9n <"$page" >"$stage/usr/share/man/man1/${page##*/}.gz"
    done
    for completion in bash-completion/completions/auditbench zsh/site-functions/_auditbench \
        fish/vendor_completions.d/auditbench.fish; do
        [ -e "$stage/$place/share/$completion" ] || continue
        case $completion in
        zsh/*) target=usr/share/zsh/vendor-completions ;;
        *) target=usr/share/${completion%/*} ;;
        esac
        mkdir -p "$stage/$target"
        cp "$stage/$place/share/$completion" "$stage/$target/"
    done
}

# A pre-release comes before its release: 0.1.dev3 and 1.0rc1 are 0.1~dev3 and 1.0~rc1 here.
debian_version() {
    upstream=$("$stage/$place/bin/python3" -I -c 'from importlib.metadata import version; print(version("auditbench"))')
    suite=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
    echo "$(echo "$upstream" | sed -E 's/^([0-9.]*[0-9])\.?(dev|a|b|rc)([0-9])/\1~\2\3/')-1~${suite:-unknown}"
}

control() {
    cat <<C
Package: auditbench
Version: $version
Architecture: $architecture
Maintainer: The auditbench developers <packages@auditbench.invalid>
Installed-Size: $(du -k -s "$stage" | cut -f 1)
Depends: ${python##*/}, libc6 (>= 2.28), libgcc-s1, libstdc++6, libaudit1
Suggests: auditd, laurel, bpftrace
Section: admin
Priority: optional
Description: benchmark and stress-test harness for the Linux kernel audit framework
 Measures what audit costs on a host, whether it loses events, and which
 exclusion rules pay off, and gives the host's audit state back.
 .
 All that it depends on in Python lies in /opt/auditbench; no service is
 installed or started.
C
}

fill_environment
version=$(debian_version)
architecture=$(dpkg --print-architecture)
settle_environment
link_into_the_system
mkdir "$stage/DEBIAN"
control >"$stage/DEBIAN/control"
package=$folder/auditbench_${version}_$architecture.deb
dpkg-deb --root-owner-group -Zxz -z3 --build "$stage" "$package" >&2
echo "$package"
