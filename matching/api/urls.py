"""The API as one object, and the two addresses that a load balancer asks."""

from typing import Any

import orjson
from django.core.exceptions import RequestDataTooBig
from django.db import DatabaseError, InterfaceError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import URLPattern, URLResolver, path
from django.views.decorators.http import require_safe
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError
from ninja.parser import Parser
from ninja.renderers import BaseRenderer

from matching import sequence, signing
from matching.api import check, developers, meta, problems, reports, webhooks
from matching.api.schemas import ProblemOut
from matching.follower import shared
from matching.models import Sequence
from matching.problems import Problem

NOT_KEPT = {"Cache-Control": "no-store"}


class OrjsonParser(Parser):
    def parse_body(self, request: HttpRequest) -> Any:
        return orjson.loads(request.body)


class OrjsonRenderer(BaseRenderer):
    media_type = "application/json"

    def render(self, request: HttpRequest, data: Any, *, response_status: int) -> bytes:
        return orjson.dumps(data)


class Api(NinjaAPI):
    """Every operation may answer a problem; ninja has no word for a media type of its own."""

    def get_openapi_schema(self, **kwargs: Any) -> Any:
        schema = super().get_openapi_schema(**kwargs)
        components = schema["components"]
        problem = ProblemOut.model_json_schema(ref_template="#/components/schemas/{model}")
        components["schemas"] |= problem.pop("$defs") | {"Problem": problem}
        components["responses"] = {
            "Problem": {
                "description": "What went wrong, and what to do about it",
                "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
            }
        }
        for operations in schema["paths"].values():
            for operation in operations.values():
                operation["responses"]["default"] = {"$ref": "#/components/responses/Problem"}
        return schema


api = Api(
    title="Veto",
    version="1",
    description="Ask whether an image is protected, and for which uses, before an AI edits it.",
    docs_url=None,
    openapi_url=None,
    parser=OrjsonParser(),
    renderer=OrjsonRenderer(),
    urls_namespace="api",
)
api.add_router("/v1", check.router)
api.add_router("/v1", meta.router)
api.add_router("/v1", reports.router)
api.add_router("/v1", webhooks.router)


@api.exception_handler(Problem)
def on_problem(request: HttpRequest, problem: Problem) -> HttpResponse:
    return problems.response(problem, request)


@api.exception_handler(RequestDataTooBig)
def on_too_much(request: HttpRequest, _: RequestDataTooBig) -> HttpResponse:
    return problems.response(Problem("too-large", "A JSON body may have 1 MiB; this one has more."), request)


@api.exception_handler(DatabaseError)
@api.exception_handler(InterfaceError)
def on_database_away(request: HttpRequest, _: Exception) -> HttpResponse:
    return problems.response(Problem("overloaded", "The registry's database does not answer just now."), request)


@api.exception_handler(HttpError)
def on_http_error(request: HttpRequest, _: HttpError) -> HttpResponse:
    """ninja raises it for one thing here: a body that is not JSON."""
    return problems.response(Problem("malformed-json", "The body is not one JSON object in UTF-8."), request)


@api.exception_handler(ValidationError)
def on_invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    faults = [(steps_to(entry["loc"]), str(entry["type"]), str(entry["msg"])) for entry in error.errors]
    return problems.response(problems.invalid(faults), request)


def steps_to(location: tuple[Any, ...]) -> tuple[Any, ...]:
    """From where ninja found it: the steps into the body, or the name of a parameter of the address."""
    source, name, *steps = location
    return tuple(steps) if source == "body" else (f"?{name}",)


@require_safe
def healthz(_: HttpRequest) -> JsonResponse:
    """This process answers."""
    return JsonResponse({"status": "ok"}, headers=NOT_KEPT)


@require_safe
def readyz(_: HttpRequest) -> JsonResponse:
    """This process can answer checks: its index is whole and in step, whether or not the database is complete."""
    if shared().ready():
        return JsonResponse({"status": "ready"}, headers=NOT_KEPT)
    return JsonResponse({"status": "restored" if restored() else "not ready"}, status=503, headers=NOT_KEPT)


def restored() -> bool:
    """Whether the database was put back from a backup, and waits for `manage.py restored`."""
    try:
        sequence.in_database()
    except sequence.RestoredError:
        return True
    except (DatabaseError, InterfaceError, Sequence.DoesNotExist):
        pass
    return False


@require_safe
def jwks(_: HttpRequest) -> JsonResponse:
    """The public keys of proofs."""
    return JsonResponse({"keys": signing.jwks()}, headers={"Cache-Control": "public, max-age=3600"})


urlpatterns: list[URLPattern | URLResolver] = [
    path("", api.urls),
    path("healthz", healthz),
    path("readyz", readyz),
    path(".well-known/jwks.json", jwks),
    path("problems/<slug:code>", problems.page, name="problem"),
    path("developers", developers.begin, name="developers-begin"),
    path("developers/reference", developers.reference, name="developers-reference"),
    path("developers/errors", developers.errors, name="developers-errors"),
    path("developers/changes", developers.changes, name="developers-changes"),
]
