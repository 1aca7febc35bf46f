"""From where a request comes: the client's address past our own proxies, and the network that limits count by."""

import ipaddress
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.http import HttpRequest

UNKNOWN = "unknown"


def client_address(request: HttpRequest) -> str:
    return address_of(request.META)


def address_of(environ: Mapping[str, Any]) -> str:
    """The client's address: past as many proxies as are ours, and never what a client wrote itself."""
    proxies = settings.TRUSTED_PROXY_COUNT
    if proxies == 0:
        return str(environ.get("REMOTE_ADDR", ""))
    hops = [hop.strip() for hop in environ.get("HTTP_X_FORWARDED_FOR", "").split(",")]
    return hops[-proxies] if len(hops) >= proxies else ""


def client_network(request: HttpRequest) -> str:
    """What one household or one machine has: an IPv4 address, or an IPv6 /64. Who has no address shares one name."""
    return network_of(client_address(request))


def network_of(address: str) -> str:
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return UNKNOWN
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(ipaddress.ip_network((int(found), 64), strict=False))
