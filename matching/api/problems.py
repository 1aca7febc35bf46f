"""Problems as answers: `application/problem+json`, and the page that each one's `type` names."""

from collections.abc import Iterable
from typing import Any

import orjson
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from matching import metrics
from matching.problems import KINDS, Problem

BY_STATUS = {
    400: "malformed-request",
    404: "not-found",
    405: "method-not-allowed",
    413: "too-large",
    500: "internal-error",
}


def document(problem: Problem, request: HttpRequest) -> dict[str, Any]:
    return problem.to_json() | {"request_id": getattr(request, "request_id", "")}


def invalid(faults: Iterable[tuple[tuple[int | str, ...], str, str]]) -> Problem:
    """What is wrong with a request: for each fault the steps to it in the body, its kind and its words."""
    faults = list(faults)
    errors = [{"pointer": pointer(steps), "detail": words} for steps, _, words in faults]
    code = next((kind for _, kind, _ in faults if kind in KINDS), "invalid-request")
    detail = "; ".join(f"{entry['pointer']}: {entry['detail']}" for entry in errors[:3])
    return Problem(code, detail, errors=errors[:20])


def pointer(steps: tuple[int | str, ...]) -> str:
    """A JSON pointer into the body; the name of a parameter of the address stands as it is."""
    if steps and str(steps[0]).startswith("?"):
        return str(steps[0])
    return "/" + "/".join(map(str, steps))


def response(problem: Problem, request: HttpRequest) -> HttpResponse:
    metrics.PROBLEMS.labels(problem.kind.status, problem.code).inc()
    body = orjson.dumps(document(problem, request))
    answer = HttpResponse(body, status=problem.kind.status, content_type="application/problem+json")
    for name, value in problem.headers.items():
        answer[name] = value
    if problem.kind.status == 401:
        answer["WWW-Authenticate"] = 'Bearer realm="veto"'
    if problem.kind.status in {429, 503}:
        answer["Retry-After"] = str(max(1, problem.retry_after_s))
    return answer


@require_safe
def page(request: HttpRequest, code: str) -> HttpResponse:
    """What a problem means and what to do about it, for whoever opens its `type`."""
    if code not in KINDS:
        raise Http404
    return render(request, "problem.html", {"code": code, "kind": KINDS[code]})
