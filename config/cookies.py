"""Names of cookies. `__Host-`: browsers take such a one only over HTTPS and from this very host, for all its pages."""

from django.conf import settings
from django.contrib.messages.storage.cookie import CookieStorage


class Messages(CookieStorage):
    """What the next page says: in a cookie rather than the session, so that a page which shows it needs no database."""

    cookie_name = settings.MESSAGES_COOKIE_NAME
