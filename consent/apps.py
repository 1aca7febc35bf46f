from django.apps import AppConfig


class Consent(AppConfig):
    name = "consent"
