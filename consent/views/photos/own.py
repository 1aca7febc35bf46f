"""The one door to photos: those of whoever is signed in, and of nobody else."""

import hashlib
import hmac
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from consent.actions import Decided
from consent.adding import IN_EFFECT, TAKING_EFFECT, WAITING
from consent.models import Photo
from consent.models.photo import PhotoQuerySet
from consent.views.sent import person_of
from matching import registry

IN_LIST = ("-created_at", "id")


def photos_of(request: HttpRequest) -> PhotoQuerySet:
    return Photo.objects.of(person_of(request)).described()


def own_mark(request: HttpRequest) -> str:
    """What the browser keeps this person's things under, so that whoever logs in there next meets none of them."""
    return hmac.digest(settings.REF_KEY, b"browser mark" + person_of(request).pk.bytes, hashlib.sha256)[:16].hex()


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


def tell(request: HttpRequest, what: Promise | str, decided: Decided) -> None:
    """Says what was done, and whether it is in effect; never more than is so."""
    if not decided.photos:
        messages.info(request, _("Nothing was changed: a withdrawn photo has to be put back first."))
    elif decided.in_effect:
        messages.success(request, f"{what} {IN_EFFECT}")
    elif any(photo.pending_since for photo in decided.photos):
        messages.warning(request, f"{what} {WAITING}")
    else:
        messages.warning(request, f"{what} {TAKING_EFFECT}")
