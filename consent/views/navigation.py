"""The navigation of someone who is signed in."""

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

# The address that an entry leads to, what it says, and other addresses that lie below it.
PLACES = (
    ("photos", _("My photos")),
    ("photos-here", _("Add"), "photos-add", "photos-upload"),
    ("account", _("My account")),
)


def navigation(request: HttpRequest) -> dict[str, Any]:
    """Context processor. Asks neither session nor database: only pages of someone signed in show it."""
    below = {reverse(address): name for name, _label, *others in PLACES for address in (name, *others)}
    here = below.get(max((path for path in below if f"{request.path}/".startswith(f"{path}/")), key=len, default=""))
    places = [{"href": reverse(name), "label": label, "current": name == here} for name, label, *_others in PLACES]
    return {"navigation": places}
