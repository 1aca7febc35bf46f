"""Nothing of a photo is kept but sealed hashes, and what is kept of people stands only where it must.

Against a Veto as `make run` starts it, at the most talkative level of its logs.
"""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.integration.api.receiver import receiving
from tests.local.test_run import running
from tests.privacy import places
from tests.privacy.canaries import array, word
from tests.privacy.search import Search
from tests.privacy.site import Site
from tests.privacy.walk import EMAIL, NEW_PASSWORD, Walk

pytestmark = [pytest.mark.long, pytest.mark.timeout(180)]

HASHES = {f"{kind} {what}" for kind in ("PNG", "JPEG") for what in ("hashes", "details")}

# What may stand where. Anything else anywhere is a leak.
ALLOWED = {
    "consent_person.email": {"e-mail"},
    "account_emailaddress.email": {"e-mail"},
    "consent_photo.label": {"label"},
    "django_session.session_data": {"e-mail"},  # how its person has logged in; ends with the day
    "matching_exclusion.reason": {"reason"},
    "postgres": {"e-mail", "label", "reason"},  # the files of these tables, and the log of their changes
    "mail": {"e-mail", "a stranger's e-mail"},
    "index in memory": HASHES,
}


@pytest.fixture(scope="module")
def walk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walk]:
    home = tmp_path_factory.mktemp("home") / "veto"
    place = tmp_path_factory.mktemp("place")
    settings = {
        "LOG_LEVEL": "DEBUG",
        "TRUSTED_PROXY_COUNT": "1",
        "WEBHOOK_NETWORKS": "127.0.0.0/8,::1/128",
    }
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = int(server.getsockname()[1])
    with running(home, port, str(place), **settings) as run, receiving() as receiver:
        run.await_curl()
        walk = Walk(Site(run, home, port), receiver, place)
        with walk.site.clients:
            walk.everything()
            yield walk


def everywhere(walk: Walk) -> Iterator[tuple[str, bytes]]:
    site = walk.site
    yield from places.rows(site.environment["DATABASE_OWNER_URL"])
    yield from places.entries(site.environment["REDIS_URL"])
    yield from places.processes(site.run.process.pid)
    yield "what was told to webhooks", b"\n".join(body for _, body in walk.receiver.received)
    yield "printed", site.run.said.encode()
    yield "metrics", httpx.get(site.metrics_url).content
    index = Path(site.environment["INDEX_FOLDER"])
    yield from (("index in memory", data) for _, data in places.files(index))
    for path, data in places.files(site.home, walk.place, *walk.new_in_tmp()):
        below = Path(path).relative_to(site.home).parts[0] if Path(path).is_relative_to(site.home) else path
        yield below, data


def test_every_canary_stands_where_it_may_and_nowhere_else(walk: Walk) -> None:
    """Those that are found where they may be show that the others would have been found elsewhere."""
    looked_at = set()

    def noted() -> Iterator[tuple[str, bytes]]:
        for place, data in everywhere(walk):
            looked_at.add(place)
            yield place, data

    seen = Search(walk.canaries()).found(noted())
    assert {(what, place) for what, place in seen if what not in ALLOWED.get(place, ())} == set()
    assert {place for _, place in seen} >= set(ALLOWED) - {"index in memory"}  # its next segment may be still to come
    assert {
        "index in memory",
        "logs",
        "metrics",
        "valkey",
        "ledger",
        "secrets.json",
        "environ of a process",
        "cmdline of a process",
    } <= looked_at
    assert {"consent_auditevent.facts", "matching_check.uses", "matching_event.data"} <= looked_at


@pytest.mark.parametrize("form", range(8))
def test_what_is_planted_is_found_in_any_form(tmp_path: Path, form: int) -> None:
    code = bytes(range(40, 56))
    canaries = [word("word", "Kanarie in Ærøskøbing"), array("code", code)]
    for canary in canaries:
        planted = tmp_path / canary.name / "deep"
        planted.mkdir(parents=True)
        (planted / "file").write_bytes(os.urandom(1000) + canary.needles[form] + os.urandom(1000))
    assert {name for name, _ in Search(canaries).found(places.files(tmp_path))} == {"word", "code"}


def test_erasing_an_account_leaves_nothing_of_a_person(walk: Walk) -> None:
    site, alice = walk.site, walk.alice
    [(person,)] = site.execute(f"SELECT id FROM consent_person WHERE email = '{EMAIL}'")
    photos = site.execute(f"SELECT id, protection FROM consent_photo WHERE person_id = '{person}'")
    assert len(photos) >= 2
    refs = [ref for (ref,) in site.execute("SELECT ref FROM matching_told")]
    assert refs
    alice.send("/account/again", password=NEW_PASSWORD)
    alice.send("/account/erase")
    assert site.execute(f"SELECT 1 FROM consent_person WHERE id = '{person}'") == []
    names = {"person": [person], "photo": [each for each, _ in photos], "protection": [each for _, each in photos]}
    ids = [word(name, *(form for each in some for form in (str(each), each.hex))) for name, some in names.items()]
    canaries = [each for each in walk.canaries() if each.name in {"e-mail", "label"}]
    data = [*places.rows(site.environment["DATABASE_OWNER_URL"]), *places.entries(site.environment["REDIS_URL"])]
    assert Search([*canaries, *ids]).found(data) == {
        # Who did what to which random id; neither table points at anything any more.
        ("person", "consent_auditevent.by"),
        ("person", "consent_auditevent.subject"),
        ("photo", "consent_auditevent.subject"),
        ("protection", "matching_change.subject"),
    }
