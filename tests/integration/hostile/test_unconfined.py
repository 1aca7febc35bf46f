"""On a machine whose kernel confines nothing, a service that requires it reads no image and goes on with hashes."""

import sys
from collections.abc import Iterator

import pytest

from tests.integration.hostile.test_requests import GOOD, PHOTO
from tests.integration.web import Web, serving


@pytest.fixture(scope="module")
def unconfined(
    web: Web, key: str, django_db_blocker: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Web]:
    web.check_image(PHOTO, key)
    if not web.ask("GET", "/v1/status").json["decoder"]["confined"]:
        pytest.skip("a kernel without seccomp, by which this test takes it away")
    through = (sys.executable, "-m", "tests.integration.hostile.unconfined")
    log = tmp_path_factory.mktemp("unconfined") / "web.log"
    with django_db_blocker.unblock(), serving(log, through=through, DECODER_CONFINEMENT="required") as server:
        yield server


def test_where_confinement_is_required_and_refused_images_are_503_and_hashes_are_answered(
    unconfined: Web, key: str
) -> None:
    for _ in range(2):
        answer = unconfined.check_image(PHOTO, key)
        assert (answer.status, answer.json["code"]) == (503, "overloaded")
        hashes = {"profile": "pdq", "hashes": [{"hash": GOOD}]}
        assert unconfined.check(hashes, key).json["result"] == "no_match"
    assert unconfined.ask("GET", "/readyz").status == 200
    assert unconfined.ask("GET", "/v1/status").json["decoder"] == {
        "confined": False,
        "missing": ["files", "calls"],
        "required": True,
    }
