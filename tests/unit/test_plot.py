"""Plots: whole numbers within the drawing."""

from hypothesis import given
from hypothesis import strategies as st

from consent.plot import BASELINE, TOP, WIDTH, Plot, bars


@given(st.lists(st.integers(0, 10**9), max_size=30))
def test_bars_stay_within_the_drawing_and_stand_on_the_line(values: list[int]) -> None:
    drawn = bars([(str(value), value) for value in values])
    assert len(drawn) == len(values)
    for bar in drawn:
        assert 0 <= bar.x <= bar.x + bar.width <= WIDTH
        assert bar.y >= TOP
        assert bar.y + bar.height == BASELINE
    if any(values):
        assert min(bar.y for bar in drawn) == TOP


def test_the_table_behind_has_the_same_numbers() -> None:
    plot = Plot("Questions", "Two weeks.", ("Week", "Questions"), bars([("1", 3), ("2", 0)]))
    assert [[cell["text"] for cell in row] for row in plot.rows] == [["1", 3], ["2", 0]]
