"""Every setting of training and simulation, frozen; a checkpoint holds all of them. It imports no room."""

import hashlib
import json
from dataclasses import asdict, dataclass

MULTIPLE = 16  # height and width of a network's input are multiples of this
NETWORKS = ("head-to-tail", "cascade", "unlinked", "both", "unet", "mimo")
LOSSES = ("log_mse", "mse", "l1", "charbonnier", "mse_fourier", "mimo")
ACTIVATIONS = ("leaky_relu", "relu", "gelu")
DOWNSAMPLINGS = ("max", "average")  # of features; images are always averaged
CONDITIONS = ("none", "film", "deconvolved", "step", "all")
UPSAMPLINGS = ("transposed", "bilinear")


@dataclass(frozen=True)
class Config:
    # Network
    # Head to tail with residuals; for comparison, another name of training/network/networks.py.
    network: str = "cascade"
    condition: str = "none"  # how it uses what is known of the blur (training/network/conditioned.py); none: not at all
    width: int = 16  # base width of head-to-tail (8, 16 or 24); the other networks get as many multiply-adds
    activation: str = "leaky_relu"
    downsampling: str = "max"
    upsampling: str = "transposed"
    # Optimisation
    batch: int = 8
    patch_px: int = 128  # multiple of 16
    # Of each simulated sample; turned or mirrored from the second on (data echoing: Choi et al. 2019, arXiv 1907.05550)
    uses: int = 1
    learning_rate: float = 1e-3
    final_learning_rate: float = 1e-6  # cosine from one to the other over the planned minutes
    warmup_steps: int = 300
    weight_decay: float = 1e-4
    gradient_clip: float = 1.0
    scale_weights: tuple = (0.25, 0.5, 1.0)  # of the loss at 1/4, 1/2 and full size
    loss: str = "log_mse"  # or "mse" (the paper's) or another of training/fit/loss.py
    error_floor: float = 1.5e-4  # of log_mse: below it (38 dB) a smaller error no longer gives a sample more weight
    bright_target: float = 1.5  # of mse and mse_fourier: brighter targets are weighted down by the square of the excess
    # Of the loss of the blur head (training/network/blur_head.py), for networks without a condition; 0: no blur head.
    blur_weight: float = 8.0
    told_share: float = 0.5  # of the samples whose optics are known, those whose network is told them
    told_error: tuple = (0.03, 0.2)  # relative standard deviation of the distance that is told
    average_decay: float = 0.999  # of the moving average of the weights, which is validated and shipped
    seed: int = 1
    # Specimens
    margin_px: int = 32  # simulated around each patch and cut off after the blur, because convolution by FFT is cyclic
    share_fluorescence: float = 0.31
    share_brightfield: float = 0.23
    share_drawn: float = 0.46
    absorb_share: float = 0.3  # fluorescent and drawn specimens shown as absorbers in transmitted light
    reflect_share: float = 0.4  # of the other drawn specimens, those shown as surfaces in reflected light
    downscale: tuple = (1.0, 3.0)
    # A real image has been through a microscope once. Shrinking takes its own blur and noise away, so this share of the
    # shrunk images stands for the focused image itself, at cut-offs that such an image can have.
    seen_share: float = 0.9
    seen_downscale: float = 1.7
    seen_cutoff_per_px: float = 0.8
    # Microscope
    cutoff_per_px: tuple = (0.30, 1.80)  # 2 NA / wavelength x pixel size
    numerical_aperture: tuple = (0.2, 1.3)
    wavelength_um: tuple = (0.42, 0.70)
    spherical_waves: float = 0.12  # at most, RMS, either sign
    corrected_share: float = 0.4  # microscopes without spherical aberration
    # Bright-field light is partly coherent: in this share of microscopes the condenser's aperture, as a share of the
    # objective's, is drawn from `condenser` (elsewhere it is 1), and specimens delay light by a normal deviate times
    # `phase` radians for each unit of absorbance.
    coherent_share: float = 0.6
    condenser: tuple = (0.3, 1.0)
    phase: float = 0.5
    coherent_told_share: float = 0.3  # of these microscopes, whose user tells what incoherent light would do
    # Of the fluorescent and drawn specimens that are neither absorbers nor surfaces, those that delay light strongly
    # instead, in transmitted light (training/optics/phase.py).
    phase_share: float = 0.12
    phase_delay: tuple = (0.4, 5.0)  # radians where the specimen is thickest
    phase_condenser: tuple = (0.1, 0.9)  # aperture of the illumination as a share of the objective's
    # Exposures of which all is as the formulas have it: one depth, incoherent light, no aberration or haze, white
    # noise, no compression. In them a known blur can be undone furthest, and a network must learn when to trust it.
    plain_share: float = 0.3
    blur_radius_px: float = 26.0  # largest radius of the geometric blur disc
    blur_power: float = 1.9  # radius = largest * uniform ** power: above 1 favours small defocus
    in_focus_share: float = 0.15
    # Discs of a few pixels are where most can be regained, and where the blur must be known most exactly.
    middle_share: float = 0.25  # of the blurred samples, those whose disc is drawn evenly between these
    middle_blur_px: tuple = (1.5, 8.0)
    layered_share: float = 0.15  # thick specimens: with other, dimmer layers at other depths
    most_layers: int = 3  # other layers, at most
    layer_blur_px: float = 12.0
    relief_share: float = 0.15  # specimens that are tilted, bent or uneven, or seen with a curved field
    relief_blur_px: float = 2.5  # blur disc where the relief is highest when the middle is in focus, at most
    optics_bank: int = 192  # simulated microscopes kept at hand by each worker
    optics_life: int = 24  # samples after which one of them is replaced
    haze_share: float = 0.15  # light of structures far from focus: a strongly smoothed specimen
    haze: tuple = (0.1, 0.6)  # its strength beside the specimen's
    haze_px: tuple = (8.0, 30.0)  # standard deviation of its blur
    # Camera
    photons: tuple = (30.0, 60000.0)
    brightfield_photons: tuple = (300.0, 60000.0)
    clean_share: float = 0.3  # exposures with so many photons that blur, not noise, is what must be undone
    clean_photons: tuple = (2000.0, 60000.0)
    read_noise: tuple = (0.5, 4.0)
    background: tuple = (0.0, 0.4)  # of the brightest structure, fluorescence
    shading: float = 0.25  # largest relative change of illumination across the patch
    grain_share: float = 0.4
    grain_px: tuple = (0.4, 1.2)
    saturated_share: float = 0.12
    brightfield_saturated_share: float = 0.2  # the bright ground of stained specimens often is
    hot_share: float = 0.04  # exposures with a few hot pixels
    jpeg_share: float = 0.25  # of the 8-bit exposures, those that were compressed
    jpeg_quality: tuple = (70, 97)
    colour_jpeg_share: float = 0.5  # of these, channels of a colour image
    # Targets that reach above this, in units of the input's range, are drawn again (a few strongly blurred points, a
    # patch with next to no contrast): no network can restore them, and one would outweigh a thousand others in most
    # losses.
    brightest_target: float = 12.0
    # The range is that of the patch. A real frame is larger, so this share of patches is shown as the dim part of one.
    dim_share: float = 0.35

    def __post_init__(self):
        if self.width < 1 or self.batch < 1:
            raise ValueError(f"width {self.width}, batch {self.batch}: expected at least 1")
        if self.uses < 1:
            raise ValueError(f"uses {self.uses}: expected at least 1 use of each sample")
        if self.patch_px < 16 or self.patch_px % 16:
            raise ValueError(f"patch_px {self.patch_px}: expected a multiple of 16")
        lists = {
            "network": NETWORKS,
            "loss": LOSSES,
            "activation": ACTIVATIONS,
            "downsampling": DOWNSAMPLINGS,
            "upsampling": UPSAMPLINGS,
            "condition": CONDITIONS,
        }
        for name, known in lists.items():
            if getattr(self, name) not in known:
                raise ValueError(f"{name} {getattr(self, name)!r}: expected one of {', '.join(known)}")

    def sha256(self) -> str:
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()


# Named configurations, as changes to the default: `training train --config NAME`. `paper` is what Wang and Han 2022
# state (no residuals, mean squared error at every scale, unweighted) with the plainest activation and none of our
# additions.
NAMED = {
    "default": {},
    "paper": {
        "network": "head-to-tail",
        "loss": "mse",
        "scale_weights": (1.0, 1.0, 1.0),
        "bright_target": 1e9,
        "activation": "relu",
        "blur_weight": 0.0,
    },
}
