"""Protections, made as quickly as they can be, and questions about them."""

import base64
import time
from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.db import transaction

from matching import registry, sequence
from tests.integration.sequence.hashes import as_asked, fingerprint
from tests.integration.web import Web

USES = ["sexualise", "edit"]


def register(code: str, details: bytes = b"") -> UUID:
    """In effect when it returns."""
    with transaction.atomic():
        protection = registry.protect(fingerprints=[fingerprint(code)], refuse=frozenset(USES), assurance=0)
        if details:
            registry.keep_details(protection, details)
    sequence.settle()
    return protection


def withdraw(protection: UUID) -> None:
    with transaction.atomic():
        registry.withdraw(protection)
    sequence.settle()


def ask(web: Web, key: str, code: str, details: bytes = b"") -> str:
    """The result, or the code of the problem."""
    body: dict[str, Any] = {
        "profile": "veto-1",
        "hashes": [{"view": "full", "algorithm": "pdq", "hash": code, "quality": 100}],
    }
    if details:
        body["details"] = base64.b64encode(as_asked(details).to_bytes(coarse=False)).decode()
    said = web.check(body, key).json
    return str(said.get("result") or said["code"])


def eventually(true: Callable[[], bool], within: float = 60) -> float:
    """After how many seconds it is."""
    began = time.monotonic()
    while not true():
        assert time.monotonic() - began < within
        time.sleep(0.05)
    return time.monotonic() - began
