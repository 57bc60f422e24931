"""What a signup knows so far, and how it is kept as JSON."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

from orchestrator.flow.rules import Step
from orchestrator.places.contract import Place
from orchestrator.tools.contract import Field, Prerequisite, Program, Provider

SCHEMA = 1


@dataclass(frozen=True)
class Failed:
    """What a tool could not do; `retry_last` does it again with the same inputs."""

    action: str
    payload: Mapping[str, Any]


@dataclass(frozen=True)
class Plan:
    """One signup, immutable: each move makes a new one.

    `elsewhere` are places that no provider tool serves, for the parent to look at themselves.
    `sources` says for each datum where it came from (`mcp`, `mock` or `google`). `answers` is the
    sealed form: the plan carries it and cannot read it. `is_connecting`: the parent is choosing a
    login; `refused_login` is the one that could not be used last, `declined` are those that the
    provider did not accept in this signup: ids, and nothing else of a login.
    """

    step: Step = Step.PROVIDER_SEARCH
    offered: tuple[Provider, ...] = ()
    elsewhere: tuple[Place, ...] = ()
    provider: Provider | None = None
    credential_id: str | None = None
    is_connecting: bool = False
    refused_login: str | None = None
    declined: tuple[str, ...] = ()
    programs: tuple[Program, ...] = ()
    program: Program | None = None
    prerequisites: tuple[Prerequisite, ...] | None = None
    fields: tuple[Field, ...] | None = None
    answers: str | None = None
    sources: Mapping[str, str] = field(default_factory=dict)
    failed: Failed | None = None

    @property
    def provider_key(self) -> str:
        """Return the key of the chosen provider ('' until one is chosen)."""
        return self.provider["provider"] if self.provider else ""

    @property
    def org_ref(self) -> str | None:
        return self.provider["org_ref"] if self.provider else None

    @property
    def program_ref(self) -> str | None:
        return self.program["program_ref"] if self.program else None

    @property
    def is_sample(self) -> bool:
        """Return whether any of it came from the bundled sample tools."""
        return "mock" in self.sources.values()

    @property
    def has_all_prerequisites(self) -> bool:
        """Return whether they were checked, and every one of them is met."""
        checked = self.prerequisites
        return checked is not None and all(one["status"] == "ok" for one in checked)

    def but(self, **changes: Any) -> Self:
        """Return this plan with some of it changed."""
        return replace(self, **changes)

    def knowing(self, datum: str, source: str, **changes: Any) -> Self:
        """Return this plan with something learned from a tool, and where it came from."""
        return replace(self, sources={**self.sources, datum: source}, **changes)

    def forgetting(self, *data: str, **changes: Any) -> Self:
        """Return this plan without the sources of these data."""
        kept = {name: source for name, source in self.sources.items() if name not in data}
        return replace(self, sources=kept, **changes)

    def to_state(self) -> dict[str, Any]:
        """Return the plan as JSON for the session's `state` (the step has its own column)."""
        return {
            "schema": SCHEMA,
            "offered": list(self.offered),
            "elsewhere": list(self.elsewhere),
            "provider": self.provider,
            "org_ref": self.org_ref,
            "credential_id": self.credential_id,
            "is_connecting": self.is_connecting,
            "refused_login": self.refused_login,
            "declined": list(self.declined),
            "programs": list(self.programs),
            "program": self.program,
            "prerequisites": None if self.prerequisites is None else list(self.prerequisites),
            "fields": None if self.fields is None else list(self.fields),
            "answers": self.answers,
            "sources": dict(self.sources),
            "failed": self.failed
            and {"action": self.failed.action, "payload": dict(self.failed.payload)},
        }

    @classmethod
    def from_state(cls, step: str, state: Mapping[str, Any]) -> Self:
        """Return the plan that `to_state` wrote."""
        prerequisites, fields, failed = (
            state.get(name) for name in ("prerequisites", "fields", "failed")
        )
        return cls(
            step=Step(step),
            offered=tuple(state.get("offered") or ()),
            elsewhere=tuple(state.get("elsewhere") or ()),
            provider=state.get("provider"),
            credential_id=state.get("credential_id"),
            is_connecting=state.get("is_connecting", False),
            refused_login=state.get("refused_login"),
            declined=tuple(state.get("declined") or ()),
            programs=tuple(state.get("programs") or ()),
            program=state.get("program"),
            prerequisites=None if prerequisites is None else tuple(prerequisites),
            fields=None if fields is None else tuple(fields),
            answers=state.get("answers"),
            sources=state.get("sources") or {},
            failed=Failed(failed["action"], failed["payload"]) if failed else None,
        )
