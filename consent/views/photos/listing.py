"""The list of photos."""

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from consent.forms.photos import AGAIN, FilterForm
from consent.models import Photo
from consent.models.photo import PhotoQuerySet
from consent.views.photos.own import IN_LIST, own_mark, photos_of, to_add_again
from consent.views.photos.shown import card

PER_PAGE = 30


def summary(number: int) -> str:
    return ngettext("%(number)d photo.", "%(number)d photos.", number) % {"number": number} if number else ""


def again_summary(number: int) -> str:
    said = ngettext("%(number)d photo to add again", "%(number)d photos to add again", number)
    return said % {"number": number} if number else ""


def every(number: int) -> str:
    said = ngettext("%(number)d photo, ticked or not", "All %(number)d photos of this list, ticked or not", number)
    return said % {"number": number} if number > 1 else ""


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
        "every": every(page.paginator.count),
        "shown": {name: value for name in form.fields if (value := request.GET.get(name))},
        "filter": form,
        "filtering": any(query.values()),
        "query": f"{query.urlencode()}&" if query else "",
    }
    return render(request, "photos/list.html", context)
