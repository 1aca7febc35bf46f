"""What `manage.py check --deploy` says of this project's own settings."""

from typing import Any

from django.conf import settings
from django.core import checks


@checks.register(checks.Tags.security, deploy=True)
def two_database_roles(**_: Any) -> list[checks.CheckMessage]:
    if settings.DATABASES["default"]["USER"] != settings.DATABASES["owner"]["USER"]:
        return []
    hint = "Give the owner's URL as DATABASE_OWNER_URL and that of a role of its own as DATABASE_URL, then migrate."
    return [
        checks.Warning(
            "The service speaks as the owner of its tables: nothing is append-only.", hint=hint, id="veto.W001"
        )
    ]


@checks.register(checks.Tags.security, deploy=True)
def mails_reach_people(**_: Any) -> list[checks.CheckMessage]:
    if not settings.MAIL_FOLDER:
        return []
    hint = "Give a mail server as EMAIL_URL, and a sender as EMAIL_FROM."
    return [checks.Warning(f"Mails to people become files in {settings.MAIL_FOLDER}.", hint=hint, id="veto.W003")]


@checks.register(checks.Tags.security, deploy=True)
def people_are_told_late(**_: Any) -> list[checks.CheckMessage]:
    if settings.ACTIVITY_DELAY_HOURS >= 24:
        return []
    hint = "Leave ACTIVITY_DELAY_HOURS at 24: somebody may watch another's photos by it."
    return [checks.Warning("People are told early what happened to their photos.", hint=hint, id="veto.W004")]


@checks.register(checks.Tags.security, deploy=True)
def secrets_of_its_own(**_: Any) -> list[checks.CheckMessage]:
    keys = [*settings.API_KEY_PEPPERS, settings.REF_KEY, *settings.FINGERPRINT_KEYS.values()]
    if not settings.SECRET_KEY.startswith("change-me") and bytes(32) not in keys:
        return []
    return [checks.Warning("A secret is that of .env.example.", hint="Make one of 32 random bytes.", id="veto.W002")]
