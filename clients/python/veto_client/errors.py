"""What can go wrong, by whose fault."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from veto_client.answers import Answer


class VetoError(Exception):
    """Whatever this library raises."""


class UnreadableImageError(VetoError):
    """The image is at fault: damaged, too large, or of a format that is not read."""


class RequestError(VetoError):
    """The registry refused the request: a wrong key, an unknown use. Asking again gives the same.

    `code` is one of those that the registry lists under /problems/, `detail` names the bad value and the good ones.
    """

    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.status = status
        self.code = code
        self.detail = detail


class UnavailableError(VetoError):
    """No answer could be had: whether the image is protected is not known, so it must not pass for free."""


class ProofError(VetoError):
    """A proof that is not of this answer, or not of this registry."""


class ProtectedError(VetoError):
    """Raised by the guards: the image may not be used so. `answer` says what was found."""

    def __init__(self, answer: "Answer", uses: tuple[str, ...]) -> None:
        super().__init__(f"The person who registered this photo refuses: {', '.join(uses)}.")
        self.answer = answer
        self.uses = uses
