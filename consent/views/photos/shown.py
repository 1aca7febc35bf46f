"""Photos in the words of the pages."""

from collections.abc import Collection, Iterable
from typing import Any
from uuid import UUID

from django.urls import reverse
from django.utils import formats, timezone
from django.utils.translation import gettext as _

from consent.models import Photo
from consent.models.photo import UNDO
from matching.uses import BY_ID, PRESETS, in_order


def name_of(photo: Photo) -> str:
    """What the person calls it, else when it was added."""
    return photo.label or _("Added on %(date)s") % {"date": day(photo.created_at)}


def day(time: Any) -> str:
    return formats.date_format(timezone.localtime(time), "DATE_FORMAT")


def refused_line(uses: Iterable[str]) -> str:
    """The preset's name if one fits, else the uses by name. Never "Refused: No AI editing", which says the opposite."""
    chosen = set(uses)
    preset = next((preset.label for preset in PRESETS if set(preset.uses) == chosen), None)
    if preset:
        return _("Choice: %(preset)s") % {"preset": preset}
    return _("Refused: %(uses)s") % {"uses": ", ".join(str(BY_ID[use].label) for use in in_order(chosen))}


def state_of(photo: Any) -> tuple[str, str]:
    """The state for the seal, and in words. Of a photo that is `described`."""
    if photo.withdrawn_at:
        until = day(photo.withdrawn_at + UNDO)
        return "withdrawn", _("Withdrawn. You can put it back until %(date)s.") % {"date": until}
    if photo.pending_since:
        return "pending", _("Waiting: it takes effect within a day.")
    return "in-force", _("Protected since %(date)s") % {"date": day(photo.created_at)}


def card(photo: Any, again: Collection[UUID] = ()) -> dict[str, Any]:
    """Context of the component `photo-card`; `again` are the protections that need their photo once more."""
    state, words = state_of(photo)
    if photo.protection in again:
        words = _("%(state)s. To add again.") % {"state": words.rstrip(".")}
    return {
        "id": photo.id,
        "label": name_of(photo),
        "href": reverse("photo", args=[photo.id]),
        "uses": refused_line(photo.uses),
        "state": state,
        "state_text": words,
    }
