"""Every address."""

from django.urls import include, path

urlpatterns = [path("", include("matching.api.urls"))]
