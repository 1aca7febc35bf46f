"""What a child that was taken over could still do: each door is tried from inside a real one."""

import io
import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image

from matching.hashing import decoder as decoder_module
from matching.hashing import wire
from matching.hashing.decoder import Decoder, DecoderUnavailable
from matching.hashing.hashes import fingerprint_of
from matching.hashing.keypoints import asked_details
from matching.hashing.pictures import FORMATS, pictures
from matching.hashing.wire import Layers
from tests.unit.hashing.decoders import PHOTO
from tests.unit.hashing.material import encoded, photographs

# In the place of decoding; what a door that opened gives is said, or the number of the error.
TRIES = """
import ctypes, json, mmap, os, socket, sys
from matching.hashing import confinement, decoder_process, wire

libc = ctypes.CDLL(None, use_errno=True)

def call(number, *arguments):
    if libc.syscall(number, *arguments) < 0:
        raise OSError(ctypes.get_errno(), "refused")

def tcp():
    with socket.socket() as one:
        one.connect(("127.0.0.1", int(sys.argv[3])))

DOORS = {
    "open": lambda: os.open("/etc/passwd", os.O_RDONLY),
    "list": lambda: os.listdir("/"),
    "write": lambda: os.open("/dev/null", os.O_WRONLY),
    "memory of itself": lambda: os.open("/proc/self/mem", os.O_RDWR),
    "tcp": tcp,
    "udp": lambda: socket.socket(type=socket.SOCK_DGRAM),
    "unix": lambda: socket.socket(socket.AF_UNIX),
    "exec": lambda: os.execv("/bin/true", ["true"]),
    "fork": os.fork,
    "ptrace": lambda: ctypes.set_errno(0) or (libc.ptrace(16, os.getppid(), 0, 0) < 0 and call(-1)),
    "signal": lambda: os.kill(int(sys.argv[4]), 0),
    "memory file": lambda: os.memfd_create("veto"),
    "io_uring": lambda: call(425, 1, ctypes.create_string_buffer(120)),
    "library": lambda: ctypes.CDLL("libresolv.so.2"),
}

def tried(door):
    try:
        door()
    except OSError as error:
        return error.errno or 1
    return "open"

def answer(connection):
    wire.receive_image(connection)
    wire.receive_task(connection)
    wire.send_done(connection, json.dumps({name: tried(door) for name, door in DOORS.items()}).encode())

decoder_process.answer = answer
%s
decoder_process.main(sys.argv[1:])
"""
WITHOUT_CALLS = "confinement.deny_calls = lambda: False"
WITHOUT_FILES = "confinement.deny_files = lambda: False"
PLAIN = "import sys\nfrom matching.hashing import confinement, decoder_process\n%s\ndecoder_process.main(sys.argv[1:])"


def doors(changes: str) -> tuple[dict[str, Any], Layers]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        control, theirs = socket.socketpair()
        with theirs:
            arguments = (theirs.fileno(), 1, listening.getsockname()[1], os.getpid())
            server = subprocess.Popen(
                [sys.executable, "-c", TRIES % changes, *map(str, arguments)],
                cwd=decoder_module._ROOT,
                env=decoder_module._environment(),
                pass_fds=[theirs.fileno()],
            )
        with control:
            ready = control.recv(2)
            assert ready[:1] == wire.READY
            ours, end = socket.socketpair()
            with ours:
                with end:
                    socket.send_fds(control, [wire.REQUEST], [end.fileno()])
                ours.settimeout(60)
                wire.send_image(ours, PHOTO)
                wire.send_task(ours, wire.Task.QUERIES)
                found = json.loads(wire.receive_reply(ours))
        server.wait(30)
    return found, Layers(ready[1])


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A decoder whose server's kernel lacks something."""
    decoders = []

    def start(changes: str, *, required: bool = False) -> Decoder:
        monkeypatch.setattr(decoder_module, "_SERVER", ("-c", PLAIN % changes))
        decoder = Decoder(processes=1)
        decoder.confinement_required = required
        decoders.append(decoder)
        return decoder

    yield start
    for decoder in decoders:
        decoder.close()


