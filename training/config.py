"""Every hyper-parameter of training and simulation, in one frozen place. A checkpoint carries the whole of it."""

import hashlib
import json
from dataclasses import asdict, dataclass


NETWORKS = ("head-to-tail", "cascade", "unlinked", "both", "unet", "mimo")
LOSSES = ("log_mse", "mse", "l1", "charbonnier", "mse_fourier", "mimo")
ACTIVATIONS = ("leaky_relu", "relu", "gelu")
DOWNSAMPLINGS = ("max", "average")  # of features; images are always averaged
UPSAMPLINGS = ("transposed", "bilinear")


@dataclass(frozen=True)
class Config:
    # Network
    network: str = "cascade"  # head to tail with residuals; or another name of training/networks.py, for comparison
    width: int = 16  # base width of head-to-tail; 8, 16 and 24 are in use; others have its multiply-adds
    activation: str = "leaky_relu"
    downsampling: str = "max"
    upsampling: str = "transposed"
    # Optimisation
    batch: int = 8
    patch_px: int = 128  # multiple of 16
    uses: int = 1  # of each simulated sample, every time but the first turned or mirrored (data echoing: Choi et al. 2019, arXiv 1907.05550)
    learning_rate: float = 1e-3
    final_learning_rate: float = 1e-6  # cosine from one to the other over the planned minutes
    warmup_steps: int = 300
    weight_decay: float = 1e-4
    gradient_clip: float = 1.0
    scale_weights: tuple = (0.25, 0.5, 1.0)  # of the loss at 1/4, 1/2 and full size
    loss: str = "log_mse"  # or "mse" (the paper's) or another of training/loss.py
    error_floor: float = 1.5e-4  # of log_mse: below it (38 dB) a sample no longer weighs more the better it is known
    bright_target: float = 1.5  # of mse and mse_fourier: targets reaching above this are weighted down by the square of the excess
    blur_weight: float = 8.0  # of the second task of training/second_task.py: to tell the blur; 0: no such task
    average_decay: float = 0.999  # exponential moving average of the weights; this is what is validated and shipped
    seed: int = 1
    # Specimens
    margin_px: int = 32  # simulated around each patch, cut off after the blur: convolution by FFT is cyclic there
    share_fluorescence: float = 0.31
    share_brightfield: float = 0.23
    share_drawn: float = 0.46
    absorb_share: float = 0.3  # fluorescent and drawn specimens shown as absorbers in transmitted light
    reflect_share: float = 0.4  # of the other drawn specimens, those shown as surfaces in reflected light
    downscale: tuple = (1.0, 3.0)
    # A photograph of a specimen has been through a microscope once. In this share of the real images that were shrunk
    # (which takes their own blur and noise away) it stands for the focused image itself, at cut-offs that it can have.
    seen_share: float = 0.9
    seen_downscale: float = 1.7
    seen_cutoff_per_px: float = 0.8
    # Microscope
    cutoff_per_px: tuple = (0.30, 1.80)  # 2 NA / wavelength x pixel size
    numerical_aperture: tuple = (0.2, 1.3)
    wavelength_um: tuple = (0.42, 0.70)
    spherical_waves: float = 0.12  # at most, RMS, either sign
    corrected_share: float = 0.4  # microscopes without spherical aberration
    # Bright-field light is partly coherent: aperture of the illumination beside the objective's, in this share of microscopes
    # (the others: as large as the objective's), and phase delay in radians for each unit of absorbance (standard deviation).
    coherent_share: float = 0.6
    condenser: tuple = (0.3, 1.0)
    phase: float = 0.5
    blur_radius_px: float = 26.0  # largest radius of the geometric blur disc
    blur_power: float = 1.9  # radius = largest * uniform ** power: above 1 favours small defocus
    in_focus_share: float = 0.15
    # Discs of a few pixels are where most can be regained, and where the blur must be recognised most exactly.
    middle_share: float = 0.25  # of the blurred samples, those with a disc between these, all alike
    middle_blur_px: tuple = (1.5, 8.0)
    layered_share: float = 0.15  # thick specimens: with other, dimmer layers at other depths
    most_layers: int = 3  # other layers, at most
    layer_blur_px: float = 12.0
    relief_share: float = 0.15  # specimens that are tilted, bent or uneven, or seen with a curved field
    relief_blur_px: float = 2.5  # blur disc where the relief is highest when the middle is in focus, at most
    optics_bank: int = 192  # simulated microscopes kept at hand by each worker
    optics_life: int = 24  # samples after which one of them is replaced
    haze_share: float = 0.15  # light of structures far from focus: the specimen, smoothed to nothing but glow
    haze: tuple = (0.1, 0.6)  # its strength beside the specimen's
    haze_px: tuple = (8.0, 30.0)  # standard deviation of its blur
    # Camera
    photons: tuple = (30.0, 60000.0)
    brightfield_photons: tuple = (300.0, 60000.0)
    clean_share: float = 0.3  # exposures with so many photons that the blur, not the noise, is what is to be undone
    clean_photons: tuple = (2000.0, 60000.0)
    read_noise: tuple = (0.5, 4.0)
    background: tuple = (0.0, 0.4)  # of the brightest structure, fluorescence
    shading: float = 0.25  # largest relative change of illumination across the patch
    grain_share: float = 0.4
    grain_px: tuple = (0.4, 1.2)
    saturated_share: float = 0.12
    hot_share: float = 0.04  # exposures with a few hot pixels
    jpeg_share: float = 0.15  # of the 8-bit exposures, those that were compressed
    jpeg_quality: tuple = (70, 97)
    # A few points, strongly blurred, or a patch with next to no contrast: what the focused image would reach is beyond any
    # restoring, and one such sample would outweigh a thousand others in most losses. It is drawn again.
    brightest_target: float = 12.0  # of the input's range
    # Percentiles come from the patch; frames are larger, so some patches are shown as the dim part of one.
    dim_share: float = 0.35

    def __post_init__(self):
        if self.width < 1 or self.batch < 1:
            raise ValueError(f"width {self.width}, batch {self.batch}: expected at least 1")
        if self.uses < 1:
            raise ValueError(f"uses {self.uses}: expected at least 1 use of each sample")
        if self.patch_px < 16 or self.patch_px % 16:
            raise ValueError(f"patch_px {self.patch_px}: expected a multiple of 16")
        lists = {"network": NETWORKS, "loss": LOSSES, "activation": ACTIVATIONS, "downsampling": DOWNSAMPLINGS, "upsampling": UPSAMPLINGS}
        for name, known in lists.items():
            if getattr(self, name) not in known:
                raise ValueError(f"{name} {getattr(self, name)!r}: expected one of {', '.join(known)}")

    def sha256(self) -> str:
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()


# Configurations with a name, as changes to the default: `--config NAME` of training.train. `paper`: what Wang and Han 2022 fix, no
# residuals, mean square error at every scale, none of them weighted; the plainest activation; and nothing of ours added to it.
NAMED = {
    "default": {},
    "paper": {"network": "head-to-tail", "loss": "mse", "scale_weights": (1.0, 1.0, 1.0), "bright_target": 1e9, "activation": "relu", "blur_weight": 0.0},
}
