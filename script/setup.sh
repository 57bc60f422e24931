# shellcheck shell=sh
# Sourced with $lock set: leaves that lock file's packages in .venv. PYTHON chooses the interpreter;
# without it the one that made .venv stays, else it is python3.

unset PYTHONDONTWRITEBYTECODE # compiled once, or every start pays for it again

if [ -z "${PYTHON:-}" ]; then
    PYTHON=python3
    [ -e .venv/unfinished ] || ! .venv/bin/python -c '' 2>/dev/null || PYTHON=.venv/bin/python
fi
export PYTHON
interpreter=$("$PYTHON" -c 'import sys
if sys.version_info < (3, 11): sys.exit(1)
print(sys.version.split()[0], sys.base_prefix)' 2>/dev/null) || {
    echo "SignupAssist needs Python 3.11 or newer, and '$PYTHON' is not. Good: PYTHON=python3.12" >&2
    exit 1
}
export interpreter

give_up() {
    trap '' HUP INT TERM
    kill -s TERM -- "-$installer" 2>/dev/null || kill -s TERM "$installer" 2>/dev/null || :
    wait "$installer" 2>/dev/null || :
    kill -s KILL -- "-$installer" 2>/dev/null || : # what did not heed it; the next start begins anew
    exit "$1"
}

# shellcheck disable=SC2154
if ! sh script/install.sh --check "$lock"; then
    # In a session of its own, so that a signal to us ends the installer with all that it started;
    # under a lock, so that two starts at once do not install into each other.
    mkdir -p var && chmod 700 var
    "$PYTHON" -c 'import fcntl, os, signal, sys
os.setsid()
signal.signal(signal.SIGINT, signal.SIG_DFL)
lock = os.open("var/install.lock", os.O_RDWR | os.O_CREAT, 0o600)
fcntl.flock(lock, fcntl.LOCK_EX)
os.set_inheritable(lock, True)
os.execvp("sh", ["sh", "script/install.sh", *sys.argv[1:]])' "$lock" &
    installer=$!
    trap 'give_up 129' HUP
    trap 'give_up 130' INT
    trap 'give_up 143' TERM
    wait "$installer" || exit 1
    trap - HUP INT TERM
fi
