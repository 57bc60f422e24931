"""Whom the service may call: each client the one origin it was configured with, at a sane address.

Where a URL comes from is the settings' business; nothing that a person, a provider or a model wrote
may become one. A redirect, an odd path and a name that suddenly means another machine are held
against the same two questions.
"""

import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit

PORTS = {"http": 80, "https": 443}
# What machines in clouds tell about themselves, keys included, to whoever asks from inside
METADATA = {
    ipaddress.ip_address(address)
    for address in ("100.100.100.200", "168.63.129.16", "192.0.0.192", "fd00:ec2::254")
}
NAT64 = ipaddress.ip_network("64:ff9b::/96")


class EgressRefusedError(OSError):
    """Something was about to call where nobody meant it to."""


@dataclass(frozen=True)
class Origin:
    """A scheme, a host and a port (RFC 6454)."""

    scheme: str
    host: str
    port: int

    @classmethod
    def of(cls, url: str) -> "Origin":
        """Return where a URL leads.

        :raises ValueError: if not everybody would read it the same way, or it holds a log-in
        """
        parts = urlsplit(url)
        is_odd = "@" in parts.netloc or any(ch == "\\" or ch <= " " for ch in url)
        if parts.scheme not in PORTS or not parts.hostname or is_odd:
            raise ValueError("no http(s) URL with a host")
        return cls(parts.scheme, parts.hostname, parts.port or PORTS[parts.scheme])

    def covers(self, url: str | None) -> bool:
        """Return whether a URL leads here."""
        try:
            return Origin.of(url or "") == self
        except ValueError:
            return False

    def must_cover(self, url: str | None) -> None:
        """Return where a URL leads here.

        :raises EgressRefusedError: if it leads elsewhere
        """
        if not self.covers(url):
            raise EgressRefusedError("This address was not configured.")


def must_be_callable(address: str) -> None:
    """Return where no service of ours could sit at an IP address, whatever name it was found by.

    Private networks and this machine are fine: tool servers live there. What only a network's own
    devices use is not.

    :raises EgressRefusedError: for link-local, multicast, unspecified, reserved and metadata addresses
    """
    ip = _inner(ipaddress.ip_address(address.partition("%")[0]))
    if (
        ip.is_link_local
        or ip.is_multicast
        or ip.is_unspecified
        or (ip.is_reserved and not ip.is_loopback)  # ::1 is both
        or ip in METADATA
    ):
        raise EgressRefusedError("No service is called at this address.")


def _inner(
    ip: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """Return the IPv4 address that an IPv6 address stands for, or the address itself."""
    if isinstance(ip, ipaddress.IPv4Address):
        return ip
    if ip in NAT64:
        return ipaddress.IPv4Address(int(ip) & 0xFFFF_FFFF)
    return ip.ipv4_mapped or ip.sixtofour or ip
