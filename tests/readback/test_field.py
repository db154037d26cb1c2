"""Files as microscopes and ImageJ write them: nothing is lost without a warning, nothing is named wrongly.

Run by `cargo xtask test`, which sets PARFOCAL_COMMAND to the release build.
"""

import ctypes
import errno
import itertools
import json
import os
import struct
import xml.etree.ElementTree as ET

import numpy as np
import pytest
import tifffile
from raw import TINY, picture, restore, run, write

RATIONAL_72 = struct.pack("<II", 72, 1)


def plain(tmp_path, *pages):
    """The pixels of the same pages restored from a plain file."""
    source, result = tmp_path / "plain-source.tif", tmp_path / "plain-result.tif"
    with tifffile.TiffWriter(source) as file:
        for page in pages:
            file.write(page, photometric="minisblack", metadata=None, contiguous=False)
    restore(source, result, "--force")
    return np.stack([page.asarray() for page in tifffile.TiffFile(result).pages])


def pages_of(path):
    with tifffile.TiffFile(path) as file:
        return np.stack([page.asarray() for page in file.pages])


def size_um(path):
    return json.loads(run("info", path, "--json").stdout)["pixel_size_um"]


def resolution_um(path):
    """The pixel size in the tags, as any reader finds it."""
    tags = tifffile.TiffFile(path).pages[0].tags
    assert tags["ResolutionUnit"].value == 3
    return [1e4 * d / n for n, d in (tags["XResolution"].value, tags["YResolution"].value)]


# ---- ImageJ


def imagej(path, data, text="", photometric=1, lut=None, pages=1):
    entries = [(270, 2, b"ImageJ=1.54p\nunit=um\n" + text.encode() + b"\0"), (262, 3, photometric)]
    entries += [(282, 5, struct.pack("<II", 5, 1)), (283, 5, struct.pack("<II", 5, 1)), (296, 3, 1)]
    if lut is not None:
        entries.append((320, 3, lut.astype("<u2").tobytes()))
    return write(path, [data] * pages, entries)


GREEN = np.stack([np.zeros(256), np.arange(256) * 257, np.zeros(256)])
INVERTED = np.stack([(255 - np.arange(256)) * 257] * 3)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_an_inverted_lookup_table_leaves_the_numbers(tmp_path, dtype):
    """ImageJ writes photometric 0 (3 for 8 bits) and the same numbers as without the table."""
    data = picture(dtype)
    source = imagej(tmp_path / "inverted.tif", data, photometric=3 if dtype == "uint8" else 0, lut=INVERTED)
    restore(source, tmp_path / "out.tif")
    assert np.array_equal(pages_of(tmp_path / "out.tif")[0], plain(tmp_path, data)[0])
    before, after = (tifffile.TiffFile(p).pages[0] for p in (source, tmp_path / "out.tif"))
    assert after.photometric == before.photometric and np.array_equal(after.colormap, before.colormap)


@pytest.mark.parametrize("pages", [1, 3])
def test_a_ramp_as_lookup_table_is_kept_and_the_indices_restored(tmp_path, pages):
    data = picture("uint8")
    text = f"images={pages}\nslices={pages}\n" if pages > 1 else ""
    source = imagej(tmp_path / "green.tif", data, text, photometric=3, lut=GREEN, pages=pages)
    restore(source, tmp_path / "out.tif")
    assert np.array_equal(pages_of(tmp_path / "out.tif")[0], plain(tmp_path, data)[0])
    with tifffile.TiffFile(tmp_path / "out.tif") as file:
        assert file.pages[0].photometric == 3 and np.array_equal(file.pages[0].colormap, GREEN)
        assert len(file.pages) == pages


def test_a_true_palette_is_refused(tmp_path):
    palette = np.random.default_rng(1).integers(0, 65536, (3, 256))
    source = imagej(tmp_path / "palette.tif", picture("uint8"), photometric=3, lut=palette)
    message = restore(source, tmp_path / "out.tif", code=1)
    assert "palette" in message and "expected grey or RGB" in message and not (tmp_path / "out.tif").exists()


def test_the_calibration_of_signed_numbers_is_kept(tmp_path):
    """ImageJ keeps signed 16-bit numbers as unsigned ones and a calibration function in its text."""
    text = "cf=0\nc0=-32768.0\nc1=1.0\nvunit=Gray Value"
    source = imagej(tmp_path / "signed.tif", picture() + 32768, text)
    restore(source, tmp_path / "out.tif")
    before, after = (tifffile.TiffFile(p).pages[0].description for p in (source, tmp_path / "out.tif"))
    assert text in after and after == before


# ---- units


@pytest.mark.parametrize(
    "unit",
    [
        b"um",
        b" um",
        b"um\r",
        b"micron",
        b"microns",
        b"micrometers",
        b"\xb5m",
        b"\xb5\xb5",
        b"\xc2\xb5m",
        b"\\u00B5m",
        b"\\u03BCm",
    ],
)
def test_units_of_imagej(tmp_path, unit):
    entries = [(270, 2, b"ImageJ=1.47v\nunit=" + unit + b"\n\0"), (282, 5, struct.pack("<II", 5, 1)), (296, 3, 1)]
    source = write(tmp_path / "a.tif", [picture()], entries)
    restore(source, tmp_path / "out.tif")
    assert size_um(source) == pytest.approx(0.2) and size_um(tmp_path / "out.tif") == pytest.approx(0.2)
    values = [tifffile.TiffFile(p).pages[0].tags[270].value for p in (source, tmp_path / "out.tif")]
    assert values[0] == values[1]


