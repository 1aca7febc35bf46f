"""The shards as a web process sees them: asked all at once, and what does not answer is known to be missing.

Ray keeps arguments of more than 100 KB, or of more than 10 MB together, in its object store, which may be spilled to a
disk. Hashes must not get there, so what is asked is cut into smaller ones: such travel in the message itself.
"""

import hashlib
import json
import pickle
from collections.abc import Callable, Iterator
from typing import Any, Final
from uuid import UUID

import ray
import structlog
from django.conf import settings
from ray.exceptions import ActorDiedError, RayError

from matching.cluster.shard import Shard
from matching.hashing.details_profile import DETAILS
from matching.hashing.profile import PROFILES
from matching.published import Position

log = structlog.get_logger(__name__)

LIMIT_S: Final = 2.0  # a shard that has not answered by then is away
AT_ONCE: Final = 16  # questions that a shard works on or waits with
WAITING: Final = 1000  # of a web process to one shard; beyond it, it is away
CUT: Final = 64_000  # bytes of an argument
NAMESPACE: Final = "veto"


def name(lineage: UUID, number: int, of: int) -> str:
    """By what all processes of a service find a shard; those of a release with other profiles look for another."""
    frames, details = [each.to_json() for each in PROFILES.values()], [each.to_json() for each in DETAILS.values()]
    rules = hashlib.blake2b(json.dumps([frames, details], sort_keys=True).encode(), digest_size=4).hexdigest()
    return f"{lineage.hex}-{rules}-{number}-of-{of}"


def end(lineage: UUID) -> list[str]:
    """End all shards of a service for good; returns their names. Raises ConnectionError."""
    connect()
    names = [str(each) for each in ray.util.list_named_actors() if each.startswith(lineage.hex)]
    for each in names:
        ray.kill(ray.get_actor(each))
    return names


def connect() -> None:
    """Join the cluster, where this process has not. Raises ConnectionError."""
    if not ray.is_initialized():
        ray.init(address=settings.RAY_ADDRESS, namespace=NAMESPACE, log_to_driver=False, configure_logging=False)


class Shards:
    """All shards of a service, made where they are not there yet. Thread-safe.

    `position` says up to where an answer must hold all changes; None if that is not known.
    """

    def __init__(self, lineage: UUID, count: int, position: Callable[[], Position | None]) -> None:
        connect()
        self._lineage = lineage
        self.position = position
        # In threads of its own, on whichever machine has the memory; they outlive the web process that made them.
        made = ray.remote(
            namespace=NAMESPACE,
            lifetime="detached",
            max_restarts=-1,
            max_concurrency=AT_ONCE,
            max_pending_calls=WAITING,
            num_cpus=1,
            memory=int(settings.INDEX_SHARD_GIB * 2**30),
            scheduling_strategy="SPREAD",
        )(Shard)
        self._shards = [
            made.options(name=name(lineage, each, count), get_if_exists=True).remote(each, count)
            for each in range(count)
        ]
        self._late: dict[int, Any] = {}  # answers that did not come in time: until they do, their shards are away
        self.lost = False  # whether a shard has been ended for good, so that all must be found anew

    def ask(self, question: str, *arguments: Any) -> tuple[list[Any], bool]:
        """What the shards answer, and whether all did that there are. Raises nothing."""
        if (wanted := self.position()) is None:
            return [], False
        try:
            asked = dict(self._asked(question, (self._lineage, wanted, *packed(arguments))))
            ready, late = ray.wait(list(asked), num_returns=len(asked), timeout=LIMIT_S) if asked else ([], [])
            self._late.update({asked[each]: each for each in late})
            answers = [answer for each in ready if (answer := self._answer(each)) is not None]
        except Exception:
            log.exception("shards_away")
            return [], False
        return answers, len(answers) == len(self._shards)

    def _asked(self, question: str, arguments: tuple[Any, ...]) -> Iterator[tuple[Any, int]]:
        for number, shard in enumerate(self._shards):
            late = self._late.get(number)
            if late is not None and not ray.wait([late], timeout=0)[0]:
                continue
            self._late.pop(number, None)
            try:
                yield getattr(shard, question).remote(*arguments), number
            except RayError as error:
                log.warning("shard_away", shard=number, error=type(error).__name__)

    def _answer(self, reference: Any) -> Any:
        try:
            return ray.get(reference)
        except RayError as error:
            log.warning("shard_away", error=type(error).__name__)
            self.lost = self.lost or isinstance(error, ActorDiedError)
            return None


def packed(arguments: tuple[Any, ...]) -> list[bytes]:
    whole = pickle.dumps(arguments)
    return [whole[start : start + CUT] for start in range(0, len(whole), CUT)]
