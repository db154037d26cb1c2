"""Line plots as SVG, the same byte for byte wherever the same versions draw the same figures."""

import io
from dataclasses import dataclass, field

import matplotlib
import numpy as np
from matplotlib.figure import Figure

# Okabe and Ito's palette, which the colour-blind can tell apart; a grey and a brown beyond it.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#999999", "#7F4F24")
STYLE = {
    "svg.hashsalt": "parfocal",  # else the ids within the file are random
    "svg.fonttype": "none",  # text stays text: small files that can be searched
    "font.family": "sans-serif",
    "font.size": 9,
}
NO_METADATA = {"Date": None, "Creator": None}


@dataclass
class Line:
    """One curve. `spread`: half the length of each point's error bar."""

    name: str
    points: list[tuple[float, float]]
    spread: list[float] = field(default_factory=list)

    def drawable(self) -> np.ndarray:
        """The finite points, [N, 3]: x, y, half the error bar; 0 where there is none."""
        spread = [*self.spread, *[0.0] * (len(self.points) - len(self.spread))]
        rows = [(x, y, half if np.isfinite(half) else 0.0) for (x, y), half in zip(self.points, spread, strict=True)]
        return np.array([row for row in rows if np.isfinite(row).all()], np.float64).reshape(-1, 3)


def figure(title: str, x_label: str, y_label: str, lines: list[Line]) -> Figure:
    """One curve for each line, with a marker at each point, and a legend.

    Raises ValueError without any finite point.
    """
    if not any(len(line.drawable()) for line in lines):
        raise ValueError(f"{title}: nothing to plot")
    drawn = Figure(figsize=(7.2, 4.0), layout="constrained")
    axes = drawn.add_subplot()
    for index, line in enumerate(lines):
        x, y, half = line.drawable().T
        style = {
            "color": COLOURS[index % len(COLOURS)],
            "linewidth": 1.6,
            "marker": "o",
            "markersize": 4,
            "label": line.name,
        }
        axes.errorbar(x, y, half if half.any() else None, capsize=2, elinewidth=1, **style)
    axes.set(xlabel=x_label, ylabel=y_label)
    axes.set_title(title, loc="left", fontsize=10)
    axes.grid(color="#dddddd", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False)
    return drawn


def line_plot(title: str, x_label: str, y_label: str, lines: list[Line]) -> str:
    """The text of an SVG file. Raises ValueError without any finite point."""
    with matplotlib.rc_context(STYLE):
        stream = io.StringIO()
        figure(title, x_label, y_label, lines).savefig(stream, format="svg", metadata=NO_METADATA)
    return stream.getvalue()
