"""One turn as LangGraph's PostgreSQL checkpointer keeps it, for `benchmarks.turn`.

    PYTHON benchmarks/langgraph_checkpointer.py URL

runs in an environment of its own (`requirements-langgraph.txt`), so it imports nothing of ours. The
first line of input holds the states by the names of their threads, as JSON; each further line names
the thread that takes a turn, and is answered with the seconds that it took: the newest checkpoint is
read, and each of three super-steps puts a checkpoint with the state and the write that led to it.

The lock: `uv pip compile --universal --python-version 3.11 --generate-hashes --no-header
requirements-langgraph.in -o requirements-langgraph.txt`, in this folder.
"""

import json
import sys
import time
from typing import Any
from uuid import uuid4

from langgraph.checkpoint.base import empty_checkpoint
from langgraph.checkpoint.postgres import PostgresSaver

SUPER_STEPS = 3


def take_turn(saver: PostgresSaver, thread: str, state: dict[str, Any]) -> None:
    """Read the thread's newest checkpoint and write those of one turn."""
    config = {"configurable": {"thread_id": thread, "checkpoint_ns": ""}}
    version = None
    if saved := saver.get_tuple(config):
        config, version = saved.config, saved.checkpoint["channel_versions"]["state"]
    for step in range(SUPER_STEPS):
        version = saver.get_next_version(version, None)
        checkpoint = empty_checkpoint()
        checkpoint["channel_values"] = {"state": state}
        checkpoint["channel_versions"] = {"state": version}
        about = {"source": "loop", "step": step, "parents": {}}
        config = saver.put(config, checkpoint, about, {"state": version})
        saver.put_writes(config, [("state", state)], str(uuid4()))


def main() -> None:
    """Answer until the input ends."""
    with PostgresSaver.from_conn_string(sys.argv[1]) as saver:
        saver.setup()
        states = json.loads(sys.stdin.readline())
        for line in sys.stdin:
            thread = line.strip()
            start = time.perf_counter()
            take_turn(saver, thread, states[thread])
            print(time.perf_counter() - start, flush=True)


if __name__ == "__main__":
    main()
