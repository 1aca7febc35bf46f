"""The vocabulary of uses as pages show it."""

from collections.abc import Iterable
from typing import Any

from matching.uses import USES


def described(refused: Iterable[str] = ()) -> list[dict[str, Any]]:
    """For the component uses-list: every use in the order of the vocabulary, and whether it is among the refused."""
    chosen = frozenset(refused)
    return [{"label": use.label, "means": use.means, "refused": use.id in chosen} for use in USES]