@pytest.fixture(scope="module")
def offered() -> Layers:
    """What this machine's kernel offers: the tests of a layer are skipped where it has none."""
    decoder = Decoder(processes=1)
    decoder.warm()
    layers = decoder.layers
    decoder.close()
    assert layers is not None
    return layers


def test_a_child_opens_no_file_no_socket_no_process_and_no_library(offered: Layers) -> None:
    if Layers.CALLS not in offered:
        pytest.skip("a kernel without seccomp")
    found, _ = doors("")
    library = found.pop("library")
    assert library != "open"
    assert set(found.values()) == {1}, found  # EPERM


def test_landlock_alone_still_keeps_it_from_files_and_tcp(offered: Layers) -> None:
    if Layers.FILES not in offered:
        pytest.skip("a kernel without Landlock")
    found, layers = doors(WITHOUT_CALLS)
    assert layers == Layers.FILES
    assert "open" not in {found[name] for name in ("open", "list", "write", "memory of itself", "exec", "tcp")}, found


def test_without_either_the_doors_are_open_so_that_the_tests_above_mean_something() -> None:
    found, layers = doors(f"{WITHOUT_CALLS}\n{WITHOUT_FILES}\ndel DOORS['exec'], DOORS['fork']")
    assert layers == Layers(0)
    assert {found[name] for name in ("open", "list", "tcp", "udp", "unix", "library")} == {"open"}


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("size", [(300, 200), (4000, 3000)], ids=["small", "12 MP"])
def test_every_format_is_read_in_confinement_as_without(decoder: Decoder, form: str, size: tuple[int, int]) -> None:
    photo = photographs()["ascent"].resize(size)
    options: dict[str, Any] = {"AVIF": {"speed": 10}, "WEBP": {"method": 0}}.get(form, {})
    if form != "JPEG" and size[0] < 1000:
        options |= {"save_all": True, "append_images": [photo.rotate(90)], "duration": 100}
    image = encoded(photo, form, **options)
    found = pictures(image)
    with decoder.opened(image) as opened:
        assert opened.fingerprints() == (fingerprint_of(found),)
        assert opened.asked_details() == asked_details(found).to_bytes(coarse=False)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK", "I;16"])
def test_every_kind_of_pixel_is_read_in_confinement(decoder: Decoder, mode: str) -> None:
    photo = photographs()["camera"].convert("L" if mode == "I;16" else mode)
    image = encoded(photo.convert(mode), "JPEG" if mode == "CMYK" else "PNG")
    assert decoder.fingerprints(image) == (fingerprint_of(pictures(image)),)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [(WITHOUT_CALLS, Layers.FILES), (WITHOUT_FILES, Layers.CALLS), (f"{WITHOUT_CALLS}\n{WITHOUT_FILES}", Layers(0))],
)
def test_a_kernel_that_offers_less_is_told_of_and_decoded_on(
    started: Callable[..., Decoder], offered: Layers, changes: str, expected: Layers
) -> None:
    decoder = started(changes)
    assert decoder.layers is None
    assert decoder.fingerprints(PHOTO)[0].hashes
    assert decoder.layers == expected & offered


def test_where_confinement_is_required_nothing_is_read_without_it(started: Callable[..., Decoder]) -> None:
    decoder = started(WITHOUT_CALLS, required=True)
    for _ in range(2):
        with pytest.raises(DecoderUnavailable, match="does not confine"):
            decoder.fingerprints(PHOTO)
    assert Layers.CALLS not in (decoder.layers or Layers(0))


def test_a_child_that_could_not_be_confined_though_the_kernel_can_reads_nothing(
    started: Callable[..., Decoder],
) -> None:
    decoder = started(f"confinement.calls_can_be_denied = lambda: True\n{WITHOUT_CALLS}")
    with pytest.raises(DecoderUnavailable, match="stopped"):
        decoder.fingerprints(PHOTO)


def test_where_confinement_is_required_seccomp_alone_is_enough(
    started: Callable[..., Decoder], offered: Layers
) -> None:
    if Layers.CALLS not in offered:
        pytest.skip("a kernel without seccomp")
    file = io.BytesIO()
    Image.new("RGB", (80, 80), "red").save(file, "GIF")
    assert started(WITHOUT_FILES, required=True).fingerprints(file.getvalue())[0].profile == "veto-1"
