"""The text and the pictures of docs/evaluation.md, from figures that training/evaluate/report.py measured."""

from collections.abc import Container
from pathlib import Path

import numpy as np

from training.evaluate import held_out, oracle, protocol, sentences
from training.evaluate.plots import Line, line_plot

METHODS = tuple(oracle.METHODS)


def better(row: dict) -> float:
    """PSNR of the better oracle at this plane, in dB."""
    return max(row[m].psnr for m in METHODS)


def means(rows: list[dict]) -> list[str]:
    """Markdown: mean gains by stack, and the model's lead over the better oracle."""
    lines = [
        "| stack | planes | model | Wiener | Richardson-Lucy | model above the better |",
        "|---|---|---|---|---|---|",
    ]
    for stack in dict.fromkeys(r["stack"] for r in rows):
        group = [r for r in rows if r["stack"] == stack]
        ours = float(np.mean([r["model"] - r["before"] for r in group]))
        theirs = [float(np.mean([r[m].psnr - r["before"] for r in group])) for m in METHODS]
        cells = " | ".join(f"{v:+.2f}" for v in (ours, *theirs, above_oracles(group)[stack]))
        lines.append(f"| {stack} | {len(group)} | {cells} |")
    return lines


def above_oracles(rows: list[dict]) -> dict[str, float]:
    """By stack: the model's mean lead in dB over the oracle that is better on average."""
    found = {}
    for stack in dict.fromkeys(r["stack"] for r in rows):
        group = [r for r in rows if r["stack"] == stack]
        found[stack] = float(
            np.mean([r["model"] for r in group]) - max(np.mean([r[m].psnr for r in group]) for m in METHODS)
        )
    return found


def beside_oracles(rows: list[dict]) -> list[str]:
    """Sentences on the model beside the better oracle, from the figures alone."""
    lines = []
    for stack, apart in above_oracles(rows).items():
        group = [r for r in rows if r["stack"] == stack]
        below = [r for r in group if r["model"] < better(r)]
        text = f"- {stack}: on average the model is {held_out.above_or_below(apart)} the better oracle"
        if below:
            worst = max(below, key=lambda r: better(r) - r["model"])
            text += f"; plane by plane it is below the better of the two at {len(below)} of {len(group)}, by up to "
            text += f"{better(worst) - worst['model']:.2f} dB ({worst['distance']:+.2f} {worst['unit']})"
        lines.append(text + ".")
    return lines


def margins(rows: list[held_out.Row], name: str = "the model") -> list[str]:
    """Sentences on the model's lead over each deconvolution, from the figures alone."""
    leads = held_out.margins(rows, "model").items()
    lines = [
        f"- Out of focus at {held_out.MODERATE_WORDS}, {name} is {held_out.above_or_below(v)} {m} on average."
        for m, v in leads
    ]
    group = [r for r in rows if r.defocus_um > 0 and r.photons in held_out.MODERATE]
    specimens = dict.fromkeys((r.light, r.seed) for r in group)
    if len(specimens) > 1:
        apart = {
            m: [
                np.mean([r.restored["model"] - r.restored[m] for r in group if (r.light, r.seed) == s])
                for s in specimens
            ]
            for m in METHODS
        }
        errors = " and ".join(f"{np.std(v, ddof=1) / np.sqrt(len(v)):.2f} dB ({m})" for m, v in apart.items())
        lines.append(
            f"- These are means over {len(specimens)} drawn specimens; as a sample of such specimens their standard error is {errors}."
        )
    return lines


def similarity_table(rows: list[held_out.Row]) -> list[str]:
    """Markdown: mean SSIM by light and defocus, at moderate photon levels."""
    lines = [
        f"| light | defocus | before | {' | '.join(METHODS)} | model |",
        "|---|---|---|" + "---|" * len(METHODS) + "---|",
    ]
    chosen = [r for r in rows if r.photons in held_out.MODERATE]
    for light, um in dict.fromkeys((r.light, r.defocus_um) for r in chosen):
        group = [r for r in chosen if (r.light, r.defocus_um) == (light, um)]
        cells = " | ".join(f"{np.mean([r.ssim[name] for r in group]):.3f}" for name in ("before", *METHODS, "model"))
        lines.append(f"| {light} | {um:g} um | {cells} |")
    return lines


