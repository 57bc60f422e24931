"""The tree that is built…"""

import json
from functools import cache
from hashlib import sha256
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit import merkle

pytestmark = pytest.mark.once

VECTORS = json.loads((Path(__file__).parents[1] / "vectors/transparency/merkle.json").read_text())
LEAVES = [merkle.leaf_hash(number.to_bytes(2)) for number in range(300)]
PUBLISHED = [merkle.leaf_hash(bytes.fromhex(leaf)) for leaf in VECTORS["leaves"]]
CORNERS = (255, 256, 257, 300)


# RFC 6962 section 2.1, word for word, with none of our code
@cache
def naive_root(start: int, end: int) -> bytes:
    if end - start == 0:
        return sha256(b"").digest()
    if end - start == 1:
        return LEAVES[start]
    half = split(end - start)
    return sha256(b"\1" + naive_root(start, start + half) + naive_root(start + half, end)).digest()


def naive_path(index: int, start: int, end: int) -> list[bytes]:
    if end - start == 1:
        return []
    middle = start + split(end - start)
    if index < middle:
        return [*naive_path(index, start, middle), naive_root(middle, end)]
    return [*naive_path(index, middle, end), naive_root(start, middle)]


def naive_proof(old: int, start: int, end: int, *, is_whole: bool = True) -> list[bytes]:
    if old == end - start:
        return [] if is_whole else [naive_root(start, end)]
    half = split(end - start)
    middle = start + half
    if old <= half:
        return [*naive_proof(old, start, middle, is_whole=is_whole), naive_root(middle, end)]
    return [*naive_proof(old - half, middle, end, is_whole=False), naive_root(start, middle)]


def split(size: int) -> int:
    half = 1
    while half * 2 < size:
        half *= 2
    return half


@cache
def node(level: int, index: int) -> bytes:
    return naive_root(index << level, index + 1 << level)


def of_published(level: int, index: int) -> bytes:
    return merkle.complete_root(PUBLISHED[index << level : index + 1 << level])


def in_hex(proof: list[bytes]) -> list[str]:
    return [made.hex() for made in proof]


def a_bit_changed(proof: list[bytes], random: Random) -> list[bytes]:
    changed, at = list(proof), random.randrange(len(proof))
    number = int.from_bytes(proof[at]) ^ 1 << random.randrange(256)
    changed[at] = number.to_bytes(32)
    return changed


@pytest.mark.parametrize("size", range(9))
def test_has_the_roots_that_were_published(size: int) -> None:
    assert merkle.root(size, of_published).hex() == VECTORS["roots"][size]
    assert merkle.root_of(PUBLISHED[:size]).hex() == VECTORS["roots"][size]


@pytest.mark.parametrize(("index", "size", "proof"), VECTORS["inclusion"])
def test_proves_a_leaf_as_was_published(index: int, size: int, proof: list[str]) -> None:
    made = merkle.hashes(merkle.inclusion_spans(index, size), of_published)

    assert in_hex(made) == proof
    root = merkle.root_from_inclusion(index, size, PUBLISHED[index], made)
    assert root.hex() == VECTORS["roots"][size]


@pytest.mark.parametrize(("old", "new", "proof"), VECTORS["consistency"])
def test_proves_its_growth_as_was_published(old: int, new: int, proof: list[str]) -> None:
    made = merkle.hashes(merkle.consistency_spans(old, new), of_published)

    assert in_hex(made) == proof
    roots = [bytes.fromhex(VECTORS["roots"][size]) for size in (old, new)]
    merkle.check_consistency(old, new, roots[0], roots[1], made)


@pytest.mark.parametrize("size", [*range(1, 41), *CORNERS])
def test_proves_every_leaf_and_all_of_its_growth(size: int) -> None:
    root, random = naive_root(0, size), Random(size)
    others = range(size) if size <= 40 else (0, 1, 127, 128, size - 2, size - 1)
    for index in others:
        proof = merkle.hashes(merkle.inclusion_spans(index, size), node)
        assert proof == naive_path(index, 0, size)
        assert merkle.root_from_inclusion(index, size, LEAVES[index], proof) == root
        if proof:
            wrong = a_bit_changed(proof, random)
            assert merkle.root_from_inclusion(index, size, LEAVES[index], wrong) != root
    for old in (index + 1 for index in others):
        proof = merkle.hashes(merkle.consistency_spans(old, size), node)
        assert proof == naive_proof(old, 0, size)
        merkle.check_consistency(old, size, naive_root(0, old), root, proof)
        if proof:
            wrong = a_bit_changed(proof, random)
            with pytest.raises(merkle.ProofError):
                merkle.check_consistency(old, size, naive_root(0, old), root, wrong)


@given(st.integers(1, 300), st.data())
@settings(max_examples=60)
def test_believes_no_proof_of_something_else(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    other = data.draw(st.integers(0, 299).filter(lambda it: it != index))
    proof = merkle.hashes(merkle.inclusion_spans(index, size), node)
    root = naive_root(0, size)

    assert merkle.root_from_inclusion(index, size, LEAVES[other], proof) != root
    for wrong in (proof[:-1], [*proof, root]):
        if wrong != proof:
            with pytest.raises(merkle.ProofError):
                merkle.root_from_inclusion(index, size, LEAVES[index], wrong)
    if other < size:
        try:
            made = merkle.root_from_inclusion(other, size, LEAVES[index], proof)
        except merkle.ProofError:
            return
        assert made != root


@given(st.integers(2, 300), st.data())
@settings(max_examples=60)
def test_believes_no_growth_of_another_tree(size: int, data: st.DataObject) -> None:
    old = data.draw(st.integers(1, size - 1))
    proof = merkle.hashes(merkle.consistency_spans(old, size), node)
    old_root, root = naive_root(0, old), naive_root(0, size)

    for wrong in (
        (old, size, root, old_root, proof),
        (old, size, old_root, root, proof[:-1]),
        (old, size, old_root, root, [*proof, root]),
        (size, old, root, old_root, proof),
        (0, size, merkle.EMPTY_ROOT, root, []),
        (size, size, old_root, root, []),
        (size, size, root, root, proof),
    ):
        with pytest.raises(merkle.ProofError):
            merkle.check_consistency(*wrong)


@pytest.mark.parametrize(("index", "size"), [(0, 0), (-1, 3), (3, 3)])
def test_proves_no_leaf_that_is_not_there(index: int, size: int) -> None:
    with pytest.raises(ValueError, match="no such leaf"):
        merkle.inclusion_spans(index, size)
    with pytest.raises(merkle.ProofError):
        merkle.root_from_inclusion(index, size, LEAVES[0], [])


@pytest.mark.parametrize(("old", "new"), [(0, 3), (4, 3), (-1, 3)])
def test_proves_no_growth_backwards(old: int, new: int) -> None:
    with pytest.raises(ValueError, match="only grows"):
        merkle.consistency_spans(old, new)


def test_goes_on_from_its_edge_wherever_it_was_left() -> None:
    tree, completed = merkle.Frontier(), set()
    for size, leaf in enumerate(LEAVES):
        assert tree == merkle.Frontier.of(size, node)
        assert tree.root() == naive_root(0, size)
        for level, index, made in tree.append(leaf):
            assert made == node(level, index)
            completed.add((level, index))

    assert completed == {(level, index) for level in range(1, 9) for index in range(300 >> level)}
