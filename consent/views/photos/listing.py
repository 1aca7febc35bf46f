"""The list of photos, and what is done to several at once."""

from collections.abc import Callable
from functools import wraps
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from consent.actions import restore_photos, revise_photos, withdraw_photos
from consent.forms.photos import AGAIN, ChoiceForm, FilterForm
from consent.models import Photo
from consent.models.photo import PhotoQuerySet
from consent.views.photos.own import IN_LIST, chosen_photos, own_mark, photos_of, tell, to_add_again
from consent.views.photos.shown import card
from consent.views.sent import person_of, sent_from
from matching.uses import in_order

PER_PAGE = 30


def summary(number: int) -> str:
    return ngettext("%(number)d photo.", "%(number)d photos.", number) % {"number": number} if number else ""


def again_summary(number: int) -> str:
    said = ngettext("%(number)d photo to add again", "%(number)d photos to add again", number)
    return said % {"number": number} if number else ""


def filtered(photos: PhotoQuerySet, form: FilterForm, again: set[UUID]) -> PhotoQuerySet:
    """A filter that makes no sense is passed over."""
    form.is_valid()
    wanted = form.cleaned_data
    if wanted.get("state") == AGAIN:
        photos = photos.filter(protection__in=again)
    elif wanted.get("state"):
        photos = photos.in_state(Photo.State(wanted["state"]))
    if wanted.get("whose"):
        photos = photos.filter(declaration=wanted["whose"])
    if wanted.get("name"):
        photos = photos.filter(label__icontains=wanted["name"])
    return photos


@login_required
@require_safe
def photos(request: HttpRequest) -> HttpResponse:
    again = to_add_again(request)
    form = FilterForm(request.GET, again=bool(again))
    found = filtered(photos_of(request).order_by(*IN_LIST), form, again)
    page = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    query = request.GET.copy()
    query.pop("page", None)
    cards = [card(photo, again) for photo in page]
    context = {
        "cards": cards,
        "own": own_mark(request),
        "again": again_summary(len(again)),
        "any_withdrawn": any(card["state"] == "withdrawn" for card in cards),
        "page": page,
        "summary": summary(page.paginator.count),
        "filter": form,
        "filtering": any(query.values()),
        "query": f"{query.urlencode()}&" if query else "",
    }
    return render(request, "photos/list.html", context)


def of_chosen(act: Callable[[HttpRequest, list[Photo]], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """For what is done with the photos that were ticked; when none was, that is said and nothing is changed."""

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
        context = {"form": form, "cards": [card(photo) for photo in chosen]}
        return render(request, "photos/change.html", context, status=422 if form.is_bound else 200)
    decided = revise_photos(by=person_of(request), photos=chosen, refuse=form.refused())
    number = len(decided.photos)
    said = ngettext("%(number)d photo was changed.", "%(number)d photos were changed.", number)
    tell(request, said % {"number": number}, decided)
    return redirect("photos")


@of_chosen
def withdraw(request: HttpRequest, chosen: list[Photo]) -> HttpResponse:
    decided = withdraw_photos(by=person_of(request), photos=chosen)
    number = len(decided.photos)
    said = ngettext(
        "%(number)d photo was withdrawn. You can put it back for 30 days.",
        "%(number)d photos were withdrawn. You can put them back for 30 days.",
        number,
    )
    tell(request, said % {"number": number}, decided)
    return back(request, chosen)


@of_chosen
def restore(request: HttpRequest, chosen: list[Photo]) -> HttpResponse:
    decided = restore_photos(by=person_of(request), photos=chosen)
    number = len(decided.photos)
    said = ngettext("%(number)d photo was put back.", "%(number)d photos were put back.", number)
    tell(request, said % {"number": number}, decided)
    return back(request, chosen)


def back(request: HttpRequest, chosen: list[Photo]) -> HttpResponse:
    """To the photo's own page if the act was done there, else to the list."""
    return redirect("photo", chosen[0].id) if "from_photo" in request.POST else redirect("photos")
