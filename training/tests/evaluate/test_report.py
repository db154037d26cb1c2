"""The page on a released model: it says what was measured, and deconvolution is computed once."""

import json
from pathlib import Path

import numpy as np
import pytest

from training.data import real_stacks
from training.evaluate import held_out, known, oracle, protocol, report, report_page, restore, sentences
from training.evaluate.oracle import Shape
from training.tests.evaluate.test_oracle import few, made  # noqa: F401 (a fixture)

ROOT = Path(__file__).parents[3]


@pytest.fixture
def data(tmp_path, monkeypatch, few):  # noqa: F811
    """One real stack of two planes, and few exposures."""
    sharp, plane = (np.rint(200 * image).clip(0, 255).astype(np.uint8) for image in made(Shape("wave", 4.0), 1))
    planes = [("-1", -3.0, plane), ("0", 0.0, sharp)]
    monkeypatch.setattr(real_stacks, "stack_planes", lambda name, data=None: (sharp, planes, "planes"))
    monkeypatch.setattr(known, "FOLDER", tmp_path / "none")
    monkeypatch.setattr(real_stacks, "DEVELOPMENT", ("tissue-brightfield",))
    monkeypatch.setattr(real_stacks, "TEST", ())
    monkeypatch.setattr(oracle, "PLANES", {"tissue-brightfield": (3,)})
    monkeypatch.setattr(held_out, "DEFOCUS_UM", (0.0, 2.0))
    monkeypatch.setattr(held_out, "PHOTONS", (1000,))
    monkeypatch.setattr(held_out, "SPECIMENS", {"reflected": held_out.SPECIMENS["reflected"][:1]})
    monkeypatch.setattr(held_out.cases, "__defaults__", (1, (0.0, 2.0), (1000,), held_out.SCOPE, held_out.SEED))
    monkeypatch.setattr(held_out.measure, "__defaults__", (1, (0.0, 2.0), (1000,), True))
    (tmp_path / "data" / "eval").mkdir(parents=True)
    return tmp_path / "data"


def test_the_page(data, tmp_path, monkeypatch):
    model = ROOT / "tests" / "models" / "tiny.onnx"
    words = [
        "--model",
        str(model),
        "--work",
        str(tmp_path / "work"),
        "--docs",
        str(tmp_path / "docs"),
        "--data",
        str(data),
        "--threads",
        "1",
    ]
    report.main(words)
    text = (tmp_path / "docs" / "evaluation.md").read_text()
    network = restore.load_network(model, 1)
    (row,) = [r for r in protocol.evaluate_stack("tissue-brightfield", network) if r.distance != 0]
    assert (
        f"| tissue-brightfield | 1 | {row.gained:+.2f} | {row.gained:+.2f} | {row.gained:+.2f} | "
        f"{row.gain_fit_after:.2f} to {row.gain_fit_after:.2f} |" in text
    )
    (kept,) = json.loads((tmp_path / "work" / "oracle-tissue-brightfield.json").read_text())
    best = max(kept[m]["psnr"] for m in report_page.METHODS)
    sharp, planes, _ = real_stacks.stack_planes("tissue-brightfield")
    measured = oracle.model_psnr(planes[0][2], sharp, network)
    assert "model" not in kept and f"| {measured - best:+.2f} |" in text
    told = f"{abs(measured - best):.2f} dB {'above' if measured > best else 'below'} the better oracle"
    assert f"- tissue-brightfield: on average the model is {told}" in text and ("at 1 of 1, by up to" in text) == (
        measured < best
    )
    exposures = held_out.measure("reflected", {"model": network})
    margin = held_out.margins(exposures, "model")["Wiener"]
    assert f"{abs(margin):.2f} dB {'above' if margin > 0 else 'below'} Wiener" in text
    assert f"| 1000 | 1 | {margin:+.2f} | " in text and f"| edges, reflected | 1 | {margin:+.2f} | " in text
    assert (
        ">Simulated specimens, reflected, 200 to 5000 photons<"
        in (tmp_path / "docs" / "evaluation" / "held-out-ssim-reflected.svg").read_text()
    )
    for name in {line.split("(")[1].rstrip(")") for line in text.splitlines() if line.startswith("![")}:
        assert (tmp_path / "docs" / name).stat().st_size > 500
    assert "[networks.md](networks.md)" in text  # the committed one
    (exposure,) = [r for r in exposures if r.defocus_um > 0]
    assert f"| reflected | 2 um | {exposure.ssim['before']:.3f} | {exposure.ssim['Wiener']:.3f} |" in text
    assert "networks.md is not made yet. [ablation.md](ablation.md) has" in report_page.networks_section(
        {"ablation.md"}
    )
    assert all(words in text for words in (sentences.SPECIMENS, sentences.SSIM, sentences.CHOICE))
    assert "Other models" not in text
    with pytest.raises(
        SystemExit, match="report: --model and --also: tiny.onnx, tiny.onnx: expected files of different names"
    ):
        report.main([*words, "--also", str(model)])
    # Another network, which returns its input: its column is known beforehand.
    monkeypatch.setattr(
        restore, "load_network", lambda path, threads=0: (lambda x: x) if path.name == "other.onnx" else network
    )
    other = tmp_path / "other.onnx"
    other.write_bytes(b"another")
    report.main([*words[:4], *["--docs", str(tmp_path / "beside"), *words[6:]], "--also", str(other)])
    beside = (tmp_path / "beside" / "evaluation.md").read_text()
    assert (
        "--also models/other.onnx --work" in beside and f"| tissue-brightfield | {row.gained:+.2f} | +0.00 |" in beside
    )
    assert "`other.onnx`: SHA-256 `" in beside and "200 to 5000 photons, other.onnx is " in beside
    # Again, with the kept results: deconvolution is not run, the model is measured.
    monkeypatch.setattr(oracle, "compare", lambda *_, **__: pytest.fail("looked for again"))
    monkeypatch.setattr(held_out, "deconvolved", lambda *_: pytest.fail("looked for again"))
    (tmp_path / "docs" / "networks.md").write_text("")
    (tmp_path / "rows.json").write_text(protocol.as_json(protocol.evaluate_stack("tissue-brightfield", network)))
    report.main([*words, "--results", str(tmp_path / "rows.json")])
    again = (tmp_path / "docs" / "evaluation.md").read_text()
    assert "[networks.md](networks.md)" in again
    assert again.split("## Networks")[0] == text.split("## Networks")[0]
    # A full disk leaves the page as it was.
    (tmp_path / "docs" / "evaluation.tmp").symlink_to("/dev/full")
    with pytest.raises(SystemExit, match=r"report: .*evaluation\.md: No space left on device; make room"):
        report.main([*words, "--results", str(tmp_path / "rows.json")])
    assert (tmp_path / "docs" / "evaluation.md").read_text() == again


