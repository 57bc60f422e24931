"""A web process that takes the room for its counts before it serves…"""

import subprocess
import sys
from pathlib import Path

import pytest

from signupassist.metrics.processes import FILES, ROOM

pytestmark = pytest.mark.once

ROOT = Path(__file__).resolve().parents[2]
SERVES = """
import os, resource, sys
from pathlib import Path
from signupassist.metrics import processes
processes.begin()
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), resource.RLIM_INFINITY))
processes.reserve()
from prometheus_client import Counter, Gauge, Histogram, REGISTRY
Counter("signupassist_counter", "-").inc()
Histogram("signupassist_histogram", "-").observe(1)
Gauge("signupassist_gauge", "-", multiprocess_mode="liveall").set(1)
folder = next(Path(os.environ["TMPDIR"]).glob("signupassist-metrics-*"))
for file in folder.iterdir():
    print(file.name.rpartition("_")[0], file.stat().st_blocks * 512)
print("seen:", *sorted(metric.name for metric in processes.collect()))
processes.end()
"""


def served(tmp_path: Path, most_bytes: int) -> tuple[list[str], str]:
    """Return what such a process printed, and what it complained of."""
    done = subprocess.run(
        [sys.executable, "-c", SERVES, str(most_bytes)],
        cwd=ROOT,
        env={"TMPDIR": str(tmp_path), "PATH": "/usr/bin:/bin"},
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
    told, complaint = served(tmp_path, ROOM - 1)
    assert told == ["seen:"]
    assert "is not counted (File too large)" in complaint
