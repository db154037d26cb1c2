"""Fields of a user's focal stacks: the sharp plane of each, and shift and exposure of the other planes against it.

A field is one channel of one place on the slide, as planes at different heights (training/data/stacks.py reads them). A
field or plane that cannot be learned from is refused with the reason.
"""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from scipy import ndimage
from skimage.registration import phase_cross_correlation

from training.data.focus_score import score
from training.data.intensity import normalisation_range
from training.data.stacks import Range, Stack, read_pairs, read_stacks

LARGEST_SHIFT = 0.05  # of the shorter side: a larger shift is not drift but another place
LEAST_CONTRAST = 1.05  # least ratio of the focus scores of the sharpest and the least sharp plane
BLURS_PX = (0.0, 0.7, 1.0, 1.5, 2.0, 3.0, 4.0, 5.5, 7.5, 10.0, 14.0)  # that `exposure_against` tries
FAR_SCORE = 0.25  # of the sharp plane's focus score; a plane of another place that is in focus scores higher
REFINEMENTS = 3
EDGE_PX = 4  # left out along the edges, beyond the largest shift
LOOK_PX = 512  # side of the middle part that shift and exposure are measured in
LEAST_LIKENESS = 0.2  # correlation of the middle frequencies of a registered plane and the sharp one
MIRRORED = -0.5  # below this correlation contrast is inverted; another place reaches -0.3 by chance
SPLINE_PX = 16  # how far around a window a cubic spline's values in it depend on pixels
CHOOSE_PLACES = 8  # at most; validating more would take the time of training


@dataclass
class Plane:
    """One plane of a field: its shift and exposure against the sharp plane."""

    name: str
    image: np.ndarray  # [H, W], as stored
    steps: int  # planes from the sharp one, signed
    shift_px: tuple[float, float] = (0.0, 0.0)  # (y, x) of this plane's content against the sharp plane's
    gain: float = 1.0  # this plane was exposed as gain x sharp plane + offset
    offset: float = 0.0
    range: Range | None = None  # that the engine normalises its frame by; None: of its own pixels

    def __post_init__(self):
        if self.range is None:
            self.range = normalisation_range(self.image)


@dataclass
class Field:
    """One channel of one place. `sharp`: index of the sharp plane."""

    name: str
    planes: list[Plane]
    sharp: int
    notes: list[str] = field(default_factory=list)
    place: str = ""  # fields of one place stay together when fields are split; "": the name

    def __post_init__(self):
        self.place = self.place or self.name

    @property
    def reference(self) -> np.ndarray:
        return self.planes[self.sharp].image

    def target(self, plane: Plane, window: tuple[slice, slice] | None = None) -> np.ndarray:
        """The sharp plane with the shift and exposure of `plane`, which it is the target of; float64.

        `window`: rows and columns of the part that is wanted; default: all.
        """
        whole = window or tuple(slice(0, n) for n in self.reference.shape)
        reach = SPLINE_PX + int(np.ceil(max(map(abs, plane.shift_px))))
        wider = tuple(
            slice(max(0, w.start - reach), min(n, w.stop + reach))
            for w, n in zip(whole, self.reference.shape, strict=True)
        )
        inside = tuple(slice(w.start - v.start, w.stop - v.start) for w, v in zip(whole, wider, strict=True))
        return moved(self.reference[wider], plane.shift_px)[inside] * plane.gain + plane.offset


@dataclass(frozen=True)
class Pair:
    """One plane and its target. Parts of the target are made when asked for: whole ones would fill the memory."""

    field: Field
    plane: Plane
    edge: int

    @property
    def focused(self) -> bool:
        return self.plane.steps == 0

    @property
    def shape(self) -> tuple[int, int]:
        h, w = self.plane.image.shape
        return h - 2 * self.edge, w - 2 * self.edge

    def patch(self, y: int, x: int, h: int, w: int) -> tuple[np.ndarray, np.ndarray]:
        """Image and target, float64 [h, w]; `y` and `x` count from inside the edge that is left out."""
        top, left = y + self.edge, x + self.edge
        window = np.s_[top : top + h, left : left + w]
        return self.plane.image[window].astype(np.float64), self.field.target(self.plane, window)