def test_um_beside_centimetres(tmp_path):
    """Micro-Manager writes unit=um and pixels per centimetre; ImageJ then takes the centimetre."""
    entries = [(270, 2, b"ImageJ=1.49h\nunit=um\n\0"), (282, 5, struct.pack("<II", 50000, 1)), (296, 3, 3)]
    assert size_um(write(tmp_path / "a.tif", [picture()], entries)) == pytest.approx(0.2)


OME = (
    '<?xml version="1.0" encoding="UTF-8"?><OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06"{root}>'
    '<Image ID="Image:0" Name="cells"><Pixels {pixels} DimensionOrder="XYCZT" ID="Pixels:0" SizeC="1" SizeT="1" '
    'SizeX="48" SizeY="40" SizeZ="{z}" Type="uint16"><Channel ID="Channel:0:0" Name="DAPI" SamplesPerPixel="1"/>{data}'
    "</Pixels></Image></OME>"
)
NS = "{http://www.openmicroscopy.org/Schemas/OME/2016-06}"


def ome(path, data, pages=1, root="", pixels="", z=None):
    text = OME.format(root=root, pixels=pixels, z=z or pages, data=data)
    stack = [picture(seed=i + sum(path.name.encode())) for i in range(pages)]
    return write(path, stack, [(270, 2, text.encode() + b"\0")])


@pytest.mark.parametrize(
    "size",
    [
        'PhysicalSizeX="0.2"', 'PhysicalSizeX="0.2" PhysicalSizeXUnit="\u00b5m"',
        'PhysicalSizeX="0.2" PhysicalSizeXUnit="\u03bcm"', 'PhysicalSizeX="0.2" PhysicalSizeXUnit="&#xB5;m"',
        'PhysicalSizeX="0.2" PhysicalSizeXUnit="&#181;m"', 'PhysicalSizeX="2000" PhysicalSizeXUnit="\u00c5"',
        'PhysicalSizeX="2.0E-4" PhysicalSizeXUnit="mm"', '\n PhysicalSizeX="200"\n\tPhysicalSizeXUnit="nm"\n',
    ],
)  # fmt: skip
def test_units_of_ome(tmp_path, size):
    source = ome(tmp_path / "a.ome.tif", "<TiffData/>", pixels=size)
    restore(source, tmp_path / "out.ome.tif")
    assert size_um(source) == pytest.approx(0.2) and size_um(tmp_path / "out.ome.tif") == pytest.approx(0.2)
    before, after = (tifffile.TiffFile(p).ome_metadata for p in (source, tmp_path / "out.ome.tif"))
    assert before == after


# ---- OME-XML that names files


def uuids(path):
    """Of the file itself, and (file name, identifier) of each TiffData."""
    root = ET.fromstring(tifffile.TiffFile(path).pages[0].tags[270].value)
    return root.get("UUID"), [(u.get("FileName"), u.text) for u in root.iter(NS + "UUID")]


def plane(file, uuid, z=0, ifd=0):
    named = f'<UUID FileName="{file}">{uuid}</UUID>'
    return f'<TiffData FirstC="0" FirstT="0" FirstZ="{z}" IFD="{ifd}" PlaneCount="1">{named}</TiffData>'


@pytest.mark.parametrize("name", ["cells.ome.tif", "renamed.ome.tif"])
def test_a_single_file_names_itself(tmp_path, name):
    """Otherwise Bio-Formats reads the input's pixels where both lie in one folder."""
    old = "urn:uuid:7b251778-e6b3-4729-be0f-663059cbd002"
    data = "".join(plane("cells.ome.tif", old, z=i, ifd=i) for i in range(3))
    source = ome(tmp_path / name, data, pages=3, root=f' UUID="{old}"')
    warnings = restore(source, str(tmp_path) + "/")
    result = tmp_path / name.replace(".ome.tif", "-restored.ome.tif")
    own, named = uuids(result)
    assert own != old and own.startswith("urn:uuid:") and set(named) == {(result.name, own)} and len(named) == 3
    assert warnings == ""
    with tifffile.TiffFile(result) as file:
        assert np.array_equal(file.series[0].asarray(), pages_of(result)) and file.series[0].shape == (3, 40, 48)


def ome_set(folder, z=3, companion=False):
    """A set of files with one plane each; the first one, or a companion file, has the description."""
    folder.mkdir(exist_ok=True)
    names = [f"set-Z{i}.ome.tif" for i in range(z)]
    ids = [f"urn:uuid:00000000-0000-4000-8000-{i:012}" for i in range(z)]
    data = "".join(plane(name, uuid, z=i) for i, (name, uuid) in enumerate(zip(names, ids, strict=True)))
    text = OME.format(root=f' UUID="{ids[0] if not companion else "urn:uuid:c"}"', pixels="", z=z, data=data)
    first = folder / ("set.companion.ome" if companion else names[0])
    if companion:
        first.write_text(text)
    for i, (name, uuid) in enumerate(zip(names, ids, strict=True)):
        if companion or i > 0:
            description = (
                f'<OME xmlns="{NS[1:-1]}" UUID="{uuid}"><BinaryOnly MetadataFile="{first.name}" '
                f'UUID="{"urn:uuid:c" if companion else ids[0]}"/></OME>'
            )
        else:
            description = text
        write(folder / name, [picture(seed=i)], [(270, 2, description.encode() + b"\0")])
    return [folder / name for name in names]


def test_a_set_comes_back_as_a_set(tmp_path):
    files, out = ome_set(tmp_path / "in"), tmp_path / "out"
    assert restore(files, f"{out}/") == ""
    results = [out / f"set-Z{i}-restored.ome.tif" for i in range(3)]
    own, named = uuids(results[0])
    assert [name for name, _ in named] == [path.name for path in results] and named[0][1] == own
    assert len({uuid for _, uuid in named}) == 3 and not {uuid for _, uuid in named} & {uuids(f)[0] for f in files}
    for path, (_, uuid) in zip(results[1:], named[1:], strict=True):
        root = ET.fromstring(tifffile.TiffFile(path).pages[0].tags[270].value)
        binary = root.find(NS + "BinaryOnly")
        assert (root.get("UUID"), binary.get("MetadataFile"), binary.get("UUID")) == (uuid, results[0].name, own)
    whole = tifffile.imread(results[0])
    assert np.array_equal(whole, plain(tmp_path, *(picture(seed=i) for i in range(3))))


