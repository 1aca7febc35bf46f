"""Pages that anyone can read. None of them needs the database, Redis or a session."""

from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from consent import help_directory, styleguide
from consent.found import what_is_found
from consent.uses import described

# Nothing personal is on them: the Back button may show them again, other caches may not keep them.
readable = cache_control(private=True, no_cache=True)


@require_safe
@readable
def home(request: HttpRequest) -> HttpResponse:
    return render(request, "public/home.html")


@require_safe
@readable
def how_it_works(request: HttpRequest) -> HttpResponse:
    return render(request, "public/how-it-works.html", {"uses": described()})


@require_safe
@readable
def found(request: HttpRequest) -> HttpResponse:
    return render(request, "public/found.html", what_is_found())


@require_safe
@readable
def help_page(request: HttpRequest) -> HttpResponse:
    return render(request, "public/help.html", {"countries": help_directory.COUNTRIES})


@require_safe
@readable
def privacy(request: HttpRequest) -> HttpResponse:
    return render(request, "public/privacy.html", {"operator": settings.OPERATOR})


@require_safe
@readable
def legal(request: HttpRequest) -> HttpResponse:
    return render(request, "public/legal.html", {"operator": settings.OPERATOR})


@require_safe
@readable
def accessibility(request: HttpRequest) -> HttpResponse:
    return render(request, "public/accessibility.html", {"operator": settings.OPERATOR})


@require_safe
def style_page(request: HttpRequest) -> HttpResponse:
    """Every component once, for those who build pages and for the tests that look at them."""
    if not settings.DEBUG:
        raise Http404
    context: dict[str, Any] = styleguide.samples()
    return render(request, "public/styleguide.html", context)
