"""How a tool call can end badly: trouble invites another try, a refusal ends the matter.

No text of a tool and no secret is ever part of `str()` or `repr()` of these: they hold catalogue
codes only.
"""

from typing import ClassVar, Literal

Source = Literal["mcp", "mock", "google"]

REFUSALS = frozenset(
    {
        "login_failed",
        "program_full",
        "registration_closed",
        "already_registered",
        "prerequisite_missing",
        "invalid_answers",
        "not_found",
    }
)


class ToolError(Exception):
    """A tool call that gave no result.

    `maybe_sent` says that at least the first byte may have left and the answer does not settle what
    happened: the outcome of a submission is then unknown. The rest is filled in by whoever made the
    call, for the record.
    """

    code: str = "mcp_tool_error"
    log_word: ClassVar[str] = "tool_error"

    def __init__(self, *, maybe_sent: bool = False) -> None:
        super().__init__(self.code)
        self.maybe_sent = maybe_sent
        self.attempts = 0
        self.elapsed_ms = 0
        self.source: Source = "mcp"
        self.protocol: str | None = None
        self.http_status: int | None = None


class ToolTimeoutError(ToolError):
    """Our own deadline fired, before or after the request left."""

    code = "mcp_timeout"
    log_word = "timeout"


class ToolUnavailableError(ToolError):
    """The server could not be reached, broke off, or said that it cannot serve now.

    `passing`: another try soon may find it well again. `retry_after`: seconds that it asks for.
    """

    code = "mcp_unavailable"
    log_word = "unavailable"

    def __init__(
        self, *, maybe_sent: bool = False, passing: bool = True, retry_after: float | None = None
    ) -> None:
        super().__init__(maybe_sent=maybe_sent)
        self.passing = passing
        self.retry_after = retry_after


class ToolCircuitOpenError(ToolUnavailableError):
    """The server was in trouble a moment ago, so it was not even asked."""

    code = "mcp_circuit_open"


class ToolAuthError(ToolError):
    """The server does not accept our service token; never the parent's fault."""

    code = "mcp_auth_failed"
    log_word = "auth"


class ToolBadResponseError(ToolError):
    """The answer is not what the protocol or our schema allows."""

    code = "mcp_bad_response"
    log_word = "bad_response"


class ToolSessionLostError(ToolError):
    """The server forgot our MCP session, and the new one as well."""

    code = "mcp_session_lost"
    log_word = "bad_response"


class ToolVersionUnsupportedError(ToolError):
    """The server speaks no revision of MCP that we do, or another one than it did."""

    code = "mcp_version_unsupported"
    log_word = "bad_response"


class ToolInputRequiredError(ToolError):
    """The tool wants to ask somebody first, and nobody sits here who may answer it."""

    code = "mcp_input_required"


class ToolMissingError(ToolError):
    """The server does not have this tool."""

    code = "mcp_tool_missing"


class ToolFailedError(ToolError):
    """The tool gave up on the request without a reason that a machine can read."""


class ToolRefusedError(ToolError):
    """The provider said no, and why: `code` is its own word, one of `REFUSALS` or another.

    `message` is the provider's untrusted text: for nobody's eyes without escaping.
    """

    def __init__(self, code: str, message: str = "") -> None:
        super().__init__()
        self.code = code
        self.message = message
        self.args = (code if self.is_known else "provider_rejected",)

    @property
    def is_known(self) -> bool:
        """Return whether the code is one that has a sentence of its own."""
        return self.code in REFUSALS
