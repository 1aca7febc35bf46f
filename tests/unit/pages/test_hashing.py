"""What the engine in the browser is given: definitions that anyone may read, and a worker that can reach nothing."""

from contextlib import closing

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from matching.hashing.details_profile import VETO_DETAILS_1
from matching.hashing.profile import current

pytestmark = pytest.mark.usefixtures("committed")  # who closes an answer looks after the database's connections


def test_the_definitions_are_those_that_platforms_read_and_need_no_key() -> None:
    answer = Client().get(reverse("hashing-definitions"))
    assert answer.json() == {"profile": current().to_json(), "older": [], "details": VETO_DETAILS_1.to_json()}
    assert answer["Cache-Control"] == "public, max-age=300"
    assert not answer.cookies


def policy(name: str) -> str | None:
    with closing(Client().get(f"{settings.STATIC_URL}js/hashing/{name}")) as answer:
        assert answer.status_code == 200
        return answer.headers.get("Content-Security-Policy")


def test_the_file_of_the_worker_lets_it_load_code_of_ours_and_nothing_else() -> None:
    assert policy("worker.js") == "default-src 'none'; script-src 'self'; frame-ancestors 'none'"
    assert policy("index.js") == "frame-ancestors 'none'"
