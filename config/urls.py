"""Every address."""

from django.urls import include, path

from config.pages import moved

urlpatterns = [
    path("", include("consent.urls")),  # first: the API's own root answers "/" with nothing
    path("", include("matching.api.urls")),
    path("static/<str:release>/<path:name>", moved),
]
