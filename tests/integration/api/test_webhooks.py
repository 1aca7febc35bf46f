"""Webhooks: what changes is told to whoever was told of it before, signed, at least once, and to public addresses."""

import base64
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.db import transaction
from django.utils import timezone
from standardwebhooks import Webhook, WebhookVerificationError

from matching import events, outgoing, refs, registry, tasks, webhooks
from matching.models import Delivery, Event, Platform, Told, WebhookEndpoint
from tests.integration.api.receiver import Receiver, receiving
from tests.integration.sequence.hashes import fingerprint, random_hash
from tests.integration.sequence.processes import until
from tests.integration.web import ROOT, Answer, Web, new_key

pytestmark = pytest.mark.usefixtures("committed")

LOOPBACK = "127.0.0.0/8,::1/128"


@pytest.fixture(autouse=True)
def on_loopback(settings: Any) -> None:
    settings.WEBHOOK_NETWORKS = LOOPBACK.split(",")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


class Listener:
    """A platform with a key that may do all this, and an endpoint."""

    def __init__(self, web: Web) -> None:
        self.web = web
        self.name = f"Listener {uuid4().hex}"
        self.key = new_key(self.name, "--scopes", "check,webhooks")
        self.platform = Platform.objects.get(name=self.name)

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        return self.web.ask(method, f"/v1/{path}", body, self.key, **headers)

    def listens(self, url: str, *types: str) -> dict[str, Any]:
        """An endpoint; made without the API where its address is one that only these tests allow."""
        endpoint = webhooks.make_endpoint(
            url=url, types=types or ["protection.changed", "protection.removed"], platform_id=self.platform.id,
            livemode=True,
        )  # fmt: skip
        return {"secret": webhooks.shown_secret(endpoint), "public_key": webhooks.shown_public_key(endpoint)} | {
            "id": endpoint.public_id
        }

    def is_told_of(self, protection: UUID) -> str:
        ref = refs.protection_ref(self.platform.id, protection)
        Told.objects.create(platform=self.platform, protection=protection, ref=ref, at=timezone.now())
        return ref

    def pending(self) -> list[Delivery]:
        return list(Delivery.objects.filter(endpoint__platform=self.platform))

    def due_now(self) -> None:
        Delivery.objects.filter(endpoint__platform=self.platform).update(due_at=timezone.now() - timedelta(seconds=1))

    def pulled(self, after: str = "", limit: int = 100) -> dict[str, Any]:
        answer: dict[str, Any] = self.ask("GET", f"events?after={after}&limit={limit}").json
        return answer


@pytest.fixture
def listener(web: Web) -> Listener:
    return Listener(web)


def protection() -> UUID:
    return registry.protect([fingerprint(random_hash())], refuse=["edit"], assurance=1)


def deliver() -> None:
    while webhooks.deliver_due():
        pass


def test_what_changes_is_told_with_signatures_that_receivers_verify(listener: Listener, receiver: Receiver) -> None:
    endpoint = listener.listens(receiver.url + "/hook?from=veto")
    mine, other = protection(), protection()
    ref = listener.is_told_of(mine)
    with transaction.atomic():
        registry.revise(mine, refuse=["train"])
        registry.revise(other, refuse=["train"])
        registry.withdraw(mine)
        registry.erase(mine)
    deliver()
    told = [(json.loads(body)["type"], json.loads(body)["data"]) for _, body in receiver.received]
    assert sorted(told, key=str) == [
        ("protection.changed", {"ref": ref}),
        ("protection.removed", {"ref": ref}),
        ("protection.removed", {"ref": ref}),
    ]
    assert receiver.paths == ["/hook?from=veto"] * 3
    for headers, body in receiver.received:
        said = Webhook(endpoint["secret"]).verify(body, headers)
        assert said["id"] == headers["webhook-id"]
        with pytest.raises(WebhookVerificationError):
            Webhook(endpoint["secret"]).verify(body.replace(b"prt_", b"ptr_"), headers)
        kinds = dict(each.split(",") for each in headers["webhook-signature"].split(" "))
        public = base64.b64decode(endpoint["public_key"].removeprefix("whpk_"))
        message = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        Ed25519PublicKey.from_public_bytes(public).verify(base64.b64decode(kinds["v1a"]), message)
    assert listener.pending() == []
    assert not Told.objects.filter(protection=mine).exists()


def test_what_is_rolled_back_is_told_to_nobody(listener: Listener, receiver: Receiver) -> None:
    listener.listens(receiver.url)
    mine = protection()
    listener.is_told_of(mine)
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        registry.withdraw(mine)
        raise ZeroDivisionError
    deliver()
    assert receiver.received == []
    assert listener.pulled()["data"] == []


def changed(listener: Listener) -> None:
    mine = protection()
    listener.is_told_of(mine)
    with transaction.atomic():
        registry.revise(mine, refuse=["train"])


