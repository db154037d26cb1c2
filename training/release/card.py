"""The card of a model: what it is, what it was trained on, how well it does on real stacks, and where it fails.

    python -m training card CHECKPOINT models/parfocal-w16.onnx [--data FOLDER] [--results FILE.json]
                            [--device TEXT] [--note TEXT]

Writes models/parfocal-w16.md and the picture of its failures. Every figure comes from the checkpoint, from the model
file, or from measurements, which run here unless `--results` names what `python -m training evaluate --model MODEL
--json` printed for the same file.
"""

import json
from collections.abc import Sequence
from pathlib import Path

from training.command import add_data, one_line_errors, parser_of
from training.config import Config
from training.data import real_stacks
from training.evaluate import failures, protocol, restore, sentences
from training.network.checkpoint import config_of, config_sha256, load_checkpoint
from training.network.model_file import metadata_of, sha256_of

LARGEST_LOSS_DB = 0.1  # a plane that became worse by more than this is named in the card

# The ranges that simulated images are drawn from: field of Config, words, unit.
RANGES = (
    ("cutoff_per_px", "optical cut-off, 2 NA / wavelength x pixel size", "cycles per pixel"),
    ("numerical_aperture", "numerical aperture", ""),
    ("wavelength_um", "wavelength", "um"),
    ("spherical_waves", "spherical aberration, RMS, either sign, up to", "waves"),
    ("corrected_share", "share of microscopes without it", ""),
    ("coherent_share", "share of bright-field microscopes whose light is partly coherent", ""),
    ("condenser", "aperture of their illumination beside the objective's", ""),
    ("phase", "phase delay of their specimens, standard deviation", "radians for each unit of absorbance"),
    ("coherent_told_share", "share of these whose optics the network is told as if the light were not", ""),
    ("phase_share", "of fluorescent and drawn specimens, share that delays light strongly, as living cells do", ""),
    ("phase_delay", "their delay where they are thickest", "radians"),
    ("phase_condenser", "aperture of their illumination beside the objective's", ""),
    ("plain_share", "share of exposures without aberration, other depths, haze, correlated noise and compression", ""),
    ("blur_radius_px", "radius of the geometric blur disc, up to", "px"),
    ("middle_share", "share of blurred samples whose disc is drawn evenly from a narrower range", ""),
    ("middle_blur_px", "that range", "px"),
    ("in_focus_share", "share of samples in focus", ""),
    ("layered_share", "share of specimens with other, dimmer layers at other depths", ""),
    ("most_layers", "other layers, up to", ""),
    ("layer_blur_px", "blur disc of these layers when the main one is in focus, up to", "px"),
    ("relief_share", "share of specimens that are tilted, bent or uneven, or seen with a curved field", ""),
    ("relief_blur_px", "blur disc where these are highest when their middle is in focus, up to", "px"),
    ("seen_share", "of real images that were shrunk, share taken as focused images themselves", ""),
    ("seen_downscale", "shrunk at least by", ""),
    ("seen_cutoff_per_px", "cut-off of these, from", "cycles per pixel"),
    ("haze_share", "share of specimens in haze", ""),
    ("haze", "its strength beside the specimen's", ""),
    ("haze_px", "standard deviation of its blur", "px"),
    ("photons", "photons in the brightest structure, fluorescence", ""),
    ("brightfield_photons", "photons in the brightest structure, transmitted and reflected light", ""),
    ("clean_share", "share of exposures with more photons", ""),
    ("clean_photons", "photons in the brightest structure of these", ""),
    ("read_noise", "read noise", "electrons"),
    ("background", "background, of the brightest structure, fluorescence", ""),
    ("shading", "change of illumination across the patch, up to", ""),
    ("saturated_share", "share of exposures that saturate", ""),
    ("brightfield_saturated_share", "the same in transmitted and reflected light", ""),
    ("grain_share", "share of exposures with correlated noise", ""),
    ("grain_px", "length of its correlation", "px"),
    ("hot_share", "share of exposures with hot pixels", ""),
    ("jpeg_share", "of 8-bit exposures, share compressed as JPEG", ""),
    ("jpeg_quality", "quality of these", ""),
    ("colour_jpeg_share", "of these, share that are channels of a colour image", ""),
    ("dim_share", "share of patches shown as the dim part of a frame", ""),
    ("brightest_target", "drawn again: targets that reach above this, of the input's range", ""),
    ("share_fluorescence", "share of fluorescence images", ""),
    ("share_brightfield", "share of bright-field images", ""),
    ("share_drawn", "share of drawn specimens", ""),
    ("downscale", "real images are shrunk by", ""),
    ("absorb_share", "of fluorescent and drawn specimens, share shown as absorbers", ""),
    ("reflect_share", "of the other drawn specimens, share shown as reflecting surfaces", ""),
)

