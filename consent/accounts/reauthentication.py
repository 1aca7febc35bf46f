"""Proving again who one is, before something that can't be undone."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.reauthentication import did_recently_reauthenticate
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

View = Callable[..., HttpResponse]


def reauthenticated(view: View) -> View:
    """Logged in, and within the last five minutes proven again to be who it is; else the question, then back here.

    Back means a GET of the same address: what was posted is not kept meanwhile, since it may hold a password. So ask on
    the page that shows the form, not only where it is sent.
    """

    @wraps(view)
    @login_required
    def asked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if did_recently_reauthenticate(request):
            return view(request, *args, **kwargs)
        method = get_adapter(request).get_reauthentication_methods(request.user)[0]
        return HttpResponseRedirect(f"{method['url']}?{urlencode({'next': request.get_full_path()})}")

    return asked
