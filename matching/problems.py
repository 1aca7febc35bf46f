"""Errors as problem documents (RFC 9457). Each `code` is listed here with what to do about it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class Kind:
    status: int
    title: Promise
    remedy: Promise


KINDS: dict[str, Kind] = {
    "malformed-json": Kind(400, _("The body is not JSON"), _("Send one JSON object, encoded in UTF-8.")),
    "malformed-request": Kind(400, _("The request is malformed"), _("Check the host name and the headers you send.")),
    "invalid-key": Kind(
        401, _("The key is not valid"), _("Send a key in force as “Authorization: Bearer veto_live_…”.")
    ),
    "expired-key": Kind(401, _("The key has expired"), _("Ask the registry for a new key.")),
    "missing-scope": Kind(403, _("The key lacks a scope"), _("Ask for a key with the scope that the answer names.")),
    "ip-not-allowed": Kind(
        403, _("The key is not allowed from this address"), _("Call from one of the key's networks.")
    ),
    "platform-suspended": Kind(403, _("The platform is suspended"), _("Write to the registry.")),
    "not-found": Kind(404, _("There is nothing here"), _("Check the address against the API's reference.")),
    "method-not-allowed": Kind(
        405, _("The method is not allowed here"), _("Use a method that the header Allow lists.")
    ),
    "too-slow": Kind(
        408, _("The body came too slowly"), _("Send it again over a faster line, or send the hashes of the image.")
    ),
    "too-large": Kind(413, _("The body is too large"), _("Send a smaller image, at most 20 MB, or its hashes.")),
    "unsupported-image": Kind(415, _("This is not an image we read"), _("Send JPEG, PNG, WebP, GIF or AVIF.")),
    "invalid-request": Kind(422, _("The request is not valid"), _("Mend the fields that the answer lists.")),
    "invalid-hash": Kind(
        422, _("A hash is not valid"), _("A hash is 64 hexadecimal digits, made as the profile says.")
    ),
    "unknown-use": Kind(422, _("A use is unknown"), _("Send uses of the vocabulary, listed under /v1/uses.")),
    "unsupported-profile": Kind(
        422, _("The profile is not supported"), _("Send a profile listed under /v1/algorithms.")
    ),
    "image-undecodable": Kind(422, _("The image cannot be read"), _("The file is empty, cut short or damaged.")),
    "low-quality": Kind(422, _("The image has too little detail"), _("A blank image or a mask can be no one's photo.")),
    "too-near": Kind(
        422,
        _("The image is the protected photo itself"),
        _("An exclusion would leave that photo unprotected. If it must not be protected, it has to be withdrawn."),
    ),
    "unreadable-file": Kind(422, _("The file cannot be read"), _("Check the path and the rights of the file.")),
    "image-too-many-pixels": Kind(422, _("The image has too many pixels"), _("Send at most 100 megapixels.")),
    "invalid-proof": Kind(
        422, _("The proof is not valid"), _("Send the proof of one of your own checks, as it was answered.")
    ),
    "idempotency-mismatch": Kind(
        422,
        _("The Idempotency-Key was used for something else"),
        _("Send the same request again, or take a new key for a new one."),
    ),
    "idempotency-in-flight": Kind(
        409, _("The same request is being answered"), _("Wait a moment, and send the same request again.")
    ),
    "quota-exceeded": Kind(429, _("Too many requests"), _("Wait as long as the header Retry-After says.")),
    "internal-error": Kind(500, _("Something went wrong here"), _("Refuse the use meanwhile, and try again later.")),
    "index-loading": Kind(503, _("The index is loading"), _("Refuse the use meanwhile, and try again shortly.")),
    "index-behind": Kind(
        503, _("The index may lack the latest changes"), _("Refuse the use meanwhile, and try again shortly.")
    ),
    "profile-incomplete": Kind(
        503,
        _("Some photos cannot be found under this profile"),
        _("Refuse the use meanwhile, and ask under a profile that /v1/status lists as complete, or with the image."),
    ),
    "overloaded": Kind(503, _("The service is overloaded"), _("Refuse the use meanwhile, and try again shortly.")),
}


class Problem(Exception):  # noqa: N818 (the name that RFC 9457 gives it)
    """An error that is answered as it stands. `detail` names the bad value and the good ones, and never a hash."""

    def __init__(
        self,
        code: str,
        detail: str,
        *,
        errors: list[dict[str, str]] | None = None,
        retry_after_s: int = 1,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(code)
        self.code = code
        self.detail = detail
        self.errors = errors or []
        self.retry_after_s = retry_after_s
        self.headers = headers or {}

    @property
    def kind(self) -> Kind:
        return KINDS[self.code]

    def to_json(self) -> dict[str, Any]:
        with translation.override("en"):  # as the details are; the page that `type` names speaks the reader's language
            title = str(self.kind.title)
        document: dict[str, Any] = {
            "type": f"/problems/{self.code}",
            "title": title,
            "status": self.kind.status,
            "code": self.code,
            "detail": self.detail,
        }
        if self.errors:
            document["errors"] = self.errors
        if self.kind.status >= 500:
            document["fallback"] = {"action": "deny"}
        return document