def test_what_is_not_taken_is_sent_again_later_and_later_under_the_same_id(
    listener: Listener, receiver: Receiver
) -> None:
    listener.listens(receiver.url)
    receiver.statuses = [500, 302, 404]
    changed(listener)
    waits = []
    for _ in range(3):
        deliver()
        [pending] = listener.pending()
        waits.append((pending.due_at - timezone.now()).total_seconds())
        assert WebhookEndpoint.objects.get(platform=listener.platform).failing_since
        listener.due_now()
    deliver()
    assert waits == sorted(waits)
    assert waits[0] < 10 < 1000 < waits[2]
    assert len(receiver.received) == 4
    assert len(set(receiver.ids())) == 1
    assert "/elsewhere" not in receiver.paths  # a redirect is not followed
    assert listener.pending() == []
    assert WebhookEndpoint.objects.get(platform=listener.platform).failing_since is None


def test_after_three_days_it_is_given_up_and_can_still_be_pulled(listener: Listener) -> None:
    listener.listens("http://localhost:1/")
    changed(listener)
    for _ in range(len(webhooks.BACK_OFF) + 1):
        assert len(listener.pending()) == 1
        listener.due_now()
        deliver()
    assert listener.pending() == []
    assert sum(webhooks.BACK_OFF, timedelta()) > timedelta(days=2.5)
    assert [each["type"] for each in listener.pulled()["data"]] == ["protection.changed"]


def test_an_endpoint_that_is_gone_is_sent_no_more(listener: Listener, receiver: Receiver) -> None:
    listener.listens(receiver.url)
    receiver.statuses = [410]
    changed(listener)
    deliver()
    changed(listener)
    deliver()
    assert len(receiver.received) == 1
    [shown] = listener.ask("GET", "webhook-endpoints").json["data"]
    assert shown["disabled_at"]


def test_a_delivery_whose_process_was_killed_is_sent_again(listener: Listener, receiver: Receiver) -> None:
    listener.listens(receiver.url)
    changed(listener)
    receiver.may_answer.clear()
    program = "import django; django.setup(); from matching import webhooks; webhooks.deliver_due()"
    environment = os.environ | {"WEBHOOK_NETWORKS": LOOPBACK, "DJANGO_SETTINGS_MODULE": "config.settings"}
    victim = subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, env=environment)
    until(lambda: len(receiver.received) == 1)
    victim.send_signal(signal.SIGKILL)
    victim.wait(30)
    receiver.may_answer.set()
    [pending] = listener.pending()
    assert timedelta() < pending.due_at - timezone.now() <= webhooks.LEASE  # nobody sends it meanwhile
    listener.due_now()
    deliver()
    assert len(set(receiver.ids())) == 1
    assert listener.pending() == []


def test_a_worker_that_is_asked_to_end_finishes_the_task_it_has_begun(listener: Listener, receiver: Receiver) -> None:
    listener.listens(receiver.url)
    changed(listener)
    receiver.may_answer.clear()
    program = [sys.executable, "-m", "celery", "-A", "config.celery", "worker", "-Q", "celery", "--concurrency", "1"]
    worker = subprocess.Popen(program, cwd=ROOT, env=os.environ | {"WEBHOOK_NETWORKS": LOOPBACK})
    tasks.deliver_webhooks.delay()
    until(lambda: len(receiver.received) == 1)
    worker.terminate()
    with pytest.raises(subprocess.TimeoutExpired):
        worker.wait(0.5)
    receiver.may_answer.set()
    assert worker.wait(30) == 0
    assert (len(receiver.received), listener.pending()) == (1, [])


def test_events_are_pulled_in_order_and_none_is_skipped_that_commits_late(listener: Listener) -> None:
    import threading

    def write(number: int) -> None:
        events.write([(listener.platform.id, True, "key.expiring", {"kid": str(number)})])

    written, may_commit = threading.Event(), threading.Event()

    def late() -> None:
        from django.db import connection

        with transaction.atomic():
            write(1)
            written.set()
            may_commit.wait(30)
        connection.close()

    thread = threading.Thread(target=late)
    thread.start()
    written.wait(30)
    write(2)
    first = listener.pulled()
    assert [each["data"]["kid"] for each in first["data"]] == ["2"]
    may_commit.set()
    thread.join()
    write(3)
    second = listener.pulled(first["next"], limit=1)
    third = listener.pulled(second["next"], limit=1)
    kids = [each["data"]["kid"] for page in (second, third) for each in page["data"]]
    assert sorted(kids) == ["1", "3"]
    assert (second["has_more"], third["has_more"]) == (True, False)
    assert listener.pulled(third["next"]) == {"data": [], "has_more": False, "next": third["next"]}


def test_events_are_forgotten_after_thirty_days(listener: Listener) -> None:
    changed(listener)
    changed(listener)
    old, young = Event.objects.filter(platform=listener.platform)
    Event.objects.filter(id=old.id).update(at=timezone.now() - timedelta(days=31))
    events.purge()
    assert [each["id"] for each in listener.pulled()["data"]] == [young.public_id]


