"""Adding photos, as files or as hashes: each by itself, with a result in words, whatever becomes of the others."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.files.uploadedfile import InMemoryUploadedFile
from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from consent.actions import AlreadyRegisteredError, add_photo
from consent.models import OptOut, Person, Photo
from consent.received import PhotoIn, unpacked
from matching import sequence
from matching.hashing.decoder import DecoderUnavailable, ImageError, shared_decoder
from matching.registry import TooLittleDetailError

REASONS = {
    "unsupported-image": _("This is not a photo that we can read. Send it as JPEG, PNG, WebP, GIF or AVIF."),
    "image-undecodable": _("The file is empty, cut short or damaged. Try the original."),
    "image-too-many-pixels": _("It has more than 100 megapixels. Send a smaller version."),
    "too-large": _("It has more than 20 MB, or too many were sent at once. Send it alone, or a smaller version."),
    "low-quality": _("It shows too little to be told from other pictures, like a wall or a blank page."),
}
UNREADABLE_NOW = _("We could not read it just now. Please send it again.")
BEFORE = _("You registered this photo before. Your choice for it stays as it is.")
RENEWED = _("You registered this photo before. More of its copies are found from now on; your choice stays as it is.")
OVER_LIMIT = _("Many photos were added from here today. This one is kept, and takes effect within a day.")
BEFORE_WAITING = _("You registered this photo before. It is kept, and takes effect within a day.")
WAITING = _("Saved. Photos that are waiting take effect within a day.")
TAKING_EFFECT = _("Saved. It is taking effect; come back in a minute.")
IN_EFFECT = _("Saved. Every check from now on takes it into account.")
TOO_FEW = _("It has too few details to keep: cropped or partly changed, it is found less often.")
GONE = _("You have withdrawn this photo since it was sent.")
# Title and text of a photo that is in force, and the text of one that waits.
NEW = (_("Protected"), IN_EFFECT, OVER_LIMIT)
ALREADY = (_("Already protected"), BEFORE, BEFORE_WAITING)
AGAIN = (_("Renewed"), RENEWED, BEFORE_WAITING)


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one file. `state` is that of the component `seal`."""

    name: str
    state: str
    title: Promise
    text: Promise
    photo: Photo | None = None


def add_files(
    *, by: Person, files: Sequence[InMemoryUploadedFile], pending: Iterable[bool], label: str = "", **choice: Any
) -> list[Result]:
    """Protect each file; `pending` says of each whether it is over a limit. `choice`: as of `add_photo`.

    A name given to several gets a number each: there is no picture of a photo to tell one from another by.
    """
    labels = [f"{label} ({number})" for number in range(1, len(files) + 1)] if label and len(files) > 1 else None
    return [
        add_file(by=by, file=file, pending=over, label=name, assurance=by.assurance, **choice)
        for file, over, name in zip(files, pending, labels or [label] * len(files), strict=True)
    ]


def add_file(*, by: Person, file: InMemoryUploadedFile, pending: bool, **choice: Any) -> Result:
    name = file.name or ""
    image = file.read()
    if len(image) != file.size:  # more than is kept (see config/uploads.py)
        return refused(name, REASONS["too-large"])
    try:
        with shared_decoder().opened(image) as opened:
            fingerprints, details = opened.fingerprints(), opened.stored_details()
        decided = add_photo(by=by, fingerprints=fingerprints, details=details, pending=pending, **choice)
    except ImageError as error:
        return refused(name, REASONS[error.code])
    except TooLittleDetailError:
        return refused(name, REASONS["low-quality"])
    except DecoderUnavailable:
        return refused(name, UNREADABLE_NOW)
    except AlreadyRegisteredError as already:
        return kept(name, already.photo, ALREADY, in_effect=already.in_effect)
    return kept(name, decided.photo, AGAIN if decided.renewed else NEW, in_effect=decided.in_effect)


def add_hashes(*, by: Person, photo: PhotoIn, pending: Callable[[], bool], **choice: Any) -> Result:
    """Protect a photo whose hashes came; `pending` counts it, and says whether it is over a limit.

    One whose `id` is known has come before: nothing is changed, and what is so is said. Raises ValueError where it was
    not hashed under every profile that may be asked.
    """
    name = str(photo.id)
    known = Photo.objects.of(by).filter(sending=photo.id).first()
    if known is not None:
        return as_it_is(name, known)
    try:
        decided = add_photo(
            by=by,
            fingerprints=[each.to_fingerprint() for each in photo.fingerprints],
            details=unpacked(photo.details),
            follow=photo.details_follow,
            pending=pending(),
            label=photo.label,
            assurance=by.assurance,
            sending=photo.id,
            **choice,
        )
    except TooLittleDetailError:
        return refused(name, REASONS["low-quality"])
    except AlreadyRegisteredError as already:
        if already.photo.sending == photo.id:
            return as_it_is(name, already.photo)
        return kept(name, already.photo, ALREADY, in_effect=already.in_effect)
    return kept(name, decided.photo, AGAIN if decided.renewed else NEW, in_effect=decided.in_effect)


def as_it_is(name: str, photo: Photo) -> Result:
    """What is to be said of a photo when the same act comes once more."""
    if not OptOut.objects.filter(photo=photo, withdrawn_at=None).exists():
        return Result(name, "withdrawn", _("Withdrawn"), GONE, photo)
    return kept(name, photo, NEW, in_effect=photo.pending_since is None and sequence.settled())


def kept(name: str, photo: Photo, words: tuple[Promise, Promise, Promise], *, in_effect: bool) -> Result:
    state = "in-force"
    title, text, waiting = words
    if photo.pending_since:
        state, title, text = "pending", _("Waiting"), waiting
    elif not in_effect:
        state, title, text = "pending", _("Taking effect"), TAKING_EFFECT
    if photo.details == Photo.Details.TOO_FEW:
        text = format_lazy("{} {}", text, TOO_FEW)
    return Result(name, state, title, text, photo)


def refused(name: str, reason: Promise) -> Result:
    return Result(name, "refuse", _("Not protected"), reason)
