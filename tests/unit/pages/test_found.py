"""The page of what is found says the numbers of the measure, and nothing else."""

from django.test import Client
from django.utils import translation

from bench.quality.alterations.catalogue import GROUPS
from consent import found
from matching.quality import measured

FIGURES = [f"{asked}{how}" for asked in ("copy_asked", "photo_asked") for how in ("", "_without_details")]


def test_every_measured_alteration_is_said_in_everyday_words() -> None:
    assert {group.title for group in GROUPS} == set(found.WORDS)
    assert {entry["title"] for entry in measured()["found"]} <= set(found.WORDS)


def test_the_page_shows_every_measured_number_in_both_languages() -> None:
    for code, sign in (("en", "%"), ("fr", "\u00a0%")):
        page = Client().get("/what-is-found", headers={"accept-language": code}).content.decode()
        with translation.override(code):
            for entry in measured()["found"]:
                assert str(found.WORDS[entry["title"]]) in page.replace("&#x27;", "'")
                for asked in ("copy_asked", "photo_asked"):
                    both = f"{round(entry[asked])}{sign} ({round(entry[f'{asked}_without_details'])}{sign})"
                    assert both in page.replace("&nbsp;", "\u00a0")


def test_the_best_come_first_and_each_where_it_belongs() -> None:
    entries = [
        {"title": title} | dict.fromkeys(FIGURES, value)
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


def test_a_row_tells_what_is_found_with_details_and_in_brackets_without() -> None:
    figures = dict(zip(FIGURES, (98.6, 60.2, 97.0, 55.0), strict=True))
    with translation.override("en"):
        row = found.row({"title": "mirrored"} | figures)
    assert [cell["text"] for cell in row[1:]] == ["99% (60%)", "97% (55%)"]


def test_a_rate_is_said_as_one_in_so_many() -> None:
    with translation.override("en"):
        assert [found.one_in(rate) for rate in (7.2e-4, 1.1e-2, 0.5)] == ["1,400", "91", "2"]
