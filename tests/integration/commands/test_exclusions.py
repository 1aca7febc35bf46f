"""Excluding images by the command line: real pictures, other processes, real exit codes."""

from pathlib import Path
from uuid import UUID, uuid4

import pytest
from PIL import Image, ImageOps

from consent.models import AuditEvent
from tests.integration.commands.test_photos import manage
from tests.pictures import encoded, picture

pytestmark = pytest.mark.usefixtures("committed")


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "form.jpg"
    path.write_bytes(encoded(picture(uuid4().int % 2**60)))
    return path


def checked(path: Path, use: str = "edit") -> str:
    code, [said], _ = manage("check_photo", str(path), "--uses", use)
    assert code == 0
    return str(said["result"])


def saved(image: Path, name: str, altered: Image.Image) -> Path:
    path = image.with_name(name)
    path.write_bytes(encoded(altered, quality=70))
    return path


def test_an_image_of_everyone_cannot_be_reserved_by_someone_unknown(image: Path) -> None:
    opened = Image.open(image)
    copies = {
        "smaller.jpg": opened.resize((240, 180)),
        "mirrored.jpg": ImageOps.mirror(opened),
        "turned.jpg": opened.transpose(Image.Transpose.ROTATE_90),
    }
    cropped = saved(image, "cropped.jpg", opened.crop((48, 36, 432, 324)))
    manage("protect_photo", str(image))
    code, [said], _ = manage(
        "exclude_photo", str(image), "--commons", "--minimum-assurance", "2", "--reason", "a press photo"
    )
    assert code == 0
    assert (said["state"], said["protection"], said["minimum_assurance"]) == ("excluded", None, 2)
    for name, altered in copies.items():
        assert checked(saved(image, name, altered)) == "no_match", name
    assert checked(image, "sexualise") == "protected"
    assert checked(cropped) == "protected"  # a part of it is another image
    code, [withdrawn], _ = manage("withdraw_exclusion", said["exclusion"])
    assert (code, withdrawn) == (0, {"id": said["exclusion"], "state": "withdrawn"})
    assert checked(image) == "protected"


def test_an_operators_exclusions_are_audited_without_their_reason(image: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.jpg"
    other.write_bytes(encoded(picture(uuid4().int % 2**60)))
    _, [photo], _ = manage("protect_photo", str(image))
    _, [made], _ = manage("exclude_photo", str(other), "--protection", photo["ref"], "--reason", "Ana says so")
    assert made["protection"] == photo["ref"]
    for _ in range(2):  # the second changes nothing
        manage("withdraw_exclusion", made["exclusion"])
    events = AuditEvent.objects.filter(subject=UUID(made["exclusion"].removeprefix("exc_"))).order_by("at")
    assert [event.action for event in events] == ["exclusion.made", "exclusion.withdrawn"]
    assert events[0].facts == {"photo": photo["ref"].removeprefix("pho_")}
    assert checked(image) == "protected"


def test_a_bad_image_is_a_clear_error_and_stops_no_other(image: Path) -> None:
    blank = saved(image, "blank.jpg", Image.new("RGB", (300, 300), "white"))
    _, [photo], _ = manage("protect_photo", str(image))
    copy = saved(image, "copy.jpg", Image.open(image).resize((300, 225)))
    code, said, _ = manage(
        "exclude_photo", str(blank), str(copy), str(image), "--protection", photo["ref"], "--reason", "r"
    )
    assert (code, [line["code"] for line in said]) == (1, ["low-quality", "too-near", "too-near"])
    assert checked(copy) == "protected"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--reason", "r"], "one of the arguments --protection --commons is required"),
        (["--commons", "--reason", "r"], "--commons and --minimum-assurance go together"),
        (["--commons", "--minimum-assurance", "0", "--reason", "r"], "invalid choice: 0"),
        (["--protection", "pho_x", "--minimum-assurance", "1", "--reason", "r"], "go together"),
        (["--protection", "pho_x", "--reason", "r"], "No photo has this ref"),
        (["--commons", "--minimum-assurance", "1", "--reason", " "], "needs a reason"),
        (["--commons", "--minimum-assurance", "1"], "--reason"),
    ],
)
def test_what_an_exclusion_needs_is_asked_for(image: Path, options: list[str], said: str) -> None:
    code, printed, error = manage("exclude_photo", str(image), *options)
    assert (code != 0, printed) == (True, [])
    assert said in error
    assert "Traceback" not in error


def test_an_unknown_exclusion_is_not_found() -> None:
    code, said, _ = manage("withdraw_exclusion", "exc_x", f"exc_{uuid4().hex}", "pho_1")
    assert (code, [line["code"] for line in said]) == (1, ["not-found"] * 3)
