from matching.models.change import Change, Sequence
from matching.models.check import Check, CheckCount, Told
from matching.models.exclusion import Exclusion
from matching.models.idempotent import Idempotent
from matching.models.ledger_entry import LedgerEntry
from matching.models.platform import ApiKey, Platform
from matching.models.platform_event import PlatformEvent
from matching.models.protection import Protection
from matching.models.report import Report
from matching.models.signing_key import SigningKey
from matching.models.stored_fingerprint import StoredFingerprint
from matching.models.webhook import Delivery, Event, WebhookEndpoint

__all__ = [
    "ApiKey",
    "Change",
    "Check",
    "CheckCount",
    "Delivery",
    "Event",
    "Exclusion",
    "Idempotent",
    "LedgerEntry",
    "Platform",
    "PlatformEvent",
    "Protection",
    "Report",
    "Sequence",
    "SigningKey",
    "StoredFingerprint",
    "Told",
    "WebhookEndpoint",
]
