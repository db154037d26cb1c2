"""Train the released model further on focal stacks of one's own microscope.

    python -m training finetune --stacks STACKS --out runs/mine [--minutes 15] [--model models/parfocal-w16.onnx]
    python -m training finetune --pairs PAIRS --out runs/mine
    python -m training finetune --bbbc006 FOLDER --out runs/bbbc006

STACKS holds one TIFF (or one folder of planes) for each field. The sharpest plane of each is found, and shift and
exposure of the others are measured against it (training/data/fields.py). Most fields are trained on, some choose the
checkpoint, and the report is of the rest. A part of the samples is simulated (from the sharp planes and from drawn
specimens), so that the model does not lose what it could do before. OUT gets fields.json, last.pt, best.pt and
log.jsonl, and at the end the model file with its card, report.md and before-after.png. docs/finetune.md is the page for
users.
"""

import hashlib
import json
from pathlib import Path

import numpy as np

from training.command import one_line_errors, parser_of
from training.config import Config
from training.data import bbbc006
from training.data.fields import Field, fields_of_pairs, fields_of_stacks, split
from training.data.whole_file import write_whole
from training.evaluate import restore
from training.finetune.bbbc006_protocol import protocol
from training.finetune.real_planes import RealPlanes, lighter
from training.finetune.report import card, picture, planes_table, report, rows_of, table
from training.fit.train import Plan, train
from training.network import checkpoint
from training.network.model_file import sha256_of
from training.release import bioimage
from training.release.export import export

RELEASED = Path(__file__).parents[2] / "models" / "parfocal-w16.onnx"
PARTS = ("trained on", "chosen by", "reported on")


def record_of(parts, model: Path) -> dict:
    """The fields of a run, and the file that it begins with, by name and SHA-256."""

    def digest(field: Field) -> str:
        found = hashlib.sha256()
        for plane in field.planes:
            found.update(repr((plane.name, plane.image.shape, str(plane.image.dtype))).encode())
            found.update(np.ascontiguousarray(plane.image))
        return found.hexdigest()

    made = {words: {f.name: digest(f) for f in part} for words, part in zip(PARTS, parts, strict=True)}
    return made | {"model": {model.name: sha256_of(model)}}


def refuse_another_run(out: Path, record: dict) -> None:
    """Raises ValueError where the run in `out` began with other fields or another model.

    Its report would else be about fields that it was trained on.
    """
    todo = "put back what it began with, or choose another --out"
    path = out / "fields.json"
    try:
        before = json.loads(path.read_text())
        of = {name: (digest, words) for words in PARTS for name, digest in before[words].items()}
        (model,) = before["model"].items()
    except (OSError, ValueError, KeyError, AttributeError, TypeError) as error:
        raise ValueError(
            f"{path}: cannot be read, so it is not known what this run was trained on; choose another --out"
        ) from error
    now = {name: (digest, words) for words in PARTS for name, digest in record[words].items()}
    for name in [*of, *now]:
        if of.get(name) == now.get(name):
            continue
        if name not in now:
            raise ValueError(f"{path}: the run began with field {name}, which is no longer there; {todo}")
        if name not in of:
            raise ValueError(f"{path}: field {name} was not there when the run began; {todo}")
        change = "has other pixels than when the run began"
        if of[name][0] == now[name][0]:
            change = f"was {of[name][1]} and would now be {now[name][1]}"
        raise ValueError(f"{path}: field {name} {change}; {todo}")
    (name, digest), (model_now,) = model, record["model"].items()
    if digest != model_now[1]:
        raise ValueError(
            f"{path}: the run began with another model, {name} (SHA-256 {digest[:12]}), not {model_now[0]}; give "
            "that one with --model"
        )


def checked_name(args) -> str:
    """The new model's name. Raises ValueError for what would otherwise fail only after measuring or training."""
    if args.steps is not None and args.steps < 1:
        raise ValueError(f"--steps {args.steps}: expected at least 1")
    if not 0 < args.learning_rate < 1:
        raise ValueError(f"--learning-rate {args.learning_rate}: expected a number between 0 and 1")
    if not 0 < args.minutes < float("inf"):
        raise ValueError(f"--minutes {args.minutes}: expected a number above 0")
    if args.fields is not None and (args.fields < 3 or not args.bbbc006):
        raise ValueError(f"--fields {args.fields}: expected at least 3, and --bbbc006")
    name = args.name or args.out.resolve().name
    try:
        bioimage.title(name)
        bioimage.semantic(args.version)
    except ValueError as error:
        raise ValueError(f"{error} with --name or --version") from error
    if args.out.exists() and not args.out.is_dir():
        raise ValueError(f"--out {args.out}: is a file; expected a folder, or a name that is free")
    if (args.out / "last.pt").exists() and not args.resume:
        raise ValueError(f"{args.out}: holds a run already (last.pt); choose another --out, or go on with --resume")
    checkpoint.settings_of(args.model)
    return name


