"""The end of an account: everything is erased."""

from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from consent.accounts.reauthentication import reauthenticated
from consent.actions import erase_person
from consent.views.photos.own import photos_of
from consent.views.sent import person_of


@login_required
@reauthenticated
@require_http_methods(["GET", "HEAD", "POST"])
def erase_account(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        return render(request, "photos/erase-account.html", {"number": photos_of(request).count()})
    in_effect = erase_person(by=person_of(request))
    logout(request)
    return render(request, "photos/erased.html", {"in_effect": in_effect})
