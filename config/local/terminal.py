"""What the supervisor says, and the signals that end it."""

import contextlib
import signal
from collections.abc import Callable
from types import FrameType

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class EndingError(BaseException):
    """Someone asked for the end: a Ctrl-C, a SIGTERM, a closed terminal. Not an Exception, as KeyboardInterrupt."""

    def __init__(self, number: int) -> None:
        self.number = number


def say(text: str = "") -> None:
    with contextlib.suppress(OSError):  # the terminal may be gone
        print(text, flush=True)


def raise_when_ended() -> None:
    """EndingError at the first such signal. Further ones do nothing: what is then cleared up must not be cut short."""

    def handle(number: int, _: FrameType | None) -> None:
        when_ended_again(lambda: None)
        raise EndingError(number)

    _on_ending(handle)


def when_ended_again(hurry: Callable[[], None]) -> None:
    """While things are being stopped nothing may interrupt that; a second Ctrl-C only makes it quick."""
    _on_ending(lambda _number, _frame: hurry())


def forward(send: Callable[[int], None]) -> None:
    _on_ending(lambda number, _: send(number))


def _on_ending(handle: Callable[[int, FrameType | None], None]) -> None:
    for number in ENDING:
        if number is signal.SIGHUP and signal.getsignal(number) is signal.SIG_IGN:
            continue  # nohup
        signal.signal(number, handle)
