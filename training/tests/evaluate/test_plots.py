"""Plots: every point is drawn where it belongs, whatever the values, and the file is the same every time."""

import xml.etree.ElementTree as xml

import numpy as np
import pytest

from training.evaluate.plots import Line, figure, line_plot

NAN = float("nan")
NAMESPACE = "{http://www.w3.org/2000/svg}"


def drawn(*lines):
    """The axes of a plot, laid out."""
    made = figure("t", "x", "y", list(lines))
    made.draw_without_rendering()
    return made.axes[0]


def curves(axes):
    """The points of each curve by its name."""
    return {container.get_label(): container.lines[0].get_xydata() for container in axes.containers}


def inside(axes, points):
    """Whether points lie within the axes."""
    placed = axes.transAxes.inverted().transform(axes.transData.transform(points))
    return bool(((placed >= 0) & (placed <= 1)).all())


def test_points_lie_inside_and_in_order():
    one = Line("one", [(0, 1), (1, 3), (2, 2)], [0.1, 0.2, 0.1])
    axes = drawn(one, Line("two", [(0, 0), (2, 5)]))
    found = curves(axes)
    assert found["one"].tolist() == [[0, 1], [1, 3], [2, 2]] and found["two"].tolist() == [[0, 0], [2, 5]]
    assert all(inside(axes, points) for points in found.values())
    heights = axes.transData.transform(found["one"])[:, 1]
    assert heights[0] < heights[2] < heights[1]
    assert not axes.xaxis_inverted() and not axes.yaxis_inverted()


def test_the_text_is_in_the_file():
    words = [
        t.text
        for t in xml.fromstring(line_plot("a < b", "x", "y", [Line("one", [(0, 1), (1, 2)])])).iter(f"{NAMESPACE}text")
    ]
    assert {"a < b", "x", "y", "one"} <= set(words)


def test_error_bars_lie_inside():
    axes = drawn(Line("one", [(0, 1), (1, 3), (2, NAN), (3, 2)], [4.0, 7.0, 1.0, NAN]), Line("two", [(0, 2)], [0.0]))
    one, two = axes.containers
    ((bars,),) = one.lines[2:]
    ends = [segment[:, 1].tolist() for segment in bars.get_segments()]
    assert ends == [[-3, 5], [-4, 10], [2, 2]]  # a length that is no number has no bar
    assert all(inside(axes, segment) for segment in bars.get_segments())
    assert not two.has_yerr


def test_values_that_are_no_numbers_are_left_out_and_none_is_an_error():
    assert curves(drawn(Line("one", [(0, NAN), (1, 2)])))["one"].tolist() == [[1, 2]]
    for empty in ([], [(0, NAN)]):
        with pytest.raises(ValueError, match="t: nothing to plot"):
            line_plot("t", "x", "y", [Line("one", empty)])


@pytest.mark.parametrize("low, high", [(0, 4), (-0.37, 2.9), (1e-4, 3e-4), (0, 12345)])
def test_ticks_are_round_and_few(low, high):
    axes = drawn(Line("one", [(0, low), (1, high)]))
    shown = [t for t in axes.get_yticks() if np.prod(np.subtract(axes.get_ylim(), t)) <= 0]
    assert 2 <= len(shown) <= 10 and len({round(step, 12) for step in np.diff(shown)}) == 1


def test_curves_have_different_colours():
    colours = [c.lines[0].get_color() for c in drawn(*(Line(str(i), [(0, i)]) for i in range(9))).containers]
    assert len(set(colours)) == 9


def test_the_legend_has_room():
    longest = "Richardson-Lucy, true blur"
    axes = drawn(Line(longest, [(0, 1), (1, 2)]), Line("one", [(0, 1)], [1.0]))
    assert [t.get_text() for t in axes.get_legend().get_texts()] == [longest, "one"]
    box, page = axes.get_legend().get_window_extent(), axes.figure.bbox
    assert axes.bbox.x1 <= box.x0 and box.x1 <= page.x1 and box.y0 >= page.y0 and box.y1 <= page.y1


def test_the_file_is_the_same_every_time_and_has_no_date():
    lines = [Line("one", [(0, 1), (1, 3)], [0.1, 0.2]), Line("two", [(0, 0), (1, 5)])]
    first = line_plot("t", "x", "y", lines)
    assert first == line_plot("t", "x", "y", lines) and "<dc:date>" not in first and "Matplotlib" not in first
