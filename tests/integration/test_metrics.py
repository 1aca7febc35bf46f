"""What Prometheus reads of a real service, and that every rule, graph and runbook speaks of something that is there."""

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families as families

from config.celery import app
from matching import limits, metrics
from matching.follower import lacking
from matching.published import Position
from tests.integration.sequence.processes import question, until
from tests.integration.web import ROOT, Web, new_key, serving

RULES: list[dict[str, Any]] = [
    rule
    for group in yaml.safe_load((ROOT / "deploy/prometheus/alerts.yml").read_text())["groups"]
    for rule in group["rules"]
]
CODE = "5a" * 32
LABELS = {
    *("le", "pid", "mode", "outcome", "kind", "status", "code", "how", "what", "index", "state", "task"),
}


@dataclass(frozen=True)
class Scraped:
    port: int
    web: Web

    def text(self) -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=10) as answer:
            return str(answer.read().decode())

    def samples(self) -> dict[tuple[str, ...], float]:
        """By name and the values of its labels, in the order of their names."""
        return {
            (sample.name, *sample.labels.values()): sample.value
            for family in families(self.text())
            for sample in family.samples
        }


@contextlib.contextmanager
def exporting(**environment: str) -> Iterator[int]:
    """`manage.py metrics`; its port."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = int(probe.getsockname()[1])
    command = [sys.executable, "manage.py", "metrics"]
    process = subprocess.Popen(command, cwd=ROOT, env=os.environ | environment | {"METRICS_PORT": str(port)})
    try:
        yield port
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture(scope="module")
def scraped(
    django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Scraped]:
    place = tmp_path_factory.mktemp("metrics")
    folder = place / "counted"
    folder.mkdir()
    counted = {"PROMETHEUS_MULTIPROC_DIR": str(folder)}
    with django_db_blocker.unblock(), exporting(**counted) as port, serving(place / "web.log", **counted) as web:
        scraped = Scraped(port, web)
        until(lambda: answers(scraped, "veto_index_current"))
        yield scraped


def answers(scraped: Scraped, with_: str) -> bool:
    try:
        return any(name == with_ for name, *_ in scraped.samples())
    except OSError:
        return False


def ready(web: Web) -> bool:
    try:
        return web.ask("GET", "/readyz").status == 200
    except OSError:
        return False


def test_a_question_is_counted_by_how_it_ended_and_what_was_refused_by_its_code(
    scraped: Scraped, committed: None
) -> None:
    key, before = new_key("Counted"), scraped.samples()
    assert scraped.web.check(question(CODE), key).json["result"] == "no_match"
    assert scraped.web.check(question("none"), key).status == 422
    assert scraped.web.ask("POST", "/v1/check", question(CODE), "veto_live_none").status == 401
    after = scraped.samples()
    risen = {name for name, value in after.items() if value > before.get(name, 0) and "_seconds" not in name[0]}
    assert risen == {
        ("veto_checks_total", "live", "no_match"),
        ("veto_problems_total", "invalid-hash", "422"),
        ("veto_problems_total", "invalid-key", "401"),
    }
    assert after["veto_check_seconds_count", "hashes"] == before["veto_check_seconds_count", "hashes"] + 3


def test_what_is_refused_in_front_of_django_is_counted_too(scraped: Scraped) -> None:
    refused = ("veto_problems_total", "too-large", "413")
    before = scraped.samples()[refused]
    with socket.create_connection(("127.0.0.1", scraped.web.port)) as line:
        line.sendall(b"POST /photos/add HTTP/1.1\r\nHost: localhost\r\nContent-Length: 900000000\r\n\r\n")
        assert line.recv(100).startswith(b"HTTP/1.1 413")
    until(lambda: scraped.samples()[refused] == before + 1, within=5)


def test_a_process_that_has_ended_says_nothing_more_and_what_it_counted_stays(
    scraped: Scraped, committed: None
) -> None:
    def processes() -> set[str]:
        return {pid for name, *labels in scraped.samples() if name == "veto_index_generation" for pid in labels}

    assert scraped.web.check(question(CODE), new_key("Counted")).status == 200
    [worker], counted = processes(), scraped.samples()["veto_checks_total", "live", "no_match"]
    assert psutil.Process(int(worker)).ppid() == scraped.web.pid
    os.kill(int(worker), signal.SIGKILL)
    until(lambda: processes() not in (set(), {worker}))
    assert worker not in processes()
    until(lambda: ready(scraped.web))
    assert scraped.samples()["veto_checks_total", "live", "no_match"] == counted


def test_every_name_in_a_rule_or_a_graph_is_exported_and_labels_are_words_of_ours(
    scraped: Scraped, committed: None
) -> None:
    app.loader.import_default_modules()
    assert app.tasks["matching.tasks.settle_changes"].apply().successful()
    found = [sample for family in families(scraped.text()) for sample in family.samples]
    exported = {sample.name for sample in found}
    used = set(re.findall(r"\bveto_\w+", json.dumps([rule["expr"] for rule in RULES]) + dashboard()))
    assert len(used) > 20
    assert used - exported == set()
    assert {label for sample in found for label in sample.labels} <= LABELS
    assert scraped.web.ask("GET", "/metrics").status == 404


def test_where_a_service_is_away_that_is_said_and_nothing_that_it_alone_knows(scraped: Scraped) -> None:
    away = {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none", "REDIS_URL": "redis://127.0.0.1:1/0"}
    with exporting(**away) as port:
        lonely = Scraped(port, scraped.web)
        until(lambda: answers(lonely, "veto_database_up"))
        assert lonely.samples() == {("veto_database_up",): 0, ("veto_valkey_up",): 0}


def test_a_limit_that_is_counted_in_one_process_shows(scraped: Scraped) -> None:
    alone = metrics.FALLBACKS.labels("quota")
    before, buckets = sum(sample.value for each in alone.collect() for sample in each.samples), limits.Buckets()
    buckets._away_until = float("inf")
    buckets.take("veto:quota:away", 1, 600)
    assert sum(sample.value for each in alone.collect() for sample in each.samples) > before


@pytest.mark.parametrize(
    ("held", "lacks"), [(None, 7), (Position(1, 9), 7), (Position(2, 4), 3), (Position(2, 7), 0), (Position(2, 8), 0)]
)
def test_how_far_a_process_is_behind_counts_every_change_of_another_epoch(held: Position | None, lacks: int) -> None:
    assert lacking(held, Position(2, 7)) == lacks


def test_every_rule_is_a_promise_with_a_runbook_that_is_there() -> None:
    text = (ROOT / "docs/operations.md").read_text()
    headings = re.findall(r"^## (.+)$", text, re.MULTILINE)
    anchors = {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}
    runbooks = set()
    for rule in RULES:
        assert rule["labels"]["severity"] in {"critical", "warning", "info"}, rule["alert"]
        assert rule["annotations"]["summary"].endswith("."), rule["alert"]
        runbooks.add(rule["annotations"]["runbook"].removeprefix("docs/operations.md#"))
    assert anchors - runbooks == {"metrics", "start-stop-restart", "checks-answer-503"}
    assert runbooks | set(re.findall(r"\]\(#([^)]+)\)", text)) <= anchors


def test_every_problem_has_a_count_from_the_start() -> None:
    counted = {sample.labels["code"] for family in metrics.PROBLEMS.collect() for sample in family.samples}
    assert counted == {*metrics.KINDS, metrics.PAGE}


def dashboard() -> str:
    file = Path(ROOT / "deploy/grafana/veto.json")
    panels = json.loads(file.read_text())["panels"]
    return json.dumps([target["expr"] for panel in panels for target in panel.get("targets", ())])
