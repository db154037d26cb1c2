"""The point spread function and the camera against the formulas of optics."""

import numpy as np
import pytest

from training.data.intensity import normalisation_range
from training.optics.camera import Camera
from training.optics.microscope import Microscope, convolve, point_spread_function, transfer_function

DRY = Microscope(0.75, 0.55, 1.0, 0.1)  # finely sampled: cut-off 0.27 cycles per pixel
COARSE = Microscope(0.75, 0.55, 1.0, 0.5)  # cut-off 1.36 cycles per pixel
OIL = Microscope(1.3, 0.6, 1.515, 0.1)
SIZE = 192


@pytest.mark.parametrize("scope", [DRY, COARSE, OIL])
@pytest.mark.parametrize("radius_px", [0, 3, -8, 15])
def test_unit_sum_and_no_negative_light(scope, radius_px):
    psf = point_spread_function(scope, np.sign(radius_px) * scope.defocus_um(abs(radius_px)), SIZE)
    assert psf.sum() == pytest.approx(1, abs=1e-5)
    assert psf.min() > -1e-6 * psf.max() - 1e-8


def test_focused_width_is_the_airy_pattern():
    psf = point_spread_function(DRY, 0, SIZE)
    centre = SIZE // 2
    profile = psf[centre, centre:] / psf[centre, centre]
    # First dark ring at 0.61 wavelength / NA = 0.447 um.
    dark = np.argmin(profile[: int(1.4 * DRY.airy_radius_um / DRY.pixel_size_um)]) * DRY.pixel_size_um
    assert dark == pytest.approx(DRY.airy_radius_um, abs=0.6 * DRY.pixel_size_um)
    # Full width at half maximum of an Airy pattern: 0.514 wavelength / NA, a little more for a pixel's area.
    half = 2 * np.interp(0.5, profile[4::-1], np.arange(4, -1, -1)) * DRY.pixel_size_um
    assert half == pytest.approx(0.514 * DRY.wavelength_um / DRY.numerical_aperture, rel=0.05)


def test_focused_transfer_is_the_textbook_one_times_the_pixels_area():
    """Diffraction-limited incoherent OTF of a round pupil [Goodman 6.4.2]: 2/pi (acos v - v sqrt(1 - v^2))."""
    scope = Microscope(0.75, 0.55, 1.0, 0.18)  # cut-off 0.49 cycles per pixel: the pixel matters, nothing is folded
    fy = np.fft.fftfreq(SIZE, scope.pixel_size_um)[:, None]
    fx = np.fft.rfftfreq(SIZE, scope.pixel_size_um)[None, :]
    v = np.minimum(np.hypot(fy, fx) / scope.cutoff_per_um, 1)
    expected = 2 / np.pi * (np.arccos(v) - v * np.sqrt(1 - v**2))
    expected = expected * np.sinc(fy * scope.pixel_size_um) * np.sinc(fx * scope.pixel_size_um)
    assert np.abs(transfer_function(scope, 0, SIZE) - expected).max() < 0.01


@pytest.mark.parametrize("waves", [0.04, -0.07])
def test_spherical_aberration_is_its_rms(waves):
    """Strehl ratio exp(-(2 pi sigma)^2) for an RMS wavefront error of sigma waves (Mahajan 1983)."""
    peak = lambda w: point_spread_function(Microscope(0.5, 0.55, 1.0, 0.05, w), 0, SIZE).max()
    assert peak(waves) / peak(0.0) == pytest.approx(np.exp(-((2 * np.pi * waves) ** 2)), abs=0.01)


@pytest.mark.parametrize("scope", [DRY, COARSE, OIL])
def test_symmetry(scope):
    psf = point_spread_function(scope, scope.defocus_um(6), SIZE)
    turned = np.roll(psf[::-1, ::-1], (1, 1), (0, 1))
    assert np.abs(psf - turned).max() < 1e-5 * psf.max()
    assert np.abs(psf - psf.T).max() < 1e-5 * psf.max()


def test_both_signs_of_defocus_agree_only_without_spherical_aberration():
    up, down = (transfer_function(DRY, z, SIZE) for z in (2.0, -2.0))
    assert np.abs(up - down).max() < 1e-4
    aberrated = Microscope(0.75, 0.55, 1.0, 0.1, spherical_waves=0.1)
    up, down = (transfer_function(aberrated, z, SIZE) for z in (2.0, -2.0))
    assert np.abs(up - down).max() > 0.02


