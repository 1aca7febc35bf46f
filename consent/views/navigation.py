"""The navigation of someone who is signed in."""

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

PLACES = (
    ("photos", _("My photos")),
    ("photos-add", _("Add")),
    ("account", _("My account")),
)


def navigation(request: HttpRequest) -> dict[str, Any]:
    """Context processor. Asks neither session nor database: only pages of someone signed in show it."""
    places = [(reverse(name), label) for name, label in PLACES]
    here = max((href for href, _label in places if f"{request.path}/".startswith(f"{href}/")), key=len, default="")
    return {"navigation": [{"href": href, "label": label, "current": href == here} for href, label in places]}
