"""`Veto` and `AsyncVeto`: ask the registry of an image, say afterwards what was done."""

import asyncio
import hashlib
import math
import os
import time
import uuid
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final, Self, TypedDict, TypeVar, Unpack

import httpx

from veto_client import images
from veto_client.answers import Answer, Policy
from veto_client.cache import Cache
from veto_client.errors import UnavailableError
from veto_client.images import Image
from veto_client.proofs import Claims, is_known, verified
from veto_client.talk import Reply, Send, Talk, Wait, exchange, posted

T = TypeVar("T")
CacheKey = tuple[bytes, tuple[str, ...]]  # what was asked of, and for which uses

USES: Final = ("sexualise", "likeness", "animate", "edit", "train", "identify")
POLICIES: Final = ("deny", "ask", "raise")
OUTCOMES: Final = ("blocked", "warned", "exempt", "not_applied", "false_match")
TIMEOUT_S: Final = 10.0
RETRIES: Final = 3
KEYS_KEPT_S: Final = 3600.0  # after it a key that leaked is known as such
KEYS_ASKED_S: Final = 60.0  # before it an unknown key is no reason to ask again


class Options(TypedDict, total=False):
    """Of both clients.

    `on_error` (`deny`) says what an answer is when none could be had: every use denied, every use to `ask` for, or
    `raise` an UnavailableError. `retries` (3) come with growing pauses. `details` (true) also compares local features:
    35 ms of CPU here, and far more is found. `proof` (false) asks for a signed proof of each answer; then none comes
    from the cache. `cache` (true) keeps answers for as long as the registry lets.
    """

    on_error: Policy
    retries: int
    details: bool
    proof: bool
    cache: bool


class _Asking:
    """What both clients have in common: everything but carrying the messages."""

    def __init__(self, url: str, key: str, options: Options) -> None:
        on_error, proof = options.get("on_error", "deny"), options.get("proof", False)
        if on_error not in POLICIES:
            raise ValueError(f"on_error is {on_error!r}; it is one of {', '.join(POLICIES)}")
        url, key = url or os.environ.get("VETO_URL", ""), key or os.environ.get("VETO_KEY", "")
        if not url or not key:
            raise ValueError("give the registry's url and a key, or set VETO_URL and VETO_KEY")
        self._url = url.rstrip("/")
        self._headers = {"Authorization": f"Bearer {key}"}
        self._on_error = on_error
        self._retries = options.get("retries", RETRIES)
        self._details = options.get("details", True)
        self._prefer = {"Prefer": "proof"} if proof else {}
        self._cache = None if proof or not options.get("cache", True) else Cache()
        self._jwks: Mapping[str, Any] = {"keys": []}
        self._jwks_at = -math.inf

    def _asked(self, uses: Collection[str]) -> tuple[str, ...]:
        if unknown := [use for use in uses if use not in USES]:
            raise ValueError(f"unknown use {', '.join(map(repr, unknown))}; the uses are {', '.join(USES)}")
        return tuple(use for use in USES if use in uses) or USES

    def _key(self, data: bytes, uses: tuple[str, ...]) -> CacheKey:
        return (hashlib.sha256(data).digest() if self._cache else b""), uses

    def _known(self, key: CacheKey) -> Answer | None:
        return self._cache.get(key) if self._cache else None

    def _question(self, data: bytes) -> list[dict[str, Any]]:
        return images.question(data, details=self._details)

    def _checking(self, items: Sequence[dict[str, Any]], key: CacheKey) -> Talk[Answer]:
        _, uses = key
        if not items:
            return Answer.blank(uses)
        answers = []
        try:
            for item in items:
                message = posted("/v1/check", item | {"uses": uses}, self._prefer)
                answers.append(Answer.of((yield from exchange(message, self._retries)), message.body, uses))
        except UnavailableError:
            if self._on_error == "raise":
                raise
            answers.append(Answer.unavailable(uses, self._on_error))
        answer = Answer.worst(answers)
        if self._cache:
            self._cache.put(key, answer)
        return answer

    def _trying_out(self, outcome: str, uses: tuple[str, ...]) -> Talk[Answer]:
        said = yield from exchange(Send("GET", "/v1/algorithms"), self._retries)
        if not isinstance(modes := said.get("test_mode"), dict):
            raise UnavailableError("the registry tells of no test mode")
        if outcome not in modes:
            raise ValueError(f"unknown outcome {outcome!r}; the outcomes are {', '.join(modes)}")
        item = {"profile": "pdq", "hashes": [{"hash": modes[outcome]}]}
        return (yield from self._checking([item], (outcome.encode(), uses)))

    def _arguments(self, step: Send) -> dict[str, Any]:
        """Of an httpx request."""
        headers = self._headers | dict(step.headers)
        return {"method": step.method, "url": self._url + step.path, "content": step.body, "headers": headers}

    def _reporting(self, of: Answer, outcome: str) -> Talk[None]:
        if outcome not in OUTCOMES:
            raise ValueError(f"unknown outcome {outcome!r}; the outcomes are {', '.join(OUTCOMES)}")
        if of.id is None:
            raise ValueError("an answer that the registry did not give cannot be reported")
        headers = {"Idempotency-Key": str(uuid.uuid4())}  # so that a retry is the same report
        yield from exchange(posted("/v1/reports", {"check": of.id, "outcome": outcome}, headers), self._retries)

    def _verifying(self, of: Answer) -> Talk[Claims]:
        age = time.monotonic() - self._jwks_at
        if age > KEYS_KEPT_S or (age > KEYS_ASKED_S and not is_known(of, self._jwks)):
            self._jwks = yield from exchange(Send("GET", "/.well-known/jwks.json"), self._retries)
            self._jwks_at = time.monotonic()
        return verified(of, self._jwks)


