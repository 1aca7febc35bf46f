"""Everything that is kept of a person, to take away."""

import base64
import csv
import io
from typing import Any

import orjson
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.auth.decorators import login_required
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from consent.models import AuditEvent, OptOut, Person, Photo
from consent.views.sent import person_of
from matching import registry

COLUMNS = ("ref", "label", "whose", "added", "state", "refused", "hashes")


def exported_photo(photo: Photo) -> dict[str, Any]:
    decisions = OptOut.objects.filter(photo=photo).order_by("decided_at")
    kept = registry.kept(photo.protection)
    return {
        "ref": photo.ref,
        "label": photo.label,
        "whose": photo.declaration,
        "added": photo.created_at.isoformat(),
        "pending_since": photo.pending_since.isoformat() if photo.pending_since else None,
        "decisions": [
            {
                "refused": decision.uses,
                "decided": decision.decided_at.isoformat(),
                "withdrawn": decision.withdrawn_at.isoformat() if decision.withdrawn_at else None,
            }
            for decision in decisions
        ],
        "hashes": [
            {
                "profile": fingerprint.profile,
                "view": item.view,
                "algorithm": item.algorithm,
                "hash": item.bits.hex(),
                "quality": item.quality,
            }
            for fingerprint in kept.frames
            for item in fingerprint.hashes
        ],
        "details": {
            "state": photo.details,
            "packed": base64.b64encode(kept.details.to_bytes(coarse=True) if kept.details else b"").decode(),
        },
    }


def exported(person: Person) -> dict[str, Any]:
    photos = Photo.objects.of(person).order_by("created_at")
    acts = AuditEvent.objects.filter(Q(by=person.id) | Q(subject__in=photos.values("id"))).order_by("at")
    return {
        "person": {
            "email": person.email,
            "addresses": list(EmailAddress.objects.filter(user=person).values("email", "verified")),
            "case_number": person.username,
            "since": person.created_at.isoformat(),
            "refused_by_default": person.default_uses,
            "details_kept_by_default": person.keep_details,
            "second_steps": [
                {"kind": step.type, "added": step.created_at.isoformat(), "name": step.data.get("name", "")}
                for step in Authenticator.objects.filter(user=person)
            ],
            "sessions": [
                {"device": session.user_agent, "since": session.created_at.isoformat()}
                for session in UserSession.objects.purge_and_list(person)
            ],
        },
        "photos": [exported_photo(photo) for photo in photos],
        "acts": [
            {"at": event.at.isoformat(), "what": event.action, "photo": event.subject.hex, "facts": event.facts}
            for event in acts
        ],
    }


def attachment(content: bytes, kind: str, name: str) -> HttpResponse:
    answer = HttpResponse(content, content_type=kind)
    answer["Content-Disposition"] = f'attachment; filename="{name}"'  # a name that does not tell what it is of
    return answer


@login_required
@require_safe
def export(request: HttpRequest) -> HttpResponse:
    return render(request, "photos/export.html")


@login_required
@never_cache
@require_safe
def export_json(request: HttpRequest) -> HttpResponse:
    return attachment(orjson.dumps(exported(person_of(request))), "application/json", "data.json")


@login_required
@never_cache
@require_safe
def export_csv(request: HttpRequest) -> HttpResponse:
    """A line a photo. The names are written so that no spreadsheet takes one for a formula."""
    text = io.StringIO()
    table = csv.writer(text)
    table.writerow(COLUMNS)
    for photo in exported(person_of(request))["photos"]:
        last = photo["decisions"][-1]
        state = "withdrawn" if last["withdrawn"] else "pending" if photo["pending_since"] else "protected"
        label = f"'{photo['label']}" if photo["label"].startswith(("=", "+", "-", "@", "\t", "\r")) else photo["label"]
        hashes = " ".join(item["hash"] for item in photo["hashes"])
        refused = " ".join(last["refused"])
        table.writerow([photo["ref"], label, photo["whose"], photo["added"], state, refused, hashes])
    return attachment(text.getvalue().encode("utf-8-sig"), "text/csv; charset=utf-8", "data.csv")
