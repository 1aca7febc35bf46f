"""What every answer has: a request id, one line in the log, and for the API an error in its own form."""

import secrets
import time
from collections.abc import Callable
from typing import cast

import structlog
from django.conf import settings
from django.core.handlers.exception import convert_exception_to_response
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import resolve

from matching import metrics
from matching.api.problems import BY_STATUS, response
from matching.problems import Problem

log = structlog.get_logger(__name__)

API_PREFIX = "/v1/"
API_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
} | (
    {"Strict-Transport-Security": f"max-age={settings.SECURE_HSTS_SECONDS}; includeSubDomains"}
    if settings.HTTPS
    else {}
)


class RequestMiddleware:
    """The first. The API's requests go no further: what comes behind is for pages, and took a quarter of a check."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self.get_api_response = cast(
            "Callable[[HttpRequest], HttpResponse]", convert_exception_to_response(api_response)
        )

    def __call__(self, request: HttpRequest) -> HttpResponse:
        started = time.perf_counter()
        request_id = f"req_{secrets.token_hex(12)}"
        request.request_id = request_id  # type: ignore[attr-defined]
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        if request.path.startswith(API_PREFIX):
            answer = in_our_form(request, self.get_api_response(request))
            for name, value in API_HEADERS.items():
                answer.headers.setdefault(name, value)
            if quota := getattr(request, "quota", None):
                for name, value in quota.headers.items():
                    answer[name] = value
            answer.headers["Content-Length"] = str(len(answer.content))
        else:
            answer = self.get_response(request)
        answer["X-Request-Id"] = request_id
        seconds = time.perf_counter() - started
        count(request, answer, seconds)
        log.info(
            "request",
            method=request.method,
            path=logged_path(request, answer),
            status=answer.status_code,
            ms=round(seconds * 1000, 1),
        )
        return answer


def count(request: HttpRequest, answer: HttpResponse, seconds: float) -> None:
    """For the metrics; problems are counted where they are made, for those in front of Django do not come here."""
    kind = metrics.KIND_OF.get(request.resolver_match.route) if request.resolver_match else None
    if kind:
        metrics.SECONDS.labels(kind).observe(seconds)
    elif answer.status_code in metrics.PAGES and answer.headers.get("Content-Type", "").startswith("text/html"):
        metrics.PROBLEMS.labels(answer.status_code, metrics.PAGE).inc()


def api_response(request: HttpRequest) -> HttpResponse:
    """What Django does of a request when there is no middleware. Raises what the view does, and SuspiciousOperation."""
    request.get_host()  # one that is not ours is refused
    try:
        match = request.resolver_match = resolve(request.path_info, "matching.api.urls")
    except Http404:
        return HttpResponse(status=404)
    answer: HttpResponse = match.func(request, *match.args, **match.kwargs)
    return answer


def logged_path(request: HttpRequest, answer: HttpResponse) -> str:
    """The pattern of an address of ours, as the address may hold a link's key; of others nothing, but for files that
    are there: what is mistyped may be anything.
    """
    match = request.resolver_match
    if match is not None:
        return f"/{match.route}"
    return request.path if answer.status_code < 400 else "(unknown)"


def in_our_form(request: HttpRequest, answer: HttpResponse) -> HttpResponse:
    """Django's own errors (no such address, wrong method, a fault) as problems."""
    if answer.status_code < 400 or answer.headers.get("Content-Type") == "application/problem+json":
        return answer
    code = BY_STATUS.get(answer.status_code, "malformed-request" if answer.status_code < 500 else "internal-error")
    details = {
        "not-found": f"{request.path} is not an address of this API.",
        "method-not-allowed": f"{request.method} is not allowed here; allowed: {answer.headers.get('Allow', '')}.",
        "internal-error": "The registry failed to answer. Nothing is known of this image: refuse the use meanwhile.",
    }
    problem = response(Problem(code, details.get(code, "The request could not be read.")), request)
    if allow := answer.headers.get("Allow"):
        problem["Allow"] = allow
    return problem
