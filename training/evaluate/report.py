"""docs/evaluation.md: a released model on real stacks and on simulated specimens, beside deconvolution that knows the answer.

    python -m training.report --model models/parfocal-w16.onnx --also models/parfocal-w8.onnx --work runs/evaluation --docs docs

Deconvolution takes an hour or two of one core and does not depend on the model: what it found stands in training/known and is not
looked for again; what is not there is kept in `--work`. The networks compared with one another stand on a page of their own (training/compare.py).
"""

import argparse
import hashlib
import json
import sys
from collections.abc import Container
from dataclasses import asdict
from pathlib import Path

import numpy as np

from . import compare, evaluate, held_out, oracle, sentences
from .card import metadata_of, rows_from_json, sha256_of
from .checkpoint import words_of, write_whole
from .deconvolved import file_of
from .plot import Line, line_plot

METHODS = tuple(oracle.METHODS)
SEEDS = 1  # of the held-out specimens


def real_oracles(work: Path, network, data: Path, log=print) -> list[dict]:
    """Rows of training.oracle for all its planes: deconvolution from `work` where it is there, the model measured now."""
    rows = []
    for stack in oracle.PLANES:
        sharp, planes, _ = evaluate.stack_planes(stack, data)
        by_name = {name: plane for name, distance, plane in planes if distance != 0 and oracle.is_listed(stack, distance)}
        cut = oracle.window(sharp.shape[:2])
        before = lambda plane: oracle.fitted_psnr(plane[cut].astype(np.float64), sharp[cut].astype(np.float64))
        told = lambda path: [oracle.row_from_json(row) for row in json.loads(path.read_text())]
        fits = lambda path: {r["plane"] for r in told(path)} == set(by_name) and all(
            abs(before(by_name[r["plane"]]) - r["before"]) <= 0.01 for r in told(path)
        )
        stored = file_of(work, f"oracle-{stack}.json", fits)
        if stored.exists():
            if not fits(stored):
                raise ValueError(f"{stored}: is of other planes than those in {data / 'eval' / stack}; remove it and run this again")
            made = [row | {"model": oracle.model_psnr(by_name[row["plane"]], sharp, network)} for row in told(stored)]
        else:
            made = oracle.compare(stack, network, data, log=lambda row: log(f"{row['stack']} {row['plane']}"))
            without = [{k: v for k, v in oracle.row_to_json(row).items() if k != "model"} for row in made]
            stored.write_text(json.dumps(without, allow_nan=False))
        rows += made
    return rows


def held_out_rows(work: Path, model: Path, network) -> list[held_out.Row]:
    """Deconvolution and the model on the same exposures; each kept in `work`."""
    known = compare.measure_oracles(work, SEEDS)
    key = hashlib.sha256(model.read_bytes()).hexdigest()[:16]
    stored = work / f"model-{SEEDS}-{held_out.SEED}-{key}.json"
    if not stored.exists():
        made = [asdict(r) for light in held_out.SPECIMENS for r in held_out.measure(light, {"model": network}, SEEDS, oracles=False)]
        stored.write_text(json.dumps(made, allow_nan=False))
    return held_out.beside(known, {"model": json.loads(stored.read_text())}, f"deconvolution in {work}")


# ---- the page -------------------------------------------------------------------------------------------------------


def better(row: dict) -> float:
    """PSNR of the better oracle at this plane, in dB."""
    return max(row[m].psnr for m in METHODS)


def means(rows: list[dict]) -> list[str]:
    """Markdown: mean gain of each stack, the better oracle, and what the model is above it."""
    lines = ["| stack | planes | model | Wiener | Richardson-Lucy | model above the better |", "|---|---|---|---|---|---|"]
    for stack in dict.fromkeys(r["stack"] for r in rows):
        group = [r for r in rows if r["stack"] == stack]
        ours = float(np.mean([r["model"] - r["before"] for r in group]))
        theirs = [float(np.mean([r[m].psnr - r["before"] for r in group])) for m in METHODS]
        cells = " | ".join(f"{v:+.2f}" for v in (ours, *theirs, above_oracles(group)[stack]))
        lines.append(f"| {stack} | {len(group)} | {cells} |")
    return lines


def above_oracles(rows: list[dict]) -> dict[str, float]:
    """By stack: the model's mean gain less that of the better oracle, in dB."""
    found = {}
    for stack in dict.fromkeys(r["stack"] for r in rows):
        group = [r for r in rows if r["stack"] == stack]
        found[stack] = float(np.mean([r["model"] for r in group]) - max(np.mean([r[m].psnr for r in group]) for m in METHODS))
    return found


