"""Train the released model further on focal stacks of one's own microscope.

    python -m training finetune --stacks STACKS --out runs/mine [--minutes 15] [--model models/parfocal-w16.onnx]
    python -m training finetune --pairs PAIRS --out runs/mine
    python -m training finetune --bbbc006 FOLDER --out runs/bbbc006

STACKS holds one TIFF (or one folder of planes) for each field. The sharpest plane of each is found, shifts and exposure of
the others are measured against it (training/focal.py), and fields are split: most to train on, some to choose the
checkpoint by, some to report on. A part of the samples is simulated from the sharp planes, so that what the model could do
before is not lost. OUT gets last.pt, best.pt, log.jsonl, and at the end the model file, report.md and before-after.png.
docs/finetune.md is the page for users.
"""

import argparse
import dataclasses
import json
import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from . import bbbc006, checkpoint, evaluate
from .config import Config
from .data import Sharp
from .degrade import normalisation_range
from .focal import Field, fields_of_pairs, fields_of_stacks, split
from .simulate import Sampler
from .train import train

RELEASED = Path(__file__).parents[1] / "models" / "parfocal-w16.onnx"
SIMULATED_SHARE = 0.25
FOCUSED_SHARE = 0.1  # of the real samples, those of the sharp plane itself, which is to be left as it is
EDGE_PX = 4  # beyond the largest shift: not learned from


@dataclasses.dataclass(frozen=True)
class Pair:
    """One plane and what it should have looked like, and the range that the engine would normalise its frame by."""

    image: np.ndarray  # float32 [H, W]
    target: np.ndarray
    low: float
    high: float
    focused: bool


def pairs_of(field: Field) -> list[Pair]:
    edge = EDGE_PX + int(np.ceil(max(max(map(abs, p.shift_px)) for p in field.planes)))
    cut = np.s_[edge:-edge, edge:-edge]
    made = []
    for plane in field.planes:
        low, high = normalisation_range(plane.image)
        image, target = plane.image.astype(np.float32)[cut], field.target(plane).astype(np.float32)[cut]
        made.append(Pair(image, target, low, high, plane.steps == 0))
    return made


