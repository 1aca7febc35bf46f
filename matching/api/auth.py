"""The door: `Authorization: Bearer <key>`, its scope, and from where it may come."""

from typing import Final, cast

import structlog
from django.http import HttpRequest
from django.utils import timezone
from ninja.security import HttpBearer

from matching import keys
from matching.access import Access, AccessUnknownError
from matching.api import quota
from matching.follower import Follower, shared
from matching.last_used import last_used
from matching.limits import Quota
from matching.network import client_address
from matching.problems import Problem

RECEIVED_AT: Final = "veto.received_at"  # in the environment, by the monotonic clock; absent where that is not known


class PlatformRequest(HttpRequest):
    """A request whose key was found good."""

    request_id: str
    access: Access
    follower: Follower
    current: bool  # whether this process holds every change acknowledged before the request
    quota: Quota  # what is left of the platform's limit, once something was charged
    confirmed: bool  # whether the key may still be believed, beyond "it was good before the cut"


def is_of(credential: keys.Credential, access: Access) -> bool:
    return credential.opens(access.digest) and credential.livemode == access.livemode


class Key(HttpBearer):
    """Answers 401 or 403 as a problem, 429 over the limit; 503 where nothing can be known of the key.

    `cost`: the units that each request costs; 0 where the endpoint says it itself, as it depends on what is asked.
    """

    def __init__(self, scope: str | None = None, *, cost: int = quota.OTHER) -> None:
        self.scope = scope
        self.cost = cost
        super().__init__()

    def __call__(self, request: HttpRequest) -> Access:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            raise Problem("invalid-key", "Send the key as `Authorization: Bearer veto_live_…`.")
        return self.authenticate(request, token.strip())

    def authenticate(self, request: HttpRequest, token: str) -> Access:
        platform_request = cast("PlatformRequest", request)
        try:
            credential = keys.parse(token)
        except keys.InvalidKeyError as error:
            raise Problem("invalid-key", f"{str(error).capitalize()}.") from None
        follower = platform_request.follower = shared()
        platform_request.current = follower.current(received_at=request.META.get(RECEIVED_AT))
        try:
            belief = follower.directory.look_up(credential.kid, follower.position, current=platform_request.current)
        except AccessUnknownError:
            raise Problem("index-behind", "The registry cannot be asked about this key just now.") from None
        if belief is None or not is_of(credential, belief.access):
            raise Problem("invalid-key", "No such key.")
        self.permit(belief.access, client_address(request))
        platform_request.access = belief.access
        platform_request.confirmed = belief.confirmed
        structlog.contextvars.bind_contextvars(platform=str(belief.access.platform), kid=belief.access.kid)
        older = belief.access.pepper_id != keys.pepper_id()
        last_used().note(belief.access.key, renewed=credential.digest if older else None)
        if self.cost:
            platform_request.quota = quota.charge(belief.access, self.cost)
        return belief.access

    def permit(self, access: Access, address: str) -> None:
        if access.revoked:
            raise Problem("invalid-key", "This key was revoked.")
        if access.expires_at and access.expires_at <= timezone.now():
            raise Problem("expired-key", f"This key expired on {access.expires_at:%Y-%m-%d}.")
        if access.suspended:
            raise Problem("platform-suspended", f"{access.platform_name} is suspended.")
        if not keys.allowed_from(address, access.networks):
            raise Problem("ip-not-allowed", f"Allowed from {', '.join(access.networks)}; you call from {address}.")
        if self.scope and self.scope not in access.scopes:
            raise Problem(
                "missing-scope", f"This needs the scope {self.scope!r}; the key has {', '.join(access.scopes)}."
            )
