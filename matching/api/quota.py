"""What a request costs its platform, in units. Live and test mode are counted apart."""

from typing import Final

from django.conf import settings

from matching.access import Access
from matching.limits import Quota, buckets
from matching.problems import Problem

HASH: Final = 1  # each hash that is compared; a veto-1 check has about 40
DETAILS: Final = 40  # the details that are offered with hashes, some 400 keypoints
IMAGE: Final = 100  # decoding it, and all that is compared then
IMAGE_HIGH: Final = 250  # with the small rotations of `?effort=high`
OTHER: Final = 1  # anything else that a key asks for
COSTS: Final = {"hash": HASH, "details": DETAILS, "image": IMAGE, "image_effort_high": IMAGE_HIGH, "other": OTHER}


def limit_of(access: Access) -> int:
    """Units a minute, which may all be asked for at once."""
    return access.units_per_minute or int(settings.UNITS_PER_MINUTE)


def charge(access: Access, cost: int) -> Quota:
    """Raises Problem: quota-exceeded, whose `quota` the answer shows as well."""
    bucket = f"veto:quota:{access.platform.hex}:{'live' if access.livemode else 'test'}"
    quota = buckets().take(bucket, cost, limit_of(access))
    if not quota.passed:
        detail = f"{quota.limit} units may be asked for in a minute; wait {quota.wait_s} s."
        raise Problem("quota-exceeded", detail, retry_after_s=quota.wait_s, headers=quota.headers)
    return quota
