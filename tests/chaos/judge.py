"""When all is well again: is everything there that was acknowledged, and did anything happen twice?"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator

from tests.chaos.ledger import ERASE, PUT_BACK, REGISTER, REVISE, WITHDRAW, Act, Ledger, Photo, Uses
from tests.chaos.people import Person
from tests.chaos.platforms import asked
from tests.chaos.stage import WORKERS, Stage
from tests.integration.sequence.processes import Line, line_to_each_worker, until
from tests.integration.web import Web

RECOVERY_S = 180.0
KEPT = """
SELECT photo.sending::text, CASE protection.state WHEN 'active' THEN protection.uses ELSE '{}' END,
    ARRAY(SELECT unnest(uses) FROM consent_optout WHERE photo_id = photo.id AND withdrawn_at IS NULL)
FROM consent_photo photo JOIN matching_protection protection ON protection.id = photo.protection
"""
DONE = """
SELECT photo.sending::text,
    ARRAY(SELECT action FROM consent_auditevent WHERE subject = photo.id),
    (SELECT count(*) FROM consent_optout WHERE photo_id = photo.id),
    (SELECT count(*) FROM matching_change WHERE subject = photo.protection),
    (SELECT count(*) FROM matching_event event JOIN matching_told told
        ON event.platform_id = told.platform_id AND event.data->>'ref' = told.ref
        WHERE told.protection = photo.protection)
FROM consent_photo photo
"""
GAPS = "SELECT count(*) FROM matching_change HAVING count(*) <> max(number) OR count(*) <> count(number)"
EVENTS = "SELECT public_id, data->>'ref' FROM matching_event"
ACTIONS = {
    REGISTER: "photo.protected",
    REVISE: "photo.revised",
    WITHDRAW: "photo.withdrawn",
    PUT_BACK: "photo.restored",
    ERASE: "photo.erased",
}
ERASED = "SELECT subject::text, count(*) FROM consent_auditevent WHERE action = 'photo.erased' GROUP BY subject"
OF_NO_PHOTO = "SELECT count(*) FROM matching_protection WHERE id NOT IN (SELECT protection FROM consent_photo)"


def judge(stage: Stage, ledger: Ledger, people: list[Person]) -> list[str]:
    """Settles the ledger; returns what was wrong besides lies, in words."""
    kept: dict[str, Uses] = {}
    faults: list[str] = []
    for sending, uses, decided in stage.world.execute(KEPT):
        kept[sending] = frozenset(uses)
        if frozenset(decided) != kept[sending]:
            faults.append(f"{sending}: the opt-out refuses {decided}, its protection {uses}")
    web = Web(stage.address.port, stage.parts["web"].pid, stage.parts["web"].log)
    with line_to_each_worker(web, WORKERS) as lines:
        answers = [denied_by(line, stage.key, ledger) for line in lines]
    await_deliveries(stage)
    faults += [*twice(stage, ledger), *of_erased(stage, ledger), *of_events(stage, ledger), *of_mails(stage, people)]
    ledger.settle(kept, answers, len(faults))
    return faults


def denied_by(line: Line, key: str, ledger: Ledger) -> dict[str, Uses]:
    """What one worker denies of each photo; asked again for a while where that is not as it should be."""
    answers: dict[str, Uses] = {}

    def right(photo: Photo) -> bool:
        since = photo.since
        denied, result = asked(line, key, photo)
        ledger.heard(photo, since, denied, result)
        if denied is not None:
            answers[photo.sending] = denied
        return denied == photo.refused

    left = list(ledger.photos)

    def all_right() -> bool:
        left[:] = [photo for photo in left if not right(photo)]
        return not left

    try:
        until(all_right, within=RECOVERY_S)
    except AssertionError:
        return answers  # what is missing is counted
    return answers


def twice(stage: Stage, ledger: Ledger) -> Iterator[str]:
    """An act that was tried once happened once. Tried again, a change may be made again; nothing else may."""
    known = {photo.sending: photo for photo in ledger.photos}
    for sending, actions, *counts in stage.world.execute(DONE):
        if sending in known:
            yield from (f"{sending}: {fault}, after {actions}" for fault in counted(known[sending], actions, *counts))
        else:
            yield f"{sending}: nobody has sent it"
    for (count,) in stage.world.execute(GAPS):
        yield f"the sequence of {count} changes has a gap"


def of_erased(stage: Stage, ledger: Ledger) -> Iterator[str]:
    """Each once, and no other; nothing is left that a check could find."""
    asked_for = Counter(photo.id for photo in ledger.photos if photo.erased)
    happened = Counter(dict(stage.world.execute(ERASED)))
    for photo in asked_for.keys() | happened.keys():
        if asked_for[photo] != happened[photo]:
            yield f"{photo} was erased {happened[photo]} times, of {asked_for[photo]}"
    for (count,) in stage.world.execute(OF_NO_PHOTO):
        if count:
            yield f"{count} protections belong to no photo"


def counted(photo: Photo, actions: list[str], opt_outs: int, changes: int, events: int) -> Iterator[str]:
    happened = Counter(actions)
    for action, (least, most) in expected(photo.acts).items():
        if not least <= happened[action] <= most:
            yield f"{action} {happened[action]} times, of {least} to {most}"
    if opt_outs != len(actions) - happened[ACTIONS[WITHDRAW]]:
        yield f"{opt_outs} opt-outs"
    if changes != len(actions):
        yield f"{changes} changes"
    if events >= changes:
        yield f"{events} events"


def expected(acts: list[Act]) -> dict[str, tuple[int, int]]:
    bounds = dict.fromkeys(ACTIONS.values(), (0, 0))
    for act in acts:
        least, most = bounds[ACTIONS[act.kind]]
        bounds[ACTIONS[act.kind]] = least + 1, most + (act.tries if act.kind == REVISE else 1)
    return bounds


def await_deliveries(stage: Stage) -> None:
    """What failed for a while is due in minutes; here at once."""

    def delivered() -> bool:
        stage.world.execute("UPDATE matching_delivery SET due_at = now() WHERE due_at > now() + interval '1 minute'")
        return not stage.world.execute("SELECT 1 FROM matching_delivery LIMIT 1")

    until(delivered, within=RECOVERY_S)


def of_events(stage: Stage, ledger: Ledger) -> Iterator[str]:
    """Each was taken by the platform at least once, under one id; and no other."""
    written = dict(stage.world.execute(EVENTS))
    bodies: defaultdict[str, set[bytes]] = defaultdict(set)
    for headers, body in stage.receiver.received:
        bodies[headers["webhook-id"]].add(body)
    ledger.lost += len(written.keys() - bodies.keys())
    for name in bodies.keys() - written.keys():
        yield f"{name} was sent, and is no event"
    for name in bodies.keys() & written.keys():
        if [json.loads(body)["data"]["ref"] for body in bodies[name]] != [written[name]]:
            yield f"{name} was sent with other contents"


def of_mails(stage: Stage, people: list[Person]) -> Iterator[str]:
    mails = Counter(
        line.split()[-1] for file in stage.mails.glob("*.log") for line in file.read_text().splitlines()
        if line.startswith("To: ")
    )  # fmt: skip
    for address, acknowledged in [each for person in people for each in person.signed_up.items()]:
        if not int(acknowledged) <= mails[address] <= 1:
            yield f"{mails[address]} mails to somebody whose sign-up was {'' if acknowledged else 'not '}acknowledged"


def unanswered(people: list[Person]) -> list[str]:
    return [f"{act.kind} ({act.tries} tries)" for person in people for act in person.unsure]
