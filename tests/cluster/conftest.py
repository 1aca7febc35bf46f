"""One Ray cluster for all tests here: `make test-cluster`."""

from collections.abc import Iterator

import pytest

from config.local.cluster import Nodes, temporary_cluster
from matching.cluster.follower import ClusterFollower
from tests.integration.web import Web, new_key, serving

SHARDS = 3


@pytest.fixture(scope="session")
def nodes(django_db_setup: None) -> Iterator[Nodes]:
    with temporary_cluster(SHARDS) as nodes:
        yield nodes


@pytest.fixture(scope="session")
def web(
    nodes: Nodes, django_db_blocker: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Web]:
    log = tmp_path_factory.mktemp("web") / "web.log"
    shards = {"INDEX_SHARDS": str(SHARDS), "RAY_ADDRESS": nodes.address}
    with django_db_blocker.unblock(), serving(log, **shards) as web:
        yield web


@pytest.fixture(scope="session")
def key(web: Web, django_db_blocker: pytest.FixtureRequest) -> str:
    with django_db_blocker.unblock():
        return new_key("Cluster")


@pytest.fixture
def follower(web: Web, nodes: Nodes, committed: None, settings: pytest.FixtureRequest) -> ClusterFollower:
    """A second process of the service, so to say: it finds the shards that the first has made."""
    settings.INDEX_SHARDS, settings.RAY_ADDRESS = SHARDS, nodes.address
    follower = ClusterFollower()
    follower.load()
    return follower
