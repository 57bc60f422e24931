"""What an error mail tells, should an operator want one."""

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.views.debug import ExceptionReporter

from audit import opened
from audit.context import current_request_id
from signupassist import traces


class Report(ExceptionReporter):
    """Where something broke, and never with which values.

    In development Django's page with everything on it stays, but for the secrets that are open.
    """

    def get_traceback_text(self) -> SafeString:
        if self.filter.is_active(self.request):
            return SafeString(self._in_words())
        return SafeString(opened.scrub(super().get_traceback_text()))

    def get_traceback_html(self) -> SafeString:
        if self.filter.is_active(self.request):
            return format_html("<pre>{}</pre>", self._in_words())
        return SafeString(opened.scrub(super().get_traceback_html()))

    def _in_words(self) -> str:
        asked = f"{self.request.method} {self.request.path}\n" if self.request else ""
        what = traces.describe(self.exc_value) if isinstance(self.exc_value, BaseException) else ""
        return f"{traces.harmless(asked)}Request {current_request_id()}\n\n{what}"
