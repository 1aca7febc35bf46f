"""Every path that personal data takes, walked once, faults included."""

import base64
import contextlib
import json
import threading
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

from matching.hashing.hashes import fingerprint_of, query_of
from matching.hashing.keypoints import asked_details, stored_details
from matching.hashing.pictures import pictures
from tests.integration.accounts.browser import hidden
from tests.integration.api.receiver import Receiver
from tests.privacy.canaries import Canary, Photo, photo, word
from tests.privacy.site import ADDRESS, AGENT, Browser, Platform, Site, packed, until

EMAIL, STRANGER = "kanarie-7341@example.org", "fremder-9982@example.org"
PASSWORD, NEW_PASSWORD = "kanarie singt um halb sechs", "nine kanaries in a gale"
UPLOADED, SENT, RENAMED = "Kanarie in Ærøskøbing 5512", "Kanarie am Süßsee 6613", "Kanarie über Łódź 7714"
FILE_NAME = "IMG_kanarie_8815 à la plage.png"
REASON = "taken for Kanarie Åkesson 9916"
DESCRIPTIONS = "Kanarie Exif 1127, Rue de l'Évêché", "Kanarie Exif 2238"
TMP = Path("/tmp")
CHOICE = {"whose": "mine", "preset": "no-ai-editing", "keep_details": True}


