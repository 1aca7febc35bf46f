"""`make run` itself, with all that belongs to it: started, asked, killed, started again, ended."""

import contextlib
import json
import os
import shlex
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from config.local.home import ROOT


class Run:
    def __init__(self, home: Path, port: int, place: str, **environment: str) -> None:
        self.said = ""
        self.process = subprocess.Popen(
            [sys.executable, "-m", "config.local", "run"],
            cwd=ROOT,
            env={"PATH": os.defpath, "VETO_HOME": str(home), "PORT": str(port), "TMPDIR": place} | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def await_curl(self) -> list[str]:
        """The printed line as words."""
        return shlex.split(self.await_line("curl "))

    def await_line(self, words: str) -> str:
        assert self.process.stdout
        for line in self.process.stdout:
            self.said += line
            if words in line:
                return line
        raise AssertionError(self.said)

    def everything(self) -> list[psutil.Process]:
        leader = psutil.Process(self.process.pid)
        return [leader, *leader.children(recursive=True)]


def result_of(curl: list[str]) -> str:
    """What the printed line asks, without asking that curl be installed."""
    headers = dict(word.split(": ", 1) for word in curl if ": " in word)
    photo = Path(curl[-1].removeprefix("@")).read_bytes()
    with urllib.request.urlopen(urllib.request.Request(curl[2], photo, headers), timeout=60) as answer:
        return str(json.load(answer)["result"])


def all_gone(processes: list[psutil.Process]) -> bool:
    _, alive = psutil.wait_procs(processes, timeout=20)
    return all(process.status() == psutil.STATUS_ZOMBIE for process in alive)


@contextlib.contextmanager
def running(home: Path, port: int, place: str, **environment: str) -> Iterator[Run]:
    run = Run(home, port, place, **environment)
    try:
        yield run
    finally:
        run.process.terminate()
        run.process.communicate(timeout=60)


def test_it_serves_survives_a_kill_of_everything_finds_its_data_again_and_leaves_nothing(
    tmp_path: Path, free_port: int, place: str
) -> None:
    home = tmp_path / "with a space"
    with running(home, free_port, place) as first:
        curl = first.await_curl()
        assert result_of(curl) == "protected"
        killed = first.everything()
        for process in killed:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        assert all_gone(killed)
    with running(home, free_port, place) as second:
        assert second.await_curl() == curl  # the same key: its data is there
        assert result_of(curl) == "protected"
        with running(tmp_path / "another", free_port, place) as third:
            output, _ = third.process.communicate(timeout=60)
            assert f"Port {free_port} on 127.0.0.1 is taken" in output
            assert third.process.returncode == 1
        ended = second.everything()
        second.process.send_signal(signal.SIGINT)
        output, _ = second.process.communicate(timeout=60)
        assert (output.split()[-2:], second.process.returncode) == (["Stopping.", "Stopped."], 0)
        assert all_gone(ended)
    assert list(Path(place).iterdir()) == []


@pytest.mark.long
def test_on_a_database_that_was_put_back_it_says_what_to_do_and_goes_on_when_that_is_done(
    tmp_path: Path, free_port: int, place: str
) -> None:
    home = tmp_path / "home"
    with running(home, free_port, place) as first:
        first.await_curl()
        urls = dict(line.split("=", 1) for line in (home / "veto.env").read_text().splitlines() if "=" in line)
        with psycopg.connect(urls["DATABASE_OWNER_URL"], autocommit=True) as owner:
            owner.execute("UPDATE matching_sequence SET history = 'of another'")
    with running(home, free_port, place, WEB_WORKERS="1") as second:  # another may take a second longer to notice
        second.await_line("manage.py restored")
        line = [sys.executable, "manage.py", "restored", "--without-ledger"]
        subprocess.run(line, cwd=ROOT, env={"PATH": os.defpath, "VETO_HOME": str(home)}, check=True)
        assert result_of(second.await_curl()) == "protected"
    assert second.said.count("manage.py restored") == 1
