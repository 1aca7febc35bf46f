"""What is done to several photos at once: change what they refuse, withdraw them, put them back."""

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from consent.actions import restore_photos, revise_photos, withdraw_photos
from consent.forms.photos import ChoiceForm, FilterForm
from consent.models import Photo
from consent.views.photos.listing import filtered
from consent.views.photos.own import IN_LIST, photos_of, tell, to_add_again
from consent.views.photos.shown import card
from consent.views.sent import person_of, sent_from
from matching.uses import in_order

MOST_NAMED = 100  # on a page; there may be thousands
WITHDRAWN = "withdrawn_between"  # in the session: from when to when the last withdrawal was
NEVER = ("1970-01-01T00:00:00+00:00", "1970-01-01T00:00:00+00:00")


def chosen_photos(request: HttpRequest) -> list[Photo]:
    """Those of this person's that were ticked in the list; or every one that it showed, on all its pages."""
    if "every" in request.POST:
        again = to_add_again(request)
        return list(filtered(photos_of(request).order_by(*IN_LIST), FilterForm(request.POST, again=bool(again)), again))
    ids = []
    for text in request.POST.getlist("photo"):
        try:
            ids.append(UUID(text))
        except ValueError:
            continue
    return list(photos_of(request).filter(id__in=ids).order_by(*IN_LIST))


def of_chosen(act: Callable[[HttpRequest, list[Photo]], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """For what is done with the photos that were ticked, or all of the list; of none, that is said."""

    @login_required
    @sent_from("photos")
    @wraps(act)
    def view(request: HttpRequest) -> HttpResponse:
        chosen = chosen_photos(request)
        if chosen:
            return act(request, chosen)
        messages.info(request, _("No photo was ticked, so nothing was changed."))
        return redirect("photos")

    return view


def all_refused(chosen: list[Photo]) -> list[str]:
    """What any of them refuses: a change starts there, so that saving alone weakens none."""
    return in_order({use for photo in chosen for use in photo.uses})  # type: ignore[attr-defined]


@of_chosen
def change(request: HttpRequest, chosen: list[Photo]) -> HttpResponse:
    """First from the list, with the photos that were ticked; then from its own page, with the choice as well."""
    form = ChoiceForm(request.POST) if "preset" in request.POST else ChoiceForm(chosen=all_refused(chosen))
    if not form.is_valid():
        context = {"form": form, "number": len(chosen), "cards": [card(photo) for photo in chosen[:MOST_NAMED]]}
        if "every" in request.POST:
            context["every"] = {name: request.POST.get(name, "") for name in ("every", *FilterForm.base_fields)}
        return render(request, "photos/change.html", context, status=422 if form.is_bound else 200)
    decided = revise_photos(by=person_of(request), photos=chosen, refuse=form.refused())
    number = len(decided.photos)
    said = ngettext("%(number)d photo was changed.", "%(number)d photos were changed.", number)
    tell(request, said % {"number": number}, decided)
    return redirect("photos")


@of_chosen
def withdraw(request: HttpRequest, chosen: list[Photo]) -> HttpResponse:
    began = timezone.now()
    decided = withdraw_photos(by=person_of(request), photos=chosen)
    number = len(decided.photos)
    said = ngettext(
        "%(number)d photo was withdrawn. You can put it back for 30 days.",
        "%(number)d photos were withdrawn. You can put them back for 30 days.",
        number,
    )
    tell(request, said % {"number": number}, decided)
    if "from_photo" in request.POST:
        return redirect("photo", chosen[0].id)
    request.session[WITHDRAWN] = [began.isoformat(), timezone.now().isoformat()]
    return redirect("photos-undo")


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def undo(request: HttpRequest) -> HttpResponse:
    """Those of the last withdrawal, all put back by one button; of it only its time is kept."""
    start, end = map(datetime.fromisoformat, request.session.get(WITHDRAWN, NEVER))
    photos = photos_of(request).withdrawn_between(start, end).order_by(*IN_LIST)
    number = photos.count()
    if request.method == "POST":
        put_back(request, list(photos))
    elif number:
        cards = [card(photo) for photo in photos[:MOST_NAMED]]
        return render(request, "photos/undo.html", {"number": number, "cards": cards})
    return redirect("photos")


@of_chosen
def restore(request: HttpRequest, chosen: list[Photo]) -> HttpResponse:
    put_back(request, chosen)
    return redirect("photo", chosen[0].id) if "from_photo" in request.POST else redirect("photos")


def put_back(request: HttpRequest, chosen: list[Photo]) -> None:
    decided = restore_photos(by=person_of(request), photos=chosen)
    number = len(decided.photos)
    said = ngettext("%(number)d photo was put back.", "%(number)d photos were put back.", number)
    tell(request, said % {"number": number}, decided)
