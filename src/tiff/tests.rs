//! Every kind of file in tests/data is read, written and read again; every bad one is refused in words.

use std::path::{Path, PathBuf};

use bytemuck::Pod;

use super::*;
use crate::frame::{PixelType, Sample};

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)
}

/// The pattern of tests/data/make_tiffs.py.
trait Pattern: Sample + Pod + PartialEq + std::fmt::Debug {
    fn at(page: usize, y: usize, x: usize, channel: usize) -> Self;
}

fn pattern(page: usize, y: usize, x: usize, channel: usize) -> usize {
    (7 * x + 13 * y + 31 * channel + 57 * page + 5 * ((x * y) % 11)) % 251
}

impl Pattern for u8 {
    fn at(page: usize, y: usize, x: usize, channel: usize) -> Self {
        pattern(page, y, x, channel) as Self
    }
}

impl Pattern for u16 {
    fn at(page: usize, y: usize, x: usize, channel: usize) -> Self {
        (pattern(page, y, x, channel) * 257 + 3 * x + channel) as Self
    }
}

impl Pattern for f32 {
    fn at(page: usize, y: usize, x: usize, channel: usize) -> Self {
        pattern(page, y, x, channel) as f32 / 4.0 - 20.0
    }
}

fn pages<T: Pattern>(reader: &mut Reader) -> Vec<Vec<T>> {
    (0..reader.pages())
        .map(|i| {
            let mut pixels = vec![T::default(); 3];
            reader.read(i, &mut pixels).unwrap();
            pixels
        })
        .collect()
}

fn check_pattern<T: Pattern>(name: &str) {
    let mut reader = Reader::open(&data(name)).unwrap();
    let layout = reader.layout();
    let found = pages::<T>(&mut reader);
    for (p, page) in found.iter().enumerate() {
        let mut values = page.iter();
        for y in 0..layout.height {
            for x in 0..layout.width {
                for c in 0..layout.channels.samples() {
                    assert_eq!(values.next(), Some(&T::at(p, y, x, c)), "{name}: page {p}, ({x}, {y}), channel {c}");
                }
            }
        }
    }
    // Backwards too: the decoder only knows the way forward.
    let mut again: Vec<T> = Vec::new();
    for p in (0..found.len()).rev() {
        reader.read(p, &mut again).unwrap();
        assert!(again == found[p], "{name}: page {p} read backwards");
    }
}

const PATTERNED: &[(&str, PixelType)] = &[
    ("u8.tif", PixelType::U8),
    ("u16.tif", PixelType::U16),
    ("f32.tif", PixelType::F32),
    ("lzw-u8.tif", PixelType::U8),
    ("lzw-predictor-u16.tif", PixelType::U16),
    ("deflate-predictor-rgb8.tif", PixelType::U8),
    ("deflate-predictor-f32.tif", PixelType::F32),
    ("packbits-u8.tif", PixelType::U8),
    ("tiles-u16.tif", PixelType::U16),
    ("tiles-deflate-predictor-rgb16.tif", PixelType::U16),
    ("tiles-predictor-f32.tif", PixelType::F32),
    ("big-endian-u16.tif", PixelType::U16),
    ("big-endian-f32.tif", PixelType::F32),
    ("bigtiff-u16.tif", PixelType::U16),
    ("rgb8.tif", PixelType::U8),
    ("planar-rgb16.tif", PixelType::U16),
    ("rgba8.tif", PixelType::U8),
    ("grey-alpha-u16.tif", PixelType::U16),
    ("white-is-zero-u8.tif", PixelType::U8),
    ("white-is-zero-u16.tif", PixelType::U16),
    ("stack-u8.tif", PixelType::U8),
    ("imagej-le.tif", PixelType::U16),
    ("imagej-be.tif", PixelType::U16),
    ("ome.ome.tif", PixelType::U8),
    ("1xN.tif", PixelType::U16),
    ("Nx1.tif", PixelType::U8),
    ("17x23.tif", PixelType::U16),
];

