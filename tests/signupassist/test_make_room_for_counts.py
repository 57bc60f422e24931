"""A web process that takes the room for its counts before it serves…"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from prometheus_client.mmap_dict import MmapedDict, mmap_key

from signupassist.metrics import processes
from signupassist.metrics.processes import FILES, ROOM

pytestmark = pytest.mark.once

ROOT = Path(__file__).resolve().parents[2]
SERVES = """
import os, resource, runpy, sys
from pathlib import Path
from types import SimpleNamespace
from gunicorn.config import Config
from signupassist.gunicorn_logs import Logger
from signupassist.metrics import processes
hooks = runpy.run_path("gunicorn.conf.py")
server = SimpleNamespace(log=Logger(Config()))
hooks["on_starting"](server)
hooks["child_exit"](server, SimpleNamespace(pid=999999999))  # one before it ended
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), resource.RLIM_INFINITY))
hooks["post_fork"](server, None)
from prometheus_client import Counter, Gauge, Histogram, REGISTRY
Counter("signupassist_counter", "-").inc()
Histogram("signupassist_histogram", "-").observe(1)
Gauge("signupassist_gauge", "-", multiprocess_mode="liveall").set(1)
folder = next(Path(os.environ["TMPDIR"]).glob("signupassist-metrics-*"))
for file in folder.iterdir():
    print(file.name.rpartition("_")[0], file.stat().st_blocks * 512)
print("seen:", *sorted(metric.name for metric in processes.collect()))
hooks["on_exit"](server)
"""


def served(tmp_path: Path, most_bytes: int) -> tuple[list[str], str]:
    """Return what such a process printed, and what it complained of."""
    done = subprocess.run(
        [sys.executable, "-c", SERVES, str(most_bytes)],
        cwd=ROOT,
        env={"TMPDIR": str(tmp_path), "PATH": "/usr/bin:/bin", "LOG_FORMAT": "json"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert list(tmp_path.iterdir()) == []
    return done.stdout.splitlines(), done.stderr


def test_writes_to_its_files_where_there_is_room_already(tmp_path: Path) -> None:
    *files, seen = served(tmp_path, ROOM)[0]
    took = {name: int(size) for name, size in (line.split() for line in files)}
    assert set(took) == set(FILES)
    assert all(size >= ROOM for size in took.values())
    assert seen == "seen: signupassist_counter signupassist_gauge signupassist_histogram"


def test_serves_uncounted_where_there_is_none(tmp_path: Path) -> None:
    (*files, seen), complaint = served(tmp_path, ROOM - 1)
    assert seen == "seen:"
    assert all(int(line.split()[1]) < ROOM // 16 for line in files), "it gives back what it got"
    line = json.loads(complaint)
    assert line["event"].endswith("is not counted (File too large)")
    assert (line["level"], line["logger"]) == ("error", "gunicorn.error")


NO_FOLDER = """
import runpy, tempfile
from types import SimpleNamespace
from gunicorn.config import Config
from signupassist.gunicorn_logs import Logger
tempfile.tempdir = "/nowhere"
hooks = runpy.run_path("gunicorn.conf.py")
server = SimpleNamespace(log=Logger(Config()))
hooks["on_starting"](server)
hooks["post_fork"](server, None)
from prometheus_client import Counter
Counter("signupassist_counter", "-").inc()
"""


def test_counts_for_itself_where_there_is_no_folder(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", NO_FOLDER],
        cwd=ROOT,
        env={
            "TMPDIR": str(tmp_path),
            "LOG_FORMAT": "json",
            processes.VARIABLE: str(tmp_path / "of-the-server-before"),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said = "Each process counts for itself: no folder for it (No such file or directory)"
    assert json.loads(done.stderr)["event"] == said


def test_leaves_no_more_than_it_counted_and_to_it_the_next_of_its_number_adds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "_made", processes._Made(tmp_path))
    pid = os.getpid()
    key = mmap_key("signupassist_calls", "signupassist_calls_total", [], [], "-")
    for before, count in ((0.0, 3.0), (3.0, 5.0)):
        assert processes.reserve() == ""
        assert {file.stat().st_size for file in tmp_path.iterdir()} == {ROOM}
        counter = MmapedDict(str(tmp_path / f"counter_{pid}.db"))  # type: ignore[no-untyped-call]
        assert counter.read_value(key)[0] == before  # type: ignore[no-untyped-call]
        counter.write_value(key, count, 0.0)  # type: ignore[no-untyped-call]
        counter.close()  # type: ignore[no-untyped-call]

        processes.forget(pid)

        assert not list(tmp_path.glob("gauge*"))
        left = {file.name: file.stat().st_size for file in tmp_path.iterdir()}
        assert set(left) == {f"counter_{pid}.db", f"histogram_{pid}.db"}
        assert max(left.values()) < 1024
        [shown] = processes.collect()
        assert [sample.value for sample in shown.samples] == [count]
