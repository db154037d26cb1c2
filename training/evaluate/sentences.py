"""Sentences that several generated pages share."""

from training.config import Config
from training.data.real_stacks import DEVELOPMENT
from training.evaluate.held_out import PHOTONS

# How training/fit/validation.py chooses.
CHOICE = (
    f"Half of the score that chooses a checkpoint is of planes of {' and '.join(DEVELOPMENT)}, half of simulated specimens of seeds\n"
    "of their own. The other stacks have no part in training or in choosing a checkpoint; a release must pass limits on them."
)

# What training/evaluate/held_out.py can show, and what it cannot.
_FEWER = [f"{n:g}" for n in PHOTONS if n < Config().brightfield_photons[0]]
SPECIMENS = (
    "These specimens come from the generator that also draws a large share of the training samples: other seeds, but the same kinds, and a\n"
    "microscope and a camera within the ranges of training"
    + (
        f" (but for {' and '.join(_FEWER)} photons in transmitted and reflected light, which are fewer)"
        if _FEWER
        else ""
    )
    + ".\nThey measure deconvolution, not how well a model does on other specimens."
)

SSIM = (
    "SSIM is measured without a fit on simulated specimens and after the fit of gain and offset on real stacks. That of deconvolution is of\n"
    "the image with the best PSNR."
)
