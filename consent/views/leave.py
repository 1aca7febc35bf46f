"""Quick exit, and the language switch: two small acts that every page offers."""

import structlog
from django.conf import settings
from django.contrib.auth import logout
from django.db import DatabaseError, InterfaceError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import check_for_language, pgettext
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

MESSAGES = settings.MESSAGES_COOKIE_NAME

log = structlog.get_logger(__name__)


def neutral_page() -> str:
    return pgettext("where the quick exit leads: a harmless page that many people open", "https://www.bbc.com/weather")


# Exempt: it must work when the token has expired or cookies are off. Another site could at most end a session, and that
# is refused to browsers that say where a request comes from.
@csrf_exempt
@require_POST
def leave(request: HttpRequest) -> HttpResponse:
    """Ends the session, forgets what this browser keeps of us, and leads to a page that tells nothing.

    Not a redirect: `form-action` would stop one that leads away after a form. A `Refresh` at once replaces the entry in
    the history, as a redirect would.
    """
    if request.headers.get("Sec-Fetch-Site") not in {None, "same-origin", "none"}:
        return HttpResponseRedirect(neutral_page())
    if request.COOKIES.get(settings.SESSION_COOKIE_NAME):
        end_session(request)
    answer = render(request, "public/leave.html", {"to": neutral_page()})
    answer["Refresh"] = f"0; url={neutral_page()}"
    answer["Clear-Site-Data"] = '"cookies", "storage"'  # not "cache": Chromium takes seconds, and this is urgent
    for cookie in (settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME, settings.LANGUAGE_COOKIE_NAME, MESSAGES):
        answer.delete_cookie(cookie)  # browsers honour Clear-Site-Data over HTTPS only
    return answer


def end_session(request: HttpRequest) -> None:
    """Leaving must not fail. Without the database the session lives until it expires, but no browser holds its key."""
    try:
        logout(request)
    except (DatabaseError, InterfaceError) as error:
        log.warning("session_not_ended", error=type(error).__name__)


@csrf_exempt  # it changes nothing but the language, and works with cookies off up to the next page
@require_POST
def language(request: HttpRequest) -> HttpResponse:
    """To the same page in another language."""
    back = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(back, allowed_hosts=None):
        back = "/"
    answer = HttpResponseRedirect(back)
    code = request.POST.get("language", "")
    if code in dict(settings.LANGUAGES) and check_for_language(code):
        answer.set_cookie(
            settings.LANGUAGE_COOKIE_NAME,
            code,
            max_age=settings.LANGUAGE_COOKIE_AGE,
            secure=settings.LANGUAGE_COOKIE_SECURE,
            httponly=True,
            samesite="Lax",
        )
    return answer
