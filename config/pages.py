"""What every page has in its headers, beyond what Django and django-csp write, and the methods that pages know."""

from collections.abc import Callable

from django.conf import settings
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseNotAllowed,
    HttpResponseRedirect,
)
from django.templatetags.static import static
from django.views.decorators.http import require_safe

# No page of ours needs any of them, so that nothing that ever runs in one can ask for it.
PERMISSIONS = ", ".join(
    f"{feature}=()"
    for feature in (
        "accelerometer", "autoplay", "browsing-topics", "camera", "display-capture", "geolocation",
        "gyroscope", "hid", "magnetometer", "microphone", "midi", "payment", "serial", "usb", "xr-spatial-tracking",
    )
)  # fmt: skip


METHODS = ("GET", "HEAD", "POST")


class PageHeadersMiddleware:
    """No answer is kept by any cache unless its view says otherwise: someone else may press Back on this device."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        # Views of others take PUT for POST, and one DELETE.
        answer = self.get_response(request) if request.method in METHODS else HttpResponseNotAllowed(METHODS)
        answer.headers.setdefault("Cache-Control", "private, no-store")
        if answer.headers.get("Content-Type", "").startswith("text/html"):
            answer.headers["Permissions-Policy"] = PERMISSIONS
            answer.headers["Cross-Origin-Resource-Policy"] = "same-origin"
        return answer


@require_safe
def moved(_: HttpRequest, release: str, name: str) -> HttpResponse:
    """A static file under another release's address, asked for by a page from before or after a deployment."""
    if f"/static/{release}/" == settings.STATIC_URL:
        raise Http404
    answer = HttpResponseRedirect(static(name))
    answer["Cache-Control"] = "no-store"
    return answer
