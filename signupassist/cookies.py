"""The one cookie whose name is no setting."""

from django.contrib.messages.storage.cookie import CookieStorage


class HostMessages(CookieStorage):
    """Messages for the next page, in a cookie that no neighbouring host can have set (RFC 6265bis)."""

    cookie_name = "__Host-messages"
