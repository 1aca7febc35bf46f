"""What platforms hear of without asking: endpoints to which events are sent, and the same events to be pulled."""

from datetime import datetime
from typing import Annotated, Any, Literal, cast

from django.http import HttpRequest
from ninja import Query, Router
from pydantic import AfterValidator, BaseModel, Field
from pydantic_core import PydanticCustomError

from matching import events, outgoing, webhooks
from matching.api.auth import Key, PlatformRequest
from matching.api.idempotency import once
from matching.api.paging import Page, page_of
from matching.api.parameters import only_known
from matching.models import Event, WebhookEndpoint
from matching.problems import Problem
from matching.received import Request

router = Router(auth=Key("webhooks"), tags=["webhooks"])

MOST_ENDPOINTS = 10

EventType = Literal["protection.changed", "protection.removed", "key.expiring"]


def known_url(url: str) -> str:
    try:
        outgoing.parsed(url)
    except ValueError as error:
        raise PydanticCustomError("invalid-request", "{message}", {"message": str(error)}) from None
    return url


class EndpointIn(Request):
    url: Annotated[str, Field(max_length=2048), AfterValidator(known_url)] = Field(
        description="Of a public host, over HTTPS. Redirects are not followed."
    )
    types: list[EventType] = Field(
        default=["protection.changed", "protection.removed", "key.expiring"],
        min_length=1,
        max_length=20,
        description="The events that are sent to it; all of them when left out.",
    )


class EndpointOut(BaseModel):
    id: str
    url: str
    types: list[str]
    public_key: str = Field(description="`whpk_…`: verifies the signatures `v1a` (Ed25519).")
    created_at: datetime
    failing_since: datetime | None = None
    disabled_at: datetime | None = Field(None, description="Since when nothing is sent, because it answered 410.")
    livemode: bool


class NewEndpointOut(EndpointOut):
    secret: str = Field(description="`whsec_…`: verifies the signatures `v1` (HMAC-SHA256). Shown this once.")


class EndpointsOut(BaseModel):
    data: list[EndpointOut]
    has_more: bool
    next: str | None = None


class EventOut(BaseModel):
    id: str
    type: str
    timestamp: str
    livemode: bool
    data: dict[str, Any]


class EventsOut(BaseModel):
    data: list[EventOut]
    has_more: bool
    next: str | None = Field(None, description="Keep it, and ask after it the next time.")


def shown(endpoint: WebhookEndpoint) -> dict[str, Any]:
    return {
        "id": endpoint.public_id,
        "url": endpoint.url,
        "types": endpoint.types,
        "public_key": webhooks.shown_public_key(endpoint),
        "created_at": endpoint.created_at,
        "failing_since": endpoint.failing_since,
        "disabled_at": endpoint.disabled_at,
        "livemode": endpoint.livemode,
    }


def whose(request: HttpRequest) -> dict[str, Any]:
    access = cast("PlatformRequest", request).access
    return {"platform_id": access.platform, "livemode": access.livemode}


@router.post(
    "/webhook-endpoints",
    operation_id="createWebhookEndpoint",
    response={201: NewEndpointOut},
    exclude_none=True,
    summary="Have events sent",
    description="Each event is sent as Standard Webhooks 1.0 says, until it is answered 2xx, for three days with "
    "growing waits. One may come twice, under the same `webhook-id`, and later than the next.",
)
def create_endpoint(request: HttpRequest, body: EndpointIn) -> tuple[int, dict[str, Any]]:
    def act() -> dict[str, Any]:
        if WebhookEndpoint.objects.filter(**whose(request)).count() >= MOST_ENDPOINTS:
            raise Problem("invalid-request", f"A platform has at most {MOST_ENDPOINTS} endpoints; delete one first.")
        endpoint = webhooks.make_endpoint(url=body.url, types=body.types, **whose(request))
        return shown(endpoint) | {"secret": webhooks.shown_secret(endpoint)}

    return 201, once(cast("PlatformRequest", request), act)


@router.get(
    "/webhook-endpoints",
    operation_id="listWebhookEndpoints",
    response=EndpointsOut,
    exclude_none=True,
    summary="List endpoints",
)
def list_endpoints(request: HttpRequest, page: Query[Page]) -> dict[str, Any]:
    only_known(request, Page)
    found, rest = page_of(WebhookEndpoint.objects.filter(**whose(request)), "id", page)
    return {"data": [shown(endpoint) for endpoint in found], **rest}


@router.delete(
    "/webhook-endpoints/{endpoint_id}",
    operation_id="deleteWebhookEndpoint",
    response={204: None},
    summary="Send no more to an endpoint",
)
def delete_endpoint(request: HttpRequest, endpoint_id: str) -> tuple[int, None]:
    if not webhooks.delete_endpoint(public_id=endpoint_id[:28], **whose(request)):
        raise Problem("not-found", "You have no endpoint of this id.")
    return 204, None


@router.get(
    "/events",
    operation_id="listEvents",
    response=EventsOut,
    exclude_none=True,
    summary="Pull events",
    description="All events of the last 30 days, the oldest first, whether they were sent anywhere or not.",
)
def list_events(request: HttpRequest, page: Query[Page]) -> dict[str, Any]:
    only_known(request, Page)
    events.number_committed()
    found, rest = page_of(Event.objects.filter(**whose(request)).exclude(number=None), "number", page)
    return {"data": [webhooks.in_words(event) for event in found], **rest}