def beside_oracles(rows: list[dict]) -> list[str]:
    """Sentences: where the model stands beside the better oracle, from the figures alone."""
    told = []
    for stack, apart in above_oracles(rows).items():
        group = [r for r in rows if r["stack"] == stack]
        below = [r for r in group if r["model"] < better(r)]
        text = f"- {stack}: on average the model is {held_out.above_or_below(apart)} the better oracle"
        if below:
            worst = max(below, key=lambda r: better(r) - r["model"])
            text += f"; plane by plane it is below the better of the two at {len(below)} of {len(group)}, by up to "
            text += f"{better(worst) - worst['model']:.2f} dB ({worst['distance']:+.2f} {worst['unit']})"
        told.append(text + ".")
    return told


def margins(rows: list[held_out.Row], name: str = "the model") -> list[str]:
    """Sentences: how far the model is above each deconvolution, from the figures alone."""
    told = held_out.margins(rows, "model").items()
    lines = [f"- Out of focus at {held_out.MODERATE_WORDS}, {name} is {held_out.above_or_below(v)} {m} on average." for m, v in told]
    group = [r for r in rows if r.defocus_um > 0 and r.photons in held_out.MODERATE]
    specimens = dict.fromkeys((r.light, r.seed) for r in group)
    if len(specimens) > 1:
        apart = {m: [np.mean([r.restored["model"] - r.restored[m] for r in group if (r.light, r.seed) == s]) for s in specimens] for m in METHODS}
        errors = " and ".join(f"{np.std(v, ddof=1) / np.sqrt(len(v)):.2f} dB ({m})" for m, v in apart.items())
        lines.append(f"- These are means over {len(specimens)} drawn specimens; as a sample of such specimens their standard error is {errors}.")
    return lines


def similarity_table(rows: list[held_out.Row]) -> list[str]:
    """Markdown: mean SSIM by light and defocus, at moderate photon levels."""
    lines = [f"| light | defocus | before | {' | '.join(METHODS)} | model |", "|---|---|---|" + "---|" * len(METHODS) + "---|"]
    chosen = [r for r in rows if r.photons in held_out.MODERATE]
    for light, um in dict.fromkeys((r.light, r.defocus_um) for r in chosen):
        group = [r for r in chosen if (r.light, r.defocus_um) == (light, um)]
        cells = " | ".join(f"{np.mean([r.ssim[name] for r in group]):.3f}" for name in ("before", *METHODS, "model"))
        lines.append(f"| {light} | {um:g} um | {cells} |")
    return lines


def pictures(real: list[evaluate.Row], known: list[dict], simulated: list[held_out.Row]) -> dict[str, str]:
    """SVG files by name."""
    files = {}
    for stack in dict.fromkeys(r.stack for r in real):
        rows = sorted((r for r in real if r.stack == stack and r.distance != 0), key=lambda r: r.distance)
        x_label = f"distance from focus ({rows[0].unit})"
        gain = [Line("model", [(r.distance, r.gained) for r in rows])]
        files[f"real-{stack}.svg"] = line_plot(stack, x_label, "gain in PSNR (dB)", gain)
        ssim = [Line("before", [(r.distance, r.ssim_before) for r in rows]), Line("model", [(r.distance, r.ssim_after) for r in rows])]
        files[f"real-ssim-{stack}.svg"] = line_plot(stack, x_label, "SSIM", ssim)
        group = sorted((r for r in known if r["stack"] == stack), key=lambda r: r["distance"])
        if group:
            lines = [Line("model", [(r["distance"], r["model"] - r["before"]) for r in group])]
            lines += [Line(f"{m}, oracle", [(r["distance"], r[m].psnr - r["before"]) for r in group]) for m in METHODS]
            files[f"oracle-{stack}.svg"] = line_plot(f"{stack}, middle of the frame", x_label, "gain in PSNR (dB)", lines)
    for light in held_out.SPECIMENS:
        chosen = [r for r in simulated if r.light == light and r.photons in held_out.MODERATE]
        gain = lambda um, name: float(np.mean([r.restored[name] - r.before for r in chosen if r.defocus_um == um]))
        lines = [
            Line(words, [(um, gain(um, name)) for um in held_out.DEFOCUS_UM])
            for name, words in (("model", "model"), *((m, f"{m}, true blur") for m in METHODS))
        ]
        title = f"Simulated specimens, {light}, {held_out.MODERATE_WORDS}"
        files[f"held-out-{light}.svg"] = line_plot(title, "defocus (um)", "gain in PSNR (dB)", lines)
        similar = lambda um, name: float(np.mean([r.ssim[name] for r in chosen if r.defocus_um == um]))
        lines = [
            Line(words, [(um, similar(um, name)) for um in held_out.DEFOCUS_UM])
            for name, words in (("before", "before"), ("model", "model"), *((m, f"{m}, true blur") for m in METHODS))
        ]
        files[f"held-out-ssim-{light}.svg"] = line_plot(title, "defocus (um)", "SSIM", lines)
    return files


