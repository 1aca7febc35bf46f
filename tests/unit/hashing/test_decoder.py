"""The decoder process: limits, privileges, and what dies with what. On real processes."""

import multiprocessing
import os
import signal
import socket
import subprocess
import sys
import threading
import zlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Self

import pytest
from PIL import Image

from matching.hashing import decoder as decoder_module
from matching.hashing import decoder_process, sandbox, wire
from matching.hashing.decoder import (
    Decoder,
    DecoderUnavailable,
    ImageTooLarge,
    TooManyPixels,
    UndecodableImage,
    UnsupportedImage,
    shared_decoder,
)
from matching.hashing.fingerprint import Fingerprint, Hash, join
from matching.hashing.hashes import fingerprint_of, query_of
from matching.hashing.pictures import pictures
from matching.hashing.profile import PROFILES, VETO_1
from matching.hashing.wire import Task
from tests.unit.hashing.decoders import PHOTO, ROOT, HalfSent, ended, server_of, unpacked
from tests.unit.hashing.material import encoded, photographs
from tests.unit.hashing.test_pictures import png_of


class ServerRunning:
    """A server with other limits, spoken to directly."""

    def __init__(self, code: str) -> None:
        self.code = code

    def __enter__(self) -> Self:
        self.control, theirs = socket.socketpair()
        with theirs:
            self.server = subprocess.Popen(
                [sys.executable, "-c", self.code, str(theirs.fileno()), "1"],
                cwd=ROOT,
                env=decoder_module._environment(),
                pass_fds=[theirs.fileno()],
            )
        assert self.control.recv(1) == wire.READY
        return self

    def __call__(self, image: bytes, *, withhold: bool = False) -> tuple[Fingerprint, ...]:
        ours, theirs = socket.socketpair()
        with ours:
            with theirs:
                socket.send_fds(self.control, [wire.REQUEST], [theirs.fileno()])
            ours.settimeout(60)
            if withhold:
                ours.sendall(wire._REQUEST.pack(len(image)))
            else:
                wire.send_image(ours, image)
                wire.send_task(ours, Task.QUERIES)
            return unpacked(wire.receive_reply(ours))

    def __exit__(self, *_: object) -> None:
        self.control.close()
        self.server.wait(timeout=30)


def test_the_answers_are_those_of_the_pure_functions(decoder: Decoder) -> None:
    found = pictures(PHOTO)
    assert decoder.fingerprints(PHOTO) == (fingerprint_of(found),)
    assert decoder.queries(PHOTO) == (query_of(found),)
    assert decoder.queries(PHOTO, effort="high") == (query_of(found, "high"),)


def test_a_blank_image_is_an_answer_without_hashes(decoder: Decoder) -> None:
    blank = encoded(Image.new("RGB", (300, 300), "white"), "PNG")
    assert decoder.queries(blank) == (Fingerprint("veto-1", (), 0),)
    assert decoder.fingerprints(encoded(Image.new("L", (1, 1)), "PNG")) == (Fingerprint("veto-1", (), 0),)