def test_what_is_kept_must_be_of_the_same_planes(data, tmp_path, monkeypatch):
    network = restore.load_network(ROOT / "tests" / "models" / "tiny.onnx", 1)
    report.real_oracles(tmp_path, network, data, log=lambda *_: None)
    sharp, planes, unit = real_stacks.stack_planes("tissue-brightfield")
    for other in ([("-1", -3.0, np.roll(planes[0][2], 5)), planes[1]], [("-2", *planes[0][1:]), planes[1]]):
        monkeypatch.setattr(real_stacks, "stack_planes", lambda name, data=None, other=other: (sharp, other, unit))
        with pytest.raises(
            ValueError,
            match=r"oracle-tissue-brightfield\.json: is of other planes than those in .*tissue-brightfield; remove it",
        ):
            report.real_oracles(tmp_path, network, data)


def test_what_is_kept_must_be_of_the_same_exposures(data, tmp_path):
    model = ROOT / "tests" / "models" / "tiny.onnx"
    network = restore.load_network(model, 1)
    made = report.held_out_rows(tmp_path, model, network)
    (stored,) = tmp_path.glob("model-*.json")
    rows = json.loads(stored.read_text())
    rows[0]["before"] += 0.5
    stored.write_text(json.dumps(rows))
    with pytest.raises(
        ValueError, match="deconvolution in .*: is of other exposures than those model was measured on; remove both"
    ):
        report.held_out_rows(tmp_path, model, network)
    assert len(made) == 2 and known.measure_oracles(tmp_path, 1)[0]["light"] == "reflected"


def test_the_spread_over_specimens_is_told():
    row = lambda seed, apart: held_out.Row(
        "reflected", 2.0, 1000, seed, 20.0, {"model": 25.0 + apart, **dict.fromkeys(report_page.METHODS, 25.0)}, {}
    )
    *_, told = report_page.margins([row(0, 1.0), row(1, 2.0)], "it")
    assert "means over 2 drawn specimens" in told and "0.50 dB (Wiener) and 0.50 dB (Richardson-Lucy)" in told


def test_files_of_the_repository_are_taken_where_they_fit_and_no_others(data, tmp_path, monkeypatch):
    network = restore.load_network(ROOT / "tests" / "models" / "tiny.onnx", 1)
    committed, work = tmp_path / "known", tmp_path / "work"
    committed.mkdir(), work.mkdir()
    report.real_oracles(committed, network, data, log=lambda *_: None)
    known.measure_oracles(committed, 1)
    monkeypatch.setattr(known, "FOLDER", committed)
    monkeypatch.setattr(oracle, "compare", lambda *_, **__: pytest.fail("looked for again"))
    with monkeypatch.context() as patch:
        patch.setattr(held_out, "deconvolved", lambda *_: pytest.fail("looked for again"))
        assert (
            len(report.real_oracles(work, network, data)) == 1
            and known.measure_oracles(work, 1)
            and not list(work.iterdir())
        )
    monkeypatch.setattr(held_out, "DEFOCUS_UM", (0.0, 3.0))
    monkeypatch.setattr(held_out.measure, "__defaults__", (1, (0.0, 3.0), (1000,), True))
    before = {p.name: p.read_bytes() for p in committed.iterdir()}
    assert {r["defocus_um"] for r in known.measure_oracles(work, 1)} == {0.0, 3.0} and len(list(work.iterdir())) == 1
    assert {p.name: p.read_bytes() for p in committed.iterdir()} == before


def test_without_data_it_says_so(tmp_path):
    words = ["--model", "m.onnx", "--work", str(tmp_path), "--docs", str(tmp_path), "--data", str(tmp_path / "none")]
    with pytest.raises(SystemExit, match="report: no data: .*none/eval does not exist; set PARFOCAL_DATA"):
        report.main(words)
