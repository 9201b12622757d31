#!/bin/sh
# auditbench in one file: this script, and after it what @KIND@ makes of the distribution.
#
# What it unpacks for root lies in a folder of root's that nobody else can enter, whatever HOME,
# PEX_ROOT or SCIE_BASE say: under sudo they may be the caller's, who could change there what root
# runs next.
set -u
kind=@KIND@ python=@PYTHON@ digest=@DIGEST@ payload_at="@PAYLOAD_AT@" payload_bytes=@PAYLOAD_BYTES@
for_root=@FOR_ROOT@

fail() {
    echo "auditbench: $1: $2" >&2
    exit 4
}

# Sets the folder to unpack to. For root, a link or a folder that others could write to is refused.
choose_folder() {
    if [ "$(id -u)" != 0 ]; then
        folder=${XDG_CACHE_HOME:-${HOME:-/nonexistent}/.cache}/auditbench
        mkdir -p "$folder" 2>/dev/null || fail "$folder cannot be made" "set XDG_CACHE_HOME to a folder that can"
        return
    fi
    folder=$for_root
    (umask 022 && mkdir -p "${folder%/*}") && { mkdir -m 0700 "$folder" 2>/dev/null || [ -d "$folder" ]; } ||
        fail "$folder cannot be made" "it is where auditbench unpacks itself to for root; make room for it"
    # Closing one that was open would trust what others may have put there.
    case $(LC_ALL=C stat -c '%F %u %a' "$folder") in
    "directory 0 700" | "directory 0 2700") ;;
    *) fail "$folder is not a folder that only root may enter" "remove it; auditbench makes it again" ;;
    esac
}

# The program that follows this script, as a file of its own; made once per version.
unpack() {
    program=$folder/$digest/auditbench
    [ -x "$program" ] && return
    mkdir -p "$folder/$digest" &&
        tail -c "+$((payload_at + 1))" "$self" | head -c "$payload_bytes" >"$program.$$" &&
        [ "$(sha256sum "$program.$$" | cut -d ' ' -f 1)" = "$digest" ] &&
        chmod 0700 "$program.$$" && mv -f "$program.$$" "$program" && return
    rm -f "$program.$$"
    fail "$self cannot be unpacked to $folder" "make room there, or fetch the file again"
}

self=$(command -v -- "$0") && self=$(readlink -f -- "$self") || fail "$0 is not found" "start it by its path"
umask_before=$(umask)
umask 077
choose_folder
PEX_ROOT=$folder SCIE_BASE=$folder
export PEX_ROOT SCIE_BASE
if [ "$kind" = pex ]; then
    command -v "$python" >/dev/null 2>&1 ||
        fail "$python is not installed" "install it, or take the file that carries its own Python"
    umask "$umask_before"
    exec "$python" "$self" "$@"
fi
unpack
umask "$umask_before"
exec "$program" "$@"
