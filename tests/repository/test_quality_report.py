"""What is said of recognition is what was measured: the page and the figures for everyone follow from one file."""

import json
import shutil
from pathlib import Path

from bench.quality import report
from bench.quality.alterations import GROUPS

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "bench" / "results"
MEASURED = json.loads((RESULTS / "quality.json").read_text())


def test_the_page_and_its_plots_are_those_of_the_measurement(tmp_path: Path) -> None:
    for name in ("variants.json", "details.json"):
        shutil.copy(RESULTS / name, tmp_path)
    page = tmp_path / "matching-quality.md"
    report.write(MEASURED, page, tmp_path)
    assert page.read_text() == (ROOT / "docs" / "matching-quality.md").read_text()
    for plot in tmp_path.glob("*.svg"):
        assert plot.read_text() == (RESULTS / plot.name).read_text()


def test_everybody_is_told_the_same_figures() -> None:
    assert json.loads((ROOT / "matching" / "quality.json").read_text()) == report.summary(MEASURED)


def test_every_group_of_alterations_was_measured_against_its_target() -> None:
    shown = {(group["name"], group["title"]): group for group in MEASURED["groups"]}
    assert shown.keys() == {(group.name, group.title) for group in GROUPS}
    assert {key: (group["target"], group["target_high"]) for key, group in shown.items()} == {
        (group.name, group.title): (group.target, group.target_high) for group in GROUPS
    }