def networks_section(there: Container[str]) -> str:
    """Links to the pages on other networks and settings, of which docs holds those in `there`."""
    pages = {
        "networks.md": "what networks of equal cost gave in equal minutes",
        "ablation.md": "what other settings gave",
    }
    links = [
        f"[{name}]({name}) has {words}." if name in there else f"{name} is not made yet."
        for name, words in pages.items()
    ]
    return f"""\
{" ".join(links)}
The networks: head to tail, with cascade residuals, unlinked, with encoder and decoder passed on, plain U-Net, MIMO-UNet. The choices
that the paper leaves open have runs of their own.

    python -m training compare train --out runs/compare --minutes MINUTES
    python -m training compare report --out runs/compare --docs docs
    python -m training ablate train --out runs/ablate --minutes MINUTES
    python -m training ablate report --out runs/ablate --docs docs"""


def gains_of(rows: list[protocol.Row]) -> dict[str, list[float]]:
    """The gains in dB of the planes out of focus, by stack."""
    return {
        s: [r.gained for r in rows if r.stack == s and r.distance != 0] for s in dict.fromkeys(r.stack for r in rows)
    }


def also_section(model: str, real: list[protocol.Row], others: dict[str, tuple]) -> str:
    """Other models beside `model`; "" where there are none.

    `others`: by file name, the SHA-256, the rows of the real stacks and the rows of the held-out specimens.
    """
    if not others:
        return ""
    names = [model, *others]
    lines = ["## Other models beside it", ""]
    lines += [f"`{name}`: SHA-256 `{sha256}`." for name, (sha256, _, _) in others.items()]
    lines += ["", f"| stack, mean gain (dB) | {' | '.join(names)} |", "|---|" + "---|" * len(names)]
    gains = [gains_of(rows) for rows in (real, *(rows for _, rows, _ in others.values()))]
    lines += [f"| {stack} | {' | '.join(f'{np.mean(g[stack]):+.2f}' for g in gains)} |" for stack in gains[0]]
    for name, (_, _, simulated) in others.items():
        lines += [
            "",
            "On the held-out specimens:",
            "",
            *margins(simulated, name),
            "",
            *held_out.margin_tables(simulated, "model"),
        ]
    return "\n".join(lines) + "\n\n"


def shown(kind: str, names) -> str:
    """Markdown for the pictures of one kind."""
    return "\n".join(f"![{kind}, {n}](evaluation/{kind}-{n}.svg)" for n in names)


def real_section(model: str, real: list[protocol.Row]) -> str:
    gains = gains_of(real)
    fitted = {s: [r.gain_fit_after for r in real if r.stack == s and r.distance != 0] for s in gains}
    table = "\n".join(
        f"| {s} | {len(g)} | {np.mean(g):+.2f} | {min(g):+.2f} | {max(g):+.2f} "
        f"| {min(fitted[s]):.2f} to {max(fitted[s]):.2f} |"
        for s, g in gains.items()
    )
    return f"""\
## Real focal stacks

PSNR against the sharpest plane after a fit of gain and offset, in its 0.1 to 99.9 percentile range. Every plane stands in the
[card](../models/{Path(model).stem}.md). {sentences.CHOICE}

| stack | planes out of focus | mean gain (dB) | worst | best | fitted gain |
|---|---|---|---|---|---|
{table}

The fitted gain is what the restored plane must be multiplied by to fit the sharp one: above 1, contrast is missing.

{shown("real", gains)}

{shown("real-ssim", gains)}
"""


def oracle_section(model: str, oracles: list[dict]) -> str:
    nl = "\n"
    return f"""\
## Beside deconvolution that may look at the answer

    python -m training oracle --model models/{model}

For each plane, the point spread function (wave, disc or Gaussian; radius, cut-off, aberration), the background, and the regularisation or
the number of iterations are those with the highest PSNR against the sharp plane. The model is given the image alone. In a window in the
middle of the frame. The distances of tissue-brightfield and nucleus-widefield are those that choose a checkpoint, too.

{nl.join(means(oracles))}

{nl.join(beside_oracles(oracles))}

{shown("oracle", dict.fromkeys(r["stack"] for r in oracles))}

{nl.join(oracle.table(oracles))}
"""