def test_a_companion_comes_back_with_its_set(tmp_path):
    files, out = ome_set(tmp_path / "in", companion=True), tmp_path / "out"
    assert restore(files, f"{out}/") == ""
    root = ET.parse(out / "set-restored.companion.ome").getroot()
    assert [u.get("FileName") for u in root.iter(NS + "UUID")] == [f"set-Z{i}-restored.ome.tif" for i in range(3)]
    one = ET.fromstring(tifffile.TiffFile(out / "set-Z1-restored.ome.tif").pages[0].tags[270].value)
    binary = one.find(NS + "BinaryOnly")
    assert (binary.get("MetadataFile"), binary.get("UUID")) == ("set-restored.companion.ome", root.get("UUID"))
    assert sorted(p.name for p in out.iterdir())[-1] == "set-restored.companion.ome"


@pytest.mark.parametrize("how", ["part", "beside", "missing"])
def test_a_part_of_a_set_does_not_name_the_others(tmp_path, how):
    files = ome_set(tmp_path / "in")
    out = files[0].parent if how == "beside" else tmp_path / "out"
    if how == "missing":
        files[2].unlink()
    given = files[:2] if how == "part" else files
    code = 3 if how == "missing" else 0
    warnings = restore(given, f"{out}/", code=code)
    assert 'places planes in 2 other files ("set-Z1.ome.tif")' in warnings and '"set-Z0.ome.tif"' in warnings
    with tifffile.TiffFile(out / "set-Z0-restored.ome.tif") as file:
        assert file.series[0].shape == (40, 48) and 'SizeZ="1"' in file.ome_metadata
        assert "DAPI" in file.ome_metadata and "FileName" not in file.ome_metadata
    assert not tifffile.TiffFile(out / "set-Z1-restored.ome.tif").is_ome
    if how == "missing":
        assert "set-Z2.ome.tif: there is no such file" in warnings


# ---- repeated tags and blocks of makers


def test_both_descriptions_of_micro_manager_are_kept(tmp_path):
    """OME-XML, then ImageJ's text; tifffile and Bio-Formats take the first."""
    xml = OME.format(root="", pixels='PhysicalSizeX="0.3"', z=2, data="<TiffData/>").encode() + b"\0"
    text = b"ImageJ=1.51s\nimages=2\nslices=2\nunit=um\n\0"
    source = write(tmp_path / "mm.tif", [picture(), picture(seed=3)], [(270, 2, xml), (270, 2, text)])
    restore(source, tmp_path / "out.tif")
    for path in source, tmp_path / "out.tif":
        with tifffile.TiffFile(path) as file:
            both = [tag.value for tag in file.pages[0].tags.getall(270)]
            assert [value.strip() for value in both] == [xml[:-1].decode(), text[:-1].decode().strip()]
            assert file.is_ome and file.series[0].shape == (2, 40, 48)
    assert size_um(tmp_path / "out.tif") == pytest.approx(0.3)


def test_any_repeated_tag_is_kept_in_order(tmp_path):
    entries = [(65000, 3, 7), (65000, 2, b"later\0"), (65000, 3, 9), (305, 2, b"Scope\0"), (305, 2, b"Second\0")]
    restore(write(tmp_path / "a.tif", [picture()], entries), tmp_path / "out.tif")
    tags = tifffile.TiffFile(tmp_path / "out.tif").pages[0].tags
    assert [tag.value for tag in tags.getall(65000)] == [7, "later", 9]
    first, second = (tag.value for tag in tags.getall(305))
    assert first.startswith("Scope; Parfocal") and second == "Second"


def sis(place):
    """Olympus SIS: one part, with 322.5e-9 m."""
    header = b"SIS0" + b"\0" * 6 + struct.pack("<hhhhh", 42, 19, 15, 10, 118) + b"\0" * 6 + b"img".ljust(32, b"\0")
    header += struct.pack("<H", 1) + struct.pack("<hhI", 1, 1, place + 68)
    return header + b"\0" * 10 + struct.pack("<hdd", -9, 322.5, 322.5) + b"\0" * 100


def metamorph(places):
    return struct.pack("<6I", 4, places["size"], 5, places["size"], 6, places["unit"])


def lsm():
    sizes = struct.pack("<iIiiiiiiii", 0x0400494C, 128, 48, 40, 1, 1, 1, 2, 16, 16)
    return sizes + struct.pack("<ddd", 0.3225e-6, 0.3225e-6, 1e-6) + b"\0" * 64


MAKERS = {
    "Olympus SIS": ([(33560, 4, lambda p: p["sis"])], {"sis": sis}, 33560),
    "MetaMorph": (
        [(33628, 4, metamorph), (33629, 5, b"\0" * 8)],
        {"size": struct.pack("<II", 3225, 10000), "unit": struct.pack("<I", 3) + b"um\0"},
        33628,
    ),
    "Zeiss LSM": ([(34412, 7, lsm())], {}, 34412),
}


