"""Forms as they are sent: by whom, and where a link to the address of one leads."""

from collections.abc import Callable
from functools import wraps
from typing import Any, cast

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect

from consent.models import Person
from matching.problems import Problem

View = Callable[..., HttpResponse]


def person_of(request: HttpRequest) -> Person:
    """For views behind `login_required`."""
    return cast("Person", request.user)


def sent_from(page: str) -> Callable[[View], View]:
    """For an address that forms are sent to. Whoever comes by a link gets the form's page.

    Links lead here after logging in again, after the language was changed below a form that was refused, and from a
    history.
    """

    def decorated(view: View) -> View:
        @wraps(view)
        def posted(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            return view(request, *args, **kwargs) if request.method == "POST" else redirect(page, *args, **kwargs)

        return posted

    return decorated


def in_json(view: View) -> View:
    """For an address that a module of ours asks: what is wrong is answered as a problem document, not as a page."""

    @wraps(view)
    def answered(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            answer = view(request, *args, **kwargs)
        except Problem as problem:
            answer = JsonResponse(
                problem.to_json(), status=problem.kind.status, content_type="application/problem+json"
            )
        answer.headers.setdefault("Cache-Control", "no-store")
        return answer

    return answered
