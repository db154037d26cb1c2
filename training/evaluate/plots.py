"""Line plots as SVG text: a few lines of code instead of a plotting library, and files that differ only where figures do."""

from dataclasses import dataclass, field
from html import escape

import numpy as np

# Okabe and Ito's palette: told apart by the colour-blind, too; a grey and a brown beyond it.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#999999", "#7F4F24")
WIDTH, HEIGHT = 690, 400
LEFT, RIGHT, TOP, BOTTOM = 60, 220, 36, 50


@dataclass
class Line:
    name: str
    points: list[tuple[float, float]]
    spread: list[float] = field(default_factory=list)  # half the length of each point's error bar

    def bars(self) -> list[tuple[float, float, float]]:
        """(x, y, half the length) of each error bar that can be drawn."""
        made = [(x, y, half) for (x, y), half in zip(self.points, self.spread)]
        return [bar for bar in made if np.isfinite(bar).all() and bar[2] > 0]


def ticks(low: float, high: float, most: int = 7) -> list[float]:
    """Round numbers from low to high, at most `most`."""
    if high <= low:
        return [low]
    step = 10 ** np.floor(np.log10((high - low) / most))
    for factor in (1, 2, 5, 10):
        if (high - low) / (step * factor) <= most:
            step *= factor
            break
    first = np.ceil(low / step - 1e-9)
    # Plus nothing: minus nothing would be written with its sign.
    return [float(round(step * k, 10)) + 0.0 for k in np.arange(first, high / step + 1e-9)]


def line_plot(title: str, x_label: str, y_label: str, lines: list[Line]) -> str:
    """SVG with one curve for each line, a marker at each point and a legend. Raises ValueError without any point."""
    points = [p for line in lines for p in line.points if np.isfinite(p).all()]
    if not points:
        raise ValueError(f"{title}: nothing to plot")
    xs, ys = zip(*points)
    ends = [y + sign * half for line in lines for _, y, half in line.bars() for sign in (-1, 1)]
    x_low, x_high, y_low, y_high = min(xs), max(xs), min([*ys, *ends]), max([*ys, *ends])
    margin = 0.05 * (y_high - y_low) or 1.0
    y_low, y_high = y_low - margin, y_high + margin
    x_span = x_high - x_low or 1.0
    right, bottom = WIDTH - RIGHT, HEIGHT - BOTTOM
    at_x = lambda x: LEFT + (x - x_low) / x_span * (right - LEFT)
    at_y = lambda y: bottom - (y - y_low) / (y_high - y_low) * (bottom - TOP)
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        f'<text x="{LEFT}" y="20" font-size="14">{escape(title)}</text>',
    ]
    for y in ticks(y_low, y_high):
        out.append(f'<line x1="{LEFT}" x2="{right}" y1="{at_y(y):.1f}" y2="{at_y(y):.1f}" stroke="#ddd"/>')
        out.append(f'<text x="{LEFT - 6}" y="{at_y(y) + 4:.1f}" text-anchor="end">{y:g}</text>')
    for x in ticks(x_low, x_high):
        out.append(f'<text x="{at_x(x):.1f}" y="{bottom + 18}" text-anchor="middle">{x:g}</text>')
    out.append(f'<text x="{(LEFT + right) / 2}" y="{HEIGHT - 12}" text-anchor="middle">{escape(x_label)}</text>')
    out.append(f'<text transform="translate(16 {(TOP + bottom) / 2}) rotate(-90)" text-anchor="middle">{escape(y_label)}</text>')
    for index, line in enumerate(lines):
        colour = COLOURS[index % len(COLOURS)]
        placed = [(at_x(x), at_y(y)) for x, y in line.points if np.isfinite((x, y)).all()]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in placed)
        out.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.8"/>')
        out += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.6" fill="{colour}"/>' for x, y in placed]
        for x, y, half in line.bars():
            out.append(
                f'<line x1="{at_x(x):.1f}" x2="{at_x(x):.1f}" y1="{at_y(y - half):.1f}" y2="{at_y(y + half):.1f}" stroke="{colour}"/>'
            )
        y = TOP + 10 + 18 * index
        out.append(f'<line x1="{right + 12}" x2="{right + 32}" y1="{y}" y2="{y}" stroke="{colour}" stroke-width="2"/>')
        out.append(f'<text x="{right + 38}" y="{y + 4}">{escape(line.name)}</text>')
    return "\n".join([*out, "</svg>", ""])
