"""The pages for people."""

from django.urls import include, path

from consent.views import checking, hashing, leave, public

urlpatterns = [
    path("", include("consent.accounts.urls")),
    path("", include("consent.views.photos.urls")),
    path("", public.home, name="home"),
    path("how-it-works", public.how_it_works, name="how-it-works"),
    path("what-is-found", public.found, name="found"),
    path("hashing.json", hashing.definitions, name="hashing-definitions"),
    path("check", checking.check, name="check"),
    path("check/ask", checking.ask, name="check-ask"),
    path("help", public.help_page, name="help"),
    path("privacy", public.privacy, name="privacy"),
    path("legal", public.legal, name="legal"),
    path("accessibility", public.accessibility, name="accessibility"),
    path("styleguide", public.style_page, name="styleguide"),
    path("language", leave.language, name="language"),
    path("exit", leave.leave, name="exit"),
]