def configuration(model: Path, source: RealPlanes, learning_rate: float) -> Config:
    """The settings of a run that goes on from `model`."""
    known = checkpoint.settings_of(model)
    layers = known["layers"]
    return Config(
        network=known["name"],
        width=known["width"],
        activation=layers.activation,
        downsampling=layers.downsampling,
        upsampling=layers.upsampling,
        learning_rate=learning_rate,
        warmup_steps=20,
        average_decay=0.995,
        patch_px=source.patch_px(Config.patch_px),
        blur_radius_px=12.0,
        optics_bank=64,
        blur_weight=0.0,  # the blur of a real plane is not known
    )


def finetune(args, fields: list[Field], name: str, log=print) -> Path:
    """Trains, measures and writes what `main` was asked for. Returns the model file. Raises ValueError and OSError."""
    parts = split(fields)
    out = args.out
    source = RealPlanes(parts[0], parts[1], log)
    config = configuration(args.model, source, args.learning_rate)
    record = record_of(parts, args.model)
    if not (out / "last.pt").exists():
        out.mkdir(parents=True, exist_ok=True)
        write_whole(out / "fields.json", json.dumps(record, indent=1).encode())
    elif args.resume:
        refuse_another_run(out, record)
    train(config, source, Plan(out, args.minutes, args.resume, args.workers, args.steps, args.model), log)
    state = checkpoint.load_checkpoint(out / "best.pt")
    if state["step"] == 0:
        log("nothing that was trained did better on the fields to choose by: the model is the one it began with")
    path = write_model(args, name, config, state, len(parts[0]), len(source.pairs))
    write_report(args, name, path, fields, parts, state, log)
    log(f"model: {path}\nreport: {out / 'report.md'}")
    return path


def write_model(args, name: str, config: Config, state: dict, fields: int, planes: int) -> Path:
    """Writes the best checkpoint as a model file, trained on so many fields and planes."""
    path = args.out / f"{name}.onnx"
    text = f"{Path(args.model).stem}, trained further on {fields} field(s) of focal stacks ({state['step']} steps)."
    drawn = {"source": "training/optics/specimen.py", "commit": state["commit"], "licence": "MIT OR Apache-2.0"}
    began = {"source": state["origin"]["name"], "commit": state["origin"]["sha256"], "licence": ""}
    data = [
        {"name": "own stacks", "planes": planes, "source": "not stated", "commit": "", "licence": "not stated"},
        {"name": "drawn specimens"} | drawn,
        {"name": "began with"} | began,
    ]
    export(checkpoint.load_weights(args.out / "best.pt"), path, config, name, args.version, text, data)
    return path


def write_report(args, name: str, path: Path, fields: list[Field], parts, state: dict, log) -> None:
    """Measures the held-back fields with the models before and after, and writes tables, picture, report and card."""
    out, networks = args.out, (restore.load_network(args.model), restore.load_network(path))
    shown = [lighter(field, 1024, 25) for field in parts[2]]
    log(f"measuring {len(shown)} held-back field(s) with the model before and after")
    began, tuned = (rows_of(shown, network, log) for network in networks)
    written = report(Path(args.model).name, name, fields, parts, began, tuned, state)
    (out / "report.md").write_text(written)
    (out / f"{name}.md").write_text(card(name, written, parts))
    (out / "planes.csv").write_text(planes_table(fields))
    (out / "report.json").write_text(json.dumps({"began": began, "tuned": tuned}, indent=1))
    picture(shown[0], *networks).save(out / "before-after.png")
    if args.bbbc006:
        (out / "bbbc006.md").write_text("\n".join(protocol(parts[2], networks)) + "\n")
    log("\n".join(table(began, tuned)))


def main(argv=None):
    parser = parser_of("finetune", __doc__)
    kinds = parser.add_mutually_exclusive_group(required=True)
    kinds.add_argument("--stacks", type=Path, help="folder with one TIFF, or one folder of planes, for each field")
    kinds.add_argument("--pairs", type=Path, help="folder with blurred/ and sharp/, files of equal names")
    kinds.add_argument("--bbbc006", type=Path, help="folder with BBBC006's own folders, one for each plane")
    parser.add_argument(
        "--fields", type=int, help="with --bbbc006: the most wells and sites, evenly chosen (default: all)"
    )
    parser.add_argument("--out", type=Path, required=True, help="folder for what is made")
    parser.add_argument(
        "--model", type=Path, default=RELEASED, help="model or checkpoint to begin with (default: the released one)"
    )
    parser.add_argument("--minutes", type=float, default=15, help="of training, all runs of this --out together")
    parser.add_argument(
        "--steps", type=int, help="end earlier, after so many steps: the same on a slow and on a fast machine"
    )
    parser.add_argument("--name", help="of the new model (default: the name of OUT)")
    parser.add_argument("--version", default="1")
    parser.add_argument("--learning-rate", type=float, default=3e-4)
    parser.add_argument("--workers", type=int, default=1, help="processes that make samples")
    parser.add_argument("--resume", action="store_true", help="go on with a run that was stopped")
    args = parser.parse_args(argv)
    with one_line_errors("finetune", args.out):
        name = checked_name(args)
        if args.stacks:
            fields = fields_of_stacks(args.stacks, print)
        elif args.pairs:
            fields = fields_of_pairs(args.pairs, print)
        else:
            fields = bbbc006.fields(args.bbbc006, print, args.fields)
        finetune(args, fields, name)
