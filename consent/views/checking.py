"""Is this photo registered? Anyone may ask who has the photo itself, and learns that and nothing else."""

from django.db import DatabaseError, InterfaceError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from consent.accounts.limits import lookups_over_cap
from consent.received import QuestionIn, parsed
from consent.views.photos import words
from consent.views.sent import in_json, sent_from
from matching import lookup
from matching.checks import BEHIND
from matching.problems import Problem


@require_safe
def check(request: HttpRequest) -> HttpResponse:
    return render(request, "public/check.html", {"words": words.CHECK})


@sent_from("check")
@in_json
def ask(request: HttpRequest) -> HttpResponse:
    """Counted before it is looked at, so that questions asked at once are no more than questions asked in turn."""
    question = parsed(QuestionIn, request)
    if lookups_over_cap(request):
        raise Problem("quota-exceeded", "Too many questions came from this network today.")
    try:
        return JsonResponse({"registered": lookup.registered(question.asked())})
    except (DatabaseError, InterfaceError):
        raise Problem("index-behind", BEHIND) from None