@pytest.mark.parametrize("maker", MAKERS)
def test_blocks_with_offsets_are_dropped_and_their_pixel_size_saved(tmp_path, maker):
    entries, blocks, tag = MAKERS[maker]
    if maker == "MetaMorph":
        # The count is that of pairs, although the type is LONG.
        entries = [(33628, 4, lambda p: struct.pack("<3I", *[0] * 3)), *entries[1:]]
        blocks = {**blocks, "pairs": lambda place: b""}
    entries = [*entries, (282, 5, RATIONAL_72), (283, 5, RATIONAL_72), (296, 3, 2)]
    source = write(tmp_path / "a.tif", [picture()], entries, blocks)
    if maker == "MetaMorph":
        patch_metamorph(source)
    assert size_um(source) == pytest.approx(0.3225, rel=1e-6)
    warnings = restore(source, tmp_path / "out.tif")
    assert maker in warnings and "0.3225 x 0.3225 um, is saved" in warnings
    assert resolution_um(tmp_path / "out.tif") == pytest.approx([0.3225] * 2, rel=1e-6)
    assert size_um(tmp_path / "out.tif") == pytest.approx(0.3225, rel=1e-6)
    assert tag not in {t.code for t in tifffile.TiffFile(tmp_path / "out.tif").pages[0].tags}
    assert np.array_equal(pages_of(tmp_path / "out.tif"), plain(tmp_path, picture()))


def patch_metamorph(path):
    """UIC1 counts pairs, but its type is that of one number: put the pairs at the end and point to them."""
    data = bytearray(path.read_bytes())
    size, unit = data.index(struct.pack("<II", 3225, 10000)), data.index(struct.pack("<I", 3) + b"um\0")
    entry = data.index(struct.pack("<HHI", 33628, 4, 3))
    data[entry + 8 : entry + 12] = struct.pack("<I", len(data))
    path.write_bytes(data + metamorph({"size": size, "unit": unit}))


def sis_into_itself(place):
    """Its part is said to begin where the block does."""
    block = bytearray(sis(place))
    block[64:68] = struct.pack("<I", place)
    return bytes(block)


@pytest.mark.parametrize("maker", ["Olympus SIS", "Olympus SIS, into itself", "Zeiss LSM"])
def test_a_block_outside_the_file_is_a_loss_and_no_error(tmp_path, maker):
    entries, blocks = {
        "Olympus SIS": ((33560, 4, 0x7FFFFFF0), {}),
        "Olympus SIS, into itself": ((33560, 4, lambda p: struct.pack("<I", p["sis"])), {"sis": sis_into_itself}),
        "Zeiss LSM": ((34412, 7, b"abcdefgh"), {}),
    }[maker]
    maker = maker.split(",")[0]
    source = write(tmp_path / "a.tif", [picture()], [entries], blocks)
    warnings = restore(source, tmp_path / "out.tif")
    assert f"not written to the output: the {maker} block" in warnings and "is saved" not in warnings


def micro_manager(summary, display, comments):
    """What Micro-Manager writes behind the header of a file with one page."""
    summary, display, comments = (text.encode() for text in (summary, display, comments))
    first = 8 + 32 + len(summary)
    index = struct.pack("<IIIIIII", 3453623, 1, 0, 0, 0, 0, 8)
    places = [first, first + len(index), first + len(index) + 8 + len(display)]
    header = struct.pack("<6I", 54773648, places[0], 483765892, places[1], 99384722, places[2])
    header += struct.pack("<II", 2355492, len(summary)) + summary + index
    header += struct.pack("<II", 347834724, len(display)) + display
    return header + struct.pack("<II", 84720485, len(comments)) + comments


def test_the_texts_of_micro_manager_are_kept_and_its_index_is_named(tmp_path):
    texts = [json.dumps({"Summary": "\u00b5" * 9}), json.dumps([{"Color": 1}]), json.dumps({"Comments": "none"})]
    source = write(tmp_path / "mm.tif", [picture()], header=micro_manager(*texts))
    warnings = restore(source, tmp_path / "out.tif")
    assert "not written to the output: Micro-Manager's index map, since it points to places in the input" in warnings
    assert "its summary, display settings, comments are kept" in warnings
    with open(source, "rb") as before, open(tmp_path / "out.tif", "rb") as after:
        old, new = (tifffile.tifffile.read_micromanager_metadata(file) for file in (before, after))
    assert old.pop("IndexMap").shape == (1, 5) and "IndexMap" not in new
    assert old == new and old["Summary"] == json.loads(texts[0]) and len(old) == 4
    assert np.array_equal(pages_of(tmp_path / "out.tif"), plain(tmp_path, picture()))


@pytest.mark.parametrize("damage", ["display outside", "display word", "summary too long"])
def test_damaged_blocks_of_micro_manager_are_named(tmp_path, damage):
    header = bytearray(micro_manager("{}", "[]", "{}"))
    if damage == "display outside":
        header[12:16] = struct.pack("<I", 0x7FFFFFF0)
    elif damage == "display word":
        header[12:16] = struct.pack("<I", 8)
    else:
        header[28:32] = struct.pack("<I", 0x7FFFFFFF)
    source = write(tmp_path / "mm.tif", [picture()], header=bytes(header))
    warnings = restore(source, tmp_path / "out.tif")
    what = "summary" if damage == "summary too long" else "display settings"
    assert f"its {what} are missing or damaged in the input" in warnings
    assert np.array_equal(pages_of(tmp_path / "out.tif"), plain(tmp_path, picture()))


def test_a_bigtiff_has_no_room_for_the_blocks_of_micro_manager(tmp_path):
    """A sparse file that claims an output of more than 4 GB: only `info` looks at it."""
    source = write(tmp_path / "mm.tif", [picture()], header=micro_manager("{}", "[]", "{}"))
    data = bytearray(source.read_bytes())
    at = data.index(struct.pack("<HHI", 257, 4, 1))
    data[at + 8 : at + 12] = struct.pack("<I", 44_000_000)
    for tag in 278, 279:
        at = data.index(struct.pack("<HHI", tag, 4, 1))
        data[at + 8 : at + 12] = struct.pack("<I", 44_000_000 if tag == 278 else 44_000_000 * 96 % (1 << 32))
    source.write_bytes(data)
    os.truncate(source, len(data) + 44_000_000 * 96)
    assert "for which a file above 4 GB (BigTIFF) has no room" in run("info", source).stdout


