"""Problems as answers: `application/problem+json`, and the page that each one's `type` names."""

import orjson
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from matching.problems import KINDS, Problem

BY_STATUS = {
    400: "malformed-request",
    404: "not-found",
    405: "method-not-allowed",
    413: "too-large",
    500: "internal-error",
}


def response(problem: Problem, request: HttpRequest) -> HttpResponse:
    document = problem.to_json() | {"request_id": getattr(request, "request_id", "")}
    answer = HttpResponse(orjson.dumps(document), status=problem.kind.status, content_type="application/problem+json")
    if problem.kind.status == 401:
        answer["WWW-Authenticate"] = 'Bearer realm="veto"'
    if problem.kind.status in {429, 503}:
        answer["Retry-After"] = "1"
    return answer


def page(request: HttpRequest, code: str) -> HttpResponse:
    """What a problem means and what to do about it, for whoever opens its `type`."""
    if code not in KINDS:
        raise Http404
    return render(request, "problem.html", {"code": code, "kind": KINDS[code]})
