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
from tests.chaos.ledger import ERASE, NOTHING, PUT_BACK, REGISTER, REVISE, WITHDRAW, Act, Ledger, Photo, Uses
from tests.integration.accounts.browser import hidden
from tests.integration.sequence.hashes import random_hash
from tests.pictures import encoded, picture

PATIENCE_S = 20.0
PAUSE_S = 0.02
MOST_UNSURE = 20
SAID = re.compile(r'(?s)role="status">(.*?)</main>')
IN_EFFECT = "Every check from now on takes it into account."
ERASED = "registration is erased."
TAKING_EFFECT = "It is taking effect"
PROVE = "/account/again"
PASSWORD = "a heron stands in the reeds"


def browser(url: str) -> httpx.Client:
    return httpx.Client(base_url=url, timeout=PATIENCE_S, headers={"Accept-Language": "en"})


def token(answer: httpx.Response) -> str:
    return hidden(answer)["csrfmiddlewaretoken"]  # type: ignore[arg-type]


def jpeg_of(seed: int) -> bytes:
    return encoded(picture(seed))


class Person:
    """Registers photos, changes what they refuse, withdraws them, puts them back and erases them. What was not
    acknowledged is tried again, as a browser's queue or a person does.
    """

    def __init__(self, url: str, ledger: Ledger, seed: int) -> None:
        self.url, self.ledger, self.random = url, ledger, random.Random(seed)
        self.client = browser(url)
        self.token = self.secret = ""
        self.mine: list[Photo] = []
        self.unsure: list[Act] = []
        self.signed_up: dict[str, bool] = {}  # by address: whether that was acknowledged

    def come_in(self) -> None:
        """With a case number."""
        first = self.client.post("/account/case", data=hidden(self.client.get("/account/case")))  # type: ignore[arg-type]
        sheet = hidden(first)  # type: ignore[arg-type]
        opened = self.client.post("/account/case/open", data=sheet | {"last": sheet["secret"][-5:]})
        assert opened.status_code == httpx.codes.FOUND, opened.text
        self.secret = sheet["secret"]
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
        if self.random.random() < 0.1:
            return Act(ERASE, photo, NOTHING)
        if not photo.refused:
            return Act(PUT_BACK, photo, photo.outcomes[-2])
        if self.random.random() < 0.5:
            return Act(WITHDRAW, photo, NOTHING)
        return Act(REVISE, photo, self.choice())

    def attempt(self, act: Act) -> None:
        began = self.ledger.begin(act)
        try:
            in_effect = {REGISTER: self.register, ERASE: self.erase}.get(act.kind, self.change)(act)
        except (httpx.HTTPError, ValueError, KeyError):
            in_effect = None
        if in_effect is None:
            self.unsure.append(act)
            return
        self.ledger.acknowledge(act, began, in_effect=in_effect)
        if act.tries == 1 and act.kind != ERASE:
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
        return IN_EFFECT in self.told(answer.headers["Location"])

    def erase(self, act: Act) -> bool | None:
        """The same. Whoever asks again may find no photo: an earlier try has erased it."""
        answer = self.client.post(f"/photos/{act.photo.id}/erase", data={"csrfmiddlewaretoken": self.token})
        if answer.status_code == httpx.codes.NOT_FOUND and act.tries > 1:
            return False
        leads_to = answer.headers.get("Location", "")
        if leads_to.startswith(PROVE):
            self.prove()
        if leads_to != "/photos":
            return None
        told = self.told(leads_to)
        return ERASED in told and TAKING_EFFECT not in told

    def prove(self) -> None:
        """That it is still this person."""
        fields = {"csrfmiddlewaretoken": token(self.client.get(PROVE)), "password": self.secret}
        self.client.post(PROVE, data=fields)
        self.token = token(self.client.get("/photos/here"))

    def told(self, address: str) -> str:
        """What a page says of what was done; nothing where it can't be had."""
        for _ in range(3):
            try:
                page = self.client.get(address)
            except httpx.HTTPError:
                continue
            if page.status_code == httpx.codes.OK:
                said = SAID.search(page.text)
                return said[1].partition("<h1>")[0] if said else ""
        return ""

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