def networks_section(there: Container[str]) -> str:
    """`there`: names of pages in docs. They have the commands of their runs; here is how to begin."""
    pages = {"networks.md": "what networks of equal cost gave in equal minutes", "ablation.md": "what other settings gave"}
    told = [f"[{name}]({name}) has {words}." if name in there else f"{name} is not made yet." for name, words in pages.items()]
    return f"""\
{" ".join(told)}
The networks: head to tail, with cascade residuals, unlinked, with encoder and decoder passed on, plain U-Net, MIMO-UNet. The choices
that the paper leaves open have runs of their own.

    python -m training.compare train --out runs/compare --minutes MINUTES
    python -m training.compare report --out runs/compare --docs docs
    python -m training.ablate train --out runs/ablate --minutes MINUTES
    python -m training.ablate report --out runs/ablate --docs docs"""


def gains_of(rows: list[evaluate.Row]) -> dict[str, list[float]]:
    """By stack: what its planes out of focus gain, in dB."""
    return {s: [r.gained for r in rows if r.stack == s and r.distance != 0] for s in dict.fromkeys(r.stack for r in rows)}


def also_section(model: str, real: list[evaluate.Row], others: dict[str, tuple]) -> str:
    """`others`: by the file name of each other model its SHA-256, its rows of the real stacks and of the held-out specimens; "" where there is none."""
    if not others:
        return ""
    names = [model, *others]
    lines = ["## Other models beside it", ""]
    lines += [f"`{name}`: SHA-256 `{sha256}`." for name, (sha256, _, _) in others.items()]
    lines += ["", f"| stack, mean gain (dB) | {' | '.join(names)} |", "|---|" + "---|" * len(names)]
    gains = [gains_of(rows) for rows in (real, *(rows for _, rows, _ in others.values()))]
    lines += [f"| {stack} | {' | '.join(f'{np.mean(g[stack]):+.2f}' for g in gains)} |" for stack in gains[0]]
    for name, (_, _, simulated) in others.items():
        lines += ["", "On the held-out specimens:", "", *margins(simulated, name), "", *held_out.margin_tables(simulated, "model")]
    return "\n".join(lines) + "\n\n"


