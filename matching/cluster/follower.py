"""A web process whose index is in shards: it follows keys and excluded images itself, and asks for the rest."""

from uuid import UUID

from django.conf import settings

from matching.cluster.index import ShardedDetails, ShardedIndex
from matching.cluster.shards import Shards
from matching.follower import Follower, GapError
from matching.index.interface import DetailsIndex, Index
from matching.published import Position


class ClusterFollower(Follower):
    """What `current` says of this process, each question then asks of every shard: to hold at least as much."""

    def __init__(self) -> None:
        super().__init__()
        self._shards: Shards | None = None

    def _built(self, lineage: UUID, start: Position) -> tuple[Index, DetailsIndex, Position]:
        self._shards = Shards(lineage, settings.INDEX_SHARDS, lambda: self.position)
        return ShardedIndex(self._shards), ShardedDetails(self._shards), start

    def _apply_to_protections(self, changed: set[UUID]) -> None:
        """Nothing: the shards follow the changes themselves."""

    def ready(self) -> bool:
        return self.in_step() and self._shards is not None and self._shards.ask("size")[1]

    def tend(self) -> None:
        """Start over with shards that were ended for good."""
        if self._shards is not None and self._shards.lost and (held := self.position) is not None:
            self._start_over(held, GapError())
