"""The demo's two ends: a simulated specimen with known truth, and the report. NumPy, tifffile and Pillow only.

    python -m training.demo simulate --out FOLDER [--defocus-um UM] [--photons N]      sharp.tif, blurred.tif
    python -m training.demo report --command PARFOCAL --out FOLDER
    python -m training.demo compare BEFORE AFTER --out comparison.png
"""

import argparse
import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import tifffile
from PIL import Image, ImageDraw

from . import specimen
from .degrade import Camera, Microscope, convolve, normalisation_range, transfer_function

SIZE = 512
SEED = 20260  # not among the seeds of training
SCOPE = Microscope(numerical_aperture=0.75, wavelength_um=0.525, refractive_index=1.0, pixel_size_um=0.325)
DEFOCUS_UM = 1.5
PHOTONS = 150  # in the brightest structure of the focused image: a dim exposure, as of living cells
CAMERA = Camera(photons=PHOTONS, read_noise=1.6, offset=100, counts_per_photon=2.0, full_scale=65535)
BACKGROUND = 0.05


def _specimen() -> np.ndarray:
    """Nuclei, fibres between them and points, brightest structure about 1."""
    random = np.random.default_rng(SEED)
    margin = 32
    size = SIZE + 2 * margin
    nuclei = specimen.nuclei(size, random)
    fibres = specimen.filaments(size, random)
    points = specimen.puncta(size, random)
    return np.maximum(np.maximum(0.8 * nuclei, 0.45 * fibres), 0.9 * points) + BACKGROUND


def simulate(out: Path, defocus_um: float = DEFOCUS_UM, photons: float = PHOTONS) -> None:
    camera = dataclasses.replace(CAMERA, photons=photons)
    light = _specimen()
    size = light.shape[0]
    margin = (size - SIZE) // 2
    cut = np.s_[margin:-margin, margin:-margin]
    sharp = convolve(light, transfer_function(SCOPE, 0.0, size))[cut]
    blurred = convolve(light, transfer_function(SCOPE, defocus_um, size))[cut]
    random = np.random.default_rng(SEED + 1)
    images = {"sharp": np.rint(camera.expectation(sharp)), "blurred": camera.expose(blurred, random)}
    out.mkdir(parents=True, exist_ok=True)
    for name, image in images.items():
        tifffile.imwrite(
            out / f"{name}.tif", image.astype(np.uint16), imagej=True,
            resolution=(1 / SCOPE.pixel_size_um,) * 2, metadata={"unit": "um"},
        )  # fmt: skip
    print(
        f"specimen: {SIZE}x{SIZE} nuclei, fibres and points, seed {SEED}; sharp.tif is the noise-free focused image\n"
        f"microscope: NA {SCOPE.numerical_aperture}, {SCOPE.wavelength_um * 1000:.0f} nm, pixel {SCOPE.pixel_size_um} um, "
        f"defocus {defocus_um} um (blur disc of {2 * SCOPE.blur_radius_px(defocus_um):.1f} px)\n"
        f"camera: {photons:g} photons in the brightest structure, read noise {camera.read_noise} electrons, 16 bits",
        flush=True,
    )


def unsharp(image: np.ndarray, sigma: float, amount: float) -> np.ndarray:
    """image + amount * (image - Gaussian blur of it), mirrored at the borders."""
    pad = 32
    wide = np.pad(image, pad, mode="reflect")
    fy = np.fft.fftfreq(wide.shape[0])[:, None]
    fx = np.fft.rfftfreq(wide.shape[1])[None, :]
    smooth = convolve(wide, np.exp(-2 * (np.pi * sigma) ** 2 * (fy**2 + fx**2)))[pad:-pad, pad:-pad]
    return image + amount * (image - smooth)


def best_unsharp(blurred: np.ndarray, sharp: np.ndarray) -> tuple[np.ndarray, float, float]:
    """The unsharp mask nearest to the truth: radius by search, amount by least squares for each radius."""
    best = None
    for sigma in np.geomspace(0.5, 20, 24):
        detail = unsharp(blurred, sigma, 1.0) - blurred
        amount = float((detail * (sharp - blurred)).sum() / (detail**2).sum())
        error = float(((blurred + amount * detail - sharp) ** 2).mean())
        if best is None or error < best[0]:
            best = (error, sigma, amount)
    _, sigma, amount = best
    return unsharp(blurred, sigma, amount), sigma, amount


