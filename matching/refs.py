"""References: what a platform calls a protection. Stable for one platform, not linkable between platforms."""

import base64
import hashlib
import hmac
from uuid import UUID

from django.conf import settings


def protection_ref(platform: UUID, protection: UUID) -> str:
    """`prt_` and 26 characters: the first 128 bits of an HMAC-SHA256 of both."""
    digest = hmac.digest(settings.REF_KEY, platform.bytes + protection.bytes, hashlib.sha256)[:16]
    return "prt_" + base64.b32encode(digest).decode().rstrip("=").lower()
