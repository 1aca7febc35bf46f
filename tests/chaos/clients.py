"""Who registers, withdraws and asks, each in a thread of its own, whatever happens to the services."""

import http.client
import random
import time

from tests.chaos.ledger import Ledger, OptOut
from tests.integration.sequence.hashes import random_hash
from tests.integration.sequence.processes import Actor, Line

EVERY = 3  # one in so many turns withdraws
UNREACHABLE = "unreachable"


class Writer:
    """A process that runs the actions; an error of it acknowledges nothing."""

    def __init__(self, actor: Actor, ledger: Ledger, seed: int) -> None:
        self.actor, self.ledger, self.random = actor, ledger, random.Random(seed)
        self.mine: list[OptOut] = []

    def turn(self) -> None:
        if self.mine and self.random.randrange(EVERY) == 0:
            self.withdraw(self.random.choice(self.mine))
        else:
            self.register()

    def register(self) -> None:
        code = random_hash()
        try:
            made = self.actor.do("protect", code=code)
        except AssertionError:
            return
        opt_out = OptOut(code, made["protection"], made["photo"], made["in_effect"])
        self.mine.append(opt_out)
        self.ledger.registered(opt_out)

    def withdraw(self, opt_out: OptOut) -> None:
        """One that failed is tried again in a later turn, as it stays among `mine`."""
        opt_out.leaving = True
        try:
            self.actor.do("withdraw", photo=opt_out.photo)
        except AssertionError:
            return
        self.mine.remove(opt_out)
        self.ledger.withdrawn(opt_out)


class Asker:
    def __init__(self, port: int, key: str, ledger: Ledger, seed: int) -> None:
        self.port, self.key, self.ledger, self.random = port, key, ledger, random.Random(seed)

    def turn(self) -> None:
        recent = self.ledger.opt_outs[-5:] if self.random.random() < 0.7 else self.ledger.opt_outs
        standing = [each for each in recent if not each.leaving]
        if standing:
            chosen = self.random.choice(standing)
            promised = chosen.in_effect
            answer = self.ask(chosen.code)
            self.ledger.heard(chosen, answer, promised=promised)
            if answer == UNREACHABLE:
                time.sleep(0.05)

    def ask(self, code: str) -> str:
        try:
            line = Line(self.port)
            try:
                return str(line.check(code, self.key, profile="veto-1"))
            finally:
                line.close()
        except (OSError, http.client.HTTPException, ValueError, KeyError):
            return UNREACHABLE
