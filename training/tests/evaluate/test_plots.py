"""Plots: every point is drawn where it belongs, whatever the values."""

import xml.etree.ElementTree as xml

import pytest

from training.evaluate.plots import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, Line, line_plot, ticks

NAMESPACE = "{http://www.w3.org/2000/svg}"


def circles(text):
    return [(float(c.get("cx")), float(c.get("cy"))) for c in xml.fromstring(text).iter(f"{NAMESPACE}circle")]


def test_points_lie_inside_and_in_order():
    text = line_plot("a < b", "x", "y", [Line("one", [(0, 1), (1, 3), (2, 2)], [0.1, 0.2, 0.1]), Line("two", [(0, 0), (2, 5)])])
    found = circles(text)
    assert len(found) == 5
    assert all(LEFT <= x <= WIDTH - RIGHT and TOP <= y <= HEIGHT - BOTTOM for x, y in found)
    assert found[0][0] < found[1][0] < found[2][0] and found[1][1] < found[2][1] < found[0][1]  # up is smaller
    assert "a &lt; b" in text and ">one<" in text and ">two<" in text


def test_error_bars_lie_inside():
    nan = float("nan")
    text = line_plot("t", "x", "y", [Line("one", [(0, 1), (1, 3), (2, nan), (3, 2)], [4.0, 7.0, 1.0, nan]), Line("two", [(0, 2)], [0.0])])
    bars = [bar for bar in xml.fromstring(text).iter(f"{NAMESPACE}line") if bar.get("x1") == bar.get("x2")]
    ends = [sorted(float(bar.get(end)) for end in ("y1", "y2")) for bar in bars]
    assert len(ends) == 2  # no bar without a length or a place
    assert all(TOP <= top < bottom <= HEIGHT - BOTTOM for top, bottom in ends)
    assert ends[1][1] - ends[1][0] == pytest.approx(7 / 4 * (ends[0][1] - ends[0][0]), abs=0.3)


def test_values_that_are_no_numbers_are_left_out_and_none_is_an_error():
    assert len(circles(line_plot("t", "x", "y", [Line("one", [(0, float("nan")), (1, 2)])]))) == 1
    with pytest.raises(ValueError, match="t: nothing to plot"):
        line_plot("t", "x", "y", [Line("one", [])])


@pytest.mark.parametrize("low, high", [(0, 4), (-0.37, 2.9), (1e-4, 3e-4), (0, 12345)])
def test_ticks_are_round_and_few(low, high):
    found = ticks(low, high)
    assert 2 <= len(found) <= 8 and found == sorted(set(found)) and low - 1e-9 <= found[0] and found[-1] <= high + 1e-9


def test_nothing_has_no_sign():
    assert "-0" not in [f"{t:g}" for t in ticks(-0.001, 4)] and "0" in [f"{t:g}" for t in ticks(-0.001, 4)]


def test_the_legend_has_room():
    """At most 0.55 em a letter on average, as in common fonts of this kind."""
    longest = "Richardson-Lucy, true blur"
    text = line_plot("t", "x", "y", [Line(longest, [(0, 1), (1, 2)])])
    (label,) = [t for t in xml.fromstring(text).iter(f"{NAMESPACE}text") if t.text == longest]
    assert float(label.get("x")) + 0.55 * 12 * len(longest) <= WIDTH
