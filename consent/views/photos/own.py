"""The one door to photos: those of whoever is signed in, and of nobody else."""

from collections.abc import Callable
from functools import wraps
from typing import Any, cast
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.functional import Promise

from consent.actions import Decided
from consent.adding import IN_EFFECT, TAKING_EFFECT
from consent.models import Person, Photo
from consent.models.photo import PhotoQuerySet
from matching import registry

View = Callable[..., HttpResponse]


def person_of(request: HttpRequest) -> Person:
    """For views behind `login_required`."""
    return cast("Person", request.user)


def photos_of(request: HttpRequest) -> PhotoQuerySet:
    return Photo.objects.of(person_of(request)).described()


def to_add_again(request: HttpRequest) -> set[UUID]:
    """The protections of this person's photos that need the photo once more, to be found under the current profile."""
    refusing = Photo.objects.of(person_of(request)).filter(opt_outs__isnull=False, opt_outs__withdrawn_at=None)
    return registry.to_hash_again(refusing.values_list("protection", flat=True))


def photo_or_404(request: HttpRequest, photo: UUID) -> Photo:
    """The same answer for a photo that is another's and for one that is nobody's."""
    found = photos_of(request).filter(id=photo).first()
    if found is None:
        raise Http404
    return found


def chosen_photos(request: HttpRequest) -> list[Photo]:
    """Those that were ticked in the list and are this person's."""
    ids = []
    for text in request.POST.getlist("photo"):
        try:
            ids.append(UUID(text))
        except ValueError:
            continue
    return list(photos_of(request).filter(id__in=ids))


def sent_from(page: str) -> Callable[[View], View]:
    """For an address that forms are sent to. Whoever comes by a link, after logging in again, gets the form's page."""

    def decorated(view: View) -> View:
        @wraps(view)
        def posted(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            return view(request, *args, **kwargs) if request.method == "POST" else redirect(page, *args, **kwargs)

        return posted

    return decorated


def tell(request: HttpRequest, what: Promise | str, decided: Decided) -> None:
    """Says what was done, and whether it is in effect."""
    if decided.in_effect:
        messages.success(request, f"{what} {IN_EFFECT}")
    else:
        messages.warning(request, f"{what} {TAKING_EFFECT}")
