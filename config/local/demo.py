"""`make demo`: a photo is protected, a platform asks about copies of it, the protection is withdrawn. Nothing stays."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageChops, ImageOps, ImageStat, UnidentifiedImageError

from config.local.adoption import adopt_orphans, end_descendants, reap_adopted
from config.local.application import Address, application, issue_key, manage, protect
from config.local.ask import Answer, await_ready, check_image
from config.local.copies import copies, remains
from config.local.execute import SIGNAL_BASE
from config.local.failure import LocalError
from config.local.home import Home
from config.local.photos import NAMES, as_jpeg, photograph
from config.local.services import temporary_services
from config.local.supervisor import Supervisor
from config.local.terminal import EndingError, raise_when_ended, say, when_ended_again

SMALL, SAME = 32, 8.0  # pixels and grey levels; the three photos here are 40 and more apart


@dataclass(frozen=True)
class Case:
    asked: str
    expected: str
    answer: Answer

    @property
    def right(self) -> bool:
        return self.answer.result == self.expected


def demo(given: Mapping[str, str], photo: Path | None) -> int:
    """1 when any answer was wrong."""
    raise_when_ended()
    adopt_orphans()
    original = open_photo(photo) if photo is not None else photograph(NAMES[0])
    others = {name: other for name in NAMES if not same_picture(other := photograph(name), original)}
    try:
        with temporary_services() as environment:
            home = Home(Path(environment["VETO_HOME"]))
            return in_home(home, clean(given) | environment, photo, original, others)
    except EndingError as ending:
        say("\nStopped.")
        return SIGNAL_BASE + ending.number
    finally:
        when_ended_again(lambda: None)
        end_descendants()


def clean(given: Mapping[str, str]) -> dict[str, str]:
    """The demo shows Veto as it comes: only the machine's own variables count."""
    kept = ("HOME", "PATH", "LANG", "LC_ALL", "TMPDIR", "USER", "TERM")
    return {name: given[name] for name in kept if name in given}


def in_home(
    home: Home,
    environment: Mapping[str, str],
    photo: Path | None,
    original: Image.Image,
    others: Mapping[str, Image.Image],
) -> int:
    supervisor = Supervisor()
    address = Address.free()
    try:
        say("Starting Veto in a temporary folder.")
        manage(home, environment, "migrate", "--noinput")
        for child in application(home, environment, address):
            supervisor.start(child)
        await_ready(address, supervisor.check)
        key = issue_key(home, environment, "demo")
        protected = protect(home, environment, photo or written(home, original))
        say(f"Protected: {photo or NAMES[0]} ({original.width} x {original.height})\n")
        altered = copies(original)
        if protected["details"] == "kept":
            altered |= remains(original)
        else:
            say("  It has too few details to find a part of it by: only copies of the whole are asked.\n")
        cases = [asked(address, key, name, image, "protected") for name, image in altered.items()]
        rest = [asked(address, key, f"another photo: {name}", image, "no_match") for name, image in others.items()]
        manage(home, environment, "withdraw_photo", protected["ref"])
        after = asked(address, key, "after withdrawal", as_jpeg(original), "no_match")
        reap_adopted(supervisor.pids())
    finally:
        when_ended_again(supervisor.kill_children)
        supervisor.stop()
    say(json.dumps(summary(cases, rest, after)))
    return 0 if all(case.right for case in (*cases, *rest, after)) else 1


def open_photo(path: Path) -> Image.Image:
    try:
        with Image.open(path) as image:
            return ImageOps.exif_transpose(image).convert("RGB")
    except UnidentifiedImageError as error:
        raise LocalError(f"PHOTO={path} is not an image that Veto can read.") from error
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise LocalError(f"PHOTO={path} cannot be read ({getattr(error, 'strerror', None) or error}).") from error


def same_picture(one: Image.Image, another: Image.Image) -> bool:
    """Someone may hand us the very photo that would be asked about as another."""
    small = [image.convert("L").resize((SMALL, SMALL), Image.Resampling.BOX) for image in (one, another)]
    return ImageStat.Stat(ImageChops.difference(*small)).mean[0] < SAME


def written(home: Home, image: Image.Image) -> Path:
    path = home.path / "photo.jpg"
    path.write_bytes(as_jpeg(image))
    return path


def asked(address: Address, key: str, name: str, image: bytes | Image.Image, expected: str) -> Case:
    body = as_jpeg(image) if isinstance(image, Image.Image) else image
    case = Case(name, expected, check_image(address, key, body, "image/jpeg"))
    remark = "" if case.right else f"   WRONG: expected {expected}"
    say(f"  {case.asked:<28} {case.answer.result:<14} {case.answer.milliseconds:6.0f} ms{remark}")
    return case


def summary(cases: list[Case], others: list[Case], after: Case) -> dict[str, int | str]:
    return {
        "copies": len(cases),
        "copies_protected": sum(case.answer.result == "protected" for case in cases),
        "others": len(others),
        "others_no_match": sum(case.answer.result == "no_match" for case in others),
        "after_withdrawal": after.answer.result,
    }
