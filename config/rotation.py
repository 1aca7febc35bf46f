"""New values for the secrets of the environment. Each variable holds a list: what is first is used, all are understood.

A secret is changed in two steps where there are several processes: each must understand the new value before one uses
it. What nothing rests on any more may then be left out.
"""

import base64
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import Final


def new_django_key(_: list[str]) -> str:
    return secrets.token_urlsafe(48)


def new_pepper(_: list[str]) -> str:
    return secrets.token_hex(32)


def new_fingerprint_key(ring: list[str]) -> str:
    """Under an id that was not used: `k` and a number."""
    ids = {entry.partition(":")[0] for entry in ring}
    id_ = next(name for number in count(len(ring) + 1) if (name := f"k{number}") not in ids)
    return f"{id_}:{base64.b64encode(secrets.token_bytes(32)).decode()}"


@dataclass(frozen=True, slots=True)
class Secret:
    variable: str
    new: Callable[[list[str]], str]
    until: str  # until when the values before are needed


SECRETS: Final = {
    "django": Secret(
        "DJANGO_SECRET_KEY",
        new_django_key,
        "for two days, by which sessions, links in mails and sheets end; if it leaked, not at all: all log in again",
    ),
    "pepper": Secret("API_KEY_PEPPER", new_pepper, "until `manage.py reseal` names no api_keys_of_older_peppers"),
    "fingerprints": Secret("FINGERPRINT_KEYS", new_fingerprint_key, "until `manage.py reseal` names no other key"),
}


@dataclass(frozen=True, slots=True)
class Rotation:
    """The variable's values: to be understood everywhere first, then used."""

    understood: str
    used: str


def rotation(secret: Secret, value: str) -> Rotation:
    present = [part.strip() for part in value.split(",")]
    made = secret.new(present)
    return Rotation(",".join([*present, made]), ",".join([made, *present]))
