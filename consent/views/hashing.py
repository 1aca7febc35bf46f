"""What the pages' scripts make fingerprints by: the definitions that platforms read at `/v1/algorithms`."""

from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from matching.hashing.details_profile import VETO_DETAILS_1
from matching.hashing.profile import PROFILES


@require_safe
@cache_control(public=True, max_age=300)  # a new profile is made soon after it is published
def definitions(_: HttpRequest) -> JsonResponse:
    """The newest profile, and the older ones under which photos are still found and known again."""
    profile, *older = (each.to_json() for each in PROFILES.values())
    return JsonResponse({"profile": profile, "older": older, "details": VETO_DETAILS_1.to_json()})
