"""Reading the kept nodes of the two trees: any complete subtree's hash, computed from few of them."""

from collections.abc import Callable

from audit.merkle import Node, node_hash
from audit.models import Leaf, SubjectNode
from audit.models import Node as LogNode
from audit.models.log import LEVELS, SUBJECT_LEVELS, place

Block = dict[int, bytes]  # hashes of one level by their index

PROOF_UNAVAILABLE = "proof_unavailable"  # as in the catalogue of errors


class MissingNodeError(Exception):
    """A hash is not there that must be: somebody took it away."""


def log_node() -> Node:
    """Return the function that gives any complete subtree of the log; it remembers what it read."""
    return _reader(_log_block, LEVELS)


def subject_node() -> Node:
    """Return the function that gives any complete subtree of the subjects' tree, as it is now."""
    return _reader(_subject_block, SUBJECT_LEVELS)


def _log_block(level: int, start: int, end: int) -> Block:
    if level == 0:
        leaves = Leaf.objects.filter(log_index__gte=start, log_index__lt=end)
        return {index: bytes(made) for index, made in leaves.values_list("log_index", "leaf_hash")}
    nodes = LogNode.objects.filter(place__gte=place(level, start), place__lt=place(level, end))
    return {at - place(level, 0): bytes(made) for at, made in nodes.values_list("place", "hash")}


def _subject_block(level: int, start: int, end: int) -> Block:
    nodes = SubjectNode.objects.filter(place__gte=place(level, start), place__lt=place(level, end))
    return {at - place(level, 0): bytes(made) for at, made in nodes.values_list("place", "hash")}


def _reader(read: Callable[[int, int, int], Block], levels: int) -> Node:
    blocks: dict[tuple[int, int], Block] = {}

    def node(level: int, index: int) -> bytes:
        above = level % levels
        if above:
            return node_hash(node(level - 1, 2 * index), node(level - 1, 2 * index + 1))
        number = index >> levels
        if (level, number) not in blocks:
            blocks[level, number] = read(level, number << levels, number + 1 << levels)
        made = blocks[level, number].get(index)
        if made is None:
            raise MissingNodeError(f"no node {level}/{index}")
        return made

    return node