#[test]
fn pixels_are_read_as_they_were_written() {
    for &(name, pixel_type) in PATTERNED {
        let name = &format!("good/{name}");
        match pixel_type {
            PixelType::U8 => check_pattern::<u8>(name),
            PixelType::U16 => check_pattern::<u16>(name),
            PixelType::F32 => check_pattern::<f32>(name),
        }
    }
}

fn copy<T: Pattern>(from: &Path, to: &Path, bytes: Option<u64>) -> Reader {
    let mut reader = Reader::open(from).unwrap();
    let bytes = bytes.unwrap_or_else(|| reader.most_bytes());
    let mut writer = Writer::create(to, false, reader.layout(), bytes, reader.big()).unwrap();
    let before = pages::<T>(&mut reader);
    for (i, page) in before.iter().enumerate() {
        writer.write(page, &reader.page(i).unwrap(), (i == 0).then_some("done")).unwrap();
    }
    writer.finish().unwrap();
    let length = std::fs::metadata(to).unwrap().len();
    assert!(length <= reader.most_bytes(), "{}: {length} bytes, at most {}", from.display(), reader.most_bytes());
    let mut written = Reader::open(to).unwrap();
    assert_eq!(written.layout(), reader.layout(), "{}", from.display());
    assert!(pages::<T>(&mut written) == before, "{}: other pixels", from.display());
    for i in 0..reader.pages() {
        let (before, after) = (reader.page(i).unwrap(), written.page(i).unwrap());
        assert_eq!(after.storage.compression, before.storage.compression, "{}", from.display());
        let tags = |page: &Page| {
            page.tags.iter().filter(|t| t.id != tag::SOFTWARE).map(|t| (t.id, t.value.clone())).collect::<Vec<_>>()
        };
        assert_eq!(tags(&after), tags(&before), "{}: page {i}", from.display());
    }
    written
}

#[test]
fn what_is_written_reads_the_same() {
    let folder = tempfile::tempdir().unwrap();
    for &(name, pixel_type) in PATTERNED {
        let (from, to) = (data("good").join(name), folder.path().join(name));
        match pixel_type {
            PixelType::U8 => copy::<u8>(&from, &to, None),
            PixelType::U16 => copy::<u16>(&from, &to, None),
            PixelType::F32 => copy::<f32>(&from, &to, None),
        };
    }
    let left = std::fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(left, PATTERNED.len(), "only the outputs are left");
}

#[test]
fn above_four_gigabytes_it_becomes_a_bigtiff() {
    let folder = tempfile::tempdir().unwrap();
    for (bytes, big) in [(1 << 20, false), (4_294_000_000, true), (1 << 40, true)] {
        let to = folder.path().join(format!("{bytes}.tif"));
        assert_eq!(copy::<u16>(&data("good/imagej-be.tif"), &to, Some(bytes)).big(), big);
    }
    let big = folder.path().join("big.tif");
    assert!(copy::<u16>(&data("good/bigtiff-u16.tif"), &big, Some(9)).big(), "a BigTIFF stays one");
}

fn value(page: &Page, id: u16) -> &[u8] {
    page.tags.iter().find(|t| t.id == id).map_or(&[], |t| &t.value)
}

#[test]
fn metadata_of_either_byte_order_is_the_same() {
    let [mut le, mut be] = ["le", "be"].map(|o| Reader::open(&data(&format!("good/imagej-{o}.tif"))).unwrap());
    assert!(be.big_endian() && !le.big_endian());
    let (le, be) = (le.page(0).unwrap(), be.page(0).unwrap());
    for id in [tag::IMAGEJ_BYTE_COUNTS, tag::IMAGEJ_METADATA, tag::X_RESOLUTION, tag::DESCRIPTION] {
        assert!(!value(&le, id).is_empty() && value(&le, id) == value(&be, id), "tag {id}");
    }
    let text: Vec<u8> = "label 3 \u{b5}".encode_utf16().flat_map(u16::to_ne_bytes).collect();
    assert!(value(&be, tag::IMAGEJ_METADATA).windows(text.len()).any(|w| w == text));
}

