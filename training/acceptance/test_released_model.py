"""The released model on REAL out-of-focus images: what it must gain, what it must leave alone, what its card says.

PARFOCAL_ACCEPT_MODEL names another model file to be held to the same (its card is then not looked at).
"""

import os
from pathlib import Path

import pytest

from training.acceptance import stacks_folder
from training.data import real_stacks
from training.evaluate import protocol, restore
from training.release import card

ROOT = Path(__file__).parents[2]
RELEASED = ROOT / "models" / "parfocal-w16.onnx"
MODEL = Path(os.environ.get("PARFOCAL_ACCEPT_MODEL", RELEASED))
CARD_TOLERANCE_DB = 0.05


@pytest.fixture(scope="module")
def rows():
    data = stacks_folder()
    network = restore.load_network(MODEL)
    found = []
    for stack in real_stacks.DEVELOPMENT + real_stacks.TEST:
        found += protocol.evaluate_stack(stack, network, data)
    print("\n" + "\n".join([*protocol.table(found), "", *protocol.summary_lines(found)]))
    return found


GROUPS = [
    ("tissue-brightfield, 3 and 5 planes", 1.1),
    ("nucleus-widefield, 6 planes", 1.4),
    ("reflected-brightfield, 5 to 8 um", 2.1),
]


@pytest.mark.parametrize("group, least", GROUPS)
def test_mean_gain(rows, group, least):
    assert protocol.summary(rows)[group]["mean_gain_db"] >= least


@pytest.mark.parametrize("group, _", GROUPS)
def test_contrast_is_kept(rows, group, _):
    low, high = protocol.summary(rows)[group]["fitted_gain"]
    assert 0.95 <= low <= high <= 1.05


@pytest.mark.parametrize(
    "stack",
    [
        "tissue-brightfield",
        "nucleus-widefield",
        "reflected-brightfield",
        "lightsheet-mitochondria",
        "smear-brightfield",
    ],
)
def test_no_plane_is_worse_next_to_focus_or_far(rows, stack):
    assert min(r.gained for r in rows if r.stack == stack and r.distance != 0) >= -0.1


@pytest.mark.parametrize(
    "stack, plane, least", [("nucleus-widefield", "19", 44.0), ("reflected-brightfield", "z+000.00um", 44.0)]
)
def test_an_image_in_focus_is_left_alone(rows, stack, plane, least):
    (row,) = [r for r in rows if (r.stack, r.plane) == (stack, plane)]
    assert row.distance == 0 and row.psnr_to_input >= least


def test_texture_of_focused_tissue_is_kept(rows):
    """Its grain alone is 30 dB, so both are smoothed by a pixel before they are compared."""
    (row,) = [r for r in rows if (r.stack, r.plane) == ("tissue-brightfield", "10")]
    assert row.smoothed_to_input >= 40.0


def test_every_stack_is_there(rows):
    counts = {stack: sum(r.stack == stack for r in rows) for stack in real_stacks.DEVELOPMENT + real_stacks.TEST}
    assert counts == {
        "tissue-brightfield": 17,
        "nucleus-widefield": 45,
        "reflected-brightfield": 10,
        "lightsheet-mitochondria": 17,
        "smear-brightfield": 19,
    }


@pytest.mark.skipif(MODEL != RELEASED, reason="another model is being held to the figures")
def test_the_card_says_what_is_measured(rows):
    path = RELEASED.with_suffix(".md")
    text = path.read_text()
    assert card.sha256_of(RELEASED) in text, f"{path} describes another file; make it again with `training card`"
    printed, measured = card.read_table(text), card.read_table("\n".join(protocol.table(rows)))
    assert measured.keys() == printed.keys()
    for key, cells in measured.items():
        for column, ours, theirs in zip(protocol.HEAD[0].strip("| ").split(" | "), cells, printed[key], strict=True):
            if column.startswith(("SSIM", "fitted")):
                assert float(ours or 0) == pytest.approx(float(theirs or 0), abs=0.003), (key, column)
            elif column in ("stack", "plane", "distance") or ours == "in focus":
                assert ours == theirs, (key, column)
            else:
                assert float(ours or 0) == pytest.approx(float(theirs or 0), abs=CARD_TOLERANCE_DB), (key, column)