def test_coherent_light_gives_the_textbook_cosine_and_sine():
    """One plane wave: a weak absorber passes by cos W, a weak phase object by sin W, W the wavefront of the defocus."""
    defocus, phase = 3.0, 0.7
    frequency = np.arange(SIZE // 2 + 1) / (SIZE * DRY.pixel_size_um)
    axial = 1 / DRY.wavelength_um
    wavefront = 2 * np.pi * defocus * (np.sqrt(axial**2 - np.minimum(frequency, axial) ** 2) - axial)
    inside = frequency < 0.95 * DRY.numerical_aperture / DRY.wavelength_um
    transfer = transfer_function(DRY, defocus, SIZE, condenser=0.01, phase=phase)[0]
    expected = (np.cos(wavefront) + 2 * phase * np.sin(wavefront)) * np.sinc(frequency * DRY.pixel_size_um)
    assert np.abs(transfer - expected)[inside].max() < 0.03


def test_phase_is_seen_out_of_focus_in_partly_coherent_light_alone():
    plain = lambda z, **settings: transfer_function(DRY, z, SIZE, **settings)
    assert np.allclose(plain(2.0, phase=1.0), plain(2.0), atol=1e-6)  # lit through the whole aperture
    assert np.abs(plain(0.0, condenser=0.5, phase=1.0) - plain(0.0, condenser=0.5)).max() < 1e-4  # in focus
    above, below = (plain(z, condenser=0.5, phase=1.0) - plain(z, condenser=0.5) for z in (2.0, -2.0))
    assert np.abs(above).max() > 0.2 and np.abs(above + below).max() < 1e-3  # contrast changes its sign through focus
    assert above[0, 0] == 0  # no light is gained or lost


def test_an_illumination_wider_than_the_objective_is_refused():
    with pytest.raises(ValueError, match="condenser 1.5 must lie above 0 and not above 1"):
        transfer_function(DRY, 0.0, SIZE, condenser=1.5)


def test_energy_is_kept():
    random = np.random.default_rng(0)
    image = random.random((SIZE, SIZE))
    blurred = convolve(image, transfer_function(COARSE, COARSE.defocus_um(9), SIZE))
    assert blurred.sum() == pytest.approx(image.sum(), rel=1e-6)
    assert blurred.std() < 0.1 * image.std()


@pytest.mark.parametrize("scope", [DRY, OIL])
@pytest.mark.parametrize("radius_px", [0, 7])
def test_nothing_passes_beyond_the_cutoff(scope, radius_px):
    transfer = transfer_function(scope, scope.defocus_um(radius_px), SIZE)
    fy = np.fft.fftfreq(SIZE, scope.pixel_size_um)[:, None]
    fx = np.fft.rfftfreq(SIZE, scope.pixel_size_um)[None, :]
    frequency = np.hypot(fy, fx)
    step = 1 / (SIZE * scope.pixel_size_um)
    assert np.abs(transfer[frequency > scope.cutoff_per_um + 2 * step]).max() < 1e-5
    assert np.abs(transfer[frequency < 0.5 * scope.cutoff_per_um]).max() > 0.1


@pytest.mark.parametrize("aperture", [0.3, 0.75])
def test_blur_disc_has_the_geometric_radius(aperture):
    """Rays through the pupil at sin(a) meet the plane at z tan(a): the share of light inside follows."""
    scope = Microscope(aperture, 0.55, 1.0, 0.55 / aperture)
    radius = 20
    psf = point_spread_function(scope, scope.defocus_um(radius), SIZE)
    y, x = np.mgrid[:SIZE, :SIZE] - SIZE // 2
    inside = lambda share: psf[np.hypot(y, x) <= radius * share].sum()
    sine_at_half = np.sin(np.arctan(0.5 * np.tan(np.arcsin(aperture))))
    assert inside(1.1) > 0.95
    assert inside(0.5) == pytest.approx((sine_at_half / aperture) ** 2, abs=0.05)


def test_shot_noise_read_noise_offset_and_saturation():
    camera = Camera(photons=1000, read_noise=5, offset=100, counts_per_photon=2, full_scale=4095)
    random = np.random.default_rng(1)
    flat = camera.expose(np.full((400, 400), 0.5), random)
    assert flat.mean() == pytest.approx(100 + 0.5 * 1000 * 2, rel=0.002)
    assert flat.std() == pytest.approx(2 * np.sqrt(500 + 25), rel=0.02)
    assert camera.expose(np.full((4, 4), 100.0), random).max() == 4095
    assert camera.expectation(np.full((4, 4), 100.0)).max() == 4095
    few = Camera(photons=10, read_noise=0, offset=0, counts_per_photon=1, full_scale=255)
    dim = few.expose(np.full((400, 400), 0.2), random)
    assert dim.mean() == pytest.approx(2, rel=0.02) and dim.var() == pytest.approx(2, rel=0.03)


def test_grain_keeps_the_variance():
    grainy = Camera(photons=1000, read_noise=0, offset=0, counts_per_photon=1, full_scale=65535, grain_px=0.8)
    image = grainy.expose(np.full((256, 256), 1.0), np.random.default_rng(2))
    assert image.std() == pytest.approx(np.sqrt(1000), rel=0.05)
    assert np.corrcoef(image[:, 1:].ravel(), image[:, :-1].ravel())[0, 1] > 0.3


def test_normalisation_rule():
    frame = np.arange(10001, dtype=np.float32)
    assert normalisation_range(frame) == pytest.approx((10, 9990))
    frame[5] = np.nan
    frame[6] = np.inf
    assert np.isfinite(normalisation_range(frame)).all()
    bead = np.zeros((100, 100))
    bead[3, 3] = 7
    assert normalisation_range(bead) == (0, 7)


@pytest.mark.parametrize("bad", [{"numerical_aperture": 1.2}, {"wavelength_um": 0.0}, {"pixel_size_um": -1.0}])
def test_impossible_microscopes_are_refused(bad):
    values = {"numerical_aperture": 0.5, "wavelength_um": 0.5, "refractive_index": 1.0, "pixel_size_um": 0.2} | bad
    with pytest.raises(ValueError, match="must"):
        Microscope(**values)
