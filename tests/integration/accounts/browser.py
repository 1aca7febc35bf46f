"""A browser of the tests' own: with the CSRF check on, from a network that no other test uses."""

import html
import itertools
import os
import re
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

EMOJI = "🫠" * 10_000
FIELD = re.compile(r"<input[^>]*>")
ATTRIBUTE = re.compile(r'(\w[\w-]*)="([^"]*)"')
networks = itertools.count()


@dataclass(frozen=True)
class Case:
    number: str
    secret: str


class Browser(Client):
    def __init__(self, address: str = "", **defaults: Any) -> None:
        super().__init__(
            enforce_csrf_checks=True,
            raise_request_exception=False,
            HTTP_HOST="localhost",
            REMOTE_ADDR=address or f"fd00:{os.getpid() & 0xFFFF:x}:{next(networks):x}::1",
            **defaults,
        )

    def open(self, name: str, /, *arguments: Any, follow: bool = False, **query: Any) -> HttpResponse:
        return self.get(reverse(name, args=arguments), query, follow=follow)

    def send(self, name: str, /, *arguments: Any, page: str = "", follow: bool = False, **fields: Any) -> HttpResponse:
        """Post a form, with the token of the page that shows it."""
        token = hidden(self.open(page or name, *arguments)).get("csrfmiddlewaretoken") or self.token()
        return self.post(reverse(name, args=arguments), {"csrfmiddlewaretoken": token} | fields, follow=follow)

    def token(self) -> str:
        """Of the log-in page, when the form's own page has none to give (or leads away)."""
        return hidden(self.open("account_logout")).get("csrfmiddlewaretoken", "") or hidden(
            self.open("account_login")
        ).get("csrfmiddlewaretoken", "")

    # ----- what people do

    def see_sheet(self) -> dict[str, str]:
        answer = self.send("account_case")
        assert answer.status_code == 200
        return hidden(answer)

    def open_case(self) -> Case:
        shown = self.see_sheet()
        answer = self.keep(shown)
        assert answer.status_code == 302, text(answer)
        return Case(str(self.person().username), shown["secret"])

    def keep(self, shown: dict[str, str], **other: str) -> HttpResponse:
        fields = shown | {"last": shown["secret"][-5:]} | other
        return self.post(reverse("account_case_open"), fields)

    def log_in(self, login: str, password: str, **more: Any) -> HttpResponse:
        return self.send("account_login", login=login, password=password, **more)

    def prove(self, password: str) -> HttpResponse:
        return self.send("account_reauthenticate", password=password)

    def is_in(self) -> bool:
        return self.open("account").status_code == 200

    def person(self) -> Any:
        from consent.models import Person

        return Person.objects.get(pk=self.session["_auth_user_id"])


def hidden(answer: HttpResponse) -> dict[str, str]:
    """The hidden fields of the page's forms; of the last form where several have one."""
    found = {}
    for field in FIELD.findall(answer.content.decode()):
        attributes = dict(ATTRIBUTE.findall(field))
        if attributes.get("type") == "hidden" and "name" in attributes:
            found[attributes["name"]] = html.unescape(attributes.get("value", ""))
    found.pop("next", None)
    return found


def text(answer: HttpResponse) -> str:
    """What a person reads."""
    without_head = re.sub(r"(?s)<head>.*?</head>|<script.*?</script>", "", answer.content.decode())
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", without_head))).strip()


def neutral(answer: HttpResponse) -> tuple[int, str, str]:
    """An answer without what differs between any two (tokens, what was typed): to compare known with unknown."""
    body = re.sub(r'value="[^"]*"', 'value=""', answer.content.decode())
    return answer.status_code, answer.headers.get("Location", ""), body
