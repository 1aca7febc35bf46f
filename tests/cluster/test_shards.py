"""An index in shards answers as one in a process does, or says that it cannot."""

import contextlib
import ipaddress
import os
import random
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from http.client import HTTPException
from typing import Any

import psutil
import pytest
import ray
from django.db import connection

from config.local.cluster import Nodes
from matching import sequence
from matching.api.schemas import MAX_HASHES
from matching.cluster.follower import ClusterFollower
from matching.cluster.index import ROUND
from matching.cluster.shards import packed
from matching.follower import Follower
from matching.hashing.details import MOST_KEYPOINTS, MOST_PARTS, Details
from matching.hashing.fingerprint import Fingerprint, Hash
from matching.index.interface import IncompleteError
from matching.published import client
from tests.cluster.conftest import SHARDS
from tests.cluster.registered import ask, eventually, register, withdraw
from tests.integration.sequence.hashes import as_asked, fingerprint, near, random_details, random_hash
from tests.integration.web import Web
from tests.unit.index.material import scattered

UNKNOWN = "index-behind"

pytestmark = [pytest.mark.usefixtures("committed"), pytest.mark.filterwarnings("ignore")]


def actors(follower: ClusterFollower) -> list[ray.actor.ActorHandle]:
    assert follower._shards is not None
    return list(follower._shards._shards)


def process(actor: ray.actor.ActorHandle) -> tuple[int, str]:
    """Of a shard: its process, and the node that it is on."""
    context = ray.get(actor.__ray_call__.remote(lambda _: (os.getpid(), ray.get_runtime_context().get_node_id())))
    return context[0], context[1]


def test_the_shards_are_on_a_machine_each(follower: ClusterFollower) -> None:
    assert len({node for _, node in map(process, actors(follower))}) == 3


def test_they_find_what_one_index_of_everything_finds(follower: ClusterFollower) -> None:
    """The same hits, of the same claims, at the same distances."""
    made = [(random_hash(), random_details()) for _ in range(30)]
    photos = [(register(code, of_it), code, of_it) for code, of_it in made]
    register(photos[0][1], photos[1][2])  # two people's, by hashes and by details
    for protection, *_ in photos[5:10]:
        withdraw(protection)
    alone = Follower()
    alone.load()
    assert follower.ready()
    assert len(follower.index) == len(alone.index)
    assert len(follower.details) == len(alone.details)
    each = [[fingerprint(near(code, bits))] for bits in (0, 30, 44) for _, code, _ in photos]
    assert len(each) > ROUND
    assert [*map(set, follower.index.search_each(each))] == [*map(set, alone.index.search_each(each))]
    for number, (protection, code, of_it) in enumerate(photos):
        for asked in (code, near(code, 30), near(code, 44), near(code, 60), random_hash()):
            hits = set(follower.index.search([fingerprint(asked)]))
            assert hits == set(alone.index.search([fingerprint(asked)]))
        by_details = set(follower.details.search(as_asked(of_it)))
        assert by_details == set(alone.details.search(as_asked(of_it)))
        assert (protection in {hit.claim.protection for hit in by_details}) == (not 5 <= number < 10)


def test_what_is_registered_or_withdrawn_is_so_in_the_next_answer(web: Web, key: str) -> None:
    for _ in range(20):
        code = random_hash()
        assert ask(web, key, code) == "no_match"
        protection = register(code)
        assert ask(web, key, near(code, 10)) == "protected"
        withdraw(protection)
        assert ask(web, key, code) == "no_match"


def test_a_shard_that_is_held_up_makes_the_answer_unknown_and_hides_no_match(
    web: Web, key: str, follower: ClusterFollower
) -> None:
    codes = [random_hash() for _ in range(12)]
    for code in codes:
        register(code)
    pid, _ = process(actors(follower)[0])
    os.kill(pid, signal.SIGSTOP)
    try:
        said = [ask(web, key, code) for code in codes]
        assert ask(web, key, random_hash()) == UNKNOWN
        assert web.ask("GET", "/readyz").status == 503
    finally:
        os.kill(pid, signal.SIGCONT)
    assert set(said) == {"protected", UNKNOWN}  # of its own photos nothing, of the others all
    eventually(lambda: ask(web, key, random_hash()) == "no_match")
    assert [ask(web, key, code) for code in codes] == ["protected"] * 12


