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
from datetime import UTC, datetime
from typing import Any

import psutil
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families as families
from prometheus_client.samples import Sample
from promql_parser import Expr, MatchOp, MatrixSelector, VectorSelector, parse, walk

from config.celery import app
from config.local.backup import STAMP
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
COPIED = datetime(2026, 11, 25, 3, tzinfo=UTC)
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
    copy = place / "backups" / "base" / f"{COPIED:{STAMP}}.tar.gz.age"
    copy.parent.mkdir(parents=True)
    copy.touch()
    counted = {"PROMETHEUS_MULTIPROC_DIR": str(folder)}
    backups = {"BACKUP_FOLDER": str(place / "backups")}
    with (
        django_db_blocker.unblock(),
        exporting(**counted, **backups) as port,
        serving(place / "web.log", **counted) as web,
    ):
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


def test_every_rule_and_graph_asks_for_what_is_exported_and_labels_are_words_of_ours(
    scraped: Scraped, committed: None
) -> None:
    app.loader.import_default_modules()
    for task in ("matching.tasks.settle_changes", "consent.tasks.release_pending"):
        assert app.tasks[task].apply().successful()
    found = [sample for family in families(scraped.text()) for sample in family.samples]
    wanted = [selector for text in [*(rule["expr"] for rule in RULES), *graphs()] for selector in selectors(text)]
    assert len(wanted) > 40
    nowhere = [str(each) for each in wanted if each.name != "up" and not any(meets(each, sample) for sample in found)]
    assert nowhere == []
    assert {label for sample in found for label in sample.labels} <= LABELS
    assert scraped.web.ask("GET", "/metrics").status == 404


def test_what_a_restore_would_start_from_shows(scraped: Scraped) -> None:
    samples = scraped.samples()
    assert samples[("veto_backup_timestamp_seconds",)] == COPIED.timestamp()
    assert samples[("veto_database_log_kept",)] == 1  # nothing is to be kept here


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


def graphs() -> Iterator[str]:
    """Their expressions, with Grafana's own variable filled in."""
    for panel in json.loads((ROOT / "deploy/grafana/veto.json").read_text())["panels"]:
        for target in panel["targets"]:
            yield target["expr"].replace("$__rate_interval", "5m")


def selectors(text: str) -> list[VectorSelector]:
    """The metrics that an expression asks for. Raises ValueError for what PromQL is not."""
    found: list[VectorSelector] = []

    def note(part: Expr) -> None:
        if isinstance(part, MatrixSelector):
            found.append(part.vector_selector)
        elif isinstance(part, VectorSelector):
            found.append(part)

    walk(parse(text), note)
    return found


def meets(selector: VectorSelector, sample: Sample) -> bool:
    wanted = {
        matcher.name: matcher.value if matcher.op == MatchOp.Re else re.escape(matcher.value)
        for matcher in selector.matchers.matchers
    }
    return selector.name == sample.name and all(
        re.fullmatch(pattern, sample.labels.get(name, "")) for name, pattern in wanted.items()
    )