def simulated_section(model: str, simulated: list[held_out.Row]) -> str:
    nl = "\n"
    return f"""\
## Simulated specimens that no training saw

    python -m training held-out --model models/{model}

20x, NA 0.75, pixels of 0.325 um. Deconvolution is given the TRUE point spread function and the best amount; the model is given the
image alone. {sentences.SPECIMENS}

{nl.join(margins(simulated))}

What these means are made of:

{nl.join(held_out.margin_tables(simulated, "model"))}

Plots, at {held_out.MODERATE_WORDS}. {sentences.SSIM}

{shown("held-out", held_out.SPECIMENS)}

{shown("held-out-ssim", held_out.SPECIMENS)}

Mean SSIM at {held_out.MODERATE_WORDS}:

{nl.join(similarity_table(simulated))}

All levels; `before` is PSNR in dB, the rest are gains on it, means over specimens.

{nl.join(held_out.table(simulated))}
"""


def page(
    model: str, version: str, sha256: str, real, oracles, simulated, work: str, there: Container[str], others=None
) -> str:
    """The whole page. `there`: as in `networks_section`; `others`: as in `also_section`."""
    others = others or {}
    also = f" --also {' '.join(f'models/{name}' for name in others)}" if others else ""
    return f"""\
# Evaluation

`{model}`, version {version}, SHA-256 `{sha256}`. All of this page is made by

    python -m training report --model models/{model}{also} --work {work} --docs docs

It needs the real focal stacks, which are not in the repository ([training/](../training/README.md)). A restored image is an
estimate: these are means over planes, and any one image can come out worse.

{real_section(model, real)}
{oracle_section(model, oracles)}
{simulated_section(model, simulated)}
{also_section(model, real, others)}## Networks compared with one another

{networks_section(there)}
"""


GAIN = "gain in PSNR (dB)"


def real_pictures(real: list[protocol.Row], oracles: list[dict]) -> dict[str, str]:
    """SVG files by name: gain and SSIM over the distance from focus, for each real stack."""
    files = {}
    for stack in dict.fromkeys(r.stack for r in real):
        rows = sorted((r for r in real if r.stack == stack and r.distance != 0), key=lambda r: r.distance)
        x_label = f"distance from focus ({rows[0].unit})"
        gain = [Line("model", [(r.distance, r.gained) for r in rows])]
        files[f"real-{stack}.svg"] = line_plot(stack, x_label, GAIN, gain)
        ssim = [
            Line("before", [(r.distance, r.ssim_before) for r in rows]),
            Line("model", [(r.distance, r.ssim_after) for r in rows]),
        ]
        files[f"real-ssim-{stack}.svg"] = line_plot(stack, x_label, "SSIM", ssim)
        group = sorted((r for r in oracles if r["stack"] == stack), key=lambda r: r["distance"])
        if group:
            lines = [Line("model", [(r["distance"], r["model"] - r["before"]) for r in group])]
            lines += [Line(f"{m}, oracle", [(r["distance"], r[m].psnr - r["before"]) for r in group]) for m in METHODS]
            files[f"oracle-{stack}.svg"] = line_plot(f"{stack}, middle of the frame", x_label, GAIN, lines)
    return files


def _mean_curves(rows: list[held_out.Row], names: dict[str, str], value) -> list[Line]:
    """The mean of `value(row, name)` over defocus, for each name; `names`: what the legend calls it."""
    at = lambda um, name: float(np.mean([value(r, name) for r in rows if r.defocus_um == um]))
    return [Line(words, [(um, at(um, name)) for um in held_out.DEFOCUS_UM]) for name, words in names.items()]


def simulated_pictures(simulated: list[held_out.Row]) -> dict[str, str]:
    """SVG files by name: gain and SSIM over defocus, for each kind of light, at moderate photon levels."""
    files = {}
    named = {"model": "model"} | {m: f"{m}, true blur" for m in METHODS}
    for light in held_out.SPECIMENS:
        chosen = [r for r in simulated if r.light == light and r.photons in held_out.MODERATE]
        title = f"Simulated specimens, {light}, {held_out.MODERATE_WORDS}"
        gain = _mean_curves(chosen, named, lambda r, name: r.restored[name] - r.before)
        files[f"held-out-{light}.svg"] = line_plot(title, "defocus (um)", GAIN, gain)
        ssim = _mean_curves(chosen, {"before": "before"} | named, lambda r, name: r.ssim[name])
        files[f"held-out-ssim-{light}.svg"] = line_plot(title, "defocus (um)", "SSIM", ssim)
    return files


def pictures(real: list[protocol.Row], oracles: list[dict], simulated: list[held_out.Row]) -> dict[str, str]:
    """SVG files by name."""
    return real_pictures(real, oracles) | simulated_pictures(simulated)
