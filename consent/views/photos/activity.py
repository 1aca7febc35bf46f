"""What happened to a person's photos: the questions of platforms that found one, late and in numbers."""

import csv
import io
from typing import Any

import orjson
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import formats
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from consent.models import Photo
from consent.plot import Plot, bars
from consent.views.photos.export import attachment
from consent.views.sent import person_of
from matching import activity as what_happened
from matching.activity import FEW, Line
from matching.uses import BY_ID

SHOWN_WEEKS = 8  # in the drawing: as many as a phone can show


def lines_of(request: HttpRequest) -> list[Line]:
    return what_happened.by_week(Photo.objects.of(person_of(request)).values_list("protection", flat=True))


def number(count: int | None) -> str:
    if count is None:
        return _("fewer than %(number)d") % {"number": FEW}
    return str(formats.number_format(count, use_l10n=True, force_grouping=True))


def columns() -> list[str]:
    return [_("Week of"), _("Use"), _("Refused"), _("To be asked for"), _("Reported as blocked")]


def row(line: Line) -> list[dict[str, Any]]:
    """For the component `data-table`."""
    texts = [
        formats.date_format(line.week),
        BY_ID[line.use].label,
        *map(number, (line.refused, line.asked, line.blocked)),
    ]
    return [{"label": label, "text": text} for label, text in zip(columns(), texts, strict=True)]


def plot(lines: list[Line]) -> Plot:
    weeks = [(formats.date_format(line.week, "j M"), line.refused or 0) for line in lines if not line.use]
    return Plot(
        title=_("Questions that were refused"),
        says=_("How often a platform asked about one of your photos and was told to refuse."),
        columns=(_("Week of"), _("Refused")),
        bars=bars(weeks[:SHOWN_WEEKS][::-1]),
    )


@login_required
@require_safe
def activity(request: HttpRequest) -> HttpResponse:
    lines = lines_of(request)
    context = {
        "few": FEW,
        "plot": plot(lines) if any(not line.use and line.refused for line in lines) else None,
        "columns": columns(),
        "rows": [row(line) for line in lines if line.use],
    }
    return render(request, "photos/activity.html", context)


@login_required
@never_cache
@require_safe
def activity_json(request: HttpRequest) -> HttpResponse:
    """`null` is a count below `smallest_count_said`; the use "" is any."""
    weeks = [what_happened.in_words(line) for line in lines_of(request)]
    return attachment(orjson.dumps({"smallest_count_said": FEW, "weeks": weeks}), "application/json", "weeks.json")


@login_required
@never_cache
@require_safe
def activity_csv(request: HttpRequest) -> HttpResponse:
    """A line for a week and a use; an empty cell is a count that is not said."""
    text = io.StringIO()
    table = csv.DictWriter(text, ["week_of", "use", "refused", "asked", "reported_blocked"])
    table.writeheader()
    table.writerows(what_happened.in_words(line) for line in lines_of(request))
    return attachment(text.getvalue().encode("utf-8-sig"), "text/csv; charset=utf-8", "weeks.csv")