def lighter(field: Field, size_px: int, planes: int) -> Field:
    """The middle of the field, and at most so many of its planes, evenly chosen and the sharp one among them."""
    top, left = (max(0, (n - size_px) // 2) for n in field.reference.shape)
    cut = np.s_[top : top + size_px, left : left + size_px]
    apart = max(1, int(np.ceil((len(field.planes) - 1) / max(planes - 1, 1))))
    kept = [p for p in field.planes if p.steps % apart == 0]
    smaller = [dataclasses.replace(p, image=p.image[cut]) for p in kept]
    return dataclasses.replace(field, planes=smaller, sharp=[p.steps for p in kept].index(0))


class RealSampler:
    """Endless (input, target) pairs, float32 [patch, patch]: patches of real planes, some simulated ones between them."""

    def __init__(self, pairs: list[Pair], simulated: Sampler | None, config: Config, seed: int):
        self.config, self.simulated = config, simulated
        self.random = np.random.default_rng(seed)
        self.blurred = [p for p in pairs if not p.focused]
        self.focused = [p for p in pairs if p.focused]

    def __call__(self) -> tuple[np.ndarray, np.ndarray]:
        random, size = self.random, self.config.patch_px
        if self.simulated is not None and random.random() < SIMULATED_SHARE:
            return self.simulated()
        pool = self.focused if self.focused and random.random() < FOCUSED_SHARE else self.blurred
        pair = pool[random.integers(len(pool))]
        y, x = (random.integers(0, n - size + 1) for n in pair.image.shape)
        turns, mirrored = random.integers(4), random.random() < 0.5
        span = max(pair.high - pair.low, 1e-6)

        def patch(image):
            part = np.rot90((image[y : y + size, x : x + size] - pair.low) / span, turns)
            return np.ascontiguousarray(part[::-1] if mirrored else part, np.float32)

        return patch(pair.image), patch(pair.target)


def rows_of(fields: list[Field], network) -> list[dict]:
    """One row a plane: PSNR against the sharp plane brought to the plane's place and exposure, before and after, in dB.

    After a fit of gain and offset, as in training.evaluate. The sharp plane's row says how far it was changed.
    """
    rows = []
    for field in fields:
        for plane, pair in zip(field.planes, pairs_of(field)):
            edge = (plane.image.shape[0] - pair.image.shape[0]) // 2
            cut = np.s_[edge : edge + pair.image.shape[0], edge : edge + pair.image.shape[1]]
            restored = evaluate.to_type(evaluate.restore(plane.image, network), plane.image.dtype)[cut]
            row = {"field": field.name, "plane": plane.name, "steps": plane.steps}
            if plane.steps == 0:
                low, high = normalisation_range(plane.image)
                error = np.mean((restored.astype(np.float64) - pair.image) ** 2)
                rows.append(row | {"to_input": float(10 * np.log10((high - low) ** 2 / max(error, 1e-12)))})
                continue
            for when, image in (("before", pair.image), ("after", restored)):
                gain, offset = evaluate.gain_and_offset(image, pair.target)
                row[when] = evaluate.psnr(gain * image.astype(np.float64) + offset, pair.target)
            rows.append(row)
    return rows


def mean_gain(rows: list[dict]) -> float:
    return float(np.mean([r["after"] - r["before"] for r in rows if "after" in r]))


class RealPlanes:
    """What training.train learns from, in place of its SharpImages."""

    def __init__(self, learn: list[Field], choose: list[Field]):
        self.learn, self.choose = learn, choose
        self.pairs = [p for f in learn for p in pairs_of(f)]
        self.sharp = []
        for field in learn:
            low, high = np.percentile(field.reference, (0.1, 99.9))
            plane = np.clip((field.reference.astype(np.float32) - low) / max(high - low, 1e-6), 0, 1.5)
            # Light on dark ground has its median near the bottom of the range; everything else is lit from outside.
            kind = "fluorescence" if np.median(plane) < 0.35 else "brightfield"
            self.sharp.append(Sharp(plane.astype(np.float16), kind, field.name))

    def patch_px(self, wanted: int) -> int:
        """The largest multiple of 16 up to `wanted` that fits all planes."""
        fits = min(min(p.image.shape) for p in self.pairs) // 16 * 16
        if fits < 32:
            raise ValueError(f"{fits} px are left of a plane beside its drift; expected at least 32: take larger fields")
        return min(wanted, fits)

    def sampler(self, config: Config, seed: int) -> RealSampler:
        return RealSampler(self.pairs, Sampler(self.sharp, config, seed + 1), config, seed)

    def validation(self, config: Config):
        # Of large fields a part: every minute of this is one less of training.
        choose = [lighter(field, 512, 9) for field in self.choose]

        def check(model):
            rows = rows_of(choose, evaluate.torch_network(model))
            focused = float(np.mean([r["to_input"] for r in rows if "to_input" in r]))
            # A tenth of a dB for each dB by which focused planes are changed more than 40 dB allow.
            score = mean_gain(rows) + 0.1 * min(0.0, focused - 40)
            return score, {"gain": mean_gain(rows), "focused to input": focused}

        return check

    def counts(self) -> dict[str, int]:
        return {"own stacks": len(self.learn)}


# ---- the report -----------------------------------------------------------------------------------------------------


def table(began: list[dict], tuned: list[dict]) -> list[str]:
    """Markdown: means over the fields, by steps from the sharp plane."""
    lines = ["| steps from focus | planes | PSNR before | released model | fine-tuned | difference |", "|---|---|---|---|---|---|"]
    for steps in sorted({r["steps"] for r in tuned if "after" in r}):
        a, b = ([r for r in rows if r["steps"] == steps and "after" in r] for rows in (began, tuned))
        before = np.mean([r["before"] for r in b])
        gains = [float(np.mean([r["after"] - r["before"] for r in rows])) for rows in (a, b)]
        lines.append(f"| {steps:+d} | {len(b)} | {before:.2f} | {gains[0]:+.2f} | {gains[1]:+.2f} | {gains[1] - gains[0]:+.2f} |")
    lines.append(
        f"| all | {sum('after' in r for r in tuned)} | | {mean_gain(began):+.2f} | {mean_gain(tuned):+.2f} | "
        f"{mean_gain(tuned) - mean_gain(began):+.2f} |"
    )
    return lines


def planes_table(fields: list[Field]) -> str:
    """CSV: what was measured of every plane, and corrected."""
    lines = ["field,plane,steps from sharp,shift down (px),shift right (px),gain,offset"]
    for one in fields:
        for p in one.planes:
            name = one.name.replace(",", "")
            lines.append(f"{name},{p.name},{p.steps},{p.shift_px[0]:.2f},{p.shift_px[1]:.2f},{p.gain:.4f},{p.offset:.3f}")
    return "\n".join(lines) + "\n"


def picture(field: Field, began, tuned, size: int = 256) -> Image.Image:
    """The plane of the field that lies in the middle of those out of focus: as it was, by both models, and the sharp one."""
    blurred = sorted((p for p in field.planes if p.steps), key=lambda p: abs(p.steps))
    plane = blurred[len(blurred) // 2]
    low, high = normalisation_range(field.reference)
    parts = [
        ("as it was", plane.image, plane),
        ("released model", evaluate.restore(plane.image, began), plane),
        ("fine-tuned", evaluate.restore(plane.image, tuned), plane),
        ("sharp plane", field.reference, field.planes[field.sharp]),
    ]
    h, w = (min(n, size) for n in plane.image.shape)
    top, left = ((n - m) // 2 for n, m in zip(plane.image.shape, (h, w)))
    sheet = Image.new("L", (4 * w + 12, h + 18), 255)
    for index, (words, image, of) in enumerate(parts):
        even = (np.asarray(image, np.float64) - of.offset) / of.gain  # shown in the sharp plane's exposure
        part = np.clip((even[top : top + h, left : left + w] - low) / (high - low), 0, 1)
        sheet.paste(Image.fromarray(np.uint8(255 * part)), (index * (w + 4), 18))
        ImageDraw.Draw(sheet).text((index * (w + 4) + 4, 3), words, fill=0)
    return sheet


def report(args, fields: list[Field], parts, began: list[dict], tuned: list[dict], state: dict, model: Path) -> str:
    learn, choose, tell = (", ".join(f.name for f in part) for part in parts)
    notes = [f"- {f.name}: sharpest plane {f.planes[f.sharp].name}" + "".join(f"; {n}" for n in f.notes) for f in fields]
    focused = lambda rows: float(np.mean([r["to_input"] for r in rows if "to_input" in r]))
    nl = "\n"
    return f"""\
# {model.stem}

{Path(args.model).name}, trained further for {state["minutes"]:.1f} minutes ({state["step"]:,} steps) on {len(parts[0])} field(s).
Fields trained on: {learn}. The checkpoint was chosen by: {choose}. The table is of: {tell}.

Gains are dB of PSNR against the sharp plane, after a fit of gain and offset, means over planes.

{nl.join(table(began, tuned))}

A plane in focus comes back at {focused(tuned):.1f} dB of PSNR to itself (released model: {focused(began):.1f} dB).

A restored image is an estimate: it shows what the training images make likely. Keep the original.

## Fields

{nl.join(notes)}
"""


def finetune(args, fields: list[Field], log=print) -> Path:
    """Trains, evaluates and writes OUT. Returns the model file."""
    from .export import export

    for one in fields:
        log(f"field {one.name}: sharpest plane {one.planes[one.sharp].name}" + "".join(f"; {note}" for note in one.notes))
    parts = split(fields)
    out = args.out
    source = RealPlanes(parts[0], parts[1])
    known = checkpoint.settings_of(args.model)
    config = Config(
        network=known["name"], width=known["width"], learning_rate=args.learning_rate, warmup_steps=20, average_decay=0.995,
        patch_px=source.patch_px(Config.patch_px), blur_radius_px=12.0, optics_bank=64,
        blur_weight=0.0,  # the blur of a real plane is not known
    )  # fmt: skip
    train(config, source, out, args.minutes, args.resume, args.workers, args.model, log, args.steps)
    state = checkpoint.load_checkpoint(out / "best.pt")
    if state["step"] == 0:
        log("nothing that was trained did better on the fields to choose by: the model is the one it began with")
    path = out / f"{args.name or out.name}.onnx"
    text = f"{Path(args.model).stem}, trained further on {len(parts[0])} field(s) of focal stacks ({state['step']} steps)."
    data = [{"name": "own stacks", "planes": len(source.pairs), "source": "not stated", "commit": "", "licence": "not stated"},
            {"name": "began with", "source": state["origin"]["name"], "commit": state["origin"]["sha256"], "licence": ""}]  # fmt: skip
    export(checkpoint.load_weights(out / "best.pt"), path, config, path.stem, args.version, text, data)
    networks = evaluate.load_network(args.model), evaluate.load_network(path)
    told = [lighter(field, 1024, 25) for field in parts[2]]
    began, tuned = (rows_of(told, network) for network in networks)
    (out / "report.md").write_text(report(args, fields, parts, began, tuned, state, path))
    (out / "planes.csv").write_text(planes_table(fields))
    (out / "report.json").write_text(json.dumps({"began": began, "tuned": tuned}, indent=1))
    picture(told[0], *networks).save(out / "before-after.png")
    if args.bbbc006:
        (out / "bbbc006.md").write_text("\n".join(bbbc006.protocol(parts[2], networks)) + "\n")
    log("\n".join(table(began, tuned)))
    log(f"model: {path}\nreport: {out / 'report.md'}")
    return path


def main(argv=None):
    parser = argparse.ArgumentParser(prog="finetune", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    kinds = parser.add_mutually_exclusive_group(required=True)
    kinds.add_argument("--stacks", type=Path, help="folder with one TIFF, or one folder of planes, for each field")
    kinds.add_argument("--pairs", type=Path, help="folder with blurred/ and sharp/, files of equal names")
    kinds.add_argument("--bbbc006", type=Path, help="folder with BBBC006's own folders, one for each plane")
    parser.add_argument("--out", type=Path, required=True, help="folder for what is made")
    parser.add_argument("--model", type=Path, default=RELEASED, help="model or checkpoint to begin with (default: the released one)")
    parser.add_argument("--minutes", type=float, default=15, help="of training, all runs of this --out together")
    parser.add_argument("--steps", type=int, help="end earlier, after so many steps: the same on a slow and on a fast machine")
    parser.add_argument("--name", help="of the new model (default: the name of OUT)")
    parser.add_argument("--version", default="1")
    parser.add_argument("--learning-rate", type=float, default=3e-4)
    parser.add_argument("--workers", type=int, default=1, help="processes that make samples")
    parser.add_argument("--resume", action="store_true", help="go on with a run that was stopped")
    args = parser.parse_args(argv)
    try:
        if args.steps is not None and args.steps < 1:
            raise ValueError(f"--steps {args.steps}: expected at least 1")
        if not 0 < args.learning_rate < 1:
            raise ValueError(f"--learning-rate {args.learning_rate}: expected a number between 0 and 1")
        if args.stacks:
            fields = fields_of_stacks(args.stacks)
        elif args.pairs:
            fields = fields_of_pairs(args.pairs)
        else:
            fields = bbbc006.fields(args.bbbc006)
        finetune(args, fields)
    except ValueError as error:
        sys.exit(f"finetune: {error}")
    except OSError as error:
        sys.exit(
            f"finetune: {error.filename or args.out}: {error.strerror or error}; what was saved before is whole: make room and "
            "run the same command with --resume"
        )


if __name__ == "__main__":
    main()
