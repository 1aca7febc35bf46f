"""Whether chaos itself would notice; and a minute of it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.chaos.ledger import ERASE, NOTHING, REGISTER, REVISE, WITHDRAW, Act, Ledger, Photo, Uses

ROOT = Path(__file__).resolve().parents[2]
LESS, MORE = frozenset({"edit"}), frozenset({"edit", "train"})


def done(ledger: Ledger, kind: str, photo: Photo, refuse: Uses, *, in_effect: bool = True) -> Photo:
    act = Act(kind, photo, refuse)
    ledger.acknowledge(act, ledger.begin(act), in_effect=in_effect)
    return photo


def registered(ledger: Ledger, code: str = "code", *, in_effect: bool = True) -> Photo:
    return done(ledger, REGISTER, Photo(code), LESS, in_effect=in_effect)


def test_a_planted_loss_and_a_lying_answer_are_reported() -> None:
    ledger = Ledger()
    kept, missing = registered(ledger, "kept"), registered(ledger, "missing")
    assert ledger.heard(kept, kept.since, LESS, "protected")
    assert ledger.heard(kept, kept.since, None, "index-behind")
    assert not ledger.heard(kept, kept.since, NOTHING, "no_match")
    ledger.settle({kept.sending: LESS}, [{kept.sending: LESS, missing.sending: LESS}], wrong=1)
    result = ledger.result()
    assert (result["acknowledged"], result["lost"], result["wrong"], result["unavailable"]) == (2, 1, 2, 1)


def test_a_stricter_choice_is_in_every_answer_to_what_is_asked_later() -> None:
    ledger = Ledger()
    photo = registered(ledger)
    asked_before = photo.since
    done(ledger, REVISE, photo, MORE)
    assert ledger.heard(photo, asked_before, LESS, "protected")
    assert not ledger.heard(photo, photo.since, LESS, "protected")


def test_while_a_withdrawal_is_under_way_both_answers_are_right() -> None:
    ledger = Ledger()
    photo = registered(ledger)
    ledger.begin(Act(WITHDRAW, photo, NOTHING))
    assert ledger.heard(photo, photo.since, NOTHING, "no_match")
    assert ledger.heard(photo, photo.since, LESS, "protected")


def test_what_was_only_saved_is_promised_with_the_next_act_that_is_in_effect() -> None:
    ledger = Ledger()
    photo = registered(ledger, in_effect=False)
    assert ledger.heard(photo, photo.since, NOTHING, "no_match")
    registered(ledger, "another")
    assert not ledger.heard(photo, photo.since, NOTHING, "no_match")


@pytest.mark.parametrize(("kept", "said"), [(LESS, NOTHING), (NOTHING, LESS)])
def test_a_withdrawal_that_did_not_last_is_a_loss(kept: Uses, said: Uses) -> None:
    ledger = Ledger()
    photo = done(ledger, WITHDRAW, registered(ledger), NOTHING)
    ledger.settle({photo.sending: kept}, [{photo.sending: said}], wrong=0)
    assert ledger.lost == 1


@pytest.mark.parametrize(("kept", "lost"), [(None, 0), (NOTHING, 1), (LESS, 1)])
def test_what_was_erased_and_is_still_kept_is_a_loss(kept: Uses | None, lost: int) -> None:
    ledger = Ledger()
    photo = done(ledger, ERASE, registered(ledger), NOTHING)
    ledger.settle({} if kept is None else {photo.sending: kept}, [{photo.sending: NOTHING}], wrong=0)
    assert ledger.lost == lost


@pytest.mark.long
@pytest.mark.timeout(900)
def test_after_a_minute_of_chaos_nothing_is_lost_and_nobody_was_lied_to() -> None:
    """In a process of its own, as `make chaos` runs it: what faults leave open there warns in no other test."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.chaos", "60"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    faults, result = map(json.loads, done.stdout.splitlines())
    assert faults["faults"]
    assert result["acknowledged"]
    assert (result["lost"], result["wrong"]) == (0, 0), done.stderr
