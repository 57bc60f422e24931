"""The Merkle tree of RFC 6962 section 2.1 (RFC 9162 section 2.1): its root, and proofs about it.

A tree is given by its size and by a function that returns the hash of any complete subtree: of the
2**level leaves from `index * 2**level` on. So a tree of millions of leaves needs no more of them than
the question does. A hash has 32 bytes.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

Node = Callable[[int, int], bytes]  # (level, index) → the hash of that complete subtree
Span = tuple[int, int]  # leaves from the first number on, up to before the second

EMPTY_ROOT = hashlib.sha256(b"").digest()


class ProofError(ValueError):
    """A proof does not prove what it should; nothing that came with it may be believed."""


def leaf_hash(data: bytes) -> bytes:
    """Return the hash of a leaf."""
    return hashlib.sha256(b"\0" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of what stands above two subtrees."""
    return hashlib.sha256(b"\1" + left + right).digest()


def root(size: int, node: Node) -> bytes:
    """Return the root of the tree's first `size` leaves."""
    return span_hash((0, size), node) if size else EMPTY_ROOT


def root_of(leaf_hashes: Iterable[bytes]) -> bytes:
    """Return the root of a tree with these leaves."""
    tree = Frontier()
    for leaf in leaf_hashes:
        tree.append(leaf)
    return tree.root()


def complete_root(hashes: Sequence[bytes]) -> bytes:
    """Return the root over hashes of one level, of which there are a power of two."""
    while len(hashes) > 1:
        hashes = [
            node_hash(left, right) for left, right in zip(hashes[::2], hashes[1::2], strict=True)
        ]
    return hashes[0]


def span_hash(span: Span, node: Node) -> bytes:
    """Return the hash over a span of leaves that the tree's own divisions make."""
    start, end = span
    size = end - start
    if size & (size - 1) == 0:
        level = size.bit_length() - 1
        return node(level, start >> level)
    middle = start + _split(size)
    return node_hash(span_hash((start, middle), node), span_hash((middle, end), node))


def inclusion_spans(index: int, size: int) -> list[Span]:
    """Return the spans whose hashes prove that a leaf is in the tree, from the leaf upward.

    RFC 9162 section 2.1.3.1.

    :raises ValueError: if there is no such leaf
    """
    if not 0 <= index < size:
        raise ValueError("there is no such leaf")
    spans, start, end = [], 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            spans.append((middle, end))
            end = middle
        else:
            spans.append((start, middle))
            start = middle
    return spans[::-1]


def consistency_spans(old: int, new: int) -> list[Span]:
    """Return the spans whose hashes prove that a tree only grew, as RFC 9162 section 2.1.4.1 lists them.

    :raises ValueError: if the tree did not grow
    """
    if not 0 < old <= new:
        raise ValueError("a tree only grows")
    return list(_consistency(old, (0, new), is_whole=True)) if old < new else []


def hashes(spans: Iterable[Span], node: Node) -> list[bytes]:
    """Return the proof that these spans make."""
    return [span_hash(span, node) for span in spans]


def root_from_inclusion(index: int, size: int, leaf: bytes, proof: Sequence[bytes]) -> bytes:
    """Return the root that the leaf and its proof make: to be compared with the one that was signed.

    RFC 9162 section 2.1.3.2.

    :raises ProofError: if the proof has not the length that it must have
    """
    if not 0 <= index < size:
        raise ProofError("there is no such leaf")
    place, last, made = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            raise ProofError("the proof is too long")
        if place & 1 or place == last:
            made = node_hash(sibling, made)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            made = node_hash(made, sibling)
        place, last = place >> 1, last >> 1
    if last:
        raise ProofError("the proof is too short")
    return made


def check_consistency(
    old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]
) -> None:
    """Pass two roots of which the second one's tree begins with the whole first one.

    RFC 9162 section 2.1.4.2.

    :raises ProofError: if it does not
    """
    if not 0 < old <= new:
        raise ProofError("a tree only grows")
    if old == new:
        if proof or old_root != new_root:
            raise ProofError("two trees of one size differ")
        return
    path = [old_root, *proof] if old & (old - 1) == 0 else list(proof)
    if not path:
        raise ProofError("the proof is too short")
    place, last = old - 1, new - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    made_old = made_new = path[0]
    for sibling in path[1:]:
        if last == 0:
            raise ProofError("the proof is too long")
        if place & 1 or place == last:
            made_old = node_hash(sibling, made_old)
            made_new = node_hash(sibling, made_new)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            made_new = node_hash(made_new, sibling)
        place, last = place >> 1, last >> 1
    if last or made_old != old_root or made_new != new_root:
        raise ProofError("the newer tree does not hold the older one")


@dataclass
class Frontier:
    """The right edge of a growing tree: the fewest hashes from which it can go on."""

    size: int = 0
    edge: list[bytes] = field(default_factory=list)  # of complete subtrees, from the left

    @classmethod
    def of(cls, size: int, node: Node) -> "Frontier":
        """Return the edge of a tree that stands already."""
        edge, start = [], 0
        for level in reversed(range(size.bit_length())):
            if size >> level & 1:
                edge.append(node(level, start >> level))
                start += 1 << level
        return cls(size, edge)

    def append(self, leaf: bytes) -> list[tuple[int, int, bytes]]:
        """Add a leaf; return each subtree above it that it completes, as level, index and hash."""
        made, level, index = leaf, 0, self.size
        completed = []
        while index & 1:
            made, level, index = node_hash(self.edge.pop(), made), level + 1, index >> 1
            completed.append((level, index, made))
        self.edge.append(made)
        self.size += 1
        return completed

    def root(self) -> bytes:
        """Return the root of the tree as it is now."""
        if not self.edge:
            return EMPTY_ROOT
        made = self.edge[-1]
        for left in reversed(self.edge[:-1]):
            made = node_hash(left, made)
        return made


def _split(size: int) -> int:
    """Return the largest power of two that is smaller than the size."""
    return 1 << (size - 1).bit_length() - 1


def _consistency(old: int, span: Span, *, is_whole: bool) -> Iterator[Span]:
    start, end = span
    if old == end - start:
        if not is_whole:
            yield span
        return
    middle = start + _split(end - start)
    if old <= middle - start:
        yield from _consistency(old, (start, middle), is_whole=is_whole)
        yield middle, end
    else:
        yield from _consistency(old - (middle - start), (middle, end), is_whole=False)
        yield start, middle
