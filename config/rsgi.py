"""The application that granian serves, over RSGI; each worker process loads its index and warms its decoder first."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
handler = get_wsgi_application()

from config.front import Front  # noqa: E402 (needs the apps that the lines above have loaded)
from matching import follower  # noqa: E402
from matching.hashing.decoder import shared_decoder  # noqa: E402

LOADED_S = 10.0  # after which it answers 503, rather than not at all, while PostgreSQL is away or there is much to load

application = Front(handler)
shared_decoder().warm()
follower.shared().await_loaded(LOADED_S)  # before granian listens: a process that follows on another loses no question