class Veto(_Asking):
    """The client that blocks. Thread-safe: one for the whole process, so that connections are kept."""

    def __init__(
        self,
        url: str = "",
        key: str = "",
        *,
        timeout_s: float = TIMEOUT_S,
        http: httpx.Client | None = None,
        **options: Unpack[Options],
    ) -> None:
        """`url` and `key` default to VETO_URL and VETO_KEY; redirects are not followed. `http`: a client of your own.

        For `options` see `Options`.
        """
        super().__init__(url, key, options)
        self._http = http or httpx.Client(timeout=timeout_s)

    def check(self, image: Image, uses: Collection[str] = ()) -> Answer:
        """Whether these uses (all, if none is named) of the image are refused.

        The image is a path, bytes, an open file or a Pillow image; it is fingerprinted here and sent nowhere. Raises
        UnreadableImageError, RequestError, and UnavailableError with `on_error="raise"`.
        """
        asked, data = self._asked(uses), images.read(image)
        key = self._key(data, asked)
        return self._known(key) or self._run(self._checking(self._question(data), key))

    def try_out(self, outcome: str, uses: Collection[str] = ()) -> Answer:
        """With a test key: as `check` of an image that gets this answer (`protected`, `ask`, `no_match` …).

        The registry lists them as `test_mode` under /v1/algorithms.
        """
        return self._run(self._trying_out(outcome, self._asked(uses)))

    def report(self, answer: Answer, outcome: str) -> None:
        """Tell the person what was done: `blocked`, `warned`, `exempt`, `not_applied` or `false_match`."""
        self._run(self._reporting(answer, outcome))

    def verify(self, answer: Answer) -> Claims:
        """What the registry signed of this answer. Raises ProofError where it did not."""
        return self._run(self._verifying(answer))

    def _run(self, talk: Talk[T]) -> T:
        reply: Reply = None
        while True:
            try:
                step = talk.send(reply)
            except StopIteration as end:
                return end.value  # type: ignore[no-any-return]
            if isinstance(step, Wait):
                time.sleep(step.seconds)
                reply = None
                continue
            try:
                reply = self._http.request(**self._arguments(step))
            except httpx.RequestError as error:
                reply = error

    def close(self) -> None:
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class AsyncVeto(_Asking):
    """The same for asyncio. Fingerprints are made in a thread, so that the loop goes on."""

    def __init__(
        self,
        url: str = "",
        key: str = "",
        *,
        timeout_s: float = TIMEOUT_S,
        http: httpx.AsyncClient | None = None,
        **options: Unpack[Options],
    ) -> None:
        """As `Veto`."""
        super().__init__(url, key, options)
        self._http = http or httpx.AsyncClient(timeout=timeout_s)

    async def check(self, image: Image, uses: Collection[str] = ()) -> Answer:
        """As `Veto.check`."""
        asked, data = self._asked(uses), await asyncio.to_thread(images.read, image)
        key = self._key(data, asked)
        if (known := self._known(key)) is not None:
            return known
        return await self._run(self._checking(await asyncio.to_thread(self._question, data), key))

    async def try_out(self, outcome: str, uses: Collection[str] = ()) -> Answer:
        """As `Veto.try_out`."""
        return await self._run(self._trying_out(outcome, self._asked(uses)))

    async def report(self, answer: Answer, outcome: str) -> None:
        """As `Veto.report`."""
        await self._run(self._reporting(answer, outcome))

    async def verify(self, answer: Answer) -> Claims:
        """As `Veto.verify`."""
        return await self._run(self._verifying(answer))

    async def _run(self, talk: Talk[T]) -> T:
        reply: Reply = None
        while True:
            try:
                step = talk.send(reply)
            except StopIteration as end:
                return end.value  # type: ignore[no-any-return]
            if isinstance(step, Wait):
                await asyncio.sleep(step.seconds)
                reply = None
                continue
            try:
                reply = await self._http.request(**self._arguments(step))
            except httpx.RequestError as error:
                reply = error

    async def close(self) -> None:
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()
