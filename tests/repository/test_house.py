"""The house rules as tests."""

import ast
import re
from pathlib import Path

import pytest
from django.apps import apps

from config.environment import Environment

ROOT = Path(__file__).resolve().parents[2]
OURS = ("config", "consent", "matching")

# Every field of every model of ours: personal data, or kept without a person being in it.
PERSONAL = {
    "consent.Person": {
        "id", "username", "email", "default_uses", "keep_details", "password", "last_login", "is_active", "created_at",
    },
    "consent.Photo": {
        "id", "person", "label", "declaration", "protection", "details", "mark", "sending", "pending_since",
        "created_at",
    },
    "consent.OptOut": {"id", "photo", "uses", "decided_at", "withdrawn_at"},
    "consent.AuditEvent": {"by", "subject", "facts"},
    "matching.StoredFingerprint": {"blob"},
    "matching.Exclusion": {"blob", "reason"},
    "matching.Platform": {"name"},
    "matching.PlatformEvent": {"by"},
    # Not our models, but rows about people all the same
    "account.EmailAddress": {"id", "user", "email", "verified", "primary"},
    "account.EmailConfirmation": {"id", "email_address", "created", "sent", "key"},
    "mfa.Authenticator": {"id", "user", "type", "data", "created_at", "last_used_at"},
    "usersessions.UserSession": {
        "id", "user", "created_at", "ip", "last_seen_at", "session_key", "user_agent", "data",
    },
    "sessions.Session": {"session_key", "session_data", "expire_date"},
}  # fmt: skip
KEPT = {
    "consent.AuditEvent": {"id", "at", "action"},
    "matching.Protection": {"id", "uses", "assurance", "state", "created_at", "updated_at"},
    "matching.Exclusion": {"id", "protection", "minimum_assurance", "key_id", "created_at", "withdrawn_at"},
    "matching.StoredFingerprint": {"id", "protection", "profile", "key_id"},
    "matching.Change": {"id", "number", "kind", "subject", "created_at"},
    "matching.Check": {"id", "platform", "livemode", "at", "result", "uses", "protections"},
    "matching.CheckCount": {"id", "platform", "livemode", "result", "use", "minute", "count"},
    "matching.Told": {"id", "platform", "protection", "ref", "at"},
    "matching.Report": {"id", "platform", "livemode", "check_id", "ref", "proven", "outcome", "use", "at"},
    "matching.Idempotent": {"id", "platform", "livemode", "key", "request", "key_id", "blob", "at"},
    "matching.WebhookEndpoint": {
        "id", "public_id", "platform", "livemode", "url", "types", "key_id", "blob", "created_at", "failing_since",
        "disabled_at",
    },
    "matching.Event": {"id", "number", "public_id", "platform", "livemode", "type", "data", "at"},
    "matching.Delivery": {"id", "event", "endpoint", "due_at", "attempts"},
    "matching.SigningKey": {"id", "public", "key_id", "blob", "active_from", "created_at", "revoked_at"},
    "matching.Sequence": {"id", "lineage", "epoch", "number", "history", "complete"},
    "matching.LedgerEntry": {"id", "kind", "subject", "at"},
    "matching.Platform": {"id", "minimum_assurance", "units_per_minute", "suspended_at", "created_at"},
    "matching.ApiKey": {
        "id", "kid", "platform", "livemode", "digest", "pepper_id", "scopes", "networks",
        "created_at", "expires_at", "revoked_at", "last_used_at", "replaces",
    },
    "matching.PlatformEvent": {"id", "at", "action", "platform", "kid", "facts"},
}  # fmt: skip


@pytest.mark.parametrize(
    "model",
    [model for model in apps.get_models() if model._meta.app_label not in {"auth", "contenttypes"}],
    ids=lambda model: model.__name__,
)
def test_every_field_is_classified_once(model: type) -> None:
    label = model._meta.label
    fields = {field.name for field in model._meta.get_fields() if field.concrete}
    personal, kept = PERSONAL.get(label, set()), KEPT.get(label, set())
    assert personal | kept == fields
    assert not personal & kept


def test_every_sealed_blob_can_be_sealed_anew() -> None:
    from matching.resealing import SEALED

    named = {model for model in apps.get_models() if {"key_id", "blob"} <= {f.name for f in model._meta.get_fields()}}
    assert named == set(SEALED)


def test_every_variable_of_the_example_is_read_and_the_reverse() -> None:
    written = set(re.findall(r"^([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    assert written == {name.upper() for name in Environment.model_fields}


def sources() -> list[Path]:
    return [path for package in OURS for path in (ROOT / package).rglob("*.py") if "migrations" not in path.parts]


@pytest.mark.parametrize("path", sources(), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_says_what_it_is_for(path: Path) -> None:
    tree = ast.parse(path.read_text())
    only_names = all(isinstance(node, ast.Import | ast.ImportFrom | ast.Assign) for node in tree.body)
    one_class = sum(isinstance(node, ast.ClassDef) for node in tree.body) == 1 and path.parent.name in {"models", *OURS}
    assert ast.get_docstring(tree) or only_names or one_class


def test_nothing_is_called_utils() -> None:
    found = [path.relative_to(ROOT) for path in ROOT.rglob("utils*.py")]
    assert [path for path in found if not path.parts[0].startswith(".venv")] == []


def test_the_settings_keep_photos_in_memory() -> None:
    from django.conf import settings

    assert settings.FILE_UPLOAD_HANDLERS == ["config.uploads.InMemory"]