def page(model: str, version: str, sha256: str, real, known, simulated, work: str, there: Container[str], others=None) -> str:
    """`there`: as in networks_section; `others`: as in also_section."""
    nl, others = "\n", others or {}
    also = f" --also {' '.join(f'models/{name}' for name in others)}" if others else ""
    show = lambda kind, names: nl.join(f"![{kind}, {n}](evaluation/{kind}-{n}.svg)" for n in names)
    stacks = list(dict.fromkeys(r.stack for r in real))
    planes = {s: sum(r.stack == s and r.distance != 0 for r in real) for s in stacks}
    gains = gains_of(real)
    fitted = {s: [r.gain_fit_after for r in real if r.stack == s and r.distance != 0] for s in stacks}
    table = [
        f"| {s} | {planes[s]} | {np.mean(gains[s]):+.2f} | {min(gains[s]):+.2f} | {max(gains[s]):+.2f} | {min(fitted[s]):.2f} to {max(fitted[s]):.2f} |"
        for s in stacks
    ]
    return f"""\
# Evaluation

`{model}`, version {version}, SHA-256 `{sha256}`. All of this page is made by

    python -m training.report --model models/{model}{also} --work {work} --docs docs

It needs the real focal stacks, which are not in the repository ([training/](../training/README.md)). A restored image is an
estimate: these are means over planes, and any one image can come out worse.

## Real focal stacks

PSNR against the sharpest plane after a fit of gain and offset, in its 0.1 to 99.9 percentile range. Every plane stands in the
[card](../models/{Path(model).stem}.md). {sentences.CHOICE}

| stack | planes out of focus | mean gain (dB) | worst | best | fitted gain |
|---|---|---|---|---|---|
{nl.join(table)}

The fitted gain is what the restored plane must be multiplied by to fit the sharp one: above 1, contrast is missing.

{show("real", stacks)}

{show("real-ssim", stacks)}

## Beside deconvolution that may look at the answer

    python -m training.oracle --model models/{model}

For each plane, the point spread function (wave, disc or Gaussian; radius, cut-off, aberration), the background, and the regularisation or
the number of iterations are those with the highest PSNR against the sharp plane. The model is given the image alone. In a window in the
middle of the frame. The distances of tissue-brightfield and nucleus-widefield are those that choose a checkpoint, too.

{nl.join(means(known))}

{nl.join(beside_oracles(known))}

{show("oracle", dict.fromkeys(r["stack"] for r in known))}

{nl.join(oracle.table(known))}

## Simulated specimens that no training saw

    python -m training.held_out --model models/{model}

20x, NA 0.75, pixels of 0.325 um. Deconvolution is given the TRUE point spread function and the best amount; the model is given the
image alone. {sentences.SPECIMENS}

{nl.join(margins(simulated))}

What these means are made of:

{nl.join(held_out.margin_tables(simulated, "model"))}

Plots, at {held_out.MODERATE_WORDS}. {sentences.SSIM}

{show("held-out", held_out.SPECIMENS)}

{show("held-out-ssim", held_out.SPECIMENS)}

Mean SSIM at {held_out.MODERATE_WORDS}:

{nl.join(similarity_table(simulated))}

All levels; `before` is PSNR in dB, the rest are gains on it, means over specimens.

{nl.join(held_out.table(simulated))}

{also_section(model, real, others)}## Networks compared with one another

{networks_section(there)}
"""


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True, help="a model file of training.export")
    parser.add_argument("--also", type=Path, nargs="*", default=[], help="other models, whose means stand beside")
    parser.add_argument("--work", type=Path, required=True, help="folder for what is kept between runs")
    parser.add_argument("--docs", type=Path, required=True)
    parser.add_argument("--data", type=Path, help="folder with eval/ (default: $PARFOCAL_DATA, else ../shared/data)")
    parser.add_argument("--results", type=Path, help="output of evaluate.py --json for this model, instead of measuring the stacks again")
    parser.add_argument("--threads", type=int, default=0, help="for the network; 0 = all cores")
    args = parser.parse_args(argv)
    data = args.data or evaluate.data_folder()
    try:
        names = [path.name for path in (args.model, *args.also)]
        if len(set(names)) < len(names):
            raise ValueError(f"--model and --also: {', '.join(names)}: expected files of different names, which the page calls them by")
        if not (data / "eval").is_dir():
            raise ValueError(f"no data: {data / 'eval'} does not exist; set PARFOCAL_DATA to the evaluation data")
        network = evaluate.load_network(args.model, args.threads)
        args.work.mkdir(parents=True, exist_ok=True)
        if args.results:
            real = rows_from_json(args.results.read_text())
        else:
            real = [row for s in evaluate.DEVELOPMENT + evaluate.TEST for row in evaluate.evaluate_stack(s, network, data)]
        known = real_oracles(args.work, network, data)
        simulated = held_out_rows(args.work, args.model, network)
        others = {}
        for other in args.also:
            beside = evaluate.load_network(other, args.threads)
            rows = [row for s in evaluate.DEVELOPMENT + evaluate.TEST for row in evaluate.evaluate_stack(s, beside, data)]
            others[other.name] = sha256_of(other)[:16], rows, held_out_rows(args.work, other, beside)
        folder = args.docs / "evaluation"
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in pictures(real, known, simulated).items():
            write_whole(folder / name, text.encode())
        version, sha256 = metadata_of(args.model)["version"], sha256_of(args.model)[:16]
        # A page that is made elsewhere to be looked at first will stand beside the committed ones.
        there = {path.name for docs in (args.docs, Path(__file__).parents[1] / "docs") for path in docs.glob("*.md")}
        path = args.docs / "evaluation.md"
        write_whole(path, page(args.model.name, version, sha256, real, known, simulated, args.work.as_posix(), there, others).encode())
    except ValueError as error:
        sys.exit(f"report: {error}")
    except OSError as error:
        sys.exit(f"report: {words_of(error, args.docs)}")
    print(path)


if __name__ == "__main__":
    main()
