"""What browsers are told a page may do: next to nothing."""

import re

from django.conf import settings
from django.test import Client

from config.release import digest


def policy(path: str) -> dict[str, list[str]]:
    parts = Client().get(path)["Content-Security-Policy"].split(";")
    return {name: values for name, *values in (part.split() for part in parts)}


def test_the_content_security_policy_allows_files_of_ours_and_nothing_else() -> None:
    for path in ("/", "/help", "/problems/not-found", "/nothing-here"):
        directives = policy(path)
        assert directives.pop("default-src") == ["'none'"]
        assert directives.pop("require-trusted-types-for") == ["'script'"]
        assert directives.pop("base-uri") == directives.pop("frame-ancestors") == ["'none'"]
        assert set(directives) == {"script-src", "worker-src", "style-src", "img-src", "connect-src", "form-action"}
        assert all(values == ["'self'"] for values in directives.values())


def test_pages_give_nothing_away_to_other_sites_and_ask_for_no_device() -> None:
    answer = Client().get("/")
    assert answer["Referrer-Policy"] == "same-origin"  # "no-referrer" would break every form: see the settings
    assert answer["Cross-Origin-Opener-Policy"] == "same-origin"
    assert answer["Cross-Origin-Resource-Policy"] == "same-origin"
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "camera=()" in answer["Permissions-Policy"]
    assert "geolocation=()" in answer["Permissions-Policy"]


def test_a_page_refers_to_no_other_host() -> None:
    for path in ("/", "/help", "/privacy"):
        page = Client().get(path).content.decode()
        loaded = re.findall(r'<(?:script|link|img|iframe|source)\b[^>]*?(?:src|href)="([^"]+)"', page)
        assert loaded
        assert all(address.startswith("/static/") for address in loaded)


def test_static_files_may_be_kept_for_good() -> None:
    answer = Client().get(f"{settings.STATIC_URL}css/veto.css")
    assert answer.status_code == 200
    assert "immutable" in answer["Cache-Control"]
    assert answer["Content-Security-Policy"] == "frame-ancestors 'none'"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer.getvalue().startswith(b"/* Veto")


def test_a_file_of_another_release_leads_to_this_ones() -> None:
    answer = Client().get("/static/0123456789ab/css/veto.css")
    assert answer.status_code == 302
    assert answer["Location"] == f"{settings.STATIC_URL}css/veto.css"
    assert Client().get(f"{settings.STATIC_URL}css/nothing.css").status_code == 404


def test_the_address_of_static_files_changes_with_any_of_them(tmp_path: object) -> None:
    folder = tmp_path / "static"  # type: ignore[operator]
    folder.mkdir()
    (folder / "a").write_text("1")
    first = digest(folder, tmp_path / "missing")  # type: ignore[operator]
    assert digest(folder) != first or len(first) == 12
    (folder / "a").write_text("2")
    second = digest(folder)
    (folder / "a").rename(folder / "b")
    assert len({first, second, digest(folder)}) == 3
