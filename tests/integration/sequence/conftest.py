from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from matching.index.shared import in_memory
from tests.integration.sequence.processes import Cast, Line, World, line_to_each_worker
from tests.integration.web import Web, new_key, serving

WORKERS = 2


@pytest.fixture(scope="session")
def company() -> Iterator[Cast]:
    company = Cast({})
    yield company
    company.end()


@pytest.fixture
def cast(committed: None, company: Cast) -> Iterator[Cast]:
    """Actors on the services of the whole run, which they share with all other tests."""
    yield company
    company.next_test()


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Services that the tests of one module may harm; each leaves them running."""
    world = World(tmp_path_factory.mktemp("world"))
    try:
        world.start()
        world.migrate()
        yield world
    finally:
        world.stop()


@pytest.fixture(scope="module")
def troupe(world: World) -> Iterator[Cast]:
    troupe = Cast(world.environment)
    yield troupe
    troupe.end()


@pytest.fixture
def stage(troupe: Cast) -> Iterator[Cast]:
    """Actors on the services of `world`."""
    yield troupe
    troupe.next_test()


@pytest.fixture
def folder() -> Iterator[Path]:
    """In memory, for the segment of processes that no other test starts."""
    if not in_memory(Path("/dev/shm")):
        pytest.skip("no memory to share here")
    with TemporaryDirectory(dir="/dev/shm", prefix="veto-test-") as name:
        yield Path(name)


@pytest.fixture(scope="module")
def two_workers(
    django_db_setup: None, django_db_blocker: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Web]:
    log: Path = tmp_path_factory.mktemp("web") / "web.log"
    with django_db_blocker.unblock(), serving(log, workers=WORKERS) as web:
        yield web


@pytest.fixture
def lines(two_workers: Web) -> Iterator[list[Line]]:
    """A connection to each worker process."""
    with line_to_each_worker(two_workers, WORKERS) as lines:
        yield lines


@pytest.fixture
def live_key(committed: None) -> str:
    return new_key("Prompt")
