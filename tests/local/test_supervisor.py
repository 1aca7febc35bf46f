"""Children that die, that do not listen, that leave children of their own; supervisors that are killed."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from config.local import supervisor as supervising
from config.local.child import LARGEST_LOG, Child
from config.local.failure import LocalError
from config.local.home import ROOT, Home
from config.local.record import end_leftovers, note
from config.local.supervisor import Supervisor

MakeChild = Callable[..., Child]

# `make run` with children that only sleep. Its arguments: the home, then what each child runs in a shell.
RUN = """
import sys
from pathlib import Path
import config.local.run as running
from config.local.child import Child
from config.local.failure import LocalError
def start(home, given, address, supervisor):
    for number, script in enumerate(sys.argv[2:]):
        command = ["/bin/sh", "-c", script]
        log = home.log(f"child{number}")
        child = Child(f"child{number}", command, folder=home.path, environment={}, log=log, grace=1)
        supervisor.start(child)
    print(*supervisor.pids(), flush=True)
running.start = start
try:
    sys.exit(running.run({"VETO_HOME": sys.argv[1]}))
except LocalError as error:
    sys.exit(str(error))
"""


def gone(pid: int, seconds: float = 5.0) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.02)
    return False


def eventually(condition: Callable[[], bool], seconds: float = 10.0) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.02)
    return False


@pytest.fixture
def make_child(tmp_path: Path) -> MakeChild:
    def make(script: str, name: str = "child", grace: float = 1.0) -> Child:
        command = ["/bin/sh", "-c", script]
        return Child(name, command, folder=tmp_path, environment={}, log=tmp_path / f"{name}.log", grace=grace)

    return make


@pytest.fixture
def supervisor(monkeypatch: pytest.MonkeyPatch) -> Supervisor:
    monkeypatch.setattr(supervising, "FIRST_PAUSE", 0.01)
    return Supervisor()


def test_a_child_that_dies_is_started_again_and_that_is_said(
    supervisor: Supervisor, make_child: MakeChild, capsys: pytest.CaptureFixture[str]
) -> None:
    child = make_child("sleep 60", "web")
    supervisor.start(child)
    first = child.pid
    os.kill(first, signal.SIGKILL)

    def again() -> bool:
        supervisor.check()
        return child.running and child.pid != first

    assert eventually(again)
    supervisor.stop()
    assert capsys.readouterr().out == f"web ended with code -9; starting it again in 0.01 s. Log: {child.log}\n"


def test_a_child_that_keeps_dying_ends_everything_with_its_last_words(
    supervisor: Supervisor, make_child: MakeChild
) -> None:
    supervisor.start(make_child("sleep 60", "steady"))
    supervisor.start(make_child("echo the reason; exit 3", "web"))
    pids = supervisor.pids()

    def watch() -> bool:
        supervisor.check()
        return False

    with pytest.raises(LocalError, match=r"web keeps ending \(ended with code 3\)(?s:.*)web\.log(?s:.*)the reason"):
        eventually(watch)
    supervisor.stop()
    assert all(gone(pid) for pid in pids)


def test_a_child_that_does_not_listen_is_killed(make_child: MakeChild) -> None:
    child = make_child("trap '' TERM; while :; do sleep 0.05; done", grace=0.3)
    child.start()
    time.sleep(0.2)
    child.stop()
    assert child.exit_code == -signal.SIGKILL


def test_grandchildren_go_with_their_parent_even_when_it_was_killed(make_child: MakeChild) -> None:
    child = make_child("sleep 61 & sleep 62 & echo $! ; wait")
    child.start()
    assert eventually(lambda: len(child.family()) == 3)
    family = child.family()
    os.kill(child.pid, signal.SIGKILL)
    assert gone(child.pid)
    child.stop()
    assert all(gone(process.pid) for process in family)


def test_a_stopped_child_s_strangers_are_left_alone(make_child: MakeChild) -> None:
    stranger = subprocess.Popen(["sleep", "60"], start_new_session=True)
    try:
        child = make_child("sleep 60")
        child.start()
        child.stop()
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_a_large_log_is_cut_to_its_end_at_the_next_start(make_child: MakeChild) -> None:
    child = make_child("echo new")
    child.log.write_text("old\n" * (LARGEST_LOG // 4 + 1))
    child.start()
    child.wait(10)
    assert child.log.stat().st_size < LARGEST_LOG / 2
    assert child.last_lines(2) == "  old\n  new"


def test_a_program_that_is_not_there_is_named(tmp_path: Path) -> None:
    child = Child("x", ["/no/such"], folder=tmp_path, environment={}, log=tmp_path / "log")
    child.start()
    assert child.wait(10) == 1
    assert child.last_lines() == "  cannot start /no/such: No such file or directory"


def start_run(home: Path, *scripts: str) -> tuple["subprocess.Popen[str]", list[int]]:
    run = subprocess.Popen(
        [sys.executable, "-c", RUN, str(home), *scripts],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert run.stdout is not None
    return run, [int(pid) for pid in run.stdout.readline().split()]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_the_children_and_only_them_with_exit_code_0(tmp_path: Path, number: signal.Signals) -> None:
    stranger = subprocess.Popen(["sleep", "60"])
    try:
        run, children = start_run(tmp_path / "home", "sleep 60", "sleep 60 & wait")
        with run:
            run.send_signal(number)
            output, errors = run.communicate(timeout=20)
        assert (run.returncode, output.split(), errors) == (0, ["Stopping.", "Stopped."], "")
        assert len(children) == 2
        assert all(gone(pid) for pid in children)
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_a_second_ctrl_c_makes_it_quick(tmp_path: Path) -> None:
    run, children = start_run(tmp_path / "home", "trap '' TERM; while :; do sleep 0.05; done")
    with run:
        time.sleep(0.2)
        run.send_signal(signal.SIGINT)
        time.sleep(0.2)
        run.send_signal(signal.SIGINT)
        assert run.wait(10) == 0
    assert all(gone(pid) for pid in children)


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's signal at a parent's death is Linux's")
def test_children_do_not_outlive_a_killed_supervisor(tmp_path: Path) -> None:
    run, children = start_run(tmp_path / "home", "sleep 60", "sleep 60")
    with run:
        run.kill()
    assert all(gone(pid) for pid in children)
    again, _ = start_run(tmp_path / "home", "sleep 60")
    with again:
        again.terminate()
        assert again.wait(20) == 0


def test_a_refused_second_run_harms_nothing_of_the_first(tmp_path: Path) -> None:
    run, children = start_run(tmp_path / "home", "sleep 60")
    with run:
        noted = (tmp_path / "home" / "running.json").read_text()
        second, none = start_run(tmp_path / "home", "sleep 60")
        with second:
            assert second.wait(20) == 1
            assert second.stderr is not None
            assert "already runs" in second.stderr.read()
        assert not none
        assert (tmp_path / "home" / "running.json").read_text() == noted
        assert all(psutil.pid_exists(pid) for pid in children)
        run.terminate()
        assert run.wait(20) == 0


def test_what_a_killed_run_left_is_ended_but_not_a_stranger_with_a_reused_id(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.open()
    left = subprocess.Popen(["sh", "-c", "trap '' TERM; sleep 60 & wait"], start_new_session=True)
    stranger = subprocess.Popen(["sleep", "60"], start_new_session=True)
    try:
        note(home, [left.pid, stranger.pid])
        noted = json.loads((tmp_path / "running.json").read_text())
        noted[1]["started"] -= 1000
        (tmp_path / "running.json").write_text(json.dumps(noted))
        assert end_leftovers(home) >= 1
        assert left.wait(10) == -signal.SIGKILL
        assert stranger.poll() is None
        assert end_leftovers(home) == 0
    finally:
        home.close()
        for process in (left, stranger):
            process.kill()
            process.wait()
