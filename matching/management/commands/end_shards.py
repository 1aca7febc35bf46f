"""End the shards of the index on the Ray cluster: for another number of them, or a release with other rules.

Web processes that still want them start them again.
"""

from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, CommandError

from matching import sequence


class Command(BaseCommand):
    help = __doc__ or ""

    def handle(self, **_: Any) -> None:
        if not settings.INDEX_SHARDS:
            raise CommandError("the index has no shards: INDEX_SHARDS is not set")
        from matching.cluster.shards import end  # noqa: PLC0415 (Ray is optional)

        for name in end(sequence.in_database()[0]):
            self.stdout.write(name)
