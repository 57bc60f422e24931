"""The program that verifies a bundle at home…"""

import ast
import json
import re
import subprocess
import sys
import sysconfig
import textwrap
from pathlib import Path

import pytest

import verify_trail
from audit.models import Checkpoint
from tests.audit.bundles_to_try import Story, vkey


@pytest.mark.once
def test_needs_nothing_of_ours() -> None:
    tree = ast.parse(Path(verify_trail.__file__).read_text())
    named = {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
    }
    named |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    foreign = {name.partition(".")[0] for name in named} - sys.stdlib_module_names
    assert foreign == {"cryptography"}


def test_tells_by_its_exit_code(bundle: bytes, tmp_path: Path) -> None:
    file = tmp_path / "bundle.jsonl"
    file.write_bytes(bundle)
    run = subprocess.run(
        [sys.executable, "-I", verify_trail.__file__, file, "--key", vkey()],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert (run.returncode, run.stderr) == (0, "")
    assert "none changed" in run.stdout


CURL = """#!/bin/sh
for address; do :; done
while [ $# -gt 1 ]; do
    if [ "$1" = -o ]; then file=$2; fi
    shift
done
cp "$ANSWERS/${address#$SERVICE/api/v1/audit/}" "$file"
"""


def test_goes_as_the_guide_says(story: Story, tmp_path: Path) -> None:
    """Its commands run as they stand there, but for the service, which is a folder of answers."""
    answers, tools = tmp_path / "answers", tmp_path / "tools"
    answers.mkdir()
    tools.mkdir()
    older = Checkpoint.objects.latest()
    (answers / "export?format=jsonl").write_bytes(story.bundle())
    (answers / "checkpoint").write_text(older.note)
    story.goes_on(7)
    story.is_sealed()
    later = story.bundle(since_size=older.size)
    (answers / f"export?format=jsonl&since_size={older.size}").write_bytes(later)
    for name, script in (("curl", CURL), ("pip", "#!/bin/sh\n")):
        (tools / name).write_text(script)
        (tools / name).chmod(0o755)
    (tools / "python3").symlink_to(sys.executable)
    (tmp_path / "verify_trail.py").symlink_to(verify_trail.__file__)
    guide = (Path(verify_trail.__file__).parent / "docs" / "verify.md").read_text()
    blocks = re.findall(r"^ *```sh\n(.*?)^ *```$", guide, re.MULTILINE | re.DOTALL)
    assert len(blocks) == 4

    run = subprocess.run(
        ["sh", "-eu", "-c", "\n".join(textwrap.dedent(block) for block in blocks)],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env={
            "PATH": f"{tools}:/usr/bin:/bin",
            "VIRTUAL_ENV": sys.prefix,
            "PYTHONPATH": site_packages(),
            "SERVICE": "https://app.example.org",
            "TOKEN": "a token",
            "VKEY": vkey(),
            "ANSWERS": str(answers),
        },
    )

    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout.count(", none changed.\n") == 2
    assert f"The log still holds all that it held at size {older.size}." in run.stdout


def site_packages() -> str:
    """Return where this interpreter's packages are, for one that is called by a link."""
    return sysconfig.get_paths()["purelib"]


@pytest.mark.once
def test_is_described_member_by_member(story: Story) -> None:
    guide = (Path(verify_trail.__file__).parent / "docs" / "verify.md").read_text()
    for line in (story.bundle(since_size=3) + story.log()).splitlines():
        said = json.loads(line)
        seal = said.get("seal") or {}
        named = [*said, *seal, *seal.get("leaf", {}), *(said.get("subject") or {})]
        named += said.get("event") or {}
        assert [
            name for name in named if f"`{name}`" not in guide and f'"{name}"' not in guide
        ] == []


@pytest.mark.parametrize("where", ["> /dev/full", "| true; exit ${PIPESTATUS[0]}", ">&-"])
def test_takes_nothing_for_good_that_it_could_not_say(
    bundle: bytes, tmp_path: Path, where: str
) -> None:
    (tmp_path / "b").write_bytes(bundle)
    command = f"{sys.executable} {verify_trail.__file__} {tmp_path}/b --key '{vkey()}' {where}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (2, b"")