@pytest.mark.parametrize(
    ("image", "error", "words"),
    [
        (b"", UndecodableImage, "empty"),
        (b"this is text, whatever its name says", UnsupportedImage, "JPEG, PNG, WebP, GIF and AVIF"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", UnsupportedImage, "JPEG"),
        (PHOTO[: len(PHOTO) // 2], UndecodableImage, "damaged or incomplete"),
        (png_of(0, 0), UndecodableImage, "damaged|no pixels"),
        (png_of(30_000, 30_000), TooManyPixels, "900.0 megapixels; the limit is 100 megapixels"),
        (bytes(20_000_001), ImageTooLarge, "20.0 MB; the limit is 20 MB"),
        (bytes(50_000_000), ImageTooLarge, "50.0 MB; the limit is 20 MB"),
    ],
    ids=["empty", "text", "svg", "truncated", "0×0", "bomb", "20 MB and a byte", "50 MB"],
)
def test_a_bad_image_is_refused_with_its_reason_and_the_next_is_served(
    decoder: Decoder, image: bytes, error: type[decoder_module.ImageError], words: str
) -> None:
    with pytest.raises(error, match=words) as caught:
        decoder.queries(image)
    assert caught.value.detail == str(caught.value)
    assert decoder.queries(PHOTO)[0].hashes


def test_the_biggest_accepted_png_is_decoded(decoder: Decoder) -> None:
    size = (10_000, 10_000)
    row = b"\x00" + bytes(range(250)) * 160
    packer = zlib.compressobj(1)
    data = b"".join(packer.compress(row) for _ in range(size[1])) + packer.flush()
    image = bytearray(png_of(*size, kind=6))
    begin = image.index(b"IDAT") - 4
    image[begin:] = len(data).to_bytes(4) + b"IDAT" + data + zlib.crc32(b"IDAT" + data).to_bytes(4)
    image += bytes(4) + b"IEND" + zlib.crc32(b"IEND").to_bytes(4)
    assert decoder.fingerprints(bytes(image))[0].profile == "veto-1"


def test_an_image_that_needs_too_much_memory_is_undecodable() -> None:
    code = (
        "import sys, socket, resource\n"
        "from matching.hashing import sandbox\n"
        "sandbox.MEMORY_BYTES = 420_000_000\n"
        "from matching.hashing.decoder_process import main\n"
        "main(sys.argv[1:])\n"
    )
    with ServerRunning(code) as ask:
        with pytest.raises(UndecodableImage, match=r"memory|damaged"):
            ask(encoded(Image.new("RGBA", (9000, 9000)), "PNG"))
        assert ask(PHOTO)[0].hashes


def test_an_image_that_takes_too_long_is_undecodable() -> None:
    code = (
        "import sys\n"
        "from matching.hashing import decoder_process\n"
        "decoder_process.WALL_SECONDS = 0.0\n"
        "decoder_process.main(sys.argv[1:])\n"
    )
    with ServerRunning(code) as ask, pytest.raises(UndecodableImage, match="too long"):
        ask(PHOTO, withhold=True)


@pytest.mark.parametrize(
    ("number", "error", "words"),
    [
        (signal.SIGXCPU, UndecodableImage, "too long"),
        (signal.SIGSEGV, UndecodableImage, "decoder failed"),
        (signal.SIGKILL, DecoderUnavailable, "stopped"),
        (signal.SIGTERM, DecoderUnavailable, "stopped"),
    ],
)
def test_what_ended_a_child_in_mid_photo_is_told_and_the_server_lives(
    own_decoder: Decoder, number: signal.Signals, error: type[Exception], words: str
) -> None:
    server = server_of(own_decoder)
    request = HalfSent(own_decoder)
    request.child.send_signal(number)
    with pytest.raises(error, match=words):
        request.answer()
    assert own_decoder.fingerprints(PHOTO)[0].hashes
    assert server_of(own_decoder) == server


def test_a_killed_child_harms_its_own_request_only(decoder: Decoder) -> None:
    decoder.fingerprints(PHOTO)
    request = HalfSent(decoder)
    with ThreadPoolExecutor(4) as pool:
        others = [pool.submit(decoder.queries, PHOTO) for _ in range(8)]
        request.child.kill()
        with pytest.raises(DecoderUnavailable):
            request.answer()
        assert all(other.result()[0].hashes for other in others)


def test_requests_wait_while_all_children_are_busy(own_decoder: Decoder) -> None:
    request = HalfSent(own_decoder)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(own_decoder.queries, PHOTO)
        first = request.finish()
        assert waiting.result(timeout=60)[0].hashes
    assert first[0].hashes


def test_a_caller_who_hangs_up_frees_its_child(own_decoder: Decoder) -> None:
    request = HalfSent(own_decoder)
    request.connection.close()
    assert own_decoder.queries(PHOTO)[0].hashes  # there is one child only
    assert ended(request.child.pid)


def test_a_killed_server_is_replaced(own_decoder: Decoder) -> None:
    server = server_of(own_decoder)
    server.kill()
    assert own_decoder.fingerprints(PHOTO)[0].hashes
    assert server_of(own_decoder) != server


def test_a_server_killed_in_mid_photo_takes_its_children_with_it(own_decoder: Decoder) -> None:
    request = HalfSent(own_decoder)
    server_of(own_decoder).kill()
    with pytest.raises(wire.DisconnectedError):
        request.answer()
    assert ended(request.child.pid)
    assert own_decoder.fingerprints(PHOTO)[0].hashes


def test_closing_ends_the_server_and_its_children_and_only_them(own_decoder: Decoder, decoder: Decoder) -> None:
    decoder.fingerprints(PHOTO)
    server, request = server_of(own_decoder), HalfSent(own_decoder)
    own_decoder.close()
    assert ended(server.pid)
    assert ended(request.child.pid)
    request.connection.close()
    assert server_of(decoder).is_running()
    assert own_decoder.fingerprints(PHOTO)[0].hashes  # the next call starts another


@pytest.mark.parametrize("how", ["raise SystemExit", "os.kill(os.getpid(), 9)"])
def test_no_process_is_left_when_the_parent_ends(how: str) -> None:
    code = (
        "import os, sys\n"
        "from matching.hashing.decoder import shared_decoder\n"
        "shared_decoder().fingerprints(sys.stdin.buffer.read())\n"
        "print(shared_decoder()._server.pid, flush=True)\n"
        f"{how}\n"
    )
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, input=PHOTO, stdout=subprocess.PIPE, check=False)
    assert ended(int(run.stdout))


def _in_fork(decoder: Decoder, pipe: "Connection[Any, Any]") -> None:
    pipe.send((decoder.fingerprints(PHOTO), server_of(decoder).pid))
    decoder.close()


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_process_has_a_server_of_its_own_and_leaves_its_parents_alone(own_decoder: Decoder) -> None:
    ours, theirs = multiprocessing.get_context("fork").Pipe()
    child = multiprocessing.get_context("fork").Process(target=_in_fork, args=(own_decoder, theirs))
    child.start()
    fingerprint, pid = ours.recv()
    child.join()
    assert child.exitcode == 0
    assert fingerprint == own_decoder.fingerprints(PHOTO)
    assert pid != server_of(own_decoder).pid
    assert ended(pid)
    for pipe in (ours, theirs):
        pipe.close()


def test_many_threads_get_each_their_own_answer(decoder: Decoder) -> None:
    images = [encoded(image, "PNG") for image in photographs().values()]
    expected = [(fingerprint_of(pictures(image)),) for image in images]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(decoder.fingerprints, images * 8))
    assert answers == expected * 8


def test_the_first_call_may_come_from_many_threads_at_once() -> None:
    decoder = Decoder()
    barrier = threading.Barrier(4)

    def call(_: int) -> int:
        barrier.wait()
        decoder.fingerprints(PHOTO)
        return server_of(decoder).pid

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(call, range(4)))) == 1
    decoder.close()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/proc")
