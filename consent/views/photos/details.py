"""Details that are kept already: removed from one photo, or from all."""

from collections.abc import Iterable
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from consent.actions import drop_details
from consent.models import Photo
from consent.views.photos.own import photo_or_404, photos_of, tell
from consent.views.sent import person_of, sent_from


def drop(request: HttpRequest, photos: Iterable[Photo]) -> None:
    """Removes them, and says so."""
    decided = drop_details(by=person_of(request), photos=photos)
    number = len(decided.photos)
    if number:
        said = ngettext(
            "The details of %(number)d photo are removed.", "The details of %(number)d photos are removed.", number
        )
        tell(request, said % {"number": number}, decided)
    else:  # a second click, or another tab
        messages.info(request, _("There are no details to remove."))


@login_required
@sent_from("photo")
def drop_of_one(request: HttpRequest, photo: UUID) -> HttpResponse:
    found = photo_or_404(request, photo)
    drop(request, [found])
    return redirect("photo", found.id)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def drop_of_all(request: HttpRequest) -> HttpResponse:
    """Asked once more: without the photos they can't be kept again."""
    photos = photos_of(request).with_details()
    if request.method == "POST":
        drop(request, photos)
    elif number := photos.count():
        return render(request, "photos/drop-details.html", {"number": number})
    return redirect("photos-default")
