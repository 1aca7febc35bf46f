"""A Ray cluster of several nodes on this machine, gone when it ends: for tests and measures.

Nothing of it is reachable from elsewhere, nothing is told to anyone, and nothing goes to a disk but Ray's own logs.
"""

import contextlib
import os
import secrets
from collections.abc import Iterator

# Ray reads these when it is imported. It asks for a token; and it stays on the loopback address, on any system.
os.environ |= {"RAY_AUTH_MODE": "token", "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}

import psutil
import ray
from ray.cluster_utils import Cluster

from config.local.folders import PrivateFolder
from config.local.home import ROOT

STORE = 100 << 20  # bytes of a node's object store
MEMORY = 4 << 30  # bytes that a node says it has
GIVEN = {"RAY_USAGE_STATS_ENABLED": "0", "PYTHONPATH": str(ROOT)}
SYSTEM = {
    "prestart_worker_first_driver": False,
    "automatic_object_spilling_enabled": False,
    "health_check_initial_delay_ms": 0,
    "health_check_period_ms": 500,
    "health_check_timeout_ms": 2000,
    "health_check_failure_threshold": 2,
    "gcs_rpc_server_reconnect_timeout_s": 15,
}


class Nodes:
    """A head, which takes no shard, and `count` more, with the environment that this process has."""

    def __init__(self, count: int) -> None:
        self._common = {"node_ip_address": "127.0.0.1", "object_store_memory": STORE}
        self._cluster = Cluster()
        self._cluster.add_node(num_cpus=0, include_dashboard=False, _system_config=SYSTEM, **self._common)
        self.address = str(self._cluster.address)
        self.nodes = [self.add() for _ in range(count)]

    def add(self) -> "ray._private.node.Node":
        return self._cluster.add_node(num_cpus=2, memory=MEMORY, **self._common)

    def kill(self, node: "ray._private.node.Node") -> None:
        """All of its processes at once, as when a machine fails."""
        kill(node)
        self._cluster.remove_node(node, allow_graceful=False)

    def kill_head(self) -> None:
        """No node can live on for long without it."""
        kill(self._cluster.head_node)

    def end(self) -> None:
        self._cluster.shutdown()


def kill(node: "ray._private.node.Node") -> None:
    its = [psutil.Process(each.process.pid) for kind in node.all_processes.values() for each in kind]
    for process in [*its, *(child for each in its for child in each.children(recursive=True))]:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()


@contextlib.contextmanager
def temporary_cluster(count: int) -> Iterator[Nodes]:
    folder = PrivateFolder("ray")
    (folder.path / "ray").mkdir(mode=0o700)  # where Ray keeps all that it keeps
    given = GIVEN | {"RAY_TMPDIR": str(folder.path), "RAY_AUTH_TOKEN": secrets.token_hex(32)}
    before = {name: os.environ.get(name) for name in given}
    os.environ.update(given)
    try:
        nodes = Nodes(count)
        try:
            yield nodes
        finally:
            ray.shutdown()
            nodes.end()
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})
        folder.remove()
