"""The vocabulary of uses, `veto-uses/1`: what an AI would do with a photo. Immutable once published.

A set of uses is kept in the index as a bit mask, bit i for the i-th use of the vocabulary.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

VOCABULARY = "veto-uses/1"


@dataclass(frozen=True)
class Use:
    id: str
    label: Promise
    means: Promise
    maps_to: dict[str, str]
    refusing_also_refuses: tuple[str, ...] = ()
    always_refused: bool = False


@dataclass(frozen=True)
class Preset:
    id: str
    label: Promise
    uses: tuple[str, ...]
    default: bool = field(default=False)


USES: tuple[Use, ...] = (
    Use(
        "sexualise",
        _("Sexualise"),
        _("Undress someone, show them in underwear or in a sexual pose."),
        {"cawg": "custom key", "eu-ai-act": "article 5", "fr-code-penal": "226-8-1"},
        always_refused=True,
    ),
    Use(
        "likeness",
        _("Reuse the likeness"),
        _("Reuse the face or the body: face swap, images that keep an identity, a model of a person."),
        {"cawg": "custom key"},
    ),
    Use(
        "animate",
        _("Animate"),
        _("Turn the photo into a video or a talking head."),
        {"cawg": "custom key"},
    ),
    Use(
        "edit",
        _("Edit with AI"),
        _("Any generative change of the photo. Refusing it also refuses the three uses above."),
        {"cawg": "cawg.ai_inference: constrained", "plus": "DMI-PROHIBITED-SEECONSTRAINT"},
        refusing_also_refuses=("sexualise", "likeness", "animate"),
    ),
    Use(
        "train",
        _("Train"),
        _("Train or fine-tune a model."),
        {
            "cawg": "cawg.ai_training, cawg.ai_generative_training: notAllowed",
            "aipref": "train-ai=n",
            "plus": "DMI-PROHIBITED-AIMLTRAINING",
            "tdmrep": "tdm-reservation: 1",
        },
    ),
    Use(
        "identify",
        _("Identify"),
        _("Make a template of a face, or search by face."),
        {"cawg": "cawg.data_mining: notAllowed"},
    ),
)

IDS: tuple[str, ...] = tuple(use.id for use in USES)
BY_ID = {use.id: use for use in USES}

PRESETS: tuple[Preset, ...] = (
    Preset("essential", _("Essential"), ("sexualise", "likeness", "animate")),
    Preset("no-ai-editing", _("No AI editing"), ("sexualise", "likeness", "animate", "edit"), default=True),
    Preset("refuse-everything", _("Refuse everything"), IDS),
)
DEFAULT: frozenset[str] = next(frozenset(preset.uses) for preset in PRESETS if preset.default)


class UnknownUseError(ValueError):
    """A use that the vocabulary does not hold; the message names it and the known ones."""

    def __init__(self, unknown: Iterable[str]) -> None:
        self.unknown = sorted(unknown)
        super().__init__(f"unknown use {', '.join(map(repr, self.unknown))}; the uses are {', '.join(IDS)}")


def known(uses: Iterable[str]) -> frozenset[str]:
    """The uses as a set. Raises UnknownUseError."""
    uses = frozenset(uses)
    if unknown := uses - BY_ID.keys():
        raise UnknownUseError(unknown)
    return uses


def refused(uses: Iterable[str]) -> frozenset[str]:
    """What refusing these uses refuses in all: what they imply and what always is. Raises UnknownUseError."""
    chosen = known(uses)
    implied = {other for use in chosen for other in BY_ID[use].refusing_also_refuses}
    return chosen | implied | {use.id for use in USES if use.always_refused}


def to_mask(uses: Iterable[str]) -> int:
    return sum(1 << IDS.index(use) for use in known(uses))


def in_order(uses: Iterable[str]) -> list[str]:
    """The uses as a list, in the order of the vocabulary."""
    chosen = known(uses)
    return [use for use in IDS if use in chosen]
