"""`python -m bench.http.fill PHOTOS DETAILS`: so many photos registered before, the first of them with details.

Sealed as the service seals them, and copied into the tables in bulk; no change is recorded, as none was told of: an
index that is loaded afterwards holds them.
"""

import os
import sys
from collections.abc import Iterable

import django
import numpy as np

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from django.db import connection, transaction  # noqa: E402
from django.utils import timezone  # noqa: E402

from bench.http import codes  # noqa: E402
from matching import keyring, sequence, stored, uses  # noqa: E402
from matching.hashing.profile import VETO_1  # noqa: E402
from matching.models import Protection, StoredFingerprint  # noqa: E402


def main(photos: int, with_details: int) -> None:
    random = np.random.default_rng(18)
    for batch in range(-(-photos // codes.BATCH)):
        rows = codes.stored(batch)[: photos - batch * codes.BATCH]
        few = rows[: max(0, with_details - batch * codes.BATCH)]
        kept = [(protection, VETO_1.name, packed) for protection, packed in rows]
        kept += [(protection, stored.DETAILS, codes.details(random)) for protection, _ in few]
        now = timezone.now()
        refused = uses.in_order(uses.DEFAULT)
        with transaction.atomic():
            copy(
                Protection,
                ("id", "uses", "assurance", "state", "created_at", "updated_at"),
                ((protection, refused, 1, "active", now, now) for protection, _ in rows),
            )
            sealed = ((p, name, keyring.seal(data, protection=p, profile=name)) for p, name, data in kept)
            copy(
                StoredFingerprint,
                ("protection_id", "profile", "key_id", "blob"),
                ((protection, name, each.key_id, each.blob) for protection, name, each in sealed),
            )
    sequence.settle()


def copy(
    model: type[Protection | StoredFingerprint], columns: Iterable[str], rows: Iterable[tuple[object, ...]]
) -> None:
    with connection.cursor() as cursor:
        statement = f"COPY {model._meta.db_table} ({', '.join(columns)}) FROM STDIN"  # noqa: SLF001
        with cursor.copy(statement) as target:
            for row in rows:
                target.write_row(row)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
