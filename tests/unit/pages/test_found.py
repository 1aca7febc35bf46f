"""The page of what is found says the numbers of the measure, and nothing else."""

from django.test import Client
from django.utils import translation

from consent import found
from matching.quality import measured


def test_every_measured_alteration_is_said_in_everyday_words() -> None:
    assert {entry["title"] for entry in measured()["found"]} == set(found.WORDS)


def test_the_page_shows_every_measured_number_in_both_languages() -> None:
    for code, sign in (("en", "%"), ("fr", "\u00a0%")):
        page = Client().get("/what-is-found", headers={"accept-language": code}).content.decode()
        with translation.override(code):
            for entry in measured()["found"]:
                assert str(found.WORDS[entry["title"]]) in page.replace("&#x27;", "'")
                assert f"{round(entry['copy_asked'])}{sign}" in page.replace("&nbsp;", "\u00a0")


def test_the_best_come_first_and_each_where_it_belongs() -> None:
    entries = [
        {"title": title, "copy_asked": value, "photo_asked": value}
        for title, value in (("mirrored", 20.0), ("resized", 94.9), ("noise", 95.0), ("squeezed", 100.0))
    ]
    with translation.override("en"):
        parts = found.parted(entries)
    names = {name: [row[0]["text"] for row in rows] for name, rows in parts.items()}
    words = found.WORDS
    assert names == {
        "always": [words["squeezed"], words["noise"]],
        "often": [words["resized"]],
        "seldom": [words["mirrored"]],
    }


def test_a_rate_is_said_as_one_in_so_many() -> None:
    with translation.override("en"):
        assert [found.one_in(rate) for rate in (7.2e-4, 1.1e-2, 0.5)] == ["1,400", "91", "2"]
