"""EMAIL_URL as Django's settings. Without one, mails become files: enough to follow a link on one's own machine."""

from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

FORMS = "smtp://user:password@host:587 (STARTTLS), smtps://user:password@host:465, console: or nothing"
LOCAL = {"localhost", "127.0.0.1", "::1"}


def mail_settings(url: str, folder: Path) -> dict[str, Any]:
    """Raises ValueError, which says what is accepted and never shows the password."""
    if not url:
        return {"EMAIL_BACKEND": "django.core.mail.backends.filebased.EmailBackend", "EMAIL_FILE_PATH": str(folder)}
    parts = urlsplit(url)
    if parts.scheme == "console":
        return {"EMAIL_BACKEND": "django.core.mail.backends.console.EmailBackend"}
    if parts.scheme not in {"smtp", "smtps"} or not parts.hostname:
        raise ValueError(f"expected {FORMS}")
    implicit = parts.scheme == "smtps"
    return {
        "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "EMAIL_HOST": parts.hostname,
        "EMAIL_PORT": parts.port or (465 if implicit else 587),
        "EMAIL_HOST_USER": unquote(parts.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
        "EMAIL_USE_SSL": implicit,
        # Never in clear over a network; a relay on this very machine needs none.
        "EMAIL_USE_TLS": not implicit and parts.hostname not in LOCAL,
        "EMAIL_TIMEOUT": 10,
    }