def test_four_separate_planes(tmp_path):
    """ExtraSamples 2: the fourth is taken for opacity, which is said. ExtraSamples 0: all four are restored."""
    data = np.stack([picture(seed=i) for i in range(4)])
    alpha, grey = tmp_path / "alpha.tif", tmp_path / "grey.tif"
    tifffile.imwrite(alpha, data, photometric="rgb", planarconfig="separate", extrasamples=["unassalpha"])
    tifffile.imwrite(grey, data, photometric="rgb", planarconfig="separate", extrasamples=["unspecified"])
    warnings = restore(alpha, tmp_path / "alpha-out.tif")
    assert "the fourth for opacity (ExtraSamples [2])" in warnings
    assert np.array_equal(tifffile.imread(tmp_path / "alpha-out.tif")[..., 3], data[3])
    restore(grey, tmp_path / "grey-out.tif")
    result = np.moveaxis(tifffile.imread(tmp_path / "grey-out.tif"), -1, 0)
    assert np.array_equal(result, plain(tmp_path, *data))


# ---- unusual files


@pytest.mark.parametrize(
    ("how", "says"),
    [
        ({"drop": [279]}, "lengths of its strips (tag 279) are missing"),
        ({"entries": [(279, 4, 0)]}, "lengths of its strips (tag 279) are missing"),
        ({"entries": [(278, 4, 0)]}, "RowsPerStrip is 0"),
        ({"drop": [278]}, ""),
        ({"drop": [262]}, "PhotometricInterpretation is missing; taken for grey"),
        ({"next_page": 0x7FFFFFFF}, "further page at byte 2147483647, but ends at"),
        ({"entries": [(339, 3, 4)]}, ""),
    ],
)
def test_unusual_files_are_read_as_libtiff_reads_them(tmp_path, how, says):
    source = write(tmp_path / "a.tif", [picture()], **how)
    warnings = restore(source, tmp_path / "out.tif")
    assert says in warnings and (says or not warnings) and "damaged" not in warnings
    assert np.array_equal(pages_of(tmp_path / "out.tif"), plain(tmp_path, picture()))


# ---- pixel types


def restored(tmp_path, data, *more, **options):
    """The pixels of an array that was written by tifffile and restored, and the warnings."""
    source, result = tmp_path / "type.tif", tmp_path / "type-out.tif"
    options.setdefault("photometric", "minisblack")
    tifffile.imwrite(source, data, metadata=None, **options)
    warnings = restore(source, result, "--force", *more)
    before, after = tifffile.TiffFile(source).pages[0], tifffile.TiffFile(result).pages[0]
    assert (after.dtype, after.bitspersample, after.sampleformat) == (
        before.dtype, before.bitspersample, before.sampleformat)  # fmt: skip
    return after.asarray(), warnings


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("options", [{}, {"compression": "lzw", "predictor": 2}, {"byteorder": ">"}])
def test_signed_integers_are_the_same_as_shifted_by_hand(tmp_path, bits, options):
    half = 1 << (bits - 1)
    data = picture(f"uint{bits}") + np.array(half - 7, f"uint{bits}")
    signed = (data.astype(np.int32) - half).astype(f"int{bits}")
    found, warnings = restored(tmp_path, signed, **options)
    assert np.array_equal(found.astype(np.int32) + half, plain(tmp_path, data)[0]) and not warnings
    # A range is given in the values of the file.
    found, _ = restored(tmp_path, signed, "--normalize", "-10:20")
    assert np.array_equal(
        found.astype(np.int32) + half, restored(tmp_path, data, "--normalize", f"{half - 10}:{half + 20}")[0]
    )


@pytest.mark.parametrize("dtype", ["uint32", "int32", "float64", "float16"])
@pytest.mark.parametrize("options", [{}, {"byteorder": ">"}, {"compression": "zlib", "predictor": True}])
def test_wide_types_go_through_floats(tmp_path, dtype, options):
    data = picture("uint16").astype(dtype) if dtype != "float16" else picture("float16")
    found, warnings = restored(tmp_path, data, **options)
    floats = plain(tmp_path, data.astype(np.float32))[0]
    whole = np.clip(np.rint(floats), 0 if dtype == "uint32" else None, None)
    assert np.array_equal(found, floats.astype(dtype) if dtype.startswith("f") else whole) and not warnings


@pytest.mark.parametrize("dtype", ["uint32", "int32", "float64"])
def test_digits_beyond_floats_give_a_warning(tmp_path, dtype):
    data = picture("uint16").astype(dtype) + np.array(1 << 24, dtype) + np.array(1, dtype)
    _, warnings = restored(tmp_path, data * 1.1 if dtype == "float64" else data)
    assert "values have more digits than the 32-bit floats" in warnings


@pytest.mark.parametrize("bits", [2, 4, 6, 10, 12, 14])
def test_packed_bits(tmp_path, bits):
    """The same numbers as in whole bytes, and again packed."""
    whole = "uint8" if bits < 8 else "uint16"
    data = (picture("float32", (40, 47)) * ((1 << bits) - 1)).astype(whole)
    data[3, 5] = (1 << bits) - 1
    found, _ = restored(tmp_path, data, bitspersample=bits)
    assert np.array_equal(found, np.minimum(plain(tmp_path, data)[0], (1 << bits) - 1))


