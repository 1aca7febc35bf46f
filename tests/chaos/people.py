"""People with browsers, over HTTP alone: what they are told is what counts as acknowledged."""

import json
import random
import re
import time
from typing import Any

import httpx

from matching.hashing.hashes import fingerprint_of
from matching.hashing.pictures import pictures
from matching.uses import IDS, PRESETS, refused
from tests.chaos.ledger import NOTHING, PUT_BACK, REGISTER, REVISE, WITHDRAW, Act, Ledger, Photo, Uses
from tests.integration.accounts.browser import hidden
from tests.integration.sequence.hashes import random_hash
from tests.pictures import encoded, picture

PATIENCE_S = 20.0
PAUSE_S = 0.02
MOST_UNSURE = 20
SAID = re.compile(r'(?s)role="status">(.*?)</main>')
IN_EFFECT = "Every check from now on takes it into account."
PASSWORD = "a heron stands in the reeds"


def browser(url: str) -> httpx.Client:
    return httpx.Client(base_url=url, timeout=PATIENCE_S, headers={"Accept-Language": "en"})


def token(answer: httpx.Response) -> str:
    return hidden(answer)["csrfmiddlewaretoken"]  # type: ignore[arg-type]


def jpeg_of(seed: int) -> bytes:
    return encoded(picture(seed))


class Person:
    """Registers photos, changes what they refuse, withdraws them and puts them back. What was not acknowledged is
    tried again, as a browser's queue or a person does.
    """

    def __init__(self, url: str, ledger: Ledger, seed: int) -> None:
        self.url, self.ledger, self.random = url, ledger, random.Random(seed)
        self.client = browser(url)
        self.token = ""
        self.mine: list[Photo] = []
        self.unsure: list[Act] = []
        self.signed_up: dict[str, bool] = {}  # by address: whether that was acknowledged

    def come_in(self) -> None:
        """With a case number."""
        first = self.client.post("/account/case", data=hidden(self.client.get("/account/case")))  # type: ignore[arg-type]
        sheet = hidden(first)  # type: ignore[arg-type]
        opened = self.client.post("/account/case/open", data=sheet | {"last": sheet["secret"][-5:]})
        assert opened.status_code == httpx.codes.FOUND, opened.text
        self.token = token(self.client.get("/photos/here"))

    def turn(self) -> None:
        time.sleep(PAUSE_S)
        chance = self.random.random()
        if chance < 0.03:
            self.sign_up()
        elif self.unsure and (chance < 0.3 or len(self.unsure) >= MOST_UNSURE):
            self.attempt(self.unsure.pop(0))
        elif self.mine and chance < 0.6:
            self.attempt(self.another_act(self.mine.pop(self.random.randrange(len(self.mine)))))
        else:
            seed = self.random.getrandbits(32) if self.random.random() < 0.1 else None
            self.attempt(Act(REGISTER, Photo(random_hash(), seed), self.choice()))

    def choice(self) -> Uses:
        some = [use for use in IDS if self.random.random() < 0.5]
        return refused(self.random.choice([*(preset.uses for preset in PRESETS), some]))

    def another_act(self, photo: Photo) -> Act:
        if not photo.refused:
            return Act(PUT_BACK, photo, photo.outcomes[-2])
        if self.random.random() < 0.5:
            return Act(WITHDRAW, photo, NOTHING)
        return Act(REVISE, photo, self.choice())

    def attempt(self, act: Act) -> None:
        began = self.ledger.begin(act)
        try:
            in_effect = self.register(act) if act.kind == REGISTER else self.change(act)
        except (httpx.HTTPError, ValueError, KeyError):
            in_effect = None
        if in_effect is None:
            self.unsure.append(act)
            return
        self.ledger.acknowledge(act, began, in_effect=in_effect)
        if act.tries == 1:
            self.mine.append(act.photo)

    def settle(self) -> bool:
        """Once more all that nobody answered; whether everything is answered now."""
        waiting, self.unsure = self.unsure, []
        for act in waiting:
            self.attempt(act)
        return not self.unsure

    def register(self, act: Act) -> bool | None:
        """Whether it is said to be in effect; None where it is not acknowledged."""
        photo = act.photo
        sent = {
            "choice": {"whose": "mine", "preset": "own", "uses": sorted(act.refuse), "keep_details": True},
            "photos": [{"id": photo.sending, "fingerprints": [{"profile": "veto-1", "hashes": hashes_of(photo)}]}],
        }
        headers = {"Content-Type": "application/json", "X-CSRFToken": self.token}
        answer = self.client.post("/photos/here/hashes", content=json.dumps(sent), headers=headers)
        if answer.status_code != httpx.codes.OK:
            return None
        [told] = answer.json()["photos"]
        photo.id = told["photo"] or ""
        return told["state"] == "in-force" if photo.id else None

    def change(self, act: Act) -> bool | None:
        """The same, as the page says it that the answer leads to; what no page could say is not told to be so."""
        photo = act.photo
        fields: dict[str, Any] = {"csrfmiddlewaretoken": self.token, "photo": photo.id, "from_photo": "1"}
        if act.kind == REVISE:
            fields |= {"preset": "own", "uses": sorted(act.refuse)}
        paths = {REVISE: f"/photos/{photo.id}/choose", WITHDRAW: "/photos/withdraw", PUT_BACK: "/photos/restore"}
        self.client.cookies.delete("messages")  # what an earlier answer said and no page has shown
        answer = self.client.post(paths[act.kind], data=fields)
        if answer.headers.get("Location") != f"/photos/{photo.id}":
            return None
        for _ in range(3):
            try:
                page = self.client.get(answer.headers["Location"])
            except httpx.HTTPError:
                continue
            if page.status_code == httpx.codes.OK:
                said = SAID.search(page.text)
                return bool(said and IN_EFFECT in said[1].partition("<h1>")[0])
        return False

    def sign_up(self) -> None:
        """Somebody new, by e-mail: asked once, and never again."""
        address = f"{random_hash()[:16]}@example.org"
        with browser(self.url) as client:
            try:
                first = token(client.get("/account/signup"))
                self.signed_up[address] = False
                fields = {"csrfmiddlewaretoken": first, "email": address, "password1": PASSWORD}
                self.signed_up[address] = client.post("/account/signup", data=fields).status_code == httpx.codes.FOUND
            except (httpx.HTTPError, KeyError):
                return


def hashes_of(photo: Photo) -> list[dict[str, Any]]:
    """As they are sent. Of a picture all that there are, and its code is what it is found by."""
    if photo.seed is None:
        return [{"view": "full", "algorithm": "pdq", "hash": photo.code, "quality": 100}]
    made = fingerprint_of(pictures(jpeg_of(photo.seed))).hashes
    photo.code = next(each.bits.hex() for each in made if (each.view, each.algorithm) == ("full", "pdq"))
    return [
        {"view": each.view, "algorithm": each.algorithm, "hash": each.bits.hex(), "quality": each.quality}
        for each in made
    ]
