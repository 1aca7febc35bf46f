"""A platform: asks of photos again and again, by their hash or by the picture, and is sent events."""

import http.client
import json
import random
import time

from tests.chaos.ledger import Ledger, Photo, Uses
from tests.chaos.people import jpeg_of
from tests.integration.sequence.processes import Line, question
from tests.integration.web import Answer

LATEST = 5
UNREACHABLE = "unreachable"


class Asker:
    def __init__(self, port: int, key: str, ledger: Ledger, seed: int) -> None:
        self.port, self.key, self.ledger, self.random = port, key, ledger, random.Random(seed)

    def turn(self) -> None:
        photos = self.ledger.photos[-LATEST:] if self.random.random() < 0.7 else self.ledger.photos
        if photos:
            self.ask(self.random.choice(photos), by_picture=self.random.random() < 0.3)
        else:
            time.sleep(0.05)

    def ask(self, photo: Photo, *, by_picture: bool) -> None:
        since = photo.since
        denied, result = None, UNREACHABLE
        try:
            line = Line(self.port)
            try:
                denied, result = asked(line, self.key, photo, by_picture=by_picture)
            finally:
                line.close()
        except (OSError, http.client.HTTPException, ValueError, KeyError):
            time.sleep(0.05)
        self.ledger.heard(photo, since, denied, result)


def asked(line: Line, key: str, photo: Photo, *, by_picture: bool = False) -> tuple[Uses | None, str]:
    """The uses denied, and the result; None and the code of the problem."""
    if by_picture and photo.seed is not None:
        line.connection.request("POST", "/v1/check/image", jpeg_of(photo.seed), {"Authorization": f"Bearer {key}"})
        response = line.connection.getresponse()
        answer = Answer(response.status, dict(response.getheaders()), response.read())
    else:
        body = question(photo.code, profile="veto-1")
        del body["uses"]  # all of them
        answer = line.ask("POST", "/v1/check", body, key)
    said = json.loads(answer.body)
    if answer.status != http.client.OK:
        return None, str(said["code"])
    return frozenset(use for use, outcome in said["uses"].items() if outcome == "denied"), str(said["result"])
