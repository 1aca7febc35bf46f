"""The composition root as an app: its commands, and the rights of the two database roles."""

from django.apps import AppConfig, apps
from django.conf import settings
from django.db.models.signals import post_migrate

from config import checks  # noqa: F401 (registers them)
from config.grants import grant_app_role
from matching import metrics
from matching.hashing.decoder import shared_decoder


class Config(AppConfig):
    name = "config"

    def ready(self) -> None:
        shared_decoder().confinement_required = settings.DECODER_CONFINEMENT == "required"
        shared_decoder().on_failure = metrics.decoder_failed
        # Sent once for each app that has models, after all migrations; one of them is enough.
        post_migrate.connect(grant_app_role, sender=apps.get_app_config("matching"))
