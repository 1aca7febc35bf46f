"""Files as a person chooses them: photos of the folder beside the repository if there is one, else made by code."""

import secrets
from pathlib import Path

from playwright.sync_api import FilePayload

from tests.pictures import encoded, picture

PHOTOGRAPHS = Path(__file__).resolve().parents[3] / "shared" / "photos" / "kodak"


def made(number: int) -> list[FilePayload]:
    """Photos that nobody has registered."""
    return [
        {"name": f"{index}.jpg", "mimeType": "image/jpeg", "buffer": encoded(picture(secrets.randbits(60)))}
        for index in range(1, number + 1)
    ]


def files(number: int) -> list[FilePayload]:
    found = sorted(PHOTOGRAPHS.glob("*.jpg"))[:number]
    if len(found) < number:
        return made(number)
    return [{"name": path.name, "mimeType": "image/jpeg", "buffer": path.read_bytes()} for path in found]


def not_a_photo() -> FilePayload:
    return {"name": "notes.jpg", "mimeType": "image/jpeg", "buffer": b"no photo at all"}
