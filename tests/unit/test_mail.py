"""EMAIL_URL."""

from pathlib import Path

import pytest

from config.mail import mail_settings

FOLDER = Path("/var/mails")


def test_without_a_server_mails_become_files() -> None:
    assert mail_settings("", FOLDER)["EMAIL_FILE_PATH"] == "/var/mails"


@pytest.mark.parametrize(
    ("url", "port", "tls", "ssl"),
    [
        ("smtp://me:p%40ss@mail.example.org", 587, True, False),
        ("smtp://me:p%40ss@mail.example.org:2525", 2525, True, False),
        ("smtps://me:p%40ss@mail.example.org", 465, False, True),
        ("smtp://me:p%40ss@localhost:25", 25, False, False),
    ],
)
def test_a_server(url: str, port: int, tls: bool, ssl: bool) -> None:
    made = mail_settings(url, FOLDER)
    assert (made["EMAIL_PORT"], made["EMAIL_USE_TLS"], made["EMAIL_USE_SSL"]) == (port, tls, ssl)
    assert (made["EMAIL_HOST_USER"], made["EMAIL_HOST_PASSWORD"]) == ("me", "p@ss")


@pytest.mark.parametrize("url", ["mail.example.org", "http://mail.example.org", "smtp://", "smtp://me:secret@"])
def test_anything_else_is_named_with_what_is_accepted(url: str) -> None:
    with pytest.raises(ValueError, match=r"smtp://user:password@host:587") as error:
        mail_settings(url, FOLDER)
    assert "secret" not in str(error.value)
