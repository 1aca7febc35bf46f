"""A guard that stands before a function which edits images."""

import functools
import inspect
from collections.abc import Callable, Collection
from typing import Any, ParamSpec, TypeVar

from veto_client.client import Veto
from veto_client.errors import ProtectedError

P = ParamSpec("P")
R = TypeVar("R")


def guarded(
    veto: Veto, *, uses: Collection[str] = ("edit",), image: str = "image", ask: bool = True
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """A decorator: the function raises ProtectedError where the image in its parameter `image` is protected.

    It refuses what is denied and, unless `ask` is false, what must be asked for first.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        signature = inspect.signature(function)
        if image not in signature.parameters:
            raise TypeError(f"{function.__name__} has no parameter {image!r}; it has {', '.join(signature.parameters)}")

        @functools.wraps(function)
        def guard(*args: P.args, **kwargs: P.kwargs) -> R:
            refuse_protected(veto, signature.bind(*args, **kwargs).arguments.get(image), uses, ask=ask)
            return function(*args, **kwargs)

        return guard

    return decorate


def refuse_protected(veto: Veto, given: Any, uses: Collection[str], *, ask: bool = True) -> None:
    """Raises ProtectedError if this image, or one of a list of them, is protected against one of the uses."""
    for each in given if isinstance(given, (list, tuple)) else [given]:
        if each is not None:
            answer = veto.check(each, uses)
            if stopped := answer.stops(ask=ask):
                raise ProtectedError(answer, stopped)