@pytest.mark.parametrize("planar", ["contig", "separate"])
def test_many_samples_are_channels_of_their_own(tmp_path, planar):
    data = np.stack([picture(seed=i) // (i + 1) for i in range(6)])
    source = data if planar == "separate" else np.moveaxis(data, 0, -1)
    found, _ = restored(tmp_path, source, planarconfig=planar)
    assert np.array_equal(np.moveaxis(found, -1, 0), plain(tmp_path, *data))


def test_one_bit_stays_refused(tmp_path):
    source = tmp_path / "mask.tif"
    tifffile.imwrite(source, picture("float32") > 0.5, photometric="minisblack")
    assert "1-bit samples (a mask)" in restore(source, tmp_path / "out.tif", code=1)


def test_reversed_bits(tmp_path):
    source = tmp_path / "reversed.tif"
    swapped = np.packbits(np.unpackbits(picture().view("uint8"), bitorder="little")).view("uint16").reshape(40, 48)
    write(source, [swapped], [(266, 3, 2)])
    restore(source, tmp_path / "out.tif")
    assert np.array_equal(pages_of(tmp_path / "out.tif"), plain(tmp_path, picture()))


# ---- structure


def test_pages_of_several_sizes_are_each_restored(tmp_path):
    pages = [picture(), picture("uint8", (30, 20)), picture(seed=2), picture("float32", (64, 33))]
    source = tmp_path / "mixed.tif"
    with tifffile.TiffWriter(source) as file:
        for page in pages:
            file.write(page, photometric="minisblack", metadata=None, contiguous=False)
    restore(source, tmp_path / "out.tif")
    with tifffile.TiffFile(tmp_path / "out.tif") as file:
        for page, found in zip(pages, file.pages, strict=True):
            assert np.array_equal(found.asarray(), plain(tmp_path, page)[0])


def test_thumbnails_between_the_pages_of_an_lsm_are_left_out(tmp_path):
    source = tmp_path / "a.lsm"
    pages = [picture(seed=i) for i in range(3)]
    with tifffile.TiffWriter(source) as file:
        for index, page in enumerate(pages):
            tags = [(34412, 7, len(lsm()), lsm(), True)] if index == 0 else []
            file.write(page, photometric="minisblack", metadata=None, contiguous=False, extratags=tags)
            file.write(page[::4, ::4], photometric="minisblack", metadata=None, contiguous=False, subfiletype=1)
    warnings = restore(source, tmp_path / "out.tif")
    assert "3 thumbnails among the pages" in warnings and "Zeiss LSM" in warnings
    assert np.array_equal(pages_of(tmp_path / "out.tif"), plain(tmp_path, *pages))


def shrunk(data, size):
    """The mean of the pixels that each pixel of a smaller copy covers."""
    steps = [np.arange(small + 1) * large // small for small, large in zip(size, data.shape, strict=True)]
    rows, columns = (list(itertools.pairwise(step)) for step in steps)
    return np.rint(np.float32([[data[a:b, c:d].mean() for c, d in columns] for a, b in rows]))


@pytest.mark.parametrize("subifds", [True, False])
@pytest.mark.parametrize("compression", [None, "zlib"])
def test_a_pyramid_is_made_anew_or_dropped(tmp_path, subifds, compression):
    data = picture(size=(100, 75))
    source, result, flat = tmp_path / "a.tif", tmp_path / "out.tif", tmp_path / "flat.tif"
    sizes = [(50, 37), (25, 18)]
    options = {"photometric": "minisblack", "metadata": None, "contiguous": False, "compression": compression}
    with tifffile.TiffWriter(source) as file:
        file.write(data, subifds=len(sizes) if subifds else 0, **options)
        for size in sizes:
            file.write(shrunk(data, size).astype("uint16"), subfiletype=1, **options)
    assert restore(source, result) == ""
    whole = plain(tmp_path, data)[0]
    with tifffile.TiffFile(result) as file:
        levels = file.pages[0].pages if subifds else list(file.pages)[1:]
        assert [level.shape for level in levels] == sizes and all(level.subfiletype == 1 for level in levels)
        assert np.array_equal(file.pages[0].asarray(), whole)
        for level in levels:
            assert np.array_equal(level.asarray(), shrunk(whole, level.shape))
    assert "as asked for" in restore(source, flat, "--pyramid", "drop")
    with tifffile.TiffFile(flat) as file:
        assert len(file.pages) == 1 and file.pages[0].subifds is None and np.array_equal(file.asarray(), whole)


def test_planes_of_an_stk(tmp_path):
    data = np.stack([picture(seed=i) for i in range(4)])
    entries = [(33629, 5, b"\0" * 8 * 4), (257, 4, 40), (278, 4, 40), (279, 4, data[0].nbytes)]
    source = write(tmp_path / "a.tif", [data.reshape(160, 48)], entries)
    restore(source, tmp_path / "out.tif")
    assert np.array_equal(pages_of(tmp_path / "out.tif"), plain(tmp_path, *data))
    source.write_bytes(source.read_bytes().replace(b"\x5d\x83\x05\0\x04", b"\x5d\x83\x05\0\xff"))
    message = restore(source, tmp_path / "more.tif", code=1)
    assert "is truncated" in message or "damaged" in message


def test_imagej_stacks_behind_one_directory(tmp_path):
    """As ImageJ writes stacks above 4 GB; here a small one."""
    data = np.stack([picture(seed=i) for i in range(3)])
    source = tmp_path / "a.tif"
    tifffile.imwrite(source, data, imagej=True, truncate=True, metadata={"axes": "ZYX"})
    restore(source, tmp_path / "out.tif")
    assert np.array_equal(pages_of(tmp_path / "out.tif"), plain(tmp_path, *data))
    with tifffile.TiffFile(tmp_path / "out.tif") as file:
        assert file.series[0].axes == "ZYX" and file.imagej_metadata["slices"] == 3


@pytest.mark.parametrize("compression", ["zstd", "jpeg"])
@pytest.mark.parametrize("tile", [None, (16, 16)])
def test_other_compressions(tmp_path, compression, tile):
    data = picture("uint8", (50, 70)) * 7
    source, result = tmp_path / "a.tif", tmp_path / "out.tif"
    tifffile.imwrite(source, data, photometric="minisblack", compression=compression, tile=tile, metadata=None)
    warnings = restore(source, result)
    found = tifffile.TiffFile(result).pages[0]
    assert np.array_equal(found.asarray(), plain(tmp_path, tifffile.imread(source))[0]) or compression == "jpeg"
    assert found.compression == (50000 if compression == "zstd" else 8)
    assert ("JPEG, which has lost detail" in warnings) == (compression == "jpeg")


@pytest.mark.parametrize("compression", ["zstd", "jpeg", "zlib"])
def test_several_threads_unpack_the_same(tmp_path, compression):
    """Tiles large enough that each thread gets some."""
    source = tmp_path / "a.tif"
    data = picture("uint8", (1100, 1300)) * 7
    tifffile.imwrite(source, data, photometric="minisblack", compression=compression, tile=(512, 512), metadata=None)
    results = []
    for threads in "1", "4":
        results.append(tmp_path / f"{threads}.tif")
        run("restore", source, "-o", results[-1], "--model", TINY, "--threads", threads)
    one, four = (tifffile.imread(path).astype(int) for path in results)
    # The network's own sums may depend on the number of its threads.
    assert np.abs(one - four).max() <= 1


@pytest.mark.parametrize("photometric", ["ycbcr", "rgb"])
def test_jpeg_colours(tmp_path, photometric):
    data = np.stack([picture("uint8", (48, 64), seed=i) * 7 for i in range(3)], axis=-1)
    source, result = tmp_path / "a.tif", tmp_path / "out.tif"
    options = {"subsampling": (1, 1)} if photometric == "ycbcr" else {}
    outcolor = {"outcolorspace": photometric}
    tifffile.imwrite(
        source, data, photometric=photometric, compression="jpeg", compressionargs={"level": 95, **outcolor}, **options
    )
    restore(source, result)
    wanted = tmp_path / "plain.tif"
    tifffile.imwrite(wanted, tifffile.imread(source), photometric="rgb", metadata=None)
    restore(wanted, tmp_path / "wanted-out.tif")
    found, wanted = tifffile.imread(result).astype(int), tifffile.imread(tmp_path / "wanted-out.tif").astype(int)
    assert np.percentile(np.abs(found - wanted), 99) <= 4


def test_a_file_is_written_as_ome_tiff_on_request(tmp_path):
    """Axes, pixel size and spacing of an ImageJ stack, which keeps its own text too."""
    data = np.stack([picture(seed=i) for i in range(12)]).reshape(2, 3, 2, 40, 48)
    source = tmp_path / "a.tif"
    tifffile.imwrite(source, data, imagej=True, resolution=(5, 5),
                     metadata={"axes": "TZCYX", "unit": "um", "spacing": 0.7})  # fmt: skip
    restore(source, f"{tmp_path / 'out'}/", "--format", "ome-tiff")
    result = tmp_path / "out/a-restored.ome.tif"
    with tifffile.TiffFile(result) as file:
        assert file.is_ome and file.series[0].axes == "TZCYX"
        assert np.array_equal(file.series[0].asarray().reshape(12, 40, 48), plain(tmp_path, *data.reshape(12, 40, 48)))
        pixels = ET.fromstring(file.pages[0].tags[270].value).find(f"{NS}Image/{NS}Pixels")
        size = {
            axis: (float(pixels.get(f"PhysicalSize{axis}")), pixels.get(f"PhysicalSize{axis}Unit")) for axis in "XYZ"
        }
        assert size == {"X": (0.2, "\u00b5m"), "Y": (0.2, "\u00b5m"), "Z": (0.7, "\u00b5m")}
        assert file.pages[0].tags.getall(270)[1].value.startswith("ImageJ=")
    rgb = tmp_path / "rgb.tif"
    tifffile.imwrite(rgb, np.stack([picture("uint8")] * 3, axis=-1), photometric="rgb", metadata=None)
    restore(rgb, tmp_path / "rgb.ome.tif", "--format", "ome-tiff")
    with tifffile.TiffFile(tmp_path / "rgb.ome.tif") as file:
        assert file.is_ome and file.series[0].axes == "YXS" and file.series[0].shape == (40, 48, 3)
    half = tmp_path / "half.tif"
    tifffile.imwrite(half, picture("float16"), metadata=None)
    message = restore(half, tmp_path / "half.ome.tif", "--format", "ome-tiff", code=1)
    assert "half.tif: OME-TIFF has no name for 16-bit float pixels" in message


# ---- other containers


@pytest.mark.parametrize(
    ("name", "first", "words"),
    [
        ("a.czi", b"ZISRAWFILE\0\0\0\0\0\0", "a Zeiss CZI file"),
        ("a.nd2", b"\xda\xce\xbe\x0a\x10\0\0\0", "a Nikon ND2 file"),
        ("a.lif", b"\x70\0\0\0\x10\0\0\0\x2a\x02\0\0", "a Leica LIF file"),
        ("a.oir", b"OLYMPUSRAWFORMAT", "an Olympus OIR file"),
        ("a.vsi", b"II*\0\x08\0\0\0\0\0", "an Olympus VSI file"),
    ],
)
def test_containers_of_microscopes_are_sent_to_their_hosts(tmp_path, name, first, words):
    source = tmp_path / name
    source.write_bytes(first + b"\0" * 100)
    message = restore(source, tmp_path / "out.tif", code=1)
    assert words in message and "open it in Fiji" in message and "bioio" in message
    assert not (tmp_path / "out.tif").exists()


# ---- descriptions that lie


def test_a_description_of_another_size_is_refused(tmp_path):
    source = ome(tmp_path / "a.ome.tif", "<TiffData/>")
    source.write_bytes(source.read_bytes().replace(b'SizeX="48"', b'SizeX="84"'))
    message = restore(source, tmp_path / "out.ome.tif", code=1)
    assert "a.ome.tif: page 1: the OME description says 84x40 pixels, but the first page has 48x40" in message
    assert "expected the same" in message and list(tmp_path.iterdir()) == [source]


def test_entities_are_refused(tmp_path):
    bomb = "".join(f'<!ENTITY e{i} "&e{i - 1};&e{i - 1};">' for i in range(1, 30))
    text = f'<!DOCTYPE OME [<!ENTITY e0 "aaaaaaaaaa">{bomb}]><OME>&e29;</OME>'
    source = write(tmp_path / "a.tif", [picture()], [(270, 2, text.encode() + b"\0")])
    message = restore(source, tmp_path / "out.tif", code=1)
    assert "a.tif: page 1: " in message and "DOCTYPE" in message and "expected none" in message
    assert list(tmp_path.iterdir()) == [source]


def test_a_long_description_needs_no_more_memory_than_its_file(tmp_path):
    data = "".join(plane(f"f{i}.tif", f"u{i}", z=i) for i in range(90_000))
    source = ome(tmp_path / "a.ome.tif", data, z=90_000)
    small = write(tmp_path / "b.tif", [picture()])
    peaks = [peak(path) for path in (small, source)]
    assert source.stat().st_size > 10_000_000
    assert peaks[1] - peaks[0] < 6 * source.stat().st_size, peaks


def peak(source):
    """Peak memory of `parfocal info` in bytes."""
    pid = os.spawnv(os.P_NOWAIT, os.environ["PARFOCAL_COMMAND"], ["parfocal", "info", str(source)])
    _, status, usage = os.wait4(pid, 0)
    assert status == 0
    return usage.ru_maxrss * 1024


# ---- names


def test_names_are_bytes(tmp_path):
    """Two names that are no UTF-8 are two files, and come back with their bytes."""
    folder = os.fsencode(tmp_path)
    names = [b"caf\xe9.tif", b"caf\xe8.tif"]
    source = write(tmp_path / "a.tif", [picture()])
    for name in names:
        with open(os.path.join(folder, name), "wb") as file:
            file.write(source.read_bytes())
    restore([os.path.join(folder, name) for name in names], os.path.join(folder, b"out/"))
    assert sorted(os.listdir(os.path.join(folder, b"out"))) == [b"caf\xe8-restored.tif", b"caf\xe9-restored.tif"]


def test_two_outputs_of_one_name_are_refused(tmp_path):
    for folder in "a", "b":
        (tmp_path / folder).mkdir()
        write(tmp_path / folder / "same.tif", [picture()])
    inputs = [tmp_path / folder / "same.tif" for folder in ("a", "b")]
    message = restore(inputs, f"{tmp_path / 'out'}/", code=2)
    assert "two inputs would both become" in message and "out/same-restored.tif" in message
    assert "b/same.tif is one" in message and "expected different names" in message
    assert not (tmp_path / "out").exists()


def test_a_name_that_is_too_long_is_refused_before_the_work(tmp_path):
    source = write(tmp_path / ("n" * 250 + ".tif"), [picture()])
    message = restore(source, f"{tmp_path}/", code=1)
    assert "the name of the output has 263 bytes" in message and "choose a shorter name" in message
    assert len(list(tmp_path.iterdir())) == 1


def without_links(links):
    """For a child process: renames with flags fail, and hard links too if `links` is false (seccomp)."""
    allow, fail = 0x7FFF0000, 0x00050000
    renameat2, link, linkat = {"x86_64": (316, 86, 265), "aarch64": (276, 1 << 20, 37)}[os.uname().machine]
    load, equal, back = 0x20, 0x15, 0x06
    no_link = allow if links else fail | errno.EPERM
    code = [
        (load, 0, 0, 0),
        (equal, 0, 3, renameat2),
        (load, 0, 0, 48),
        (equal, 4, 0, 0),
        (back, 0, 0, fail | errno.EINVAL),
        (equal, 1, 0, link),
        (equal, 0, 1, linkat),
        (back, 0, 0, no_link),
        (back, 0, 0, allow),
    ]
    raw = ctypes.create_string_buffer(b"".join(struct.pack("<HBBI", *step) for step in code))
    program = ctypes.create_string_buffer(struct.pack("@HxxxxxxP", len(code), ctypes.addressof(raw)))
    libc = ctypes.CDLL(None, use_errno=True)

    def restrict(_keep=raw):
        assert libc.prctl(38, 1, 0, 0, 0) == 0 and libc.prctl(22, 2, program) == 0, "seccomp"

    return restrict


@pytest.mark.parametrize("links", [True, False])
def test_folders_without_hard_links(tmp_path, links):
    """As on NFS (links, but no rename that refuses an existing name) and on FAT, SMB or rclone (neither)."""
    source = write(tmp_path / "a.tif", [picture()])
    out = tmp_path / "out.tif"
    restore(source, out, preexec_fn=without_links(links))
    assert np.array_equal(pages_of(out), plain(tmp_path, picture()))
    message = restore(source, out, code=1, preexec_fn=without_links(links))
    assert "the output exists already" in message
    restore(source, out, "--force", preexec_fn=without_links(links))
    assert {p.name for p in tmp_path.iterdir()} == {"a.tif", "out.tif", "plain-source.tif", "plain-result.tif"}