#[test]
fn the_first_page_tells_about_the_image() {
    let about = |name: &str| {
        let reader = Reader::open(&data(name)).unwrap();
        (reader.pages(), reader.description(), reader.axes().map(|a| (a.channels, a.slices, a.frames)))
    };
    assert_eq!(about("good/imagej-be.tif"), (4, Description::ImageJ, Some((2, 1, 2))));
    assert_eq!(about("good/ome.ome.tif"), (6, Description::Ome, Some((2, 3, 1))));
    assert_eq!(about("good/stack-u8.tif"), (5, Description::Other, None));
    assert_eq!(about("good/u8.tif"), (1, Description::None, None));
    let size = |name: &str| Reader::open(&data(name)).unwrap().pixel_size_um();
    for (name, expected) in [("good/imagej-le.tif", 0.325), ("good/ome.ome.tif", 0.11), ("good/u16.tif", 0.325)] {
        let found = size(name).unwrap();
        assert!((found - expected).abs() < 1e-6, "{name}: {found}, expected {expected}");
    }
    assert_eq!(size("good/u8.tif"), None);
}

#[test]
fn what_was_done_stands_behind_what_was_there() {
    let folder = tempfile::tempdir().unwrap();
    let software = |name: &str| {
        let mut written = copy::<u8>(&data(&format!("good/{name}")), &folder.path().join(name), None);
        String::from_utf8(value(&written.page(0).unwrap(), tag::SOFTWARE).to_vec()).unwrap()
    };
    assert_eq!(software("u8.tif"), "Scope 2; done\0");
    assert_eq!(software("lzw-u8.tif"), "done\0");
    assert_eq!(software("stack-u8.tif"), "SI.a = 1\nSI.b = 2\n% done\0");
}

/// The file, and what its message must say: where, what was found, what was expected or to be done.
const BAD: &[(&str, Status, &[&str])] = &[
    ("missing.tif", Status::NotFound, &["no such file", "check the path"]),
    ("../bad", Status::InvalidArgument, &["a folder", "expected a TIFF file"]),
    ("empty.tif", Status::Format, &["is empty", "expected a TIFF"]),
    ("header-only.tif", Status::Format, &["ends after 6 bytes", "truncated"]),
    (
        "truncated.tif",
        Status::Format,
        &["page 1: strip 1 should be 1073 bytes at 208", "ends at 1181", "copy it again"],
    ),
    ("png.tif", Status::Format, &["a PNG image", "expected `II` or `MM`", "save it as TIFF"]),
    ("one-bit.tif", Status::Unsupported, &["1-bit samples", "expected 8 or 16-bit"]),
    ("palette.tif", Status::Unsupported, &["palette", "expected grey or RGB", "convert it"]),
    ("complex.tif", Status::Unsupported, &["complex samples", "expected 8 or 16-bit", "magnitude"]),
    ("signed.tif", Status::Unsupported, &["signed 16-bit integers", "convert it to 16-bit unsigned"]),
    ("u32.tif", Status::Unsupported, &["32-bit integers", "convert it to 16-bit"]),
    ("f64.tif", Status::Unsupported, &["64-bit floats", "convert it to 32-bit float"]),
    ("f16.tif", Status::Unsupported, &["16-bit floats", "convert it to 32-bit float"]),
    ("cmyk.tif", Status::Unsupported, &["CMYK", "convert it to RGB"]),
    ("five-samples.tif", Status::Unsupported, &["5 samples per pixel", "expected grey or RGB"]),
    ("zstd.tif", Status::Unsupported, &["compression 50000 (ZSTD)", "expected none, LZW, Deflate or PackBits"]),
    ("jpeg.tif", Status::Unsupported, &["compression 7 (JPEG)", "expected none, LZW, Deflate or PackBits"]),
    ("other-size.tif", Status::Unsupported, &["page 3: found 37x20 8-bit grey, expected 37x29 8-bit grey"]),
    ("other-type.tif", Status::Unsupported, &["page 2: found 37x29 16-bit grey, expected 37x29 8-bit grey"]),
    ("imagej-one-page.tif", Status::Unsupported, &["says 3 images, but the file has 1 page ", "save it as"]),
    ("tifffile-one-page.tif", Status::Unsupported, &["one page for all planes", "without truncate"]),
    ("absurd-size.tif", Status::Format, &["page 1", "4000000000x4000000000"]),
    ("absurd-deflate.tif", Status::Format, &["strip 1 has", "cannot hold its 24000000 bytes"]),
    ("absurd-count.tif", Status::Format, &["tag 273 claims 2147483647 values", "the 1281 bytes of the file"]),
    ("zero-width.tif", Status::Format, &["ImageWidth is 0", "expected at least 1"]),
    ("circle.tif", Status::Format, &["page 2", "turns in a circle"]),
];

