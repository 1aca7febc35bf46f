"""The WSGI application that granian serves; each worker process loads its index and warms its decoder at once."""

import os

from django.core.wsgi import get_wsgi_application

from config.bodies import Bodies

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
application = Bodies(get_wsgi_application())

from matching import follower  # noqa: E402 (needs the apps that the lines above have loaded)
from matching.hashing.decoder import shared_decoder  # noqa: E402

follower.shared()
shared_decoder().warm()
