"""Pages for what goes wrong. They say what happened, what was lost, and what to do."""

import pytest
from django.http import HttpRequest, HttpResponse
from django.template.loader import get_template
from django.test import Client, RequestFactory, override_settings
from django.urls import include, path

from config import pages


def broken(_: HttpRequest) -> HttpResponse:
    raise RuntimeError("a fault")


def closed(_: HttpRequest) -> HttpResponse:
    from django.core.exceptions import PermissionDenied

    raise PermissionDenied


urlpatterns = [path("broken", broken), path("closed", closed), path("", include("config.urls"))]


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize(
    ("address", "status", "english", "french"),
    [
        ("/nothing-here", 404, "There is nothing here", "Il n’y a rien ici"),
        ("/closed", 403, "This page is not open to you", "Vous n’avez pas accès à cette page"),
        ("/broken", 500, "Something went wrong on our side", "Une erreur s’est produite de notre côté"),
    ],
)
@override_settings(ROOT_URLCONF=__name__)
def test_each_fault_has_a_page(address: str, status: int, english: str, french: str, language: str) -> None:
    answer = Client(raise_request_exception=False).get(address, headers={"accept-language": language})
    assert answer.status_code == status
    text = answer.content.decode()
    assert f"<h1>{english if language == 'en' else french}</h1>" in text
    assert 'class="quit"' in text
    assert answer["Cache-Control"] == "private, no-store"
    assert address not in text.replace(f'value="{address}"', "")


def test_a_fault_needs_no_context_to_be_told() -> None:
    for name in ("400", "403", "404", "429", "500", "403_csrf"):
        assert "<h1>" in get_template(f"{name}.html").render()


def test_a_form_without_a_valid_token_says_that_nothing_was_changed() -> None:
    client = Client(enforce_csrf_checks=True)
    answer = client.post("/help", {"text": "x"})
    assert answer.status_code == 403
    assert b"<h1>Please send it again</h1>" in answer.content


@override_settings(ROOT_URLCONF=__name__)
def test_the_api_keeps_its_own_form_of_errors() -> None:
    answer = Client().get("/v1/nothing-here")
    assert answer.status_code == 404
    assert answer["Content-Type"] == "application/problem+json"


def test_problem_pages_are_pages_like_the_others() -> None:
    text = Client().get("/problems/not-found").content.decode()
    assert 'class="site"' in text
    assert "What to do" in text


def test_no_answer_is_kept_unless_its_view_says_so() -> None:
    request = RequestFactory().get("/")
    for kind in ("text/html", "application/json", "text/csv"):
        answer = pages.PageHeadersMiddleware(lambda _, kind=kind: HttpResponse("x", content_type=kind))(request)
        assert answer["Cache-Control"] == "private, no-store"
    kept = HttpResponse("x", headers={"Cache-Control": "public"})
    assert pages.PageHeadersMiddleware(lambda _: kept)(request)["Cache-Control"] == "public"