#[test]
fn bad_files_are_refused_before_a_pixel_is_read() {
    for (name, status, words) in BAD {
        let path = data("bad").join(name);
        let Err(error) = Reader::open(&path) else { panic!("{name} was taken") };
        assert_eq!(error.status(), *status, "{error}");
        assert!(error.message().starts_with(&path.display().to_string()), "{error}");
        for word in *words {
            assert!(error.message().contains(word), "{name}: '{word}' is not in: {error}");
        }
    }
}

#[test]
fn damaged_pixels_are_refused_with_their_page() {
    let mut reader = Reader::open(&data("bad/damaged-data.tif")).unwrap();
    let error = reader.read::<f32>(0, &mut Vec::new()).unwrap_err();
    assert_eq!(error.status(), Status::Format, "{error}");
    assert!(error.message().contains("damaged-data.tif: page 1: decoding its pixels"), "{error}");
}

/// Any one byte of the structure changed: an error or pixels, never a panic, and never memory that the file cannot fill.
#[test]
fn any_changed_byte_is_survived() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("changed.tif");
    let mut taken = 0;
    for name in ["good/u8.tif", "good/tiles-predictor-f32.tif", "good/planar-rgb16.tif", "good/lzw-predictor-u16.tif"] {
        let original = std::fs::read(data(name)).unwrap();
        // The directory stands at the front in these files; the pixels behind it are no structure.
        for at in 0..original.len().min(330) {
            for change in [0x01, 0x80] {
                let mut bytes = original.clone();
                bytes[at] ^= change;
                std::fs::write(&path, &bytes).unwrap();
                let Ok(mut reader) = Reader::open(&path) else { continue };
                let _ = match reader.layout().pixel_type {
                    PixelType::U8 => reader.read::<u8>(0, &mut Vec::new()),
                    PixelType::U16 => reader.read::<u16>(0, &mut Vec::new()),
                    PixelType::F32 => reader.read::<f32>(0, &mut Vec::new()),
                };
                taken += 1;
            }
        }
    }
    assert!(taken > 100, "only {taken} changed files got past the checks");
}

#[test]
fn an_output_that_exists_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("out.tif");
    std::fs::write(&target, "mine").unwrap();
    let layout = Reader::open(&data("good/u8.tif")).unwrap().layout();
    let refused = |target: &Path, force| Writer::create(target, force, layout, 1000, false).err().unwrap();
    let error = refused(&target, false);
    assert_eq!(error.status(), Status::Exists);
    assert!(error.message().contains("out.tif: the output exists already"), "{error}");
    let error = refused(folder.path(), true);
    assert!(error.message().contains("the output is a folder"), "{error}");
    let error = refused(&folder.path().join("none/out.tif"), false);
    assert_eq!(error.status(), Status::NotFound);
    assert!(error.message().contains("none, does not exist"), "{error}");
    let error = refused(&target.join("out.tif"), false);
    assert!(error.message().contains("is not a folder"), "{error}");

    // It appears while the writer works.
    let late = folder.path().join("late.tif");
    let mut writer = Writer::create(&late, false, layout, 1000, false).unwrap();
    let mut reader = Reader::open(&data("good/u8.tif")).unwrap();
    let pixels = &pages::<u8>(&mut reader)[0];
    writer.write(pixels, &reader.page(0).unwrap(), None).unwrap();
    std::fs::write(&late, "theirs").unwrap();
    assert_eq!(writer.finish().unwrap_err().status(), Status::Exists);
    assert_eq!(std::fs::read(&late).unwrap(), b"theirs");
    assert_eq!(std::fs::read(&target).unwrap(), b"mine");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2, "nothing else is left");
}