def test_the_server_and_its_children_have_given_everything_up(own_decoder: Decoder) -> None:
    request = HalfSent(own_decoder)
    for process in (server_of(own_decoder), request.child):
        # Some of /proc belongs to root for a process that may not be dumped: that is the test of it.
        status = dict(
            line.split(":\t", 1)
            for line in Path(f"/proc/{process.pid}/status").read_text().splitlines()
            if ":\t" in line
        )
        assert status["NoNewPrivs"].strip() == "1"
        assert status["Threads"].strip() == "1"
        if os.geteuid() == 0:
            assert {int(uid) for uid in status["Uid"].split()} == {sandbox.NOBODY}
            assert {int(gid) for gid in status["Gid"].split()} == {sandbox.NOBODY}
            assert status["Groups"].split() == []
        assert Path(f"/proc/{process.pid}/environ").stat().st_uid == 0
    limits = Path(f"/proc/{request.child.pid}/limits").read_text()
    for name, value in (("core file size", 0), ("file size", 0), ("address space", sandbox.MEMORY_BYTES)):
        (line,) = [line for line in limits.splitlines() if line.startswith(f"Max {name} ")]
        assert line.removeprefix(f"Max {name} ").split()[0] == str(value)
    assert request.finish()[0].hashes


def test_no_secret_of_ours_is_in_the_decoders_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    given: dict[str, str] = {}

    def started(*_: object, env: dict[str, str], **__: object) -> None:
        given.update(env)
        raise OSError

    monkeypatch.setenv("DATABASE_URL", "postgresql://secret")
    monkeypatch.setattr(subprocess, "Popen", started)
    with pytest.raises(DecoderUnavailable):
        Decoder().queries(b"any")
    assert given
    assert not any("secret" in value for value in given.values())


