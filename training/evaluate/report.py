"""docs/evaluation.md: a released model on real and simulated images, beside deconvolution that knows the answer.

    python -m training report --model models/parfocal-w16.onnx --also models/parfocal-w8.onnx \\
        --work runs/evaluation --docs docs

Deconvolution takes an hour or two of one core and does not depend on the model: training/known holds its results, and
they are not computed again. What is not there is computed and kept in `--work`. The comparison of networks has a page
of its own (training/studies/compare.py).
"""

import hashlib
import json
from dataclasses import asdict
from pathlib import Path

from training.command import add_data, add_threads, one_line_errors, parser_of
from training.data import real_stacks
from training.data.whole_file import write_whole
from training.evaluate import held_out, known, oracle, protocol, restore
from training.evaluate.report_page import page, pictures
from training.network.model_file import metadata_of, sha256_of

SEEDS = 1  # of the held-out specimens
DOCS = Path(__file__).parents[2] / "docs"


def real_oracles(work: Path, network, data: Path, log=print) -> list[dict]:
    """Rows of `training oracle` for all its planes; deconvolution from `work` or training/known where it is there.

    The model is measured. Raises ValueError where kept results are of other planes.
    """
    return [row for stack in oracle.PLANES for row in _stack_oracles(stack, work, network, data, log)]


def _stack_oracles(stack: str, work: Path, network, data: Path, log) -> list[dict]:
    sharp, planes, _ = real_stacks.stack_planes(stack, data)
    by_name = {name: plane for name, distance, plane in planes if distance != 0 and oracle.is_listed(stack, distance)}
    cut = oracle.window(sharp.shape[:2])
    before = lambda plane: oracle.fitted_psnr(plane[cut].astype(float), sharp[cut].astype(float))

    def rows_in(path: Path) -> list[dict]:
        return [oracle.row_from_json(row) for row in json.loads(path.read_text())]

    def fits(path: Path) -> bool:
        rows = rows_in(path)
        same = {r["plane"] for r in rows} == set(by_name)
        return same and all(abs(before(by_name[r["plane"]]) - r["before"]) <= 0.01 for r in rows)

    stored = known.file_of(work, f"oracle-{stack}.json", fits)
    if stored.exists():
        if not fits(stored):
            raise ValueError(
                f"{stored}: is of other planes than those in {data / 'eval' / stack}; remove it and run this again"
            )
        return [row | {"model": oracle.model_psnr(by_name[row["plane"]], sharp, network)} for row in rows_in(stored)]
    made = oracle.compare(stack, network, data, log=lambda row: log(f"{row['stack']} {row['plane']}"))
    without = [{k: v for k, v in oracle.row_to_json(row).items() if k != "model"} for row in made]
    stored.write_text(json.dumps(without, allow_nan=False))
    return made


def held_out_rows(work: Path, model: Path, network) -> list[held_out.Row]:
    """Deconvolution and the model on the same exposures; each kept in `work`."""
    deconvolution = known.measure_oracles(work, SEEDS)
    key = hashlib.sha256(model.read_bytes()).hexdigest()[:16]
    stored = work / f"model-{SEEDS}-{held_out.SEED}-{key}.json"
    if not stored.exists():
        rows = held_out.all_rows({"model": network}, SEEDS, oracles=False)
        stored.write_text(json.dumps([asdict(r) for r in rows], allow_nan=False))
    return held_out.beside(deconvolution, {"model": json.loads(stored.read_text())}, f"deconvolution in {work}")


def write_report(args, data: Path) -> Path:
    """Measures what the arguments of `main` ask for, and writes the page and its pictures.

    Raises ValueError or OSError.
    """
    names = [path.name for path in (args.model, *args.also)]
    if len(set(names)) < len(names):
        raise ValueError(
            f"--model and --also: {', '.join(names)}: expected files of different names, which the page calls them by"
        )
    real_stacks.require_stacks(data)
    network = restore.load_network(args.model, args.threads)
    args.work.mkdir(parents=True, exist_ok=True)
    if args.results:
        real = protocol.rows_from_json(args.results.read_text())
    else:
        real = protocol.all_rows(network, data)
    oracles = real_oracles(args.work, network, data)
    simulated = held_out_rows(args.work, args.model, network)
    others = {}
    for other in args.also:
        beside = restore.load_network(other, args.threads)
        rows = protocol.all_rows(beside, data)
        others[other.name] = sha256_of(other)[:16], rows, held_out_rows(args.work, other, beside)
    folder = args.docs / "evaluation"
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in pictures(real, oracles, simulated).items():
        write_whole(folder / name, text.encode())
    version, sha256 = metadata_of(args.model)["version"], sha256_of(args.model)[:16]
    # A page made in another folder will replace the committed one, so the committed pages count as there, too.
    there = {path.name for docs in (args.docs, DOCS) for path in docs.glob("*.md")}
    work = args.work.as_posix()
    text = page(args.model.name, version, sha256, real, oracles, simulated, work, there, others)
    write_whole(args.docs / "evaluation.md", text.encode())
    return args.docs / "evaluation.md"


def main(argv=None):
    parser = parser_of("report", __doc__)
    parser.add_argument("--model", type=Path, required=True, help="a model file")
    parser.add_argument("--also", type=Path, nargs="*", default=[], help="other models, whose means stand beside")
    parser.add_argument("--work", type=Path, required=True, help="folder for what is kept between runs")
    parser.add_argument("--docs", type=Path, required=True)
    add_data(parser)
    parser.add_argument(
        "--results", type=Path, help="output of `evaluate --json` for this model, instead of measuring again"
    )
    add_threads(parser)
    args = parser.parse_args(argv)
    with one_line_errors("report", args.docs):
        path = write_report(args, args.data or real_stacks.data_folder())
    print(path)
