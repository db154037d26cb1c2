"""Both ends of the demo: a simulated specimen with known truth, and the report. NumPy, tifffile and Pillow only.

python -m training demo simulate --out FOLDER [--defocus-um UM] [--photons N]      sharp.tif, blurred.tif
python -m training demo report --command PARFOCAL --out FOLDER
python -m training demo compare BEFORE AFTER --out comparison.png
"""

import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import tifffile
from PIL import Image, ImageDraw

from training.command import parser_of
from training.data.intensity import normalisation_range
from training.optics.demo_specimen import CAMERA, DEFOCUS_UM, PHOTONS, SCOPE, SEED, SIZE, exposure, image_of
from training.optics.microscope import convolve


def simulate(out: Path, defocus_um: float = DEFOCUS_UM, photons: float = PHOTONS) -> None:
    """Writes sharp.tif (in focus, without noise) and blurred.tif into the folder `out`, and prints what they show."""
    camera = dataclasses.replace(CAMERA, photons=photons)
    images = {"sharp": np.rint(camera.expectation(image_of(0.0))), "blurred": exposure(defocus_um, camera)}
    out.mkdir(parents=True, exist_ok=True)
    for name, image in images.items():
        tifffile.imwrite(
            out / f"{name}.tif",
            image.astype(np.uint16),
            imagej=True,
            resolution=(1 / SCOPE.pixel_size_um,) * 2,
            metadata={"unit": "um"},
        )
    print(
        f"specimen: {SIZE}x{SIZE} nuclei, fibres and points, seed {SEED}; sharp.tif is the noise-free focused image\n"
        f"microscope: NA {SCOPE.numerical_aperture}, {SCOPE.wavelength_um * 1000:.0f} nm, pixel "
        f"{SCOPE.pixel_size_um} um, "
        f"defocus {defocus_um} um (blur disc of {2 * SCOPE.blur_radius_px(defocus_um):.1f} px)\n"
        f"camera: {photons:g} photons in the brightest structure, read noise {camera.read_noise} electrons, 16 bits",
        flush=True,
    )


def unsharp(image: np.ndarray, sigma: float, amount: float) -> np.ndarray:
    """image + amount * (image - Gaussian blur of it), [H, W], reflected at the borders."""
    pad = 32
    wide = np.pad(image, pad, mode="reflect")
    fy = np.fft.fftfreq(wide.shape[0])[:, None]
    fx = np.fft.rfftfreq(wide.shape[1])[None, :]
    smooth = convolve(wide, np.exp(-2 * (np.pi * sigma) ** 2 * (fy**2 + fx**2)))[pad:-pad, pad:-pad]
    return image + amount * (image - smooth)