def test_a_key_that_ends_soon_is_told_once(listener: Listener) -> None:
    soon = new_key(listener.name, "--expires-in-days", "10")
    new_key(listener.name, "--expires-in-days", "20")
    events.keys_that_expire_soon()
    events.keys_that_expire_soon()
    assert [each["data"]["kid"] for each in listener.pulled()["data"]] == [soon.split("_")[2]]


def test_endpoints_are_made_listed_and_deleted_by_their_platform_alone(web: Web, listener: Listener) -> None:
    body = {"url": "https://platform.example/veto", "types": ["key.expiring"]}
    made = listener.ask("POST", "webhook-endpoints", body, Idempotency_Key="one")
    assert made.status == 201
    assert listener.ask("POST", "webhook-endpoints", body, Idempotency_Key="one").json == made.json
    [listed] = listener.ask("GET", "webhook-endpoints").json["data"]
    assert {name: made.json[name] for name in listed} == listed
    assert made.json.keys() - listed.keys() == {"secret"}
    other = Listener(web)
    assert other.ask("GET", "webhook-endpoints").json["data"] == []
    path = f"webhook-endpoints/{made.json['id']}"
    assert other.ask("DELETE", path).status == 404
    test_key = new_key(listener.name, "--test", "--scopes", "webhooks")
    assert web.ask("DELETE", f"/v1/{path}", None, test_key).status == 404
    assert listener.ask("DELETE", path).status == 204
    assert listener.ask("DELETE", path).status == 404
    for number in range(10):
        assert listener.ask("POST", "webhook-endpoints", {"url": f"https://platform.example/{number}"}).status == 201
    assert listener.ask("POST", "webhook-endpoints", body).json["code"] == "invalid-request"


@pytest.mark.parametrize(
    "url",
    [
        "http://platform.example/", "ftp://platform.example/", "https://", "https://user@platform.example/", "x",
        "https://platform.example/#part", "https://platform.example:99999/", "https://plat form.example/",
        "https://platform.example:0/", "https://é.example/", "https://platform.example/\r\nHost: x", "https://[::1/",
    ],
)  # fmt: skip
def test_an_address_that_cannot_be_sent_to_is_refused(listener: Listener, url: str) -> None:
    refused = listener.ask("POST", "webhook-endpoints", {"url": url})
    assert (refused.status, refused.json["code"]) == (422, "invalid-request"), refused.json


@pytest.mark.parametrize("query", ["after=x", "after=-1", "after=" + "9" * 19, "limit=0", "limit=101"])
def test_a_page_that_is_none_is_a_clear_error(listener: Listener, query: str) -> None:
    assert listener.ask("GET", f"events?{query}").status == 422


INSIDE = [
    "127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
    "255.255.255.255", "198.18.0.1", "240.0.0.1", "::", "::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "fe80::1",
    "fc00::1", "ff02::1", "2002:7f00:1::", "2001:0:1:2:3:4:5:6", "64:ff9b::7f00:1", "::127.0.0.1",
]  # fmt: skip


@pytest.mark.parametrize("address", INSIDE)
def test_what_is_inside_is_not_public(address: str) -> None:
    assert not outgoing.is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "2001:4860:4860::8888", "::ffff:8.8.8.8"])
def test_what_is_outside_is_public(address: str) -> None:
    assert outgoing.is_public(address)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]", "0x7f.1", "2130706433", "none.invalid"])
def test_without_an_operator_s_leave_nothing_inside_is_connected_to(
    host: str, receiver: Receiver, settings: Any
) -> None:
    settings.WEBHOOK_NETWORKS = []
    port = receiver.url.rpartition(":")[2]
    with pytest.raises(outgoing.UnreachableError, match=r"no public address|not known"):
        outgoing.post(f"https://{host}:{port}/", b"{}", {})
    assert receiver.received == []


def test_a_name_is_looked_up_once_and_what_was_checked_is_connected_to(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that resolves to something allowed and then to something inside gains nothing."""
    found, look_up = iter(["127.0.0.1", "127.0.0.2"]), socket.getaddrinfo

    def rebound(host: str, *rest: Any, **more: Any) -> Any:
        return look_up(next(found) if host == "rebound.example" else host, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", rebound)
    port = receiver.url.rpartition(":")[2]
    assert outgoing.post(f"http://rebound.example:{port}/", b"{}", {}) == 204
    assert receiver.received[0][0]["host"] == f"rebound.example:{port}"
    assert next(found) == "127.0.0.2"


def test_an_answer_that_trickles_ends_in_time(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outgoing, "ALL_S", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as server:

        def trickle() -> None:
            line, _ = server.accept()
            with line:
                try:
                    for letter in b"HTTP/1.1 200 OK\r\n" + b"x" * 200:
                        line.sendall(bytes([letter]))
                        time.sleep(0.05)
                except OSError:
                    return

        thread = threading.Thread(target=trickle)
        thread.start()
        with pytest.raises(outgoing.UnreachableError):
            outgoing.post(f"http://127.0.0.1:{server.getsockname()[1]}/", b"{}", {})
        thread.join(30)