def test_a_shard_whose_process_dies_starts_again_and_says_nothing_before_it_holds_everything(
    web: Web, key: str, follower: ClusterFollower
) -> None:
    code = random_hash()
    register(code)
    pid, _ = process(actors(follower)[2])
    os.kill(pid, signal.SIGKILL)
    said = [ask(web, key, random_hash())]
    while said[-1] != "no_match":
        assert ask(web, key, code) in ("protected", UNKNOWN)
        said.append(ask(web, key, random_hash()))
    assert set(said) == {UNKNOWN, "no_match"}
    assert process(actors(follower)[2])[0] != pid


def test_a_shard_that_cannot_come_as_far_as_who_asks_says_nothing(follower: ClusterFollower) -> None:
    shards, held = follower._shards, follower.position
    assert shards is not None
    assert held is not None
    assert follower.ready()
    for wanted in (
        replace(held, number=held.number + 1),
        replace(held, epoch=held.epoch + 1),
        replace(held, epoch=held.epoch - 1),
        replace(held, head="1/of a lost history"),
        None,
    ):
        shards.position = lambda wanted=wanted: wanted
        assert not follower.ready()
        with pytest.raises(IncompleteError):
            follower.index.search([fingerprint(random_hash())])
        with pytest.raises(IncompleteError):
            follower.details.search(as_asked(random_details()))
        with pytest.raises(IncompleteError):
            follower.index.reached_by({f"asked for the first time at {wanted}"})


@pytest.mark.long
def test_another_number_of_shards_is_another_set_of_them(
    web: Web, key: str, follower: ClusterFollower, settings: Any
) -> None:
    codes = [random_hash() for _ in range(8)]
    for code in codes:
        register(code)
    settings.INDEX_SHARDS = 2
    other = ClusterFollower()
    other.load()
    question = [[fingerprint(code)] for code in codes]
    assert other.current()
    try:
        said = []
        while not said or not all(said):
            with contextlib.suppress(IncompleteError):
                said = other.index.search_each(question)
        assert [*map(set, said)] == [*map(set, follower.index.search_each(question))]
        assert other.index.search([fingerprint(random_hash())]) == []
    finally:
        for each in actors(other):
            ray.kill(each)
    assert ask(web, key, random_hash()) == "no_match"  # of the three none is gone


def test_after_a_restore_no_miss_is_answered_until_an_operator_says_that_nothing_is_missing(web: Web, key: str) -> None:
    code = random_hash()
    register(code)

    def said() -> list[str]:
        return [ask(web, key, code), ask(web, key, random_hash()), ask(web, key, random_hash(), random_details())]

    assert said() == ["protected", "no_match", "no_match"]
    with connection.cursor() as cursor:
        cursor.execute("UPDATE matching_sequence SET history = '1/00000001'")
    client().flushdb()
    assert said() == ["protected", UNKNOWN, UNKNOWN]
    epoch = sequence.open_restored().epoch
    answers = [said()]
    while answers[-1] != ["protected", UNKNOWN, UNKNOWN] or web.ask("GET", "/readyz").status != 200:
        assert set(answers[-1][1:]) <= {UNKNOWN, "index-loading"}
        answers.append(said())
    assert sequence.declare_complete(epoch)
    eventually(lambda: said() == ["protected", "no_match", "no_match"], within=5)


class Traffic:
    """Questions without end, with what the right answer is: to known and unknown photos, and to those that change."""

    def __init__(self, web: Web, key: str, known: list[tuple[str, bytes]]) -> None:
        self.web, self.key, self.known = web, key, known
        self.said: list[tuple[str, str]] = []
        self.over = threading.Event()

    def ask(self, right: str, code: str, details: bytes = b"") -> None:
        self.said.append((right, ask(self.web, self.key, code, details)))

    def asking(self) -> None:
        while not self.over.is_set():
            code, details = random.choice(self.known)
            self.ask("protected", near(code, 20))
            self.ask("protected", random_hash(), details)
            self.ask("no_match", random_hash(), random_details())

    def changing(self) -> None:
        while not self.over.is_set():
            code = random_hash()
            protection = register(code)
            self.ask("protected", code)
            withdraw(protection)
            self.ask("no_match", code)
        connection.close()

    def recovered(self) -> bool:
        return all(right == answer for right, answer in self.said[-40:])


