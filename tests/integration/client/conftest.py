import contextlib
import http.server
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from PIL import Image
from veto_client import Veto

from tests.integration import registered
from tests.integration.web import Web
from tests.pictures import textured

Said = tuple[int, dict[str, str], bytes]
Maker = Callable[..., Veto]


@pytest.fixture
def veto(web: Web, key: str) -> Iterator[Veto]:
    with Veto(f"http://127.0.0.1:{web.port}", key, on_error="raise") as veto:
        yield veto


@pytest.fixture
def client() -> Iterator[Maker]:
    """Makes clients, and closes them."""
    with contextlib.ExitStack() as opened:
        yield lambda url, key="k", **options: opened.enter_context(Veto(url, key, **options))


@pytest.fixture
def protected(committed: None, request: pytest.FixtureRequest) -> Image.Image:
    """A photo that no other test has; `edit` of it is refused."""
    image = textured(int.from_bytes(request.node.nodeid.encode()) % 2**60)
    registered.protected(image)
    return image


@dataclass
class Script:
    """A registry that says what a test wrote for it, then the last of it again; and what it was asked."""

    url: str
    says: list[Said] = field(default_factory=list)
    asked: list[tuple[str, dict[str, str], Any]] = field(default_factory=list)

    def answers(self, **changed: Any) -> None:
        answer = {
            "id": "chk_1",
            "result": "no_match",
            "uses": {"edit": "no_match"},
            "matches": [],
            "cache": {"ttl_s": 0},
        }
        self.says.append((200, {}, json.dumps(answer | changed).encode()))

    def refuses(self, status: int, code: str, **headers: str) -> None:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.says.append((status, named, json.dumps({"code": code, "detail": "so it is"}).encode()))


@pytest.fixture
def script() -> Iterator[Script]:
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            script.asked.append((self.path, dict(self.headers), body))
            status, headers, said = script.says.pop(0) if len(script.says) > 1 else script.says[0]
            self.send_response(status)
            for name, value in {"Content-Length": str(len(said)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(said)

        log_message: Callable[..., None] = lambda *_: None

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        script = Script(f"http://127.0.0.1:{server.server_address[1]}")
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield script
        server.shutdown()