def best_unsharp(blurred: np.ndarray, sharp: np.ndarray) -> tuple[np.ndarray, float, float]:
    """(image, sigma, amount) of the unsharp mask nearest to the truth; the amount is fitted for each sigma."""
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
    """What `parfocal compare --json` measures."""
    done = subprocess.run([command, "compare", "--json", str(image), str(reference)], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{command} compare {image}: {done.stderr.strip()}")
    return json.loads(done.stdout)


def panel(images: list[np.ndarray], titles: list[str], path: Path, reference: np.ndarray, zoom_px: int = 160) -> None:
    """Writes the images side by side on the grey scale of `reference`, with titles and magnified details."""
    low, high = normalisation_range(reference)
    high = max(high, low + 1e-6)
    # Pixels that are not finite: NaN and -inf are shown black, +inf white.
    scaled = [np.nan_to_num(np.clip((i.astype(np.float64) - low) / (high - low), 0, 1)) * 255 for i in images]
    h, w = scaled[0].shape[:2]
    zoom_px = min(zoom_px, h, w)
    y, x = (h - zoom_px) // 2, (w - zoom_px) // 2
    strip, gap = 26, 6
    factor = w / zoom_px
    detail_h = round(zoom_px * factor)
    sheet = Image.new("RGB", (len(images) * (w + gap) - gap, strip + h + gap + detail_h), "white")
    draw = ImageDraw.Draw(sheet)
    for index, (image, title) in enumerate(zip(scaled, titles, strict=True)):
        left = index * (w + gap)
        whole = Image.fromarray(np.rint(image).astype(np.uint8)).convert("RGB")
        detail = whole.crop((x, y, x + zoom_px, y + zoom_px)).resize((w, detail_h), Image.Resampling.BICUBIC)
        ImageDraw.Draw(whole).rectangle((x, y, x + zoom_px, y + zoom_px), outline="#ffb000")
        sheet.paste(whole, (left, strip))
        sheet.paste(detail, (left, strip + h + gap))
        draw.text((left + 4, 4), title, fill="black", font_size=16)
    sheet.save(path)


def report(command: str, out: Path) -> None:
    """Prints PSNR and SSIM of the blurred, the unsharp-masked and the restored image, and writes comparison.png."""
    sharp = tifffile.imread(out / "sharp.tif").astype(np.float64)
    blurred = tifffile.imread(out / "blurred.tif").astype(np.float64)
    mask, sigma, amount = best_unsharp(blurred, sharp)
    tifffile.imwrite(out / "unsharp.tif", np.clip(np.rint(mask), 0, 65535).astype(np.uint16))
    figures = {
        name: _measure(command, out / f"{name}.tif", out / "sharp.tif") for name in ("blurred", "unsharp", "restored")
    }
    value = {name: (f["raw"]["psnr"], f["raw"]["ssim"]) for name, f in figures.items()}
    print(f"{'':34}{'PSNR (dB)':>10}{'SSIM':>8}")
    labels = {
        "blurred": "blurred",
        "unsharp": f"best unsharp (sigma {sigma:.1f}, amount {amount:.1f})",
        "restored": "restored by Parfocal",
    }
    for name, label in labels.items():
        print(f"{label:34}{value[name][0]:10.2f}{value[name][1]:8.3f}")
    print(f"gain over blurred (dB): {value['restored'][0] - value['blurred'][0]:.2f}")
    print(f"lead over the best unsharp mask (dB): {value['restored'][0] - value['unsharp'][0]:.2f}")
    restored = tifffile.imread(out / "restored.tif").astype(np.float64)
    titles = [
        f"blurred, {value['blurred'][0]:.1f} dB",
        f"best unsharp mask, {value['unsharp'][0]:.1f} dB",
        f"restored, {value['restored'][0]:.1f} dB",
        "truth (in focus, no noise)",
    ]
    panel([blurred, mask, restored, sharp], titles, out / "comparison.png", sharp)


def _first_page(path: Path) -> np.ndarray:
    """The first page, [H, W] or [H, W, 3] without alpha."""
    with tifffile.TiffFile(path) as file:
        page = file.pages[0]
        image = page.asarray()
        if image.ndim == 3 and page.planarconfig == tifffile.PLANARCONFIG.SEPARATE:
            image = np.moveaxis(image, 0, -1)
        return image[..., :3] if image.ndim == 3 else image


def compare(before: Path, after: Path, out: Path) -> None:
    """Writes a picture of the first page of a user's image, before and after."""
    pages = [_first_page(p) for p in (before, after)]
    panel(pages, [f"before: {before.name}", "restored"], out, pages[0])


def main(argv=None):
    parser = parser_of("demo", __doc__)
    commands = parser.add_subparsers(dest="task", required=True)
    sub = commands.add_parser("simulate", help="write sharp.tif and blurred.tif")
    sub.add_argument("--out", type=Path, required=True)
    sub.add_argument("--defocus-um", type=float, default=DEFOCUS_UM)
    sub.add_argument("--photons", type=float, default=PHOTONS, help="in the brightest structure in focus")
    sub = commands.add_parser("report", help="measure restored.tif beside sharp.tif, and write comparison.png")
    sub.add_argument("--out", type=Path, required=True)
    sub.add_argument("--command", required=True, help="the parfocal command")
    sub = commands.add_parser("compare", help="picture of an image before and after")
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
