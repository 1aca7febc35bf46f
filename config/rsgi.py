"""The application that granian serves, over RSGI; each worker process loads its index and warms its decoder at once."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
handler = get_wsgi_application()

from config.front import Front  # noqa: E402 (needs the apps that the lines above have loaded)
from matching import follower  # noqa: E402
from matching.hashing.decoder import shared_decoder  # noqa: E402

application = Front(handler)
follower.shared()
shared_decoder().warm()