def _measure(command: str, image: Path, reference: Path) -> dict:
    """PSNR and SSIM by the project's own command."""
    done = subprocess.run([command, "compare", "--json", str(image), str(reference)], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{command} compare {image}: {done.stderr.strip()}")
    return json.loads(done.stdout)


def panel(images: list[np.ndarray], titles: list[str], path: Path, reference: np.ndarray, zoom_px: int = 160) -> None:
    """Images side by side on one grey scale, each with its title, and below a magnified detail of each."""
    low, high = normalisation_range(reference)
    high = max(high, low + 1e-6)
    # Pixels that are not finite have no grey level: missing ones and -inf black, +inf white.
    scaled = [np.nan_to_num(np.clip((i.astype(np.float64) - low) / (high - low), 0, 1)) * 255 for i in images]
    h, w = scaled[0].shape[:2]
    zoom_px = min(zoom_px, h, w)
    y, x = (h - zoom_px) // 2, (w - zoom_px) // 2
    strip, gap = 26, 6
    factor = w / zoom_px
    detail_h = int(round(zoom_px * factor))
    sheet = Image.new("RGB", (len(images) * (w + gap) - gap, strip + h + gap + detail_h), "white")
    draw = ImageDraw.Draw(sheet)
    for index, (image, title) in enumerate(zip(scaled, titles)):
        left = index * (w + gap)
        whole = Image.fromarray(np.rint(image).astype(np.uint8)).convert("RGB")
        detail = whole.crop((x, y, x + zoom_px, y + zoom_px)).resize((w, detail_h), Image.Resampling.BICUBIC)
        ImageDraw.Draw(whole).rectangle((x, y, x + zoom_px, y + zoom_px), outline="#ffb000")
        sheet.paste(whole, (left, strip))
        sheet.paste(detail, (left, strip + h + gap))
        draw.text((left + 4, 4), title, fill="black", font_size=16)
    sheet.save(path)


def report(command: str, out: Path) -> None:
    sharp = tifffile.imread(out / "sharp.tif").astype(np.float64)
    blurred = tifffile.imread(out / "blurred.tif").astype(np.float64)
    mask, sigma, amount = best_unsharp(blurred, sharp)
    tifffile.imwrite(out / "unsharp.tif", np.clip(np.rint(mask), 0, 65535).astype(np.uint16))
    figures = {name: _measure(command, out / f"{name}.tif", out / "sharp.tif") for name in ("blurred", "unsharp", "restored")}
    value = {name: (f["raw"]["psnr"], f["raw"]["ssim"]) for name, f in figures.items()}
    print(f"{'':34}{'PSNR (dB)':>10}{'SSIM':>8}")
    labels = {"blurred": "blurred", "unsharp": f"best unsharp (sigma {sigma:.1f}, amount {amount:.1f})", "restored": "restored by Parfocal"}
    for name, label in labels.items():
        print(f"{label:34}{value[name][0]:10.2f}{value[name][1]:8.3f}")
    print(f"gain over blurred (dB): {value['restored'][0] - value['blurred'][0]:.2f}")
    print(f"lead over the best unsharp mask (dB): {value['restored'][0] - value['unsharp'][0]:.2f}")
    restored = tifffile.imread(out / "restored.tif").astype(np.float64)
    titles = [
        f"blurred, {value['blurred'][0]:.1f} dB", f"best unsharp mask, {value['unsharp'][0]:.1f} dB",
        f"restored, {value['restored'][0]:.1f} dB", "truth (in focus, no noise)",
    ]  # fmt: skip
    panel([blurred, mask, restored, sharp], titles, out / "comparison.png", sharp)


def _first_page(path: Path) -> np.ndarray:
    """Grey, or RGB without alpha and with the colours last."""
    with tifffile.TiffFile(path) as file:
        page = file.pages[0]
        image = page.asarray()
        if image.ndim == 3 and page.planarconfig == tifffile.PLANARCONFIG.SEPARATE:
            image = np.moveaxis(image, 0, -1)
        return image[..., :3] if image.ndim == 3 else image


def compare(before: Path, after: Path, out: Path) -> None:
    """The first page of the user's own image, before and after."""
    pages = [_first_page(p) for p in (before, after)]
    panel(pages, [f"before: {before.name}", "restored"], out, pages[0])


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="task", required=True)
    for name in ("simulate", "report"):
        sub = commands.add_parser(name)
        sub.add_argument("--out", type=Path, required=True)
        if name == "report":
            sub.add_argument("--command", required=True)
        else:
            sub.add_argument("--defocus-um", type=float, default=DEFOCUS_UM)
            sub.add_argument("--photons", type=float, default=PHOTONS, help="in the brightest structure in focus")
    sub = commands.add_parser("compare")
    sub.add_argument("before", type=Path)
    sub.add_argument("after", type=Path)
    sub.add_argument("--out", type=Path, required=True)
    args = parser.parse_args(argv)
    if args.task == "simulate":
        simulate(args.out, args.defocus_um, args.photons)
    elif args.task == "report":
        report(args.command, args.out)
    else:
        compare(args.before, args.after, args.out)


if __name__ == "__main__":
    main()