# Ranges that are left out where a share is 0, because nothing was drawn from them.
SHARE_OF = {
    "phase_delay": "phase_share", "phase_condenser": "phase_share", "coherent_told_share": "coherent_share",
    "colour_jpeg_share": "jpeg_share", "condenser": "coherent_share", "phase": "coherent_share", "most_layers": "layered_share", "layer_blur_px": "layered_share",
    "relief_blur_px": "relief_share", "middle_blur_px": "middle_share", "seen_downscale": "seen_share", "seen_cutoff_per_px": "seen_share",
    "haze": "haze_share", "haze_px": "haze_share", "clean_photons": "clean_share", "grain_px": "grain_share", "jpeg_quality": "jpeg_share",
}  # fmt: skip
NO_LIMIT = 1e9  # a setting as large as this bounds nothing


def limits(config: Config, rows: Sequence[protocol.Row] = ()) -> str:
    """What the model is not for, as far as its training and the measured rows show."""
    moved = [r for r in rows if r.distance != 0]
    contrast = ""
    if moved and (least := max(moved, key=lambda r: r.gain_fit_after)).gain_fit_after > 1.05:
        contrast = f"""
- **Lost contrast.** Not all of it is regained: the fitted gain of the table above reaches {least.gain_fit_after:.2f}
  ({least.stack}, {least.distance:+.2f} {least.unit}), and PSNR after a fit does not show it."""
    thick = "one plane"
    if config.layered_share > 0:
        more = (
            "one dimmer layer at another depth"
            if config.most_layers == 1
            else f"up to {config.most_layers} dimmer layers at other depths"
        )
        thick += f", in some samples with {more}"
    if config.relief_share > 0:
        thick += ", in some uneven"
    if config.coherent_share > 0 and config.phase > 0:
        phase = (
            "Stain that also delays the light is simulated, as far as the delay is small. Unstained cells, phase\n"
            "  contrast and interference contrast are not: their defocus is no blur."
        )
    else:
        phase = (
            "Specimens are simulated as if they delayed no light. Unstained cells, and those seen in phase contrast or\n"
            "  interference contrast, delay it: their defocus is no blur."
        )
    return f"""\
- **The result is an estimate, not a measurement.** The network fills in what its training images make likely. Detail that
  defocus has removed from the data is guessed, and a guess can be wrong: keep the original, and do not count, measure or
  diagnose from the restored image alone.
- **Thick specimens.** The simulation blurs {thick}.
  A specimen that is thick everywhere is not in it.
- **Phase objects.** {phase}
- **Strong defocus.** Beyond the largest blur disc above nothing was trained.{contrast}
- **A blur that is known.** With the true point spread function and many photons deconvolution can restore more than a model that has
  to find the blur out; [docs/evaluation.md](../docs/evaluation.md) tells where it does.
- **Sampling.** Images with a cut-off outside the range above (much finer or coarser pixels) were not trained.
- **Fine structure near focus.** An image in focus is changed, too: PSNR(restored, input) above tells how much."""


def read_table(text: str) -> dict[tuple[str, str], list[str]]:
    """(stack, plane) -> the cells of its row, of the table of `training evaluate` in `text`. Raises ValueError."""
    lines = text.splitlines()
    if protocol.HEAD[0] not in lines:
        raise ValueError("no table of `training evaluate` in the card; make it again with `training card`")
    rows = {}
    for line in lines[lines.index(protocol.HEAD[0]) + len(protocol.HEAD) :]:
        if not line.startswith("|"):
            break
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        rows[cells[0], cells[1]] = cells
    return rows


