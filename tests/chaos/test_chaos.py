"""Whether chaos itself would notice; and a minute of it."""

import random
from pathlib import Path

import pytest

from tests.chaos.__main__ import chaos
from tests.chaos.ledger import Ledger, OptOut


def opt_out(code: str, *, in_effect: bool = True) -> OptOut:
    return OptOut(code, f"protection of {code}", f"photo of {code}", in_effect)


def test_a_planted_loss_and_a_lying_answer_are_reported() -> None:
    ledger, kept, missing = Ledger(), opt_out("kept"), opt_out("missing")
    for each in (kept, missing):
        ledger.registered(each)
    assert ledger.heard(kept, "protected", promised=True)
    assert ledger.heard(kept, "index-behind", promised=True)
    assert not ledger.heard(kept, "no_match", promised=True)
    ledger.settle({kept.protection}, {"kept": "protected", "missing": "protected"}, twice=1)
    result = ledger.result()
    assert (result["acknowledged"], result["lost"], result["wrong"], result["unavailable"]) == (2, 1, 2, 1)


@pytest.mark.parametrize(("in_database", "answer"), [(True, "no_match"), (False, "protected")])
def test_a_withdrawal_that_did_not_last_is_a_loss(in_database: bool, answer: str) -> None:
    ledger, gone = Ledger(), opt_out("gone")
    ledger.registered(gone)
    gone.leaving = True
    ledger.withdrawn(gone)
    ledger.settle({gone.protection} if in_database else set(), {"gone": answer}, twice=0)
    assert ledger.lost == 1


@pytest.mark.long
@pytest.mark.timeout(400)
def test_after_a_minute_of_chaos_nothing_is_lost_and_nobody_was_lied_to(tmp_path: Path) -> None:
    seed = random.SystemRandom().randrange(10**6)
    events: list[str] = [f"seed {seed}"]
    ledger = chaos(60, seed, tmp_path, events.append)
    assert ledger.acknowledged
    assert (ledger.lost, ledger.wrong) == (0, 0), events