def test_a_machine_that_is_lost_costs_no_wrong_answer_and_its_shard_comes_back(
    web: Web, key: str, nodes: Nodes, follower: ClusterFollower
) -> None:
    known = [(random_hash(), random_details()) for _ in range(12)]
    for code, details in known:
        register(code, details)
    _, where = process(actors(follower)[1])
    traffic = Traffic(web, key, known)
    with ThreadPoolExecutor(3) as pool:
        running = [pool.submit(each) for each in (traffic.asking, traffic.asking, traffic.changing)]
        try:
            eventually(lambda: len(traffic.said) > 100)
            assert traffic.recovered()
            nodes.kill(next(node for node in nodes.nodes if node.node_id == where))
            eventually(lambda: any(answer == UNKNOWN for _, answer in traffic.said))
            eventually(traffic.recovered)
        finally:
            traffic.over.set()
        for each in running:
            each.result()
    assert not [each for each in traffic.said if each[1] not in (each[0], UNKNOWN)]
    assert process(actors(follower)[1])[1] != where


@pytest.mark.long
def test_shards_that_were_ended_are_made_again(web: Web, key: str, follower: ClusterFollower) -> None:
    code = random_hash()
    register(code)
    for actor in actors(follower):
        ray.kill(actor)
    assert ask(web, key, random_hash()) in (UNKNOWN, "index-loading")
    eventually(lambda: ask(web, key, random_hash()) == "no_match")
    assert ask(web, key, code) == "protected"


def test_no_part_of_the_cluster_can_be_reached_from_elsewhere(web: Web) -> None:
    """Ray asks nobody who he is: what reaches it can run anything."""
    family = [psutil.Process(), *psutil.Process().children(recursive=True)]
    sockets = [(each.name(), used) for each in family for used in connections(each)]
    assert len([name for name, used in sockets if used.status == psutil.CONN_LISTEN and "raylet" in name]) >= SHARDS
    away = [(name, used.laddr, used.raddr) for name, used in sockets if not all(map(is_here, (used.laddr, used.raddr)))]
    assert not away
    boards = [each.cmdline() for each in family if "dashboard/dashboard.py" in " ".join(each.cmdline())]
    assert all("--disable-frontend" in board for board in boards)  # what is left of it serves no page


@pytest.mark.long
def test_who_has_no_token_is_not_let_in(nodes: Nodes) -> None:
    said = []
    for given in ({}, {"RAY_AUTH_TOKEN": "another"}, {"RAY_AUTH_TOKEN": os.environ["RAY_AUTH_TOKEN"]}):
        environment = os.environ | {"RAY_AUTH_TOKEN": "", "RAY_AUTH_MODE": "token" if given else "disabled"} | given
        come_in = "import sys; from ray._raylet import GcsClient; GcsClient(address=sys.argv[1])"
        command = [sys.executable, "-c", come_in, nodes.address]
        said.append(subprocess.run(command, env=environment, capture_output=True, text=True, check=False).stderr)
    assert [each.count("ray.exceptions.AuthenticationError") > 0 for each in said] == [True, True, False], said


def connections(process: psutil.Process) -> list[Any]:
    return [each for each in process.net_connections("inet") if each.status != psutil.CONN_NONE]


def is_here(address: Any) -> bool:
    """Also where a socket has no such end."""
    return not address or ipaddress.ip_address(address.ip.removeprefix("::ffff:")).is_loopback


def test_no_argument_is_so_large_that_it_comes_into_the_object_store() -> None:
    """From there Ray may write it to a disk; smaller than 100 KB, and 10 MB together, it travels in the message."""

    def full() -> Fingerprint:
        hashes = (Hash("full", "pdq", os.urandom(32), 100, "original", 0, os.urandom(32)) for _ in range(MAX_HASHES))
        return Fingerprint("veto-1", tuple(hashes), 100)

    details = Details(tuple(scattered(number, keypoints=MOST_KEYPOINTS) for number in range(MOST_PARTS)))
    for arguments in ((frozenset({"veto-1"}), [[full()] for _ in range(ROUND)]), (details,)):
        cut = packed(arguments)
        assert max(map(len, cut)) < 80_000
        assert sum(map(len, cut)) < 5_000_000


@pytest.mark.long
def test_when_the_head_is_lost_no_answer_is_wrong(web: Web, key: str, nodes: Nodes) -> None:
    """The last test here. The shards answer on, until Ray ends them all, and who asks with them."""
    code = random_hash()
    register(code)
    right = ("protected", "no_match")
    assert (ask(web, key, code), ask(web, key, random_hash())) == right
    ray.shutdown()  # or this process would be ended too
    nodes.kill_head()
    while True:
        with contextlib.suppress(OSError, HTTPException):
            said = ask(web, key, code), ask(web, key, random_hash())
            if said == ("index-loading", "index-loading"):  # a new web process, which waits for another head
                break
            assert all(answer in (each, UNKNOWN) for answer, each in zip(said, right, strict=True))
        time.sleep(0.1)
