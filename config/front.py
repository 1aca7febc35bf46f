"""Between the server and Django: a request gets a thread when all of it is here, and is refused while there is no room.

granian reads and writes without threads (RSGI); Django answers in few of them. What is slow on a client's side, a body
that trickles in or an answer that nobody fetches, holds a connection and perhaps some memory, never a thread. See
docs/adr/0026-slow-clients-and-load.md.
"""

import secrets
import time
from functools import partial
from typing import Any, Final

import structlog

from config.bodies import Arriving, Room
from config.exchange import Answer, Handler, Scope, Transport, answered, environ_of, refusal
from config.lanes import Lane
from matching.api.auth import RECEIVED_AT
from matching.api.middleware import API_PREFIX
from matching.connections import give_up_lost
from matching.problems import Problem
from matching.records import records

log = structlog.get_logger(__name__)

SHORT_BYTES: Final = 1024  # of a check: a hash or a few, not those of an image
LARGE_BYTES: Final = 64 * 1024
CHECKS: Final = f"{API_PREFIX}check"
IMAGES: Final = f"{CHECKS}/image"
ALIVE: Final = "/healthz"
ALWAYS: Final = {ALIVE, "/readyz"}  # a balancer of load must not take a busy process for a dead one


class Front:
    """An RSGI application around a WSGI one; one in a process."""

    def __init__(self, handler: Handler) -> None:
        self.handler = handler
        self.room = Room()
        # One interpreter does them: threads that take turns at it make each slower. They are short, so more may wait.
        self.short = Lane(1, spare=3, waiting=128)
        self.checks = Lane(2, spare=2)  # one searches, without the interpreter, while the other has it
        self.large = Lane(2)  # images and whatever is as large: hashed in processes of their own, while these wait
        self.others = Lane(4)
        self.alive = Lane(1)  # whatever else hangs: this process answers

    async def __rsgi__(self, scope: Scope, transport: Transport) -> None:
        environ = environ_of(scope)
        arriving = Arriving(environ, transport, self.room, api=scope.path.startswith(API_PREFIX))
        with arriving:
            try:
                body = await arriving.received()
                if body is None:  # the client has gone, or ended what it had begun
                    transport.response_bytes(400, [], b"")
                    return
                environ |= {"wsgi.input": body, "CONTENT_LENGTH": str(arriving.length), RECEIVED_AT: time.monotonic()}
                lane = self.lane_of(scope.path, arriving.length)
                await lane.do(partial(self.answer, environ, transport), always=scope.path in ALWAYS)
            except Problem as problem:
                request_id = f"req_{secrets.token_hex(12)}"
                log.warning("refused", code=problem.code, method=scope.method, request_id=request_id)
                send(transport, refusal(problem, request_id, api=arriving.api))
        await arriving.drained()

    def __rsgi_del__(self, _: Any) -> None:
        """When all is answered, before a worker ends: in granian's nothing is run that is registered at exit."""
        records().written()

    def lane_of(self, path: str, length: int) -> Lane:
        if length > LARGE_BYTES or path == IMAGES:
            return self.large
        if path.startswith(CHECKS):
            return self.short if length <= SHORT_BYTES else self.checks
        return self.alive if path == ALIVE else self.others

    def answer(self, environ: dict[str, Any], transport: Transport) -> None:
        """In a thread."""
        try:
            send(transport, answered(self.handler, environ))
        finally:
            give_up_lost()


def send(transport: Transport, answer: Answer) -> None:
    transport.response_bytes(answer.status, answer.headers, answer.body)