def test_the_web_process_needs_neither_numpy_nor_pillow() -> None:
    code = "import sys, matching.hashing.decoder; sys.exit(bool({'numpy', 'PIL', 'django'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


def test_a_decoder_that_cannot_start_is_unavailable(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    decoder = Decoder()
    monkeypatch.setattr(sys, "executable", str(tmp_path / "no python here"))
    with pytest.raises(DecoderUnavailable, match="No such file"):
        decoder.fingerprints(PHOTO)
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(DecoderUnavailable, match="did not start"):
        decoder.fingerprints(PHOTO)
    monkeypatch.undo()
    assert decoder.fingerprints(PHOTO)[0].hashes
    decoder.close()


def test_it_starts_from_a_path_with_a_space_and_any_working_directory(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """As root also below a directory that only root may enter: everything is loaded before root is given up."""
    private = tmp_path / "my own"
    private.mkdir(mode=0o700)
    (private / "matching").symlink_to(ROOT / "matching")
    monkeypatch.setattr(decoder_module, "_ROOT", private)
    monkeypatch.chdir("/")
    decoder = Decoder()
    assert decoder.fingerprints(PHOTO)[0].hashes
    decoder.close()


def test_an_image_is_decoded_once_and_hashed_under_every_profile(monkeypatch: pytest.MonkeyPatch) -> None:
    other = replace(VETO_1, name="veto-2", code=2, stored={"pdq": ("full",), "dhash": ("full",)})
    monkeypatch.setitem(PROFILES, other.name, other)
    decoded: list[bytes] = []

    def counted(image: bytes) -> list[Any]:
        decoded.append(image)
        return pictures(image)

    monkeypatch.setattr(decoder_process, "pictures", counted)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        wire.send_image(ours, PHOTO)
        wire.send_task(ours, Task.FINGERPRINTS)
        ours.shutdown(socket.SHUT_WR)
        decoder_process.answer(theirs)
        both = unpacked(wire.receive_reply(ours))
    assert decoded == [PHOTO]
    assert [each.profile for each in both] == ["veto-1", "veto-2"]
    assert {item.view for item in both[1].hashes} == {"full"}
    assert set(both[1].hashes) < set(both[0].hashes)


def test_a_reply_is_whole_or_unavailable() -> None:
    fingerprint = Fingerprint("veto-1", (Hash("full", "pdq", bytes(range(32)), 91),), 91)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        wire.send_done(theirs, join([fingerprint]))
        reply = ours.recv(1000)
    for cut in range(1, len(reply)):
        ours, theirs = socket.socketpair()
        with theirs:
            theirs.sendall(reply[:cut])
            wire.send_unavailable(theirs, "The decoder was stopped.")
        with ours, pytest.raises((DecoderUnavailable, wire.DisconnectedError)):
            wire.receive_reply(ours)


@pytest.mark.parametrize(
    ("outcome", "payload"),
    [
        (2, b"{}"),
        (2, b'{"code": "no-such-code", "detail": ""}'),
        (2, b"\xff"),
        (3, b"\xff"),
        (9, b"x"),
    ],
)
def test_an_answer_that_makes_no_sense_is_unavailable(outcome: int, payload: bytes) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(wire._REPLY.pack(outcome, len(payload), zlib.crc32(payload, outcome)) + payload)
        with pytest.raises(DecoderUnavailable):
            wire.receive_reply(ours)


def test_the_shared_decoder_is_one() -> None:
    assert shared_decoder() is shared_decoder()
