"""The list of photos, and what is done to several at once."""

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from consent.actions import restore_photos, revise_photos, withdraw_photos
from consent.forms.photos import ChoiceForm, FilterForm
from consent.models import Photo
from consent.models.photo import PhotoQuerySet
from consent.views.photos.own import chosen_photos, nothing_chosen, person_of, photos_of, tell
from consent.views.photos.shown import card

PER_PAGE = 30


def filtered(photos: PhotoQuerySet, form: FilterForm) -> PhotoQuerySet:
    """A filter that makes no sense is passed over."""
    form.is_valid()
    wanted = form.cleaned_data
    if wanted.get("state"):
        photos = photos.in_state(Photo.State(wanted["state"]))
    if wanted.get("whose"):
        photos = photos.filter(declaration=wanted["whose"])
    if wanted.get("name"):
        photos = photos.filter(label__icontains=wanted["name"])
    return photos


@login_required
@require_safe
def photos(request: HttpRequest) -> HttpResponse:
    form = FilterForm(request.GET)
    page = Paginator(filtered(photos_of(request).order_by("-created_at", "id"), form), PER_PAGE).get_page(
        request.GET.get("page")
    )
    query = request.GET.copy()
    query.pop("page", None)
    context = {
        "cards": [card(photo) for photo in page],
        "page": page,
        "filter": form,
        "filtering": any(query.values()),
        "query": f"{query.urlencode()}&" if query else "",
    }
    return render(request, "photos/list.html", context)


@login_required
@require_POST
def change(request: HttpRequest) -> HttpResponse:
    """First from the list, with the photos that were ticked; then from its own page, with the choice as well."""
    chosen = chosen_photos(request)
    if not chosen:
        nothing_chosen(request)
        return redirect("photos")
    form = ChoiceForm(request.POST) if "preset" in request.POST else ChoiceForm()
    if form.is_bound and form.is_valid():
        decided = revise_photos(by=person_of(request), photos=chosen, refuse=form.refused())
        changed = ngettext("%(number)d photo was changed.", "%(number)d photos were changed.", len(decided.photos)) % {
            "number": len(decided.photos)
        }
        tell(request, changed, decided)
        return redirect("photos")
    return render(request, "photos/change.html", {"form": form, "cards": [card(photo) for photo in chosen]})


@login_required
@require_POST
def withdraw(request: HttpRequest) -> HttpResponse:
    chosen = chosen_photos(request)
    if not chosen:
        nothing_chosen(request)
        return redirect("photos")
    decided = withdraw_photos(by=person_of(request), photos=chosen)
    withdrawn = ngettext(
        "%(number)d photo was withdrawn.", "%(number)d photos were withdrawn.", len(decided.photos)
    ) % {"number": len(decided.photos)}
    tell(request, withdrawn + " " + _("You can put it back for 30 days."), decided)
    return back(request)


@login_required
@require_POST
def restore(request: HttpRequest) -> HttpResponse:
    chosen = chosen_photos(request)
    if not chosen:
        nothing_chosen(request)
        return redirect("photos")
    decided = restore_photos(by=person_of(request), photos=chosen)
    restored = ngettext("%(number)d photo was put back.", "%(number)d photos were put back.", len(decided.photos)) % {
        "number": len(decided.photos)
    }
    tell(request, restored, decided)
    return back(request)


def back(request: HttpRequest) -> HttpResponse:
    """To the photo's own page if the act was done there, else to the list."""
    [*ids] = request.POST.getlist("photo")
    return redirect("photo", ids[0]) if "from_photo" in request.POST and len(ids) == 1 else redirect("photos")
