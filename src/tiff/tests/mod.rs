//! Reads, writes and reads again every kind of file in tests/data.

mod kinds;
mod refused;

use std::path::{Path, PathBuf};

use bytemuck::Pod;

use super::*;
use crate::image::frame::{PixelType, Sample};

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)
}

/// The pixels that tests/data/make_tiffs.py writes.
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
    let layout = reader.format();
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
    // Backwards too.
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
    ("planar-tiles-lzw-rgb8.tif", PixelType::U8),
    ("tiles-lzw-u16.tif", PixelType::U16),
    ("ome-rgb8.ome.tif", PixelType::U8),
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
    let mut plan = reader.plan();
    let most = plan.bytes;
    plan.bytes = bytes.unwrap_or(most);
    let mut writer = Writer::create(to, false, plan).unwrap();
    let before = pages::<T>(&mut reader);
    for (i, page) in before.iter().enumerate() {
        writer.write(&mut page.clone(), &reader.page(i).unwrap(), (i == 0).then_some("done")).unwrap();
    }
    writer.finish().unwrap();
    let length = std::fs::metadata(to).unwrap().len();
    assert!(length <= most, "{}: {length} bytes, at most {most}", from.display());
    let mut written = Reader::open(to).unwrap();
    assert_eq!(written.format(), reader.format(), "{}", from.display());
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
fn a_written_file_reads_the_same() {
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

/// ImageJ and tifffile read such stacks from the first page's offset on and ignore the other directories.
#[test]
fn uncompressed_stacks_are_contiguous() {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in [("imagej-be.tif", None), ("imagej-le.tif", Some(1 << 40)), ("bigtiff-u16.tif", None)] {
        let to = folder.path().join(name);
        let mut written = copy::<u16>(&data("good").join(name), &to, bytes);
        let file = std::fs::read(&to).unwrap();
        let pixels: Vec<u8> = pages::<u16>(&mut written).concat().iter().flat_map(|v| v.to_ne_bytes()).collect();
        let start = if written.big() { 16 } else { 8 };
        assert!(file[start..start + pixels.len()] == pixels, "{name}: not in one piece behind the header");
    }
    let to = folder.path().join("odd.tif");
    let mut reader = Reader::open(&data("good/u8.tif")).unwrap();
    let (mut plan, page) = (reader.plan(), reader.page(0).unwrap());
    plan.pages = 3;
    let mut writer = Writer::create(&to, false, plan).unwrap();
    for value in 1..=3u8 {
        writer.write(&mut vec![value; page.format.samples()], &page, None).unwrap();
    }
    writer.finish().unwrap();
    // A page has 37x29 bytes: the odd number must not be rounded up.
    let file = std::fs::read(&to).unwrap();
    assert!((0..3).all(|p| file[8 + p * 1073..8 + (p + 1) * 1073].iter().all(|&v| v == p as u8 + 1)));
    let found: Vec<Vec<u8>> = pages(&mut Reader::open(&to).unwrap());
    assert!(found.iter().enumerate().all(|(p, page)| page.iter().all(|&v| v == p as u8 + 1)));
}

#[test]
fn pages_that_are_missing_or_do_not_fit_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mut reader = Reader::open(&data("good/stack-u8.tif")).unwrap();
    let (plan, page) = (reader.plan(), reader.page(0).unwrap());
    let mut pixels = pages::<u8>(&mut reader).remove(0);
    let mut writer = Writer::create(&folder.path().join("few.tif"), false, plan).unwrap();
    writer.write(&mut pixels, &page, None).unwrap();
    assert!(writer.write(&mut pixels[1..], &page, None).unwrap_err().message().contains("1072 8-bit samples"));
    assert!(writer.write(&mut [1.5f32; 1073], &page, None).unwrap_err().message().contains("32-bit float samples"));
    assert!(writer.finish().unwrap_err().message().contains("few.tif: 1 pages of 5"));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "something is left");
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
fn description_axes_and_pixel_size_are_read() {
    let about = |name: &str| {
        let reader = Reader::open(&data(name)).unwrap();
        (reader.pages(), reader.description(), reader.axes().map(|a| (a.channels, a.slices, a.frames)))
    };
    assert_eq!(about("good/imagej-be.tif"), (4, Description::ImageJ, Some((2, 1, 2))));
    assert_eq!(about("good/ome.ome.tif"), (6, Description::Ome, Some((2, 3, 1))));
    // Its SizeC of 3 counts samples of a page, not pages.
    assert_eq!(about("good/ome-rgb8.ome.tif"), (2, Description::Ome, Some((1, 2, 1))));
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
fn one_file_of_an_ome_set_gives_a_warning() {
    let folder = tempfile::tempdir().unwrap();
    let (whole, part) = (std::fs::read(data("good/ome.ome.tif")).unwrap(), folder.path().join("part.ome.tif"));
    let at = whole.windows(9).position(|w| w == b"SizeZ=\"3\"").unwrap();
    let mut bytes = whole.clone();
    bytes[at + 7] = b'9';
    std::fs::write(&part, bytes).unwrap();
    let warning = Reader::open(&part).unwrap().warnings().concat();
    assert!(warning.contains("counts 18 planes, this file has 6"), "{warning}");
    for whole in ["good/ome.ome.tif", "good/ome-rgb8.ome.tif"] {
        let warnings = Reader::open(&data(whole)).unwrap().warnings().concat();
        assert!(warnings.is_empty(), "{whole}: {warnings}");
    }
}

#[test]
fn the_record_is_appended_to_the_software_tag() {
    let folder = tempfile::tempdir().unwrap();
    let software = |name: &str| {
        let mut written = copy::<u8>(&data(&format!("good/{name}")), &folder.path().join(name), None);
        String::from_utf8(value(&written.page(0).unwrap(), tag::SOFTWARE).to_vec()).unwrap()
    };
    assert_eq!(software("u8.tif"), "Scope 2; done\0");
    assert_eq!(software("lzw-u8.tif"), "done\0");
    assert_eq!(software("stack-u8.tif"), "SI.a = 1\nSI.b = 2\n% done\0");
}