def _range(value, unit: str) -> str:
    if value == NO_LIMIT:
        return "none"
    text = f"{value[0]:g} to {value[1]:g}" if isinstance(value, tuple) else f"{value:g}"
    return f"{text} {unit}".strip()


def _origin(origin: dict | None) -> str:
    """The origin of a run's first weights, back to the beginning."""
    if not origin:
        return "random weights"
    text = f"the weights of {origin['name']}, SHA-256 `{origin['sha256'][:16]}`"
    if origin.get("heads") == "zero":
        text += " with last layers of zero"
    if origin.get("step") is not None:
        text += f" ({origin['step']:,} steps in {origin['minutes']:.0f} minutes, begun with {_origin(origin.get('origin'))})"
    return text


def _worse(rows: list[protocol.Row]) -> str:
    """Sentences on the planes that became worse, by stack."""
    lines = []
    for stack in dict.fromkeys(r.stack for r in rows):
        moved = [r for r in rows if r.stack == stack and r.distance != 0]
        lost = [r for r in moved if r.gained < -LARGEST_LOSS_DB]
        if lost:
            worst = min(lost, key=lambda r: r.gained)
            far = sorted(abs(r.distance) for r in lost)
            where = f"{far[0]:g} to {far[-1]:g}" if far[0] != far[-1] else f"{far[0]:g}"
            lines.append(
                f"- {stack}: {len(lost)} of {len(moved)} planes, {where} {worst.unit} from focus, the worst "
                f"by {-worst.gained:.2f} dB ({worst.plane})."
            )
    return "\n".join(lines) or f"- No plane of these stacks lost more than {LARGEST_LOSS_DB} dB."


def training_section(state: dict, device: str, note: str) -> str:
    """How the weights were made. `note`: a paragraph on the training, or ""."""
    config = config_of(state)
    taught = ""
    if teacher := state.get("teacher"):
        taught = f"; half of it against the answers of {teacher['name']}, SHA-256 `{teacher['sha256'][:16]}`, in place of the truth"
    blur_head = "none"
    if config.blur_weight > 0:
        blur_head = f"telling the blur, weight {config.blur_weight:g} (`training/network/blur_head.py`); its part is not in the model"
    mixture = ""
    if (share := state.get("mixed")) is not None:
        mixture = (
            f", {share:g} of it, and {1 - share:g} of what it began with: the mixture with the best validation score "
            "(`training/fit/mix.py`)"
        )
    history = state.get("history", [[0, state["commit"]]])
    commits = ", ".join(f"`{code}`" + (f" from step {first:,}" if first else "") for first, code in history)
    length = (
        f"{state['step']:,} steps of batch {config.batch} in {state['minutes']:.0f} minutes "
        f"(planned: {state['planned_minutes']:.0f})"
    )
    return f"""\
## Training

| | |
|---|---|
| length | {length} |
| device | {device} |
| began with | {_origin(state.get("origin"))} |
| loss | {config.loss} (`training/fit/loss.py`) at the three scales{taught} |
| second task | {blur_head} |
| seed | {config.seed} |
| code, commit | {commits} |
| configuration, SHA-256 | `{config_sha256(state)}` |
| weights | their exponential moving average{mixture} |
""" + (f"\n{note}\n" if note else "")


def simulation_section(config: Config, training_data: list[dict]) -> str:
    """The images and the ranges that samples were simulated from."""
    sources = "\n".join(
        f"| {d['name']} | {d.get('planes', '')} | {d['source']} | {d['commit']} | {d['licence']} |"
        for d in training_data
    )
    drawn = [row for row in RANGES if row[0] not in SHARE_OF or getattr(config, SHARE_OF[row[0]]) > 0]
    ranges = "\n".join(f"| {words} | {_range(getattr(config, name), unit)} |" for name, words, unit in drawn)
    return f"""\
Sharp images are blurred by simulation; the target is the noise-free image of the same microscope in focus, so the network
is not asked to undo diffraction.

| images | planes | source | commit | licence |
|---|---|---|---|---|
{sources}

Simulated over:

| what | range |
|---|---|
{ranges}

{sentences.CHOICE}
"""


