"""The tree of subjects: whose trail has how many sealed records. It is kept as it is now.

Nothing in it is believed unseen: whatever a change passes on its way up is compared with what stands
above it, up to the root that the last checkpoint signed. Who changed a count, or a hash, is found out
before the next signature covers it.
"""

import secrets
from collections.abc import Iterable
from uuid import UUID

from django.db.models import Exists, OuterRef

from audit import bulk, leaves, merkle
from audit.models import Leaf, MandateAudit, Subject, SubjectNode
from audit.models.log import SUBJECT_LEVELS, place
from audit.nodes import MissingNodeError, subject_node

WIDTH = 1 << SUBJECT_LEVELS
_COLUMNS = ("number", "user_id", "tag", "salt", "sealed")


class ForgedError(Exception):
    """The subjects, or what is kept of their tree, are not what was signed."""


def how_many() -> int:
    """Return the size of the tree."""
    newest = Subject.objects.order_by("-number").values_list("number", flat=True).first()
    return 0 if newest is None else newest + 1


def root(size: int) -> bytes:
    """Return the root of the tree that is kept.

    :raises MissingNodeError: if a part of it is not there
    """
    return merkle.root(size, subject_node())


def known(user_ids: Iterable[UUID | None]) -> dict[UUID | None, Subject]:
    """Return the subjects of these people, also those that have no sealed record yet (not saved).

    :raises ForgedError: if one is not what the tree says
    """
    tags = {user_id: leaves.subject_tag(user_id) for user_id in user_ids}
    found = {one.tag: one for one in Subject.objects.filter(tag__among=tags.values())}
    hashes = _kept(place(0, one.number) for one in found.values())
    if any(hashes.get(place(0, one.number)) != leaf_of(one) for one in found.values()):
        raise ForgedError("a subject is not what was signed")
    number = how_many()
    new = [user_id for user_id, tag in tags.items() if tag not in found]
    if new and (Subject.objects.count() != number or _have_leaves(new)):
        raise ForgedError("a subject is gone")
    for user_id, tag in tags.items():
        if tag not in found:
            salt = secrets.token_hex(16)
            found[tag] = Subject(number=number, user_id=user_id, tag=tag, salt=salt, sealed=0)
            number += 1
    return {user_id: found[tag] for user_id, tag in tags.items()}


def _have_leaves(user_ids: list[UUID | None]) -> bool:
    """Return whether a record of somebody is sealed who has no sealed record yet, as it seems."""
    people = [user_id for user_id in user_ids if user_id]
    theirs = MandateAudit.objects.filter(user_id__among=people)
    if None in user_ids:
        theirs = theirs | MandateAudit.objects.filter(user_id=None)
    return theirs.filter(Exists(Leaf.objects.filter(event_id=OuterRef("pk")))).exists()


def save(changed: Iterable[Subject]) -> tuple[int, bytes]:
    """Write these subjects and what of the tree stands above them; return its size and its root.

    :raises ForgedError: if what stands there is not what was signed
    :raises MissingNodeError: likewise
    """
    rows = sorted(changed, key=lambda one: one.number)
    values = [[getattr(one, name) for name in _COLUMNS] for one in rows]
    bulk.insert(Subject, _COLUMNS, values, or_set=("number", "sealed"))
    size = how_many()
    level, made = 0, {one.number: leaf_of(one) for one in rows}
    changes: list[tuple[int, bytes]] = []
    while made:
        changes += [(place(level, at), made[at]) for at in sorted(made)]
        made = _above(made, level, size)
        level += SUBJECT_LEVELS
    bulk.insert(SubjectNode, ("place", "hash"), changes, or_set=("place", "hash"))
    return size, root(size)


def leaf_of(subject: Subject) -> bytes:
    """Return the hash of the subject's leaf."""
    return merkle.leaf_hash(
        leaves.subject_leaf(tag=subject.tag, salt=subject.salt, sealed=subject.sealed)
    )


def _above(made: dict[int, bytes], level: int, size: int) -> dict[int, bytes]:
    """Return the next kept hashes above these new ones; a subtree that is not complete has none."""
    complete = size >> level + SUBJECT_LEVELS
    above = sorted({at >> SUBJECT_LEVELS for at in made if at >> SUBJECT_LEVELS < complete})
    below = _kept(place(level, at * WIDTH + step) for at in above for step in range(WIDTH))
    before = _kept(place(level + SUBJECT_LEVELS, at) for at in above)
    new = {}
    for at in above:
        children = range(at * WIDTH, (at + 1) * WIDTH)
        old = before.get(place(level + SUBJECT_LEVELS, at))
        if old is not None and old != _over(children, level, {}, below):
            raise ForgedError("the tree of subjects is not what was signed")
        new[at] = _over(children, level, made, below)
    return new


def _over(children: range, level: int, made: dict[int, bytes], kept: dict[int, bytes]) -> bytes:
    try:
        return merkle.complete_root(
            [made[at] if at in made else kept[place(level, at)] for at in children]
        )
    except KeyError:
        raise MissingNodeError(f"no node {level}/{children.start} or after it") from None


def _kept(places: Iterable[int]) -> dict[int, bytes]:
    some = SubjectNode.objects.filter(place__among=places).values_list("place", "hash")
    return {at: bytes(made) for at, made in some}
