"""What Veto finds of altered copies, in everyday words. The numbers come from the measure, so that they can't drift."""

from collections.abc import Iterable
from typing import Any

from django.utils import formats
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from matching.quality import measured

ALWAYS, OFTEN = 95, 50  # per cent: from here on a copy is called found, and found often

WORDS: dict[str, Promise] = {
    "recompressed (JPEG, WebP, AVIF)": gettext_lazy("Saved again with more compression"),
    "resized": gettext_lazy("Made smaller or larger"),
    "blurred, sharpened": gettext_lazy("Blurred or sharpened"),
    "noise": gettext_lazy("Grainy"),
    "light, colour, filters": gettext_lazy("Lighter, darker, other colours, filters"),
    "mirrored": gettext_lazy("Mirrored"),
    "quarter turns": gettext_lazy("Turned by a quarter or a half"),
    "squeezed": gettext_lazy("Squeezed or stretched"),
    "borders, letterbox": gettext_lazy("With a border or black bars"),
    "story: 9:16 over its own blur": gettext_lazy("As a story, over its own blur"),
    "cropped to the middle, 95–50 %": gettext_lazy("Cropped around the centre, down to half of each side"),
    "cropped anywhere, 95–50 %": gettext_lazy("Cropped off the centre"),
    "cropped to 1:1, 4:5, 9:16, 16:9 in the middle": gettext_lazy("Cropped to a usual format around the centre"),
    "cropped to the same anywhere": gettext_lazy("Cropped to a usual format off the centre"),
    "turned 2–15°, corners cut off": gettext_lazy("Tilted a little, corners cut off"),
    "turned 2–15°, corners kept": gettext_lazy("Tilted a little, corners kept"),
    "perspective": gettext_lazy("Seen at an angle"),
    "photograph of a screen": gettext_lazy("Photographed from a screen"),
    "screenshot of a feed": gettext_lazy("Screenshot of a feed"),
    "screenshot of a feed, photo cut off": gettext_lazy("Screenshot of a feed that cuts the photo off"),
    "screenshot of a chat": gettext_lazy("Screenshot of a chat"),
    "meme: caption beside the photo": gettext_lazy("With a caption above or below"),
    "words over the photo": gettext_lazy("With words over it"),
    "sticker, logo or banner, to 10 %": gettext_lazy("A sticker or banner over up to a tenth of it"),
    "sticker or banner, 20 %": gettext_lazy("A sticker or banner over a fifth of it"),
    "sticker or banner, 30 %": gettext_lazy("A sticker or banner over a third of it"),
    "edited, 10 % of the area": gettext_lazy("A tenth of it edited"),
    "edited, 20 %": gettext_lazy("A fifth of it edited"),
    "edited, 30 %": gettext_lazy("A third of it edited"),
    "edited, 40–50 %": gettext_lazy("Nearly half of it edited"),
    "chains: screenshot, crop, recompress, …": gettext_lazy("Several of these one after the other"),
    "hard chains: chat and crop, crop and edit, mirror and chat": gettext_lazy(
        "Two large changes, such as a crop that was edited"
    ),
    "limits: cropped anywhere, 40–20 %": gettext_lazy("Cropped to less than half of each side"),
    "limits: edited, 60–80 %": gettext_lazy("More than half of it edited"),
    "limits: small on a screen, 40–15 % of its width": gettext_lazy("Small on a screen, less than half of its width"),
}


def percent(value: float) -> str:
    return _("%(number)s%%") % {"number": formats.number_format(round(value))}


def shares(entry: dict[str, Any], asked: str) -> str:
    """With details, and in brackets without."""
    return f"{percent(entry[asked])} ({percent(entry[f'{asked}_without_details'])})"


def row(entry: dict[str, Any]) -> list[dict[str, Any]]:
    """For the component `data-table`."""
    return [
        {"label": _("The copy"), "text": WORDS[entry["title"]]},
        {"label": _("Photo registered"), "text": shares(entry, "copy_asked")},
        {"label": _("Only the copy registered"), "text": shares(entry, "photo_asked")},
    ]


def columns() -> list[str]:
    return [_("The copy"), _("Photo registered"), _("Only the copy registered")]


def parted(entries: Iterable[dict[str, Any]]) -> dict[str, list[list[dict[str, Any]]]]:
    """The copies that are found, those found often, and those mostly missed; the best first."""
    parts: dict[str, list[list[dict[str, Any]]]] = {"always": [], "often": [], "seldom": []}
    for entry in sorted(entries, key=lambda entry: -entry["copy_asked"]):
        found = entry["copy_asked"]
        parts["always" if found >= ALWAYS else "often" if found >= OFTEN else "seldom"].append(row(entry))
    return parts


def one_in(rate: float) -> str:
    """A rate as "1 in so many", to two digits."""
    many = 1 / rate
    step = 10 ** max(0, len(str(int(many))) - 2)
    return formats.number_format(round(many / step) * step, use_l10n=True, force_grouping=True)


def what_is_found() -> dict[str, Any]:
    """Context of the page."""
    figures = measured()
    strangers = figures["false_matches_per_query_at_1M"]
    return {
        "columns": columns(),
        "parts": parted(figures["found"]),
        "photos": formats.number_format(figures["photos"], force_grouping=True),
        "strangers": formats.number_format(figures["negatives"], force_grouping=True),
        "wrong_one_in": one_in(strangers["rate"]),
        "wrong_at_worst_one_in": one_in(strangers["high"]),
    }
