"""The gain of fine-tuning on fields that it did not see: tables, a picture, and the report of a run."""

import csv
import io

import numpy as np
from PIL import Image, ImageDraw

from training.data.fields import Field, Plane, pairs_of, said
from training.evaluate.metrics import fitted_psnr
from training.evaluate.restore import restored_frame


def restored(plane: Plane, network) -> np.ndarray:
    """The plane as the engine returns it: all colours of its frame are normalised together."""
    return restored_frame(plane.image, network, plane.range)


def rows_of(fields: list[Field], network, log=lambda words: None) -> list[dict]:
    """One row for each plane: its PSNR in dB before and after, against the sharp plane at its shift and exposure.

    After a fit of gain and offset, as in `training evaluate`. The row of the sharp plane has its PSNR to itself
    instead.
    """
    rows = []
    for number, field in enumerate(fields):
        for pair in pairs_of(field):
            plane, edge = pair.plane, pair.edge
            h, w = pair.shape
            image, target = pair.patch(0, 0, h, w)
            after = restored(plane, network)[edge : edge + h, edge : edge + w]
            row = {"field": field.name, "plane": plane.name, "steps": plane.steps}
            if plane.steps == 0:
                low, high = plane.range
                error = np.mean((after.astype(np.float64) - image) ** 2)
                rows.append(row | {"to_input": float(10 * np.log10((high - low) ** 2 / max(error, 1e-12)))})
                continue
            for when, seen in (("before", image), ("after", after)):
                row[when] = fitted_psnr(seen.astype(np.float64), target)
            rows.append(row)
        log(f"measured field {number + 1} of {len(fields)}")
    return rows


def mean_gain(rows: list[dict]) -> float:
    """Mean gain in dB over the planes out of focus."""
    return float(np.mean([r["after"] - r["before"] for r in rows if "after" in r]))


def table(began: list[dict], tuned: list[dict]) -> list[str]:
    """Markdown: mean gains with the model begun with and the fine-tuned one, by steps from the sharp plane."""
    lines = [
        "| steps from focus | planes | PSNR before | begun with | fine-tuned | difference |",
        "|---|---|---|---|---|---|",
    ]
    for steps in sorted({r["steps"] for r in tuned if "after" in r}):
        a, b = ([r for r in rows if r["steps"] == steps and "after" in r] for rows in (began, tuned))
        before = np.mean([r["before"] for r in b])
        gains = [float(np.mean([r["after"] - r["before"] for r in rows])) for rows in (a, b)]
        lines.append(
            f"| {steps:+d} | {len(b)} | {before:.2f} | {gains[0]:+.2f} | {gains[1]:+.2f} | {gains[1] - gains[0]:+.2f} |"
        )
    lines.append(
        f"| all | {sum('after' in r for r in tuned)} | | {mean_gain(began):+.2f} | {mean_gain(tuned):+.2f} | "
        f"{mean_gain(tuned) - mean_gain(began):+.2f} |"
    )
    return lines


def planes_table(fields: list[Field]) -> str:
    """CSV: the shift and exposure of every plane, which were corrected."""
    stream = io.StringIO()
    lines = csv.writer(stream, lineterminator="\n")
    lines.writerow(["field", "plane", "steps from sharp", "shift down (px)", "shift right (px)", "gain", "offset"])
    for one in fields:
        for p in one.planes:
            figures = f"{p.shift_px[0]:.2f}", f"{p.shift_px[1]:.2f}", f"{p.gain:.4f}", f"{p.offset:.3f}"
            lines.writerow([one.name, p.name, p.steps, *figures])
    return stream.getvalue()


def picture(field: Field, began, tuned, size: int = 256) -> Image.Image:
    """The plane with the middle distance from focus: as it was, by both models, and the sharp plane."""
    blurred = sorted((p for p in field.planes if p.steps), key=lambda p: abs(p.steps))
    plane = blurred[len(blurred) // 2]
    low, high = field.planes[field.sharp].range
    parts = [
        ("as it was", plane.image, plane),
        ("begun with", restored(plane, began), plane),
        ("fine-tuned", restored(plane, tuned), plane),
        ("sharp plane", field.reference, field.planes[field.sharp]),
    ]
    h, w = (min(n, size) for n in plane.image.shape)
    top, left = ((n - m) // 2 for n, m in zip(plane.image.shape, (h, w), strict=True))
    sheet = Image.new("L", (4 * w + 12, h + 18), 255)
    for index, (words, image, of) in enumerate(parts):
        even = (np.asarray(image, np.float64) - of.offset) / of.gain  # in the sharp plane's exposure
        part = np.clip((even[top : top + h, left : left + w] - low) / (high - low), 0, 1)
        sheet.paste(Image.fromarray(np.uint8(255 * part)), (index * (w + 4), 18))
        ImageDraw.Draw(sheet).text((index * (w + 4) + 4, 3), words, fill=0)
    return sheet


def report(
    began_with: str, name: str, fields: list[Field], parts, began: list[dict], tuned: list[dict], state: dict
) -> str:
    """report.md of a run.

    `parts`: the fields trained on, chosen by and reported on; `began`, `tuned`: rows of the last.
    """
    learn, choose, tell = (", ".join(f.name for f in part) for part in parts)
    focused = lambda rows: float(np.mean([r["to_input"] for r in rows if "to_input" in r]))
    return f"""\
# {name}

{began_with}, trained further for {state["minutes"]:.1f} minutes ({state["step"]:,} steps) on {len(parts[0])} field(s).
Fields trained on: {learn}. The checkpoint was chosen by: {choose}. The table is of: {tell}.

Gains are dB of PSNR against the sharp plane, after a fit of gain and offset, means over planes.

{chr(10).join(table(began, tuned))}

A plane in focus comes back at {focused(tuned):.1f} dB of PSNR to itself (the model it began with: {focused(began):.1f} dB).

A restored image is an estimate: it shows what the training images make likely. Keep the original.

## Fields

{chr(10).join("- " + said(f).removeprefix("field ") for f in fields)}
"""


def card(name: str, text: str, parts) -> str:
    """The report as the card of the model, for a package of bioimage.io; it adds what was not measured."""
    return f"""\
{text}
# Validation

The table above is all that was measured of {name}: {len(parts[2])} field(s) of the same stacks, which it was neither trained on nor
chosen by. It was not measured on other specimens or microscopes; the figures of the model that it began with do not hold for it.
"""
