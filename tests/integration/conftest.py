from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.web import Web, new_key, serving
from tests.pictures import encoded, picture


@pytest.fixture(scope="session")
def web(
    django_db_setup: None, django_db_blocker: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Web]:
    """One server for all tests: what they register stays, so each uses pictures of its own."""
    with django_db_blocker.unblock(), serving(tmp_path_factory.mktemp("web") / "web.log") as server:
        yield server


@pytest.fixture(scope="session")
def key(web: Web, django_db_blocker: pytest.FixtureRequest) -> str:
    with django_db_blocker.unblock():
        return new_key("Painter")


@pytest.fixture(scope="session")
def test_key(web: Web, django_db_blocker: pytest.FixtureRequest) -> str:
    with django_db_blocker.unblock():
        return new_key("Painter", "--test")


@pytest.fixture
def photo(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """A photo file that no other test has."""
    path = tmp_path / "photo.jpg"
    seed = int.from_bytes(request.node.nodeid.encode()) % 2**63
    path.write_bytes(encoded(picture(seed)))
    return path