def pairs_of(field: Field) -> list[Pair]:
    """Each plane of the field with its target, without the edge that shifts bring from outside."""
    edge = EDGE_PX + int(np.ceil(max(max(map(abs, p.shift_px)) for p in field.planes)))
    return [Pair(field, plane, edge) for plane in field.planes]


# ---- measuring a field ----------------------------------------------------------------------------------------------


def sharpest(name: str, names: list[str], planes: np.ndarray) -> int:
    """Index of the plane with the highest focus score. Raises ValueError where the focus is not inside the stack."""
    scores = [score(p) for p in planes]
    best = int(np.argmax(scores))
    if max(scores) < LEAST_CONTRAST * min(scores):
        raise ValueError(
            f"field {name}: no plane is sharper than the others (focus scores {min(scores):.4g} to {max(scores):.4g}); "
            "take a stack that goes through focus, or leave this field out"
        )
    if len(planes) > 2 and best in (0, len(planes) - 1):
        raise ValueError(
            f"field {name}: the sharpest plane is its {'first' if best == 0 else 'last'} ({names[best]}), so focus "
            "may lie "
            "outside; take a stack that goes through focus, or leave this field out"
        )
    return best


def _detail(image: np.ndarray) -> np.ndarray:
    """The middle frequencies, which defocus leaves, under a window that hides the frame's border; [H, W]."""
    window = np.outer(np.hanning(image.shape[0]), np.hanning(image.shape[1]))
    return (
        ndimage.gaussian_filter(image.astype(np.float64), 2.0) - ndimage.gaussian_filter(image.astype(np.float64), 12.0)
    ) * window


def shift_against(image: np.ndarray, reference: np.ndarray) -> tuple[float, float]:
    """First guess of the (y, x) shift in pixels of the content of `image`, down and right, against `reference`."""
    found = phase_cross_correlation(_detail(reference), _detail(image), upsample_factor=4, normalization=None)[0]
    return tuple(float(-v) for v in found)


def moved(image: np.ndarray, shift_px: tuple[float, float]) -> np.ndarray:
    """`image` [H, W] shifted down and right by `shift_px` (cubic spline), float64."""
    image = image.astype(np.float64)
    return ndimage.shift(image, shift_px, order=3, mode="reflect") if any(shift_px) else image


def exposure_against(
    image: np.ndarray, reference: np.ndarray, blurs=BLURS_PX
) -> tuple[float, float, tuple[float, float], float]:
    """Gain, offset, remaining (y, x) shift and blur (sigma, px) with image = gain x blurred reference + offset.

    The reference is blurred by the one of `blurs` that fits best: blur takes contrast away, and a fit to the sharp
    reference would take that for a weaker lamp. The remaining shift comes from the same least-squares fit, by the
    gradients of the blurred reference (Lucas and Kanade 1981).
    """
    edge = min(image.shape) // 12
    cut = np.s_[edge:-edge, edge:-edge]
    smooth = lambda a, sigma: ndimage.gaussian_filter(a, sigma, mode="reflect")
    level = lambda part: (part[cut].ravel(), float(part[cut].mean()))
    seen, seen_mean = level(smooth(image.astype(np.float64), 1.5))
    sharp = reference.astype(np.float64)
    fits = []
    for sigma in blurs:
        blurred = smooth(sharp, float(np.hypot(sigma, 1.5)))
        columns, means = zip(*(level(part) for part in (blurred, *np.gradient(blurred))), strict=True)
        # Normal equations without the means take a tenth of the time of the whole system.
        columns = np.stack(columns) - np.array(means)[:, None]
        rest = seen - seen_mean
        gain, down, across = np.linalg.lstsq(columns @ columns.T, columns @ rest, rcond=None)[0]
        error = float(np.mean((rest - np.array((gain, down, across)) @ columns) ** 2))
        offset = seen_mean - np.dot((gain, down, across), means)
        # A shift by d subtracts gradient x d.
        fits.append((error, float(gain), float(offset), (-down / gain, -across / gain) if gain else (0.0, 0.0), sigma))
    return min(fits, key=lambda fit: fit[0])[1:]