def results_section(path: Path, rows: Sequence[protocol.Row], failures: Sequence[str]) -> str:
    """What was measured of the model file `path`. `failures`: lines of training/evaluate/failures.py."""
    nl = "\n"
    return f"""\
## Results on real focal stacks

    python -m training evaluate --model models/{path.name}

PSNR and SSIM against the sharpest plane after a least-squares gain and offset fit; data range: the 0.1 to 99.9 percentile
range of the sharp plane; "raw" is without the fit. "To input" is PSNR(restored, input) without a fit: how much was changed.

{nl.join("- " + line for line in protocol.summary_lines(rows))}

Planes that became worse by more than {LARGEST_LOSS_DB} dB:

{_worse(rows)}

{nl.join(protocol.table(rows))}

## What it is not made for

    python -m training failures --model models/{path.name} --out models/{path.stem}-failures.png

Simulated, with known truth. The error is the root mean square difference to the truth, without a fit, and contrast the standard deviation; both in per cent of
the image's range.

{nl.join(failures)}
"""


def card(
    state: dict, path: Path, rows: Sequence[protocol.Row], device: str, note: str = "", failures: Sequence[str] = ()
) -> str:
    """Markdown. `path`: the model file exported from the checkpoint `state`. Raises ValueError for another file.

    `note`: a paragraph on the training; `failures`: lines of training/evaluate/failures.py.
    """
    path = Path(path)
    config = config_of(state)
    facts = metadata_of(path)
    if facts.get("config_sha256") != config_sha256(state):
        raise ValueError(f"{path}: was not exported from this checkpoint (config_sha256 differs); export it again")
    residual = ""
    if config.network == "cascade":
        residual = "\nOther than in the paper, every sub-network adds its input image to its output ([why](../docs/networks.md))."
    return f"""\
# {facts["name"]}, version {facts["version"]}

Takes one channel of an out-of-focus microscope image and returns an estimate of the focused one. A three-scale
convolutional network joined head to tail, after J. Wang and B. Han, "Defocus Deblur Microscopy via Head-to-Tail
Cross-Scale Fusion", ICIP 2022 (doi 10.1109/ICIP46576.2022.9897168); base width {config.width}.{residual}
Layer details, data, training and all figures are this project's own: the paper's are not repeated here.

| | |
|---|---|
| file | `{path.name}`, {path.stat().st_size / 1e6:.1f} MB, SHA-256 `{sha256_of(path)}` |
| licence of the weights | {facts["license"]} (`models/LICENSE`) |
| multiply-adds | {float(facts["macs_per_pixel"]):,.0f} a pixel |
| context a tile needs (halo, measured) | {facts["halo"]} px |
| pixel sizes simulated | {" to ".join(facts["pixel_size_um"].split(","))} um |
| light | {facts["modalities"].replace(",", ", ")} |

{training_section(state, device, note)}
{simulation_section(config, json.loads(facts["training_data"]))}
{results_section(path, rows, failures)}
## Limits

{limits(config, rows)}
"""


def main(argv=None):
    parser = parser_of("card", __doc__)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("model", type=Path, help="exported from that checkpoint")
    add_data(parser)
    parser.add_argument("--device", help="what it was trained on (default: as the checkpoint says)")
    parser.add_argument("--note", default="", help="a paragraph on the training")
    parser.add_argument(
        "--results", type=Path, help="output of `evaluate --json` for this model, instead of measuring again"
    )
    args = parser.parse_args(argv)
    data = args.data or real_stacks.data_folder()
    with one_line_errors("card", args.model.parent):
        state = load_checkpoint(args.checkpoint)
        device = args.device or state.get("device")
        if not device:
            raise ValueError(f"{args.checkpoint}: does not say what it was trained on; give it with --device")
        if args.results:
            rows = protocol.rows_from_json(args.results.read_text())
        else:
            real_stacks.require_stacks(data)
            rows = protocol.all_rows(restore.load_network(args.model), data)
        measured = failures.measure(restore.load_network(args.model))
        picture = args.model.with_name(f"{args.model.stem}-failures.png")
        text = card(state, args.model, rows, device, args.note, failures.lines(measured, picture.name))
        failures.sheet(measured).save(picture, optimize=True)
        args.model.with_suffix(".md").write_text(text)
    print(args.model.with_suffix(".md"))
