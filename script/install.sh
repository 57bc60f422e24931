# shellcheck shell=sh
# Called by setup.sh: `install.sh --check LOCK` says whether .venv holds the lock file's packages,
# `install.sh LOCK` puts them there: with uv where it is on the PATH, else with pip.
# PYTHON and interpreter (its version and home) come from the environment.
set -eu

say() { printf '%s\n' "$*" >&2; }
have() { command -v "$1" >/dev/null 2>&1; }
stamp_of() { printf '%s %s\n' "$(cksum <"$1")" "$interpreter"; }
holds() { [ ! -e .venv/unfinished ] && [ "$(cat ".venv/stamp-$1" 2>/dev/null)" = "$(stamp_of "$1")" ]; }

if [ "$1" = --check ]; then
    holds "$2"
    exit
fi

lock=$1
holds "$lock" && exit # another start did it while we waited for our turn

need_venv() { # Debian keeps these modules in a package of their own
    "$PYTHON" -c 'import ensurepip, venv' 2>/dev/null && return
    package=$("$PYTHON" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
    if [ "$(id -u)" = 0 ] && have apt-get; then
        say "Installing $package …"
        { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y "$package"; } >var/apt.log 2>&1 || :
        "$PYTHON" -c 'import ensurepip, venv' 2>/dev/null && return
    fi
    say "'$PYTHON' cannot make virtual environments. On Debian or Ubuntu: apt-get install $package"
    exit 1
}

is_sound() { # finished, and made by the interpreter that was asked for
    [ ! -e .venv/unfinished ] && [ "$interpreter" = "$(.venv/bin/python -c \
        'import sys; print(sys.version.split()[0], sys.base_prefix)' 2>/dev/null)" ]
}

if ! is_sound; then
    have uv || need_venv
    say "Making a virtual environment in .venv …"
    rm -rf .venv
    mkdir .venv
    : >.venv/unfinished # whatever interrupts us, the next start begins anew
    if have uv; then "$PYTHON" -m venv --without-pip .venv; else "$PYTHON" -m venv .venv; fi
fi

: >.venv/unfinished
say "Installing the packages of $lock …"
with_uv() {
    uv pip install --quiet --compile-bytecode --require-hashes --python .venv/bin/python -r "$lock"
}
with_pip() {
    { .venv/bin/python -m pip --version || .venv/bin/python -m ensurepip; } >/dev/null 2>&1
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-input --require-hashes -r "$lock"
}
if have uv; then
    with_uv || { say "uv could not install them; trying pip …" && with_pip; } # it ignores pip's settings
else
    with_pip
fi || {
    say "The packages of $lock could not be installed; the lines above say why."
    exit 1
}

rm -f .venv/stamp-*
stamp_of requirements.txt >.venv/stamp-requirements.txt # the other lock holds these packages too
stamp_of "$lock" >".venv/stamp-$lock"
rm .venv/unfinished
