"""The application that granian serves, over RSGI; each worker process loads its index and warms its decoder first."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup(set_prefix=False)

from config.exchange import Application  # noqa: E402 (these need the apps that the line above has loaded)
from config.front import Front  # noqa: E402
from matching import follower  # noqa: E402
from matching.hashing.decoder import shared_decoder  # noqa: E402

LOADED_S = 10.0  # after which it answers 503, rather than not at all, while PostgreSQL is away or there is much to load

application = Front(Application())
shared_decoder().warm()
follower.shared().await_loaded(LOADED_S)  # before granian listens: a process that follows on another loses no question
