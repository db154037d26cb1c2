"""The demo: its specimen is always the same, its unsharp mask is the best possible, and it needs no PyTorch."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from training.evaluate import demo, metrics

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def simulated(tmp_path_factory):
    out = tmp_path_factory.mktemp("demo")
    demo.simulate(out)
    return out


def test_simulation_is_repeatable_and_calibrated(simulated, tmp_path, capsys):
    demo.simulate(tmp_path)
    printed = capsys.readouterr().out
    for fixed in (
        f"NA {demo.SCOPE.numerical_aperture}",
        "525 nm",
        "0.325 um",
        f"defocus {demo.DEFOCUS_UM} um",
        f"{demo.PHOTONS} photons",
    ):
        assert fixed in printed
    for name in ("sharp", "blurred"):
        first, second = (tifffile.imread(folder / f"{name}.tif") for folder in (simulated, tmp_path))
        assert np.array_equal(first, second)
        assert first.shape == (demo.SIZE, demo.SIZE) and first.dtype == np.uint16 and first.max() < 65535
        with tifffile.TiffFile(simulated / f"{name}.tif") as file:
            numerator, denominator = file.pages[0].tags["XResolution"].value
            assert denominator / numerator == pytest.approx(demo.SCOPE.pixel_size_um, rel=1e-4)
            assert file.imagej_metadata["unit"] in ("um", "\\u00B5m", "µm")


def test_blur_is_seen_and_keeps_the_light(simulated):
    sharp, blurred = (tifffile.imread(simulated / f"{n}.tif").astype(float) for n in ("sharp", "blurred"))
    assert 12 < metrics.psnr(blurred, sharp) < 30
    assert blurred.mean() == pytest.approx(sharp.mean(), rel=0.02)


def test_no_unsharp_mask_is_better_than_the_best(simulated):
    sharp, blurred = (tifffile.imread(simulated / f"{n}.tif").astype(float) for n in ("sharp", "blurred"))
    mask, sigma, amount = demo.best_unsharp(blurred, sharp)
    error = ((mask - sharp) ** 2).mean()
    assert error < ((blurred - sharp) ** 2).mean()
    for other in (0.6, 0.9, 1.1, 1.6):
        assert error <= ((demo.unsharp(blurred, sigma, amount * other) - sharp) ** 2).mean()
        assert error <= 1.002 * ((demo.unsharp(blurred, sigma * other, amount) - sharp) ** 2).mean()
    assert np.abs(demo.unsharp(np.full((40, 50), 7.0), 3, 2) - 7).max() < 1e-9


def test_comparison_of_an_own_image(tmp_path):
    random = np.random.default_rng(0)
    for name, shape in (("before", (70, 90, 3)), ("after", (70, 90, 3))):
        tifffile.imwrite(tmp_path / f"{name}.tif", random.integers(0, 255, shape, np.uint8), photometric="rgb")
    demo.main(["compare", str(tmp_path / "before.tif"), str(tmp_path / "after.tif"), "--out", str(tmp_path / "c.png")])
    with Image.open(tmp_path / "c.png") as image:
        assert image.size[0] == 2 * 90 + 6 and image.size[1] > 2 * 70


def test_comparison_does_not_depend_on_how_colours_lie(tmp_path):
    image = np.random.default_rng(0).integers(0, 255, (70, 90, 3), np.uint8)
    tifffile.imwrite(tmp_path / "mixed.tif", image, photometric="rgb")
    tifffile.imwrite(tmp_path / "apart.tif", np.moveaxis(image, -1, 0), photometric="rgb", planarconfig="separate")
    sheets = []
    for before in ("mixed", "apart"):
        demo.compare(tmp_path / f"{before}.tif", tmp_path / "mixed.tif", tmp_path / "c.png")
        with Image.open(tmp_path / "c.png") as sheet:
            sheets.append(np.asarray(sheet)[26:])  # below the titles
    assert np.array_equal(*sheets)
    assert np.abs(sheets[0][:70, :10].astype(int) - image[:, :10]).max() <= 1


@pytest.mark.filterwarnings("error")
def test_comparison_of_an_image_with_holes(tmp_path):
    image = np.linspace(0, 1, 70 * 90, dtype=np.float32).reshape(70, 90)
    image[5, 5], image[6, 6], image[7, 7] = np.nan, np.inf, -np.inf
    tifffile.imwrite(tmp_path / "holes.tif", image)
    demo.compare(tmp_path / "holes.tif", tmp_path / "holes.tif", tmp_path / "c.png")
    with Image.open(tmp_path / "c.png") as sheet:
        assert [sheet.getpixel((i, 26 + i))[0] for i in (5, 6, 7)] == [0, 255, 0]


def test_the_light_environment_is_enough():
    """`cargo xtask demo` must not need the three gigabytes of PyTorch."""
    heavy = ("torch", "onnx", "scipy", "skimage", "tqdm")
    program = f"import sys\nfor name in {heavy}: sys.modules[name] = None\nimport training.evaluate.demo"
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True)