def _refuse_shift(where: str, shift_px: tuple[float, float], limit: float) -> None:
    if max(map(abs, shift_px)) > limit:
        raise ValueError(
            f"{where}: lies {shift_px[1]:+.1f} px across and {shift_px[0]:+.1f} px down from the sharp plane, more "
            "than "
            f"{limit:.0f}; register the stack first, or leave this field out"
        )


def _measure(where: str, one: Plane, reference: np.ndarray) -> bool:
    """Fills in shift and exposure of `one`. Returns False if it is too blurred for that.

    Raises ValueError where the plane does not belong to this field.
    """
    limit = LARGEST_SHIFT * min(reference.shape)
    # The middle of a large plane suffices, and is quicker.
    look = tuple(slice(max(0, (n - LOOK_PX) // 2), max(0, (n - LOOK_PX) // 2) + LOOK_PX) for n in reference.shape)
    seen, sharp_part = one.image[look], reference[look]
    one.shift_px = shift_against(seen, sharp_part)
    # Far from focus so little detail is left that the shift is a guess, from which nothing may be concluded.
    far = score(seen) < FAR_SCORE * score(sharp_part)
    if far and exposure_against(seen, moved(sharp_part, one.shift_px))[3] == BLURS_PX[-1]:
        return False
    _refuse_shift(where, one.shift_px, limit)
    likeness = float(np.corrcoef(_detail(seen).ravel(), _detail(moved(sharp_part, one.shift_px)).ravel())[0, 1])
    inverted = ValueError(
        f"{where}: is bright where the sharp plane is dark (correlation {likeness:.2f}); contrast that inverts with "
        "focus "
        "cannot be learned as blur: leave this plane out"
    )
    if likeness < MIRRORED:
        raise inverted
    if not likeness > LEAST_LIKENESS:
        raise ValueError(
            f"{where}: does not show what the sharp plane shows (correlation {likeness:.2f}, expected above "
            f"{LEAST_LIKENESS}): another place, or too far from focus; leave this plane out"
        )
    blurs = BLURS_PX
    for _ in range(REFINEMENTS):
        one.gain, one.offset, left, blur = exposure_against(seen, moved(sharp_part, one.shift_px), blurs)
        found = BLURS_PX.index(blur)
        blurs = BLURS_PX[max(0, found - 1) : found + 2]  # the remaining shift does not change the blur by more
        # A plane blurred by more than the largest blur is fitted with a wrong gain and shift instead.
        if blur == BLURS_PX[-1]:
            return False
        # The first guess is wrong by less than a pixel; a larger correction is not believed.
        one.shift_px = tuple(s + float(np.clip(d, -1, 1)) for s, d in zip(one.shift_px, left, strict=True))
    _refuse_shift(where, one.shift_px, limit)
    if not one.gain > 0:
        raise inverted
    return True


def measured(stack: Stack, sharp: int | None = None) -> Field:
    """The field of a stack, with the shift and exposure of each plane. Raises ValueError.

    `sharp`: index of the sharp plane, where it is known. Planes that are too blurred are left out with a note.
    """
    sharp = sharpest(stack.name, stack.names, stack.planes) if sharp is None else sharp
    planes, far, notes = [], [], list(stack.notes)
    for index, (name, image) in enumerate(zip(stack.names, stack.planes, strict=True)):
        one = Plane(name, image, index - sharp, range=stack.ranges[index] if stack.ranges else None)
        if index == sharp or _measure(f"field {stack.name}, plane {name}", one, stack.planes[sharp]):
            planes.append(one)
        else:
            far.append(name)
    if far:
        which = f"plane{'s' if len(far) > 1 else ''} {', '.join(far)}"
        notes.append(f"{which} left out: blurred by {BLURS_PX[-1]:.0f} px or more, too much to tell shift and exposure")
    if len(planes) < 2:
        raise ValueError(
            f"field {stack.name}: every plane but the sharp one is blurred by {BLURS_PX[-1]:.0f} px or more; take "
            "planes nearer to "
            "focus, or leave this field out"
        )
    drift = max(max(map(abs, p.shift_px)) for p in planes)
    if drift >= 0.25:
        notes.append(f"drifts by up to {drift:.2f} px between planes; corrected")
    gains = [p.gain for p in planes]
    if max(gains) / min(gains) > 1.02:
        notes.append(f"exposure {min(gains):.2f} to {max(gains):.2f} of the sharp plane's; corrected")
    return Field(stack.name, planes, [p.steps for p in planes].index(0), notes, stack.place)


def said(one: Field) -> str:
    """One line on what was measured in a field."""
    return f"field {one.name}: sharpest plane {one.planes[one.sharp].name}" + "".join(f"; {note}" for note in one.notes)


def _all_measured(found: list[Stack], log, measure) -> list[Field]:
    """The fields of all stacks. A channel that fails is left out if another channel of its place can be used."""
    made: list[Field] = []
    failed: dict[str, list[ValueError]] = {}
    for number, one in enumerate(found):
        where = f"[{number + 1}/{len(found)}]"
        try:
            made.append(measure(one))
            log(f"{where} {said(made[-1])}")
        except ValueError as error:
            if sum(other.place == one.place for other in found) == 1:
                raise
            failed.setdefault(one.place, []).append(error)
            log(f"{where} left out: {error}")
    for place, errors in failed.items():
        kept = next((one for one in made if one.place == place), None)
        if kept is None:
            raise errors[0]
        kept.notes += [f"left out: {error}" for error in errors]
    return made


def fields_of_stacks(folder: Path, log=lambda words: None) -> list[Field]:
    """The fields of all stacks of a folder. Raises ValueError."""
    return _all_measured(read_stacks(folder), log, measured)


def refuse_less_sharp(name: str, planes: np.ndarray, sharp: int, words: str) -> None:
    """Raises ValueError, with `words`, where the plane `sharp` is not clearly sharper than every other one."""
    scores = [score(p) for p in planes]
    most = max(s for i, s in enumerate(scores) if i != sharp)
    if scores[sharp] < LEAST_CONTRAST * most:
        raise ValueError(f"field {name}: {words} (focus score {scores[sharp]:.4g}, beside {most:.4g} out of focus)")


def fields_of_pairs(folder: Path, log=lambda words: None) -> list[Field]:
    """Each pair of PAIRS/blurred and PAIRS/sharp as a field of two planes. Raises ValueError."""
    words = (
        "its image in sharp/ is not clearly sharper than that in blurred/; are the folders exchanged? Else leave "
        "the pair out"
    )

    def measure(one: Stack) -> Field:
        refuse_less_sharp(one.name, one.planes, 1, words)
        return measured(one, sharp=1)

    return _all_measured(read_pairs(folder), log, measure)


def spread(listed: list, most: int) -> list:
    """At most `most` of `listed`, evenly chosen."""
    if len(listed) <= most:
        return listed
    return [listed[int(i)] for i in np.linspace(0, len(listed) - 1, most).round()]


def split(fields: list[Field]) -> tuple[list[Field], list[Field], list[Field]]:
    """(fields to train on, to choose the checkpoint by, to report on). Raises ValueError below three places.

    A fifth of the places, at least one, goes to each of the last two; at most CHOOSE_PLACES to the second. The fields
    of one place stay together. The choice depends on nothing but the number of places.
    """
    places = list(dict.fromkeys(f.place for f in fields))
    if len(places) < 3:
        raise ValueError(
            f"{len(places)} field(s); expected at least 3: one is kept back to choose by and one to report on, "
            "because planes "
            "of one field are too alike. Take more fields"
        )
    order = np.random.default_rng(0).permutation(len(places))
    part = max(1, round(0.2 * len(places)))
    choose = min(part, CHOOSE_PLACES)
    chosen = {places[i]: 1 for i in order[:choose]} | {places[i]: 2 for i in order[choose : choose + part]}
    parts: tuple[list[Field], ...] = ([], [], [])
    for one in fields:
        parts[chosen.get(one.place, 0)].append(one)
    return parts
