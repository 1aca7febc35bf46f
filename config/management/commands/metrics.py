"""`manage.py metrics`: serve Prometheus on METRICS_HOST and METRICS_PORT, until it is ended."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from prometheus_client import start_http_server

from config.metrics import registry


class Command(BaseCommand):
    help = "Serve metrics to Prometheus on METRICS_HOST and METRICS_PORT (docs/operations.md)."
    requires_system_checks = []  # they load every page, of which this process has none

    def handle(self, *_: Any, **__: Any) -> None:
        if not settings.METRICS_PORT:
            raise CommandError("METRICS_PORT is 0: set the port that Prometheus asks.")
        try:
            _server, thread = start_http_server(settings.METRICS_PORT, settings.METRICS_HOST, registry())
        except OSError as error:
            raise CommandError(
                f"METRICS_PORT {settings.METRICS_PORT} on {settings.METRICS_HOST} cannot be had: {error.strerror}."
            ) from error
        thread.join()
