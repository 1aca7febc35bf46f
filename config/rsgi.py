"""The application that granian serves, over RSGI; each worker process loads its index and warms its decoder at once."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup(set_prefix=False)

from config.exchange import Application  # noqa: E402 (these need the apps that the line above has loaded)
from config.front import Front  # noqa: E402
from matching import follower  # noqa: E402
from matching.hashing.decoder import shared_decoder  # noqa: E402

application = Front(Application())
follower.shared()
shared_decoder().warm()
