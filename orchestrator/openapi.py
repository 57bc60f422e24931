"""How the API describes itself: every operation may also answer with a problem."""

from typing import Any

from drf_spectacular.openapi import AutoSchema


class ProblemAutoSchema(AutoSchema):
    """Adds the `default` response: the problem of RFC 9457 that the one error handler builds."""

    def _get_response_bodies(self, direction: Any = "response") -> Any:
        # late: decorating the views already asks for this class
        from orchestrator.errors import CONTENT_TYPE
        from orchestrator.serializers import ProblemOutput

        bodies = super()._get_response_bodies(direction)
        describe: Any = self._get_response_for_code
        bodies["default"] = describe(ProblemOutput, "default", [CONTENT_TYPE], direction)
        return bodies
