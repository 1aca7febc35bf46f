"""Photos that never leave the device: hashed in the browser, which sends hashes and choices and nothing else."""

from functools import partial
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe
from pydantic import ValidationError

from consent.accounts.limits import photos_over_cap
from consent.actions import keep_details
from consent.adding import Result, add_hashes, refused
from consent.forms.photos import HereForm
from consent.models import Photo
from consent.received import ChunkIn, FollowingChunk, PhotoIn, faults, parsed, unpacked
from consent.views.photos import words
from consent.views.photos.adding import WHOSE
from consent.views.photos.own import own_mark
from consent.views.sent import in_json, person_of, sent_from
from matching import uses
from matching.problems import Problem

NOT_UNDERSTOOD = _("What your browser made of it could not be read here. Load the page again, then try once more.")


@login_required
@require_safe
def here(request: HttpRequest) -> HttpResponse:
    person = person_of(request)
    form = HereForm(chosen=uses.in_order(person.default_uses or uses.DEFAULT), keep=person.keep_details)
    form.initial["whose"] = request.session.get(WHOSE, Photo.Declaration.MINE)
    return render(
        request,
        "photos/here.html",
        {"form": form, "own": own_mark(request), "words": words.HERE},
    )


@login_required
@sent_from("photos-here")
@in_json
def send(request: HttpRequest) -> HttpResponse:
    """Register photos by their hashes; an answer for each, in their order."""
    chunk = parsed(ChunkIn, request)
    form = HereForm(chunk.choice)
    if unknown := sorted(chunk.choice.keys() - form.fields.keys()):
        good = ", ".join(form.fields)
        raise Problem("invalid-request", f"unknown choice {', '.join(unknown)[:100]}; the fields are {good}")
    if not form.is_valid():
        errors = [{"pointer": f"/choice/{name}", "detail": str(said[0])} for name, said in form.errors.items()]
        raise Problem("invalid-request", "The choice is not as it should be.", errors=errors)
    choice = {
        "refuse": form.refused(),
        "declaration": form.cleaned_data["whose"],
        "keep_details": form.cleaned_data["keep_details"],
    }
    return JsonResponse({"photos": [registered(request, photo, choice) for photo in chunk.photos]})


def registered(request: HttpRequest, given: dict[str, Any], choice: dict[str, Any]) -> dict[str, Any]:
    """What became of one photo. One that can't be read loses no other."""
    try:
        photo = PhotoIn.model_validate(given)
        result = add_hashes(by=person_of(request), photo=photo, pending=partial(photos_over_cap, request), **choice)
    except ValidationError as error:
        return told(refused(str(given.get("id", ""))[:36], NOT_UNDERSTOOD), faults(error))
    except ValueError as error:  # of the registry: not hashed under all profiles that may be asked
        return told(refused(str(photo.id), NOT_UNDERSTOOD), [{"pointer": "/fingerprints", "detail": str(error)}])
    return told(result)


def told(result: Result, errors: list[dict[str, str]] | None = None) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "id": result.name,
        "state": result.state,
        "title": str(result.title),
        "text": str(result.text),
        "photo": str(result.photo.id) if result.photo else None,
        "href": reverse("photo", args=[result.photo.id]) if result.photo else None,
    }
    return answer | {"errors": errors} if errors else answer


@login_required
@sent_from("photos-here")
@in_json
def send_details(request: HttpRequest) -> HttpResponse:
    """Keep the details that took longer than the hashes. Of a photo that is not there (any more), nothing happens."""
    chunk = parsed(FollowingChunk, request)
    person = person_of(request)
    followed = {photo.id: photo for photo in chunk.photos}
    photos = Photo.objects.of(person).filter(sending__in=followed)
    for photo in photos:
        if photo.sending:
            keep_details(by=person, photo=photo, details=unpacked(followed[photo.sending].details))
    return JsonResponse({"kept": [str(photo.sending) for photo in photos]})
