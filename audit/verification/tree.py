"""A Merkle tree that is grown again from its leaves, and held against the nodes that are kept of it."""

from audit.merkle import Frontier
from audit.models import Node, SubjectNode
from audit.models.log import LEVELS, SUBJECT_LEVELS, place
from audit.verification.flaws import Findings, Flaw


class Regrown:
    """The tree, as far as it has come."""

    def __init__(self, findings: Findings, kept: type[Node] | type[SubjectNode]) -> None:
        self._findings, self._kept = findings, kept
        self._every = LEVELS if kept is Node else SUBJECT_LEVELS
        self._tree = Frontier()
        self._made: dict[int, bytes] = {}  # since they were compared last
        self._compared = 0

    @property
    def root(self) -> str:
        """Return the root, in hex."""
        return self._tree.root().hex()

    def append(self, leaf: bytes) -> None:
        """Add a leaf."""
        if self._kept is SubjectNode:  # the log's own leaves are kept elsewhere
            self._made[place(0, self._tree.size)] = leaf
        for level, index, made in self._tree.append(leaf):
            if level % self._every == 0:
                self._made[place(level, index)] = made

    def compare(self) -> None:
        """Hold what is new against the nodes that are kept."""
        nodes = self._kept.objects.filter(place__in=self._made)
        kept = {at: bytes(made) for at, made in nodes.values_list("place", "hash")}
        for at, made in self._made.items():
            if kept.get(at) != made:
                self._findings.add(Flaw.NODE, f"node {self._kept(place=at)} of {self._name}")
        self._compared += len(self._made)
        self._made.clear()

    def end(self) -> None:
        """Hold the number of nodes against that of those that are kept."""
        self.compare()
        if self._kept.objects.count() != self._compared:
            self._findings.add(Flaw.NODES, f"the nodes of {self._name}")

    @property
    def _name(self) -> str:
        return "the log" if self._kept is Node else "the trails"
