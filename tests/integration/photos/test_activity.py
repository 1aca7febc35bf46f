"""What happened to my photos: told late, by week, in numbers that give nobody away."""

import json
import secrets
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from matching import activity, refs, registry, sequence
from matching.activity import Line
from matching.follower import Follower
from matching.models import Check, Platform, Report, Told
from tests.integration.sequence.hashes import fingerprint, near, random_hash

pytestmark = pytest.mark.usefixtures("committed")

MONDAY = datetime(2026, 11, 2, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def one_day_late(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.ACTIVITY_DELAY_HOURS = 24
    monkeypatch.setattr(activity.timezone, "now", lambda: MONDAY + timedelta(days=9))


@pytest.fixture
def platform() -> Platform:
    return Platform.objects.create(name=f"Asker {uuid4().hex}")


def protected(assurance: int = 1, code: str = "") -> UUID:
    made = registry.protect([fingerprint(code or random_hash())], refuse=["edit"], assurance=assurance)
    assert sequence.settled()
    return made


def asked(
    platform: Platform,
    protections: Iterable[UUID],
    times: int,
    at: datetime = MONDAY,
    *,
    livemode: bool = True,
    **uses: str,
) -> list[str]:
    """So many checks that found these; the ids."""
    rows = [
        Check(
            id=f"chk_{secrets.token_hex(12)}",
            platform=platform,
            livemode=livemode,
            at=at,
            result="protected",
            uses=uses or {"edit": "denied"},
            protections=list(protections),
        )
        for _ in range(times)
    ]
    return [row.id for row in Check.objects.bulk_create(rows)]


def reported(platform: Platform, *, check: str = "", ref: str = "", use: str = "", outcome: str = "blocked") -> None:
    row = Report.objects.create(
        id=f"rep_{secrets.token_hex(12)}",
        platform=platform,
        livemode=True,
        check_id=check,
        ref=ref,
        proven=False,
        outcome=outcome,
        use=use,
    )
    Report.objects.filter(id=row.id).update(at=MONDAY)


def test_checks_and_reports_are_counted_by_week_and_use(platform: Platform) -> None:
    mine, also_mine, not_mine = protected(), protected(), protected()
    ids = asked(platform, [mine, also_mine], 4, edit="denied", train="ask", animate="no_match")
    asked(platform, [also_mine], 3, MONDAY + timedelta(days=6), likeness="denied")
    asked(platform, [also_mine], 3, MONDAY + timedelta(days=7), likeness="denied")
    asked(platform, [not_mine], 50)
    asked(platform, [mine], 50, livemode=False)
    for check in ids[:3]:
        reported(platform, check=check)
        reported(platform, check=check, use="edit")  # said twice: counted once
    reported(platform, check=ids[3], outcome="not_applied")
    week, next_week = MONDAY.date(), MONDAY.date() + timedelta(days=7)
    assert activity.by_week([mine, also_mine]) == [
        Line(next_week, "", 3, None, None),
        Line(next_week, "likeness", 3, None, None),
        Line(week, "", 7, None, 3),
        Line(week, "likeness", 3, None, None),
        Line(week, "edit", 4, None, 3),
        Line(week, "train", None, 4, 3),
    ]


def test_a_report_counts_only_for_what_its_platform_was_told(platform: Platform) -> None:
    mine = protected()
    ids = asked(platform, [mine], 5)
    other = Platform.objects.create(name=f"Other {uuid4().hex}")
    ref = refs.protection_ref(platform.id, mine)
    Told.objects.create(platform=platform, protection=mine, ref=ref, at=MONDAY)
    for check in ids:
        reported(other, check=check)
        reported(other, ref=ref)
    assert activity.by_week([mine])[1:] == [Line(MONDAY.date(), "edit", 5, None, None)]
    for _ in range(3):
        reported(platform, ref=ref, use="edit")
    week = MONDAY.date()
    assert activity.by_week([mine]) == [Line(week, "", 5, None, 3), Line(week, "edit", 5, None, 3)]


@pytest.mark.parametrize(("times", "told"), [(1, False), (2, False), (3, True)])
def test_a_small_count_is_not_said(platform: Platform, times: int, told: bool) -> None:
    mine = protected()
    asked(platform, [mine], times)
    assert bool(activity.by_week([mine])) is told


def test_the_last_day_is_not_told_yet(platform: Platform, settings: Any) -> None:
    mine = protected()
    asked(platform, [mine], 9, MONDAY + timedelta(days=8, minutes=1))
    assert activity.by_week([mine]) == []
    settings.ACTIVITY_DELAY_HOURS = 0
    assert [line.refused for line in activity.by_week([mine])] == [9, 9]


@pytest.fixture
def follower() -> Follower:
    follower = Follower()
    follower.load()
    return follower


def test_who_claims_another_s_photo_anonymously_learns_nothing(platform: Platform, follower: Follower) -> None:
    code = random_hash()
    watcher, victim = protected(0, code), protected(1, near(code, 10))
    alone = protected(0)
    for each in (watcher, alone):
        asked(platform, [each], 9)
    asked(platform, [victim], 9)
    assert activity.by_week([watcher], follower=follower) == []
    assert [line.refused for line in activity.by_week([watcher, alone], follower=follower)] == [9, 9]
    assert [line.refused for line in activity.by_week([victim], follower=follower)] == [9, 9]
    assert [line.refused for line in activity.by_week([watcher, victim], follower=follower)] == [18, 18]


def test_one_answer_that_named_another_claim_too_hides_all(platform: Platform, follower: Follower) -> None:
    mine, other = protected(0), protected(0)
    asked(platform, [mine], 9)
    assert len(activity.by_week([mine], follower=follower)) == 2
    asked(platform, [mine, other], 1, MONDAY - timedelta(weeks=3))
    assert activity.by_week([mine], follower=follower) == []


def test_while_it_cannot_be_known_who_else_claims_a_photo_nothing_is_said(platform: Platform) -> None:
    mine = protected(0)
    asked(platform, [mine], 9)
    assert activity.by_week([mine], follower=Follower()) == []


class Pages:
    """The page and its downloads, as their owner sees them."""

    def __init__(self) -> None:
        from django.test import Client

        from consent import actions
        from tests.browser.people import Someone

        someone = Someone.new(email=f"{uuid4().hex}@example.org")
        self.photo = actions.add_photo(
            by=someone.person, fingerprints=[fingerprint(random_hash())], refuse=["edit"], label="Lake", assurance=1
        ).photo
        self.client = Client()
        self.client.force_login(someone.person)

    def get(self, path: str, language: str = "en") -> str:
        answer = self.client.get(f"/photos/activity{path}", headers={"accept-language": language})
        assert answer.status_code == 200
        return answer.content.decode("utf-8-sig")


def test_the_page_and_its_files_tell_the_same(platform: Platform) -> None:
    pages = Pages()
    assert "There is nothing to tell yet." in pages.get("")
    asked(platform, [pages.photo.protection], 4, edit="denied", train="ask")
    shown = pages.get("")
    assert "There is nothing to tell yet." not in shown
    assert "fewer than 3" in shown
    assert "moins de 3" in pages.get("", "fr")
    assert platform.name not in shown
    assert json.loads(pages.get(".json"))["weeks"][1] == {
        "week_of": "2026-11-02", "use": "edit", "refused": 4, "asked": None, "reported_blocked": None,
    }  # fmt: skip
    assert "2026-11-02,edit,4,," in pages.get(".csv")
