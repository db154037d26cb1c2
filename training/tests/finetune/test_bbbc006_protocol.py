"""The literature's measure for BBBC006: it does not depend on exposure, and the table has both measures."""

import numpy as np

from training.data import bbbc006
from training.finetune.bbbc006_protocol import protocol, stretched_psnr
from training.tests.data.test_fields import bbbc006_like


def test_the_table(tmp_path):
    bbbc006_like(tmp_path)
    one = bbbc006.fields(tmp_path)[0]
    lines = protocol([one], [lambda x: x, lambda x: x])
    assert len(lines) == 5 + 3 and lines[5].startswith("| z02 |")
    cells = [float(c) for c in lines[5].strip("| ").split(" | ")[1:]]
    assert cells[0] == cells[1] == cells[2] == round(stretched_psnr(one.planes[0].image, one.reference), 2)


def test_the_normalised_measure_does_not_see_exposure():
    image = np.random.default_rng(0).random((32, 32))
    assert stretched_psnr(3 * image + 5, image) > 100
