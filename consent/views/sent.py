"""Forms as they are sent: by whom, and where a link to the address of one leads."""

from collections.abc import Callable
from functools import wraps
from typing import Any, cast

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from consent.models import Person

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
