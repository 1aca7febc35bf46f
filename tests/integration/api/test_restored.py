"""After a restore what an operator or a platform had ended stays ended: as the ledger says it, done again in place."""

from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from consent.actions.restoring import replay
from consent.models import Person
from matching import keys, platforms, signing, webhooks
from matching.models import ApiKey, Platform, SigningKey, WebhookEndpoint


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, settings: Any) -> Path:
    settings.LEDGER_FOLDER = tmp_path / "ledger"
    return tmp_path / "ledger"


@pytest.fixture
def platform() -> Platform:
    return platforms.create(by="test", name=f"Restored {uuid4().hex}")


def replayed(folder: Path) -> dict[str, int]:
    return dict(replay(by=Person.objects.operator(), ledger_folder=folder))


@pytest.mark.usefixtures("committed")
def test_the_last_word_on_a_platform_counts(platform: Platform, folder: Path) -> None:
    platforms.suspend(by="test", name=platform.name)
    platforms.resume(by="test", name=platform.name)
    Platform.objects.filter(id=platform.id).update(suspended_at=timezone.now())  # as of a backup in between
    assert replayed(folder) == {"platform.resumed": 1}
    assert Platform.objects.get(id=platform.id).suspended_at is None


@pytest.mark.usefixtures("committed")
def test_a_key_that_was_replaced_ends_when_it_was_to_end(platform: Platform, folder: Path) -> None:
    old, _ = keys.issue(by="test", platform=platform, livemode=True)
    new, _, _ = keys.rotate(by="test", kid=old.kid, overlap=timedelta(days=3))
    ends = ApiKey.objects.get(id=old.id).expires_at
    ApiKey.objects.filter(id=old.id).update(expires_at=None)
    ApiKey.objects.filter(id=new.id).delete()
    assert replayed(folder) == {"key.ends": 1}
    assert ApiKey.objects.get(id=old.id).expires_at == ends


@pytest.mark.django_db
def test_a_leaked_signing_key_stays_revoked(folder: Path) -> None:
    leaked = signing.in_force().id
    signing.revoke(leaked)
    SigningKey.objects.filter(id=leaked).update(revoked_at=None)
    assert replayed(folder) == {"signing_key.revoked": 1}
    assert leaked not in {row.id for row in signing.good()}


@pytest.mark.django_db
def test_an_endpoint_that_was_deleted_is_sent_nothing(platform: Platform, folder: Path) -> None:
    backup, kept = (
        webhooks.make_endpoint(
            url="https://example.org/", types=["key.expiring"], platform_id=platform.id, livemode=True
        )
        for _ in range(2)
    )
    assert webhooks.delete_endpoint(public_id=backup.public_id, platform_id=platform.id)
    backup.save(force_insert=True)
    assert replayed(folder) == {"endpoint.deleted": 1}
    assert [each.public_id for each in WebhookEndpoint.objects.filter(platform=platform)] == [kept.public_id]
