"""TIFF files as programs write them: each is read whole and by itself, or refused with the reason."""

import uuid

import numpy as np
import pytest
import tifffile

from training.data import tiff

H, W = 80, 96


def pages(count, seed=0):
    return np.random.default_rng(seed).integers(0, 999, (count, H, W), np.uint16)


def data_set(folder, fields=4, channels=1):
    """Positions as Micro-Manager writes them: one file for each, which describes all of them."""
    ids = [f"urn:uuid:{uuid.UUID(int=i + 1)}" for i in range(fields)]
    shape = f'SizeX="{W}" SizeY="{H}" SizeZ="3" SizeC="{channels}" SizeT="1"'
    images = ""
    for i, name in enumerate(ids):
        images += f'<Image ID="Image:{i}"><Pixels ID="Pixels:{i}" DimensionOrder="XYZCT" Type="uint16" {shape}>'
        images += "".join(f'<Channel ID="Channel:{i}:{c}" SamplesPerPixel="1"/>' for c in range(channels))
        for page in range(3 * channels):
            images += f'<TiffData FirstC="{page // 3}" FirstT="0" FirstZ="{page % 3}" IFD="{page}" PlaneCount="1">'
            images += f'<UUID FileName="MMStack_Pos{i}.ome.tif">{name}</UUID></TiffData>'
        images += "</Pixels></Image>"
    for i, name in enumerate(ids):
        with tifffile.TiffWriter(folder / f"MMStack_Pos{i}.ome.tif", ome=False) as file:
            head = f'<?xml version="1.0"?><OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06" UUID="{name}">'
            for number, page in enumerate(pages(3 * channels, i)):
                file.write(
                    page, description=None if number else head + images + "</OME>", metadata=None, contiguous=False
                )


def test_a_file_of_a_data_set_is_read_as_itself(tmp_path):
    data_set(tmp_path)
    for i in range(4):
        image, axes = tiff.read(tmp_path / f"MMStack_Pos{i}.ome.tif")
        assert np.array_equal(image, pages(3, i)) and axes == "IYX"
        assert i == 0 or not np.array_equal(
            image, tifffile.imread(tmp_path / f"MMStack_Pos{i}.ome.tif")
        )  # which follows


def test_channels_of_a_data_set_are_not_taken_for_planes(tmp_path):
    data_set(tmp_path, channels=2)
    with pytest.raises(
        ValueError, match=r"Pos1\.ome\.tif: is one of several files .* up to 2 channels or times; save each position"
    ):
        tiff.read(tmp_path / "MMStack_Pos1.ome.tif")


def test_pages_written_in_a_loop_are_planes(tmp_path):
    with tifffile.TiffWriter(tmp_path / "loop.tif") as file:
        for page in pages(12):
            file.write(page)
    with tifffile.TiffFile(tmp_path / "loop.tif") as file:
        assert len(file.series) == 12
    image, axes = tiff.read(tmp_path / "loop.tif")
    assert np.array_equal(image, pages(12)) and axes == "IYX"


def write_series(path, arrays):
    with tifffile.TiffWriter(path) as file:
        for one in arrays:
            file.write(one, photometric="minisblack", metadata={"axes": "ZYX"[-one.ndim :]})


@pytest.mark.parametrize("name", ["four.tif", "four.ome.tif"])
def test_several_stacks_in_a_file_are_refused(tmp_path, name):
    write_series(tmp_path / name, [pages(3, i) for i in range(4)])
    with pytest.raises(
        ValueError, match=rf"{name}: holds 4 images \(uint16 \(3, 80, 96\)\); expected one stack.* a file of its own"
    ):
        tiff.read(tmp_path / name)


@pytest.mark.parametrize("other", [pages(1)[0].astype(np.uint8), pages(1)[0, :40]])
def test_pages_of_other_types_and_sizes_are_refused(tmp_path, other):
    write_series(tmp_path / "mixed.tif", [pages(1)[0], other, pages(1)[0]])
    with pytest.raises(
        ValueError, match=r"mixed\.tif: holds 3 images \(.*uint16 \(80, 96\).*planes of one size and type"
    ):
        tiff.read(tmp_path / "mixed.tif")


def cut(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def test_truncated_files(tmp_path):
    tifffile.imwrite(tmp_path / "fiji.tif", pages(5), imagej=True, metadata={"axes": "ZYX"})
    tifffile.imwrite(tmp_path / "plain.tif", pages(5), photometric="minisblack", metadata={"axes": "ZYX"})
    tifffile.imwrite(tmp_path / "packed.tif", pages(5), photometric="minisblack", compression="zlib")
    for name in ("fiji", "plain", "packed"):
        assert tiff.read(tmp_path / f"{name}.tif")[0].shape == (5, H, W)
        cut(tmp_path / f"{name}.tif")
    with pytest.raises(ValueError, match=r"fiji\.tif: is truncated: 1 of 5 planes can be read; copy the file again"):
        tiff.read(tmp_path / "fiji.tif")
    with pytest.raises(ValueError, match=r"plain\.tif: cannot be read as a TIFF \(the file is cut off\)"):
        tiff.read(tmp_path / "plain.tif")
    with pytest.raises(ValueError, match=r"packed\.tif: is truncated: [1-4] planes can be read"):
        tiff.read(tmp_path / "packed.tif")


def test_damaged_pixels(tmp_path, caplog):
    path = tmp_path / "packed.tif"
    tifffile.imwrite(path, pages(5), photometric="minisblack", compression="zlib")
    content = bytearray(path.read_bytes())
    content[3000:9000] = bytes(255 - b for b in content[3000:9000])
    path.write_bytes(content)
    with pytest.raises(
        ValueError, match=r"packed\.tif: cannot be read as a TIFF: .*; save it as TIFF again, or leave it out"
    ):
        tiff.read(path)
    assert not caplog.records  # one message, ours
