"""What every answer has: a request id, one line in the log, and for the API an error in its own form."""

import secrets
import time
from collections.abc import Callable

import structlog
from django.http import HttpRequest, HttpResponse

from matching.api.problems import BY_STATUS, response
from matching.problems import Problem

log = structlog.get_logger(__name__)

API_PREFIX = "/v1/"


class RequestMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        started = time.perf_counter()
        request_id = f"req_{secrets.token_hex(12)}"
        request.request_id = request_id  # type: ignore[attr-defined]
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        answer = self.get_response(request)
        if request.path.startswith(API_PREFIX):
            answer = in_our_form(request, answer)
            answer.headers.setdefault("Cache-Control", "no-store")
            if quota := getattr(request, "quota", None):
                for name, value in quota.headers.items():
                    answer[name] = value
        answer["X-Request-Id"] = request_id
        log.info(
            "request",
            method=request.method,
            path=logged_path(request),
            status=answer.status_code,
            ms=round((time.perf_counter() - started) * 1000, 1),
        )
        return answer


def logged_path(request: HttpRequest) -> str:
    """Never the query string; no address of ours holds a hash. One that holds a link's key is logged as its pattern."""
    match = request.resolver_match
    return f"/{match.route}" if match is not None and "key" in match.kwargs else request.path


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
