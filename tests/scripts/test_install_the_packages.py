"""script/setup.sh, with a stand-in for the installer…"""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.scripts.checkout import ROOT, is_alive

pytestmark = pytest.mark.once

SOURCE_IT = "set -eu; lock=requirements.txt; . script/setup.sh; echo done"
COUNTING_UV = "#!/bin/sh\necho run >>installs\n"
STUBBORN_UV = """#!/bin/sh
trap '' TERM INT
echo $$ >installer.pid
sleep 300 &
echo $! >>installer.pid
wait
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with the scripts, an empty lock and nothing else."""
    for name in ("setup.sh", "install.sh"):
        (tmp_path / "script").mkdir(exist_ok=True)
        shutil.copy(ROOT / "script" / name, tmp_path / "script")
    (tmp_path / "requirements.txt").write_text("")
    (tmp_path / "requirements-dev.txt").write_text("")
    return tmp_path


def start(project: Path, uv: str, **changes: str) -> subprocess.Popen[str]:
    """Begin to set up, with the given script as uv."""
    (project / "bin").mkdir(exist_ok=True)
    (project / "bin" / "uv").write_text(uv)
    (project / "bin" / "uv").chmod(0o755)
    path = f"{project / 'bin'}:/usr/bin:/bin"
    env = {"PATH": path, "HOME": str(project), "PYTHON": sys.executable, **changes}
    return subprocess.Popen(
        ["sh", "-c", SOURCE_IT],
        cwd=project,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def set_up(project: Path, uv: str = COUNTING_UV, **changes: str) -> str:
    """Return what setting up printed."""
    process = start(project, uv, **changes)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 0, output
    return output


def test_installs_once(project: Path) -> None:
    first, second = set_up(project), set_up(project)

    assert first.count("…") == 2
    assert second == "done\n"
    assert (project / "installs").read_text() == "run\n"


def test_keeps_the_interpreter_that_made_the_environment_when_none_is_asked_for(
    project: Path,
) -> None:
    set_up(project)

    assert set_up(project, PYTHON="") == "done\n"


def test_installs_again_when_the_lock_has_changed(project: Path) -> None:
    set_up(project)
    kept = project / ".venv" / "kept"
    kept.touch()
    (project / "requirements.txt").write_text("# changed\n")
    set_up(project)

    assert (project / "installs").read_text() == "run\nrun\n"
    assert kept.exists()


def test_begins_anew_after_an_interrupted_start(project: Path) -> None:
    set_up(project)
    (project / ".venv" / "unfinished").touch()
    (project / ".venv" / "half").touch()
    set_up(project)

    assert not (project / ".venv" / "half").exists()
    assert (project / ".venv" / "bin" / "python").exists()
    assert set_up(project) == "done\n"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_ends_the_installer_with_all_it_started_on_a_signal(
    project: Path, number: signal.Signals
) -> None:
    process = start(project, STUBBORN_UV)
    noted = project / "installer.pid"
    deadline = time.monotonic() + 30
    while not (noted.exists() and len(noted.read_text().split()) == 2):
        assert time.monotonic() < deadline, "the installer did not start"
        time.sleep(0.05)
    process.send_signal(number)
    process.communicate(timeout=60)

    assert process.returncode == 128 + number
    pids = [int(word) for word in noted.read_text().split()]
    while any(is_alive(pid) for pid in pids):  # a KILL needs a moment on a busy machine
        assert time.monotonic() < deadline, "the installer still runs"
        time.sleep(0.05)
    assert (project / ".venv" / "unfinished").exists()


def test_says_in_one_line_that_python_is_too_old(project: Path) -> None:
    old = project / "python-of-old"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    process = start(project, COUNTING_UV, PYTHON=str(old))
    output, _ = process.communicate(timeout=60)

    assert process.returncode == 1
    assert output == (
        f"SignupAssist needs Python 3.11 or newer, and '{old}' is not. Good: PYTHON=python3.12\n"
    )


def test_names_the_package_where_environments_cannot_be_made(project: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("as root the package would be installed")
    bare = project / "python-without-venv"
    bare.write_text(
        f'#!/bin/sh\ncase "$*" in *ensurepip*) exit 1 ;; esac\nexec {sys.executable} "$@"\n'
    )
    bare.chmod(0o755)
    process = start(project, COUNTING_UV, PYTHON=str(bare), PATH="/usr/bin:/bin")
    output, _ = process.communicate(timeout=60)

    assert process.returncode == 1
    assert output.count("\n") == 1
    assert "apt-get install python3." in output


def test_tries_pip_where_uv_fails(project: Path) -> None:
    output = set_up(project, "#!/bin/sh\nexit 1\n", PIP_NO_INDEX="1")

    assert "trying pip" in output
    assert set_up(project) == "done\n"
    assert not (project / "installs").exists()
