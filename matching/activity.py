"""What platforms asked about some protections and what they then did: the narrow read behind a person's page.

A former partner might register the photos of the one he watches, so as to see when they are used. Therefore all comes
late, in weeks, without the platform; small counts are not said; and at assurance 0 nothing is said of a photo that
others claim too, nor while that cannot be known.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.utils import timezone

from matching import stored, uses
from matching.decision import Strength, strength_of
from matching.follower import Follower, shared
from matching.models import Check, Protection

FEW: Final = 3  # a smaller count is not said, be it nought
WEEKS: Final = 26
ORDER: Final = ("", *uses.IDS)

CHECKS = """
SELECT date_trunc('week', asked.at AT TIME ZONE 'UTC')::date, each.use,
       count(*) FILTER (WHERE each.outcome = 'denied'), count(*) FILTER (WHERE each.outcome = 'ask'),
       count(*) FILTER (WHERE EXISTS (
           SELECT 1 FROM matching_report AS said
           WHERE said.check_id = asked.id AND said.platform_id = asked.platform_id AND said.livemode
             AND said.outcome = 'blocked' AND (said.use IN ('', each.use) OR each.use = '') AND said.at < %(until)s
       ))
FROM matching_check AS asked, LATERAL (
    SELECT * FROM jsonb_each_text(asked.uses)
    UNION ALL SELECT '', CASE asked.result WHEN 'protected' THEN 'denied' ELSE 'ask' END
) AS each (use, outcome)
WHERE asked.livemode AND asked.protections && %(protections)s::uuid[]
  AND asked.at >= %(since)s AND asked.at < %(until)s AND each.outcome <> 'no_match'
GROUP BY 1, 2
"""
REPORTS_BY_REF = """
SELECT date_trunc('week', said.at AT TIME ZONE 'UTC')::date, each.use, 0, 0, count(DISTINCT said.id)
FROM matching_report AS said
JOIN matching_told AS told ON told.platform_id = said.platform_id AND told.ref = said.ref
JOIN matching_protection AS protection ON protection.id = told.protection,
     unnest(
         ARRAY['']::varchar[] || CASE said.use WHEN '' THEN protection.uses ELSE ARRAY[said.use]::varchar[] END
     ) AS each (use)
WHERE said.livemode AND said.outcome = 'blocked' AND told.protection = ANY(%(protections)s::uuid[])
  AND said.at >= %(since)s AND said.at < %(until)s
GROUP BY 1, 2
"""


@dataclass(frozen=True, slots=True)
class Line:
    """Of one week, from a Monday on (UTC), and one use: how many questions found a photo. None: fewer than FEW.

    Where `use` is empty, of any use: a question counts once, by the worst that it was answered.
    """

    week: date
    use: str
    refused: int | None  # answered `denied`
    asked: int | None  # answered `ask`
    blocked: int | None  # reported by the platform as blocked


def by_week(protections: Collection[UUID], *, follower: Follower | None = None) -> list[Line]:
    """What may be told to whoever holds all these protections, the newest week first; lines of small counts left out.

    `follower`: this process's, unless another is given. It is asked for protections of assurance 0 alone.
    """
    until = timezone.now() - timedelta(hours=settings.ACTIVITY_DELAY_HOURS)
    tellable = list(set(protections) - withheld(set(protections), follower))
    within: dict[str, Any] = {"protections": tellable, "since": until - timedelta(weeks=WEEKS), "until": until}
    counts: dict[tuple[date, str], list[int]] = {}
    with connection.cursor() as cursor:
        for statement in (CHECKS, REPORTS_BY_REF) if tellable else ():
            cursor.execute(statement, within)
            for week, use, *numbers in cursor.fetchall():
                sums = counts.setdefault((week, use), [0, 0, 0])
                sums[:] = [old + new for old, new in zip(sums, numbers, strict=True)]
    telling = [
        Line(week, use, *(number if number >= FEW else None for number in numbers))
        for (week, use), numbers in counts.items()
        if max(numbers) >= FEW
    ]
    return sorted(telling, key=lambda line: (-line.week.toordinal(), ORDER.index(line.use)))


def withheld(protections: set[UUID], follower: Follower | None) -> set[UUID]:
    """Those of assurance 0 that others claim too, as far as is known from the index and from what was found so far."""
    anonymous = set(Protection.objects.filter(id__in=protections, assurance=0).values_list("id", flat=True))
    if not anonymous:
        return set()
    rows = Check.objects.filter(livemode=True, protections__overlap=list(anonymous))
    seen: set[UUID] = set()
    shared_with: set[UUID] = set()
    for named in rows.values_list("protections", flat=True).distinct().iterator():
        seen |= anonymous & set(named)
        if set(named) - protections:
            shared_with |= anonymous & set(named)
    in_doubt = seen - shared_with
    return shared_with | (claimed_by_others(in_doubt, protections, follower) if in_doubt else set())


def claimed_by_others(in_doubt: set[UUID], protections: set[UUID], follower: Follower | None) -> set[UUID]:
    follower = follower or shared()
    if not follower.current():
        return in_doubt
    found = set()
    for kept in stored.read(Protection.objects.filter(id__in=in_doubt)):
        hits = follower.index.search(kept.frames)
        near = {hit.claim.protection for hit in hits if (strength_of(hit) or Strength.POSSIBLE) > Strength.POSSIBLE}
        if near - protections:
            found.add(kept.claim.protection)
    return found


def in_words(line: Line) -> dict[str, Any]:
    """For an export."""
    return {
        "week_of": line.week.isoformat(),
        "use": line.use,
        "refused": line.refused,
        "asked": line.asked,
        "reported_blocked": line.blocked,
    }
