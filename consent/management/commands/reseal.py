"""Seal anew, under the first of FINGERPRINT_KEYS, what older keys sealed. The service may go on meanwhile.

Also says which keys still seal something, and which API keys would be lost with the older peppers: what is not named
may be left out of the environment. Stopped half-way it has lost nothing; start it again.
"""

from collections.abc import Iterator
from itertools import chain
from typing import Any

from django.core.management import CommandError
from django.utils import timezone
from tqdm import tqdm

from consent.accounts import mfa
from matching import keys, resealing
from matching.management.operators import OperatorCommand


class Command(OperatorCommand):
    help = __doc__ or ""

    def handle(self, *, as_json: bool, **_: Any) -> None:
        sealed_by = resealing.sealed_by() + mfa.second_steps_sealed_by()
        stale = sealed_by.total() - sealed_by[resealing.current_key()]
        done, faults = 0, list[str]()
        with tqdm(total=stale, unit=" blobs", disable=None) as bar:
            for resealed, unreadable in batches():
                bar.update(resealed)
                done += resealed
                faults += unreadable
        for fault in faults:
            self.stderr.write(fault)
        left = resealing.sealed_by() + mfa.second_steps_sealed_by()
        facts = {
            "resealed": done,
            "sealed_by": dict(left),
            "api_keys_of_older_peppers": [key.kid for key in keys.of_older_peppers(timezone.now())],
        }
        self.say(facts, as_json=as_json)
        if faults:
            raise CommandError(f"{len(faults)} do not open: put the keys that sealed them back into FINGERPRINT_KEYS")


def batches() -> Iterator[tuple[int, list[str]]]:
    return chain(resealing.reseal(), mfa.reseal_second_steps())
