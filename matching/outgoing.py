"""Requests to addresses that others gave: to public ones only, to the very address that was checked, no redirects.

A host is resolved once and the connection goes to an address of that answer, so that a name which resolves anew to
something inside is of no use. Proxies of the environment are not asked.
"""

import http.client
import ipaddress
import socket
import ssl
import threading
from collections.abc import Collection, Mapping
from typing import Final
from urllib.parse import SplitResult, urlsplit

from django.conf import settings

ANSWER_S: Final = 10.0  # for each step
ALL_S: Final = 20.0  # for everything: an answer that trickles must not hold a worker
CONTEXT: Final = ssl.create_default_context()
NAT64: Final = ipaddress.ip_network("64:ff9b::/96")  # an IPv4 address in disguise


class UnreachableError(Exception):
    """The message may be shown to whoever gave the address."""


def parsed(url: str) -> SplitResult:
    """An address to send to. Raises ValueError, which says what is wrong with it."""
    parts = urlsplit(url)
    schemes = ("https", "http") if settings.WEBHOOK_NETWORKS else ("https",)
    if parts.scheme not in schemes or not parts.hostname:
        raise ValueError(f"an address begins with {' or '.join(f'{scheme}://' for scheme in schemes)} and a host name")
    if parts.username is not None or parts.fragment:
        raise ValueError("an address holds no user name, no password and no fragment")
    if not url.isascii() or any(letter <= " " or letter == "\x7f" for letter in url):
        raise ValueError("an address is written in visible ASCII letters")
    if parts.port == 0:  # and one beyond 65535 raises by itself
        raise ValueError("port 0 is none")
    return parts


def is_public(address: str) -> bool:
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped:
            return is_public(str(ip.ipv4_mapped))
        if ip.sixtofour or ip.teredo or ip in NAT64 or ip.is_site_local:
            return False
    return ip.is_global and not ip.is_multicast and not ip.is_reserved


def is_allowed(address: str, networks: Collection[str]) -> bool:
    """Whether an operator has named a network that it is in, though it be private."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    return any(ip in ipaddress.ip_network(network) for network in networks)


def checked_address(host: str, port: int, *, secure: bool) -> str:
    """An address of the host that may be sent to. Raises UnreachableError."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise UnreachableError("the host name is not known") from None
    for entry in found:
        address = str(entry[4][0])
        if is_allowed(address, settings.WEBHOOK_NETWORKS) or (secure and is_public(address)):
            return address
    raise UnreachableError("the host has no public address")


def post(url: str, body: bytes, headers: Mapping[str, str]) -> int:
    """The status of the answer, of which nothing more is read. Raises UnreachableError."""
    parts = parsed(url)
    secure = parts.scheme == "https"
    host, port = str(parts.hostname), parts.port or (443 if secure else 80)
    address = checked_address(host, port, secure=secure)
    connection = http.client.HTTPConnection(host, port, timeout=ANSWER_S)
    try:
        connection.sock = socket.create_connection((address, port), timeout=ANSWER_S)
        with ends_after(connection.sock, ALL_S):
            if secure:
                connection.sock = CONTEXT.wrap_socket(connection.sock, server_hostname=host)
            target = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
            connection.request("POST", target, body, dict(headers))
            return connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        raise UnreachableError(f"no answer: {type(error).__name__}") from None
    finally:
        connection.close()


class ends_after:  # noqa: N801 (a context manager)
    """Close the socket's line when the time is over, whatever is being waited for."""

    def __init__(self, sock: socket.socket, seconds: float) -> None:
        self._descriptor = sock.dup()  # of our own: wrapping in TLS takes the other away
        self._timer = threading.Timer(seconds, self._end)

    def _end(self) -> None:
        try:
            self._descriptor.shutdown(socket.SHUT_RDWR)
        except OSError:
            return

    def __enter__(self) -> None:
        self._timer.start()

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        self._descriptor.close()
