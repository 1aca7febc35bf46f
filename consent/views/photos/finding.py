"""Which of my photos is this? Asked by the hashes that the browser makes of it, and answered among one's own alone."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from consent.received import QuestionIn, parsed
from consent.views.photos import words
from consent.views.photos.own import own_mark, photos_of
from consent.views.photos.shown import card
from consent.views.sent import in_json, sent_from
from matching import lookup
from matching.checks import comparable
from matching.problems import Problem

MOST = 5  # that are shown


@login_required
@require_safe
def find(request: HttpRequest) -> HttpResponse:
    return render(request, "photos/find.html", {"own": own_mark(request), "words": words.FIND})


@login_required
@sent_from("photos-find")
@in_json
def ask(request: HttpRequest) -> HttpResponse:
    """The cards of those that it is, the nearest first; withdrawn ones as well, since they can be put back."""
    asked = comparable(parsed(QuestionIn, request).asked())
    if not asked:
        raise Problem("low-quality", "The photo shows too little to be told from others.")
    photos = {photo.protection: photo for photo in photos_of(request)}
    found = lookup.among(photos.keys(), asked)
    cards = [card(photos[each.protection]) for each in found[:MOST]]
    return JsonResponse({"photos": cards, "more": max(0, len(found) - MOST)})
