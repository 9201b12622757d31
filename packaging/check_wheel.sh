#!/bin/sh
# Installs a wheel where neither the sources nor a compiler are, and has it do what smoke.sh says.
#
# Usage: check_wheel.sh WHEEL [PART...]      the parts of smoke.sh: stored, plugin, count, run
#   PYTHON (environment)        the interpreter that the environment is made of, python3 if not given
#   DEPENDENCIES (environment)  a folder that has what auditbench depends on; pip fetches it if not given
set -eu
wheel=$(realpath "$1")
smoke=$(realpath "$(dirname "$0")")/smoke.sh
shift
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
venv=$work/venv
"${PYTHON:-python3}" -I -m venv "$venv"
site=$("$venv/bin/python" -I -c 'import sysconfig; print(sysconfig.get_path("purelib"))')

pip() { "$venv/bin/python" -I -m pip --quiet --disable-pip-version-check "$@"; }
if [ -n "${DEPENDENCIES:-}" ]; then
    pip install --no-index --no-deps "$wheel"
    echo "$DEPENDENCIES" >"$site/dependencies.pth"
else
    pip install --only-binary :all: "auditbench @ file://$wheel" pytest
fi

# Every program of the PATH but those that compile and link.
mkdir "$work/bin"
for folder in $(echo "$PATH" | tr ':' ' '); do
    for program in "$folder"/*; do
        case ${program##*/} in
        *gcc* | *g++* | *clang* | *cpp* | cc | c++ | c[89]9* | tcc | ld | ld.* | *-ld | as | *-as) ;;
        *) [ ! -x "$program" ] || [ -e "$work/bin/${program##*/}" ] || ln -s "$program" "$work/bin/" ;;
        esac
    done
done
PATH=$venv/bin:$work/bin
unset PYTHONPATH CC
for compiler in cc gcc clang c++; do
    ! command -v "$compiler" || { echo "check_wheel.sh: a compiler is left" >&2; exit 1; }
done

cd "$work"
for package in auditbench harness consumer workloads; do
    place=$(python -c "import $package; print($package.__path__[0])")
    [ "$place" = "$site/$package" ] || { echo "check_wheel.sh: $package is from $place" >&2; exit 1; }
done
for file in man/man1/auditbench.1 man/man1/auditbench-run.1 bash-completion/completions/auditbench \
    zsh/site-functions/_auditbench fish/vendor_completions.d/auditbench.fish; do
    test -s "$venv/share/$file" || { echo "check_wheel.sh: the wheel has no share/$file" >&2; exit 1; }
done
sh "$smoke" "$venv/bin/auditbench" "$@"
