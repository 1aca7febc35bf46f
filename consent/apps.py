from django.apps import AppConfig


class Consent(AppConfig):
    name = "consent"

    def ready(self) -> None:
        from consent.accounts import audit, sessions  # noqa: F401, PLC0415 (they listen; models must be there first)