class Walk:
    """`canaries` may stand nowhere but where the test says; `secrets` nowhere at all."""

    def __init__(self, site: Site, receiver: Receiver, place: Path) -> None:
        self.site, self.receiver, self.place = site, receiver, place
        self._in_tmp = set(TMP.iterdir())
        self.png, self.jpeg = photo(7341, "PNG", DESCRIPTIONS[0]), photo(9982, "JPEG", DESCRIPTIONS[1])
        self.alice = Browser(site)
        self.heard: list[httpx.Response] = []
        [issued] = site.manage("issue_key", "--platform", "Kanarie Studios", "--scopes", "check,report,webhooks")
        self.key = str(issued["key"])
        self.platform = Platform(site, self.key)
        self.case: dict[str, str] = {}
        self.webhook_secret = ""

    def everything(self) -> None:
        self.a_person_comes_in()
        self.photos_are_registered()
        self.photos_are_asked_for()
        self.a_platform_asks()
        self.requests_are_wrong()
        self.operators_work()
        self.choices_change()
        self.parts_fail()

    def new_in_tmp(self) -> list[Path]:
        """What came while it walked, of a part that writes where it was not told to; but homes of other services."""
        new = set(TMP.iterdir()) - self._in_tmp
        return [path for path in new if not path.name.startswith(("veto-", "pytest-"))]

    @property
    def photos(self) -> tuple[Photo, Photo]:
        return self.png, self.jpeg

    def canaries(self) -> list[Canary]:
        return [
            *(trace for each in self.photos for trace in each.traces),
            word("e-mail", EMAIL, EMAIL.upper()),
            word("a stranger's e-mail", STRANGER),
            word("label", UPLOADED, SENT, RENAMED),
            word("file name", FILE_NAME, "IMG_kanarie_8815"),
            word("reason", REASON),
            word("address", ADDRESS),
            word("browser", AGENT, "CanaryPhone-4711"),
            word("password", PASSWORD, NEW_PASSWORD),
            word("API key", self.key, self.key.split("_")[3]),
            word("case secret", self.case["secret"], self.case["secret"].replace("-", "")),
            word("webhook secret", self.webhook_secret),
        ]

    # People

    def a_person_comes_in(self) -> None:
        alice = self.alice
        alice.send("/account/signup", email=EMAIL, password1=PASSWORD)
        alice.follow_mail()
        assert alice.get("/photos").status_code == 200
        other = Browser(self.site)
        other.send("/account/login", login=EMAIL, password=NEW_PASSWORD)  # wrong as yet
        other.send("/account/signup", email=EMAIL, password1=PASSWORD)  # taken: told by mail alone
        other.send("/account/reset", email=STRANGER)
        other.send("/account/reset", email=EMAIL)
        reset = other.follow_mail(password1=NEW_PASSWORD, password2=NEW_PASSWORD)
        assert reset.url.path == "/account/reset/done", reset.text
        alice.send("/account/login", login=EMAIL, password=NEW_PASSWORD)
        bob = Browser(self.site)
        page = bob.send("/account/case")
        self.case = hidden(page)  # type: ignore[arg-type]
        bob.send("/account/case/open", page="/account/case", **self.case, last=self.case["secret"][-5:])

    def photos_are_registered(self) -> None:
        alice = self.alice
        alice.send("/photos/add", whose="mine", sensitive="no")
        answer = alice.send(
            "/photos/upload",
            preset="no-ai-editing",
            keep_details="on",
            label=UPLOADED,
            files=[("photos", (FILE_NAME, self.png.file, "image/png")), ("photos", ("no.txt", b"none", "text/plain"))],
        )
        assert answer.status_code == 200, answer.text
        sent = alice.post("/photos/here/hashes", "/photos/here", {"choice": CHOICE, "photos": [self.as_sent()]})
        assert sent.json()["photos"][0]["state"] == "in-force", sent.text
        assert alice.get("/photos", name=SENT).text.count("Süßsee") >= 1

    def as_sent(self, **fields: Any) -> dict[str, Any]:
        found = pictures(self.jpeg.file)
        kept = stored_details(found)
        assert kept is not None
        return {
            "id": str(uuid4()),
            "label": SENT,
            "fingerprints": [in_words(fingerprint_of(found).hashes)],
            "details": packed(kept.to_bytes(coarse=True)),
        } | fields

    def photos_are_asked_for(self) -> None:
        question = {"fingerprints": [in_words(query_of(pictures(self.jpeg.file)).hashes, orientation=True)]}
        found = self.alice.post("/photos/find/ask", "/photos/find", question)
        assert len(found.json()["photos"]) == 1, found.text
        asked = Browser(self.site).post("/check/ask", "/check", question)
        assert asked.json() == {"registered": True}
        for page in ("photos", "photos/activity", "photos/activity.json", "photos/activity.csv", "photos/export",
                     "photos/export.json", "photos/export.csv", "account", "account/sessions"):  # fmt: skip
            assert self.alice.get(f"/{page}").status_code == 200, page

    def photo_ids(self) -> list[str]:
        rows = self.site.execute("SELECT id FROM consent_photo WHERE label LIKE 'Kanarie%' ORDER BY label")
        return [str(each) for (each,) in rows]

    def choices_change(self) -> None:
        one, other = self.photo_ids()
        self.alice.send(f"/photos/{one}/rename", page=f"/photos/{one}", label=RENAMED)
        self.alice.send(f"/photos/{one}/choose", page=f"/photos/{one}", preset="essential")
        self.alice.send("/photos/withdraw", page="/photos", photo=other)
        until(lambda: len(self.receiver.received) >= 1)

    # Platforms

    def a_platform_asks(self) -> None:
        platform = self.platform
        made = platform.ask("POST", "/v1/webhook-endpoints", {"url": f"{self.receiver.url}/hook"})
        self.webhook_secret = made.json()["secret"]
        self.heard = [
            platform.ask("POST", "/v1/check/image?details=true", each.file, Prefer="proof") for each in self.photos
        ]
        assert [answer.json()["result"] for answer in self.heard] == ["protected"] * 2
        item = self.as_asked()
        self.heard.append(platform.ask("POST", "/v1/check", item, Prefer="proof"))
        self.heard.append(platform.ask("POST", "/v1/check/batch", {"items": [item, {"hashes": item["hashes"]}]}))
        known = self.heard[0].json()
        report = {"check": known["id"], "outcome": "blocked"}
        for body in (report, report, {"check": known["id"], "outcome": known["hashes"][0]["hash"]}):
            platform.ask("POST", "/v1/reports", body, Idempotency_Key="kanarie-key")
        platform.ask("GET", "/v1/events")
        until(lambda: bool(self.site.execute("SELECT 1 FROM matching_told")))

    def as_asked(self) -> dict[str, Any]:
        found = pictures(self.jpeg.file)
        details = base64.b64encode(asked_details(found).to_bytes(coarse=False)).decode()
        return in_words(query_of(found).hashes, orientation=True) | {"details": details}

    def requests_are_wrong(self) -> None:
        """400, 401, 404, 413, 415, 422, and those whose sender goes away."""
        good, code = self.as_asked(), self.as_asked()["hashes"][0]["hash"]
        wrong = [
            ("/v1/check", json.dumps(good).encode()[:-9]),
            ("/v1/check", good | {"hashes": [{"hash": code, "view": code, "quality": code}]}),
            ("/v1/check", good | {code: code}),
            ("/v1/check", good | {"details": good["details"][:-40]}),
            ("/v1/check", b"x" * 1_100_000 + json.dumps(good).encode()),
            ("/v1/check/batch", {"items": [good | {"uses": [code]}, code]}),
            ("/v1/check/image", self.png.file[: len(self.png.file) // 2]),
            ("/v1/check/image", self.jpeg.file[400:]),
            ("/v1/check/image", self.jpeg.file * (20_000_000 // len(self.jpeg.file) + 1)),
            (f"/v1/check/image?uses={code}", self.jpeg.file),
            (f"/v1/{code}", good),
        ]
        statuses = [self.platform.ask("POST", path, body).status_code for path, body in wrong]
        assert statuses == [400, 422, 422, 422, 413, 200, 422, 415, 413, 422, 404]
        stranger = Platform(self.site, self.key[:-1] + ("a" if self.key[-1] != "a" else "b"))
        assert stranger.ask("POST", "/v1/check/image", self.png.file).status_code == 401
        self.site.cut_off(f"POST /v1/check/image HTTP/1.1\r\nAuthorization: Bearer {self.key}", self.png.file)
        self.site.cut_off("POST /photos/upload HTTP/1.1", self.png.file)
        bad = self.as_sent(label=UPLOADED * 20)
        for body in ({"choice": CHOICE, "photos": [bad]}, {code: SENT}, json.dumps(bad).encode()[:-3]):
            self.alice.post("/photos/here/hashes", "/photos/here", body)
        self.alice.send(f"/photos/{uuid4()}/rename", page="/photos", label=RENAMED)
        self.alice.get(f"/{EMAIL}", name=UPLOADED)

    # Operators, and what fails

    def operators_work(self) -> None:
        file = self.place / FILE_NAME  # an operator's own copy
        file.write_bytes(self.png.file)
        self.site.manage("check_photo", str(file))
        self.site.manage("protect_photo", str(file))
        self.site.manage("exclude_photo", str(file), "--commons", "--minimum-assurance", "1", "--reason", REASON)
        self.site.manage("list_platforms")
        self.site.manage("withdraw_photo", "pho_nothing", FILE_NAME)
        file.unlink()

    def parts_fail(self) -> None:
        self.the_database_quotes_what_it_refuses()
        self.a_decoder_is_killed()
        self.the_database_is_killed()

    def the_database_quotes_what_it_refuses(self) -> None:
        """Errors of a database repeat values: as a constraint's DETAIL, or in words of a trigger's."""
        execute = self.site.execute
        execute(
            "CREATE FUNCTION quote_it() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            "RAISE EXCEPTION 'no: % % %', NEW, to_jsonb(NEW), current_query() USING DETAIL = NEW::text; END $$"
        )
        tables = ("consent_photo", "matching_storedfingerprint", "consent_person", "matching_exclusion")
        for table in tables:
            execute(f"CREATE TRIGGER quote_it BEFORE INSERT OR UPDATE ON {table} "
                    "FOR EACH ROW EXECUTE FUNCTION quote_it()")  # fmt: skip
        one, _ = self.photo_ids()
        answers = [
            self.alice.send(f"/photos/{one}/rename", page=f"/photos/{one}", label=RENAMED),
            self.alice.post("/photos/here/hashes", "/photos/here", {"choice": CHOICE, "photos": [self.as_sent()]}),
            self.alice.send("/photos/upload", preset="essential", label=UPLOADED,
                            files={"photos": (FILE_NAME, self.png.file)}),
            Browser(self.site).send("/account/signup", email=f"x{EMAIL}", password1=PASSWORD),
        ]  # fmt: skip
        assert [answer.status_code for answer in answers] == [500, 200, 500, 500]
        for table in tables:
            execute(f"DROP TRIGGER quote_it ON {table}")

    def a_decoder_is_killed(self) -> None:
        ended = threading.Event()

        def kill() -> None:
            while not ended.wait(0.02):
                for process in self.site.named("decoder_process"):
                    with contextlib.suppress(Exception):
                        process.kill()

        killer = threading.Thread(target=kill)
        killer.start()
        try:
            answers = [self.platform.ask("POST", "/v1/check/image?effort=high", self.png.file) for _ in range(4)]
        finally:
            ended.set()
            killer.join()
        assert 503 in [answer.status_code for answer in answers]

    def the_database_is_killed(self) -> None:
        """The supervisor starts it again; meanwhile the pages and the API fail."""
        [*servers] = self.site.named("pginstall18/bin/postgres")
        for process in servers:
            with contextlib.suppress(Exception):
                process.kill()
        question = self.as_asked()
        self.alice.post("/photos/here/hashes", "/photos/here", {"choice": CHOICE, "photos": [self.as_sent()]})
        self.platform.ask("POST", "/v1/check", question)
        until(self.site.database_answers)
        until(lambda: self.platform.client.get("/readyz").status_code == 200)


def in_words(hashes: Any, *, orientation: bool = False) -> dict[str, Any]:
    """Hashes as they are sent under their profile."""
    named = [item._asdict() | {"hash": item.bits.hex(), "texture": item.texture.hex()} for item in hashes]
    kept = {"view", "algorithm", "hash", "quality", "texture"} | ({"orientation"} if orientation else set())
    return {"profile": "veto-1", "hashes": [{name: each[name] for name in kept} for each in named]}
