//! Pixel types and structures beyond the common ones: they are read as the right values and written back as they were.

use super::super::*;
use super::{data, Pattern};
use crate::guest::threads::Priority;
use crate::image::frame::Sample;
use bytemuck::Pod;

/// Copies a file page by page; the copy has the same formats and pixels.
fn copied<T: Pattern>(name: &str) -> (Reader, Vec<Vec<T>>) {
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join(name);
    let mut reader = Reader::open(&data(&format!("kinds/{name}"))).unwrap();
    let plan = reader.plan();
    let mut writer = Writer::create(&to, false, plan.clone()).unwrap();
    let mut pages = Vec::new();
    for index in 0..reader.pages() {
        let mut pixels: Vec<T> = Vec::new();
        let page = reader.read_page(index, &mut pixels).unwrap();
        writer.write(&mut pixels.clone(), &page, None).unwrap();
        pages.push(pixels);
    }
    writer.finish().unwrap();
    assert!(std::fs::metadata(&to).unwrap().len() <= plan.bytes, "{name}");
    let mut written = Reader::open(&to).unwrap();
    assert_eq!(written.pages(), reader.pages(), "{name}");
    for (index, before) in pages.iter().enumerate() {
        assert_eq!(written.format_of(index), reader.format_of(index), "{name}");
        let mut after: Vec<T> = Vec::new();
        written.read(index, &mut after).unwrap();
        assert!(after == *before, "{name}: page {index}");
    }
    (reader, pages)
}

/// Checks every sample against `expected(page, y, x, channel)`.
fn check<T: Pattern>(name: &str, shown: &str, expected: impl Fn(usize, usize, usize, usize) -> T) {
    let (reader, pages) = copied::<T>(name);
    assert_eq!(reader.format().to_string(), shown);
    for (p, page) in pages.iter().enumerate() {
        let format = reader.format_of(p);
        let mut values = page.iter();
        for y in 0..format.height {
            for x in 0..format.width {
                for c in 0..format.channels.samples() {
                    assert_eq!(values.next(), Some(&expected(p, y, x, c)), "{name}: page {p}, ({x}, {y}), {c}");
                }
            }
        }
    }
}

fn of<T: Sample + Pod>(value: impl Fn(usize, usize, usize, usize) -> T) -> impl Fn(usize, usize, usize, usize) -> T {
    value
}

#[test]
fn other_pixel_types_have_the_right_values() {
    check("signed.tif", "37x29 signed 16-bit grey", of(|p, y, x, c| u16::at(p, y, x, c) ^ 0x8000));
    check("u32.tif", "37x29 32-bit integer grey", of(|p, y, x, c| f32::from(u16::at(p, y, x, c))));
    check("f64.tif", "37x29 64-bit float grey", of(|p, y, x, c| f32::from(u16::at(p, y, x, c))));
    check("f16.tif", "37x29 16-bit float grey", of(|p, y, x, c| f32::from(u8::at(p, y, x, c))));
    check("five-samples.tif", "37x29 8-bit grey, 5 channels", of(u8::at));
    check("zstd.tif", "37x29 8-bit grey", of(u8::at));
}

#[test]
fn jpeg_is_read_and_written_without_further_loss() {
    let (reader, pages) = copied::<u8>("jpeg.tif");
    let error = pages[0].iter().enumerate().map(|(i, &v)| u64::from(v.abs_diff(u8::at(0, i / 37, i % 37, 0))));
    assert!(error.sum::<u64>() < 20 * pages[0].len() as u64, "another picture");
    assert!(reader.warnings().concat().contains("JPEG, which has lost detail"), "{:?}", reader.warnings());
}

#[test]
fn planes_behind_one_directory_are_pages() {
    for name in ["imagej-one-page.tif", "tifffile-one-page.tif"] {
        check(name, "37x29 8-bit grey", of(u8::at));
        assert_eq!(copied::<u8>(name).0.pages(), 3);
    }
}

#[test]
fn pages_of_several_sizes_are_each_their_own() {
    let (reader, pages) = copied::<u8>("other-size.tif");
    assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [37 * 29, 37 * 29, 37 * 20]);
    let error = reader.uniform().unwrap_err();
    assert!(error.message().contains("page 3: found 37x20 8-bit grey, expected 37x29 8-bit grey"), "{error}");
    let reader = Reader::open(&data("kinds/other-type.tif")).unwrap();
    assert_eq!(reader.format_of(1).to_string(), "37x29 16-bit grey");
}

/// As ImageJ writes stacks above 4 GB, which it could not read as BigTIFF.
#[test]
fn one_directory_comes_before_the_pixels_of_all_planes() {
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("out.tif");
    let mut reader = Reader::open(&data("kinds/imagej-one-page.tif")).unwrap();
    let mut plan = reader.plan();
    assert!(!plan.one_directory, "small files have a directory for each page");
    (plan.one_directory, plan.bytes) = (true, 5 << 30);
    let mut writer = Writer::create(&to, false, plan.clone()).unwrap();
    for index in 0..3 {
        let mut pixels: Vec<u8> = Vec::new();
        let page = reader.read_page(index, &mut pixels).unwrap();
        writer.write(&mut pixels, &page, (index == 0).then_some("done")).unwrap();
    }
    writer.finish().unwrap();
    let mut written = Reader::open(&to).unwrap();
    assert!(!written.big() && written.pages() == 3);
    let length = std::fs::metadata(&to).unwrap().len() as usize;
    let bytes = std::fs::read(&to).unwrap();
    let mut pixels: Vec<u8> = Vec::new();
    for index in 0..3 {
        written.read(index, &mut pixels).unwrap();
        assert!(pixels.iter().enumerate().all(|(i, &v)| v == u8::at(index, i / 37, i % 37, 0)));
    }
    assert!(bytes[length - 37 * 29..] == pixels[..], "the pixels are at the end");
}

/// The bytes of a copy that so many threads have read and written, and the pixels of the first page.
fn copy_by<T: Sample + Pod>(path: &std::path::Path, threads: usize) -> (Vec<u8>, Vec<T>) {
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("out.tif");
    let mut reader = Reader::open(path).unwrap();
    reader.set_workers(threads, Priority::Normal);
    let mut writer = Writer::create(&to, false, reader.plan()).unwrap();
    writer.set_workers(threads, Priority::Normal);
    let (mut first, mut pixels) = (Vec::new(), Vec::new());
    for index in 0..reader.pages() {
        let page = reader.read_page::<T>(index, &mut pixels).unwrap();
        if index == 0 {
            first.clone_from(&pixels);
        }
        writer.write(&mut pixels, &page, None).unwrap();
    }
    writer.finish().unwrap();
    (std::fs::read(&to).unwrap(), first)
}

#[test]
fn several_threads_give_the_same_bytes() {
    let mut several = 0;
    for kind in ["good", "kinds"] {
        for entry in std::fs::read_dir(data(kind)).unwrap() {
            let path = entry.unwrap().path();
            let mut reader = Reader::open(&path).unwrap();
            let Ok(format) = reader.uniform() else { continue };
            several += usize::from(reader.page(0).unwrap().storage.rows_per_strip < format.height);
            crate::image::sample::with_sample!(format.pixel_type, T => {
                let (alone, together) = (copy_by::<T>(&path, 1), copy_by::<T>(&path, 3));
                assert!(alone.0 == together.0, "{}", path.display());
                let same = bytemuck::cast_slice::<T, u8>(&alone.1) == bytemuck::cast_slice::<T, u8>(&together.1);
                assert!(same, "{}", path.display());
            });
        }
    }
    assert!(several > 3, "{several} files have several strips");
}

/// Large enough that every thread gets work.
#[test]
fn threads_share_the_strips_of_a_large_page() {
    let folder = tempfile::tempdir().unwrap();
    let mut page = Reader::open(&data("good/u16.tif")).unwrap().page(0).unwrap();
    (page.format.width, page.format.height, page.storage.rows_per_strip) = (1000, 1100, 64);
    let before: Vec<u16> = (0..page.format.samples()).map(|i| ((i % 1000) * (i / 1000) % 977) as u16).collect();
    for compression in [Compression::Lzw, Compression::Deflate, Compression::PackBits, Compression::Zstd] {
        page.storage.compression = compression;
        let files = [1, 3].map(|threads| {
            let to = folder.path().join(format!("{}-{threads}.tif", compression.name()));
            let plan =
                FilePlan { bytes: 1 << 24, contiguous: None, ..Reader::open(&data("good/u16.tif")).unwrap().plan() };
            let mut writer = Writer::create(&to, false, plan).unwrap();
            writer.set_workers(threads, Priority::Normal);
            writer.write(&mut before.clone(), &page, None).unwrap();
            writer.finish().unwrap();
            to
        });
        let [alone, together] = [&files[0], &files[1]].map(|path| std::fs::read(path).unwrap());
        assert!(alone == together, "{compression:?}");
        for threads in [1, 3, 8] {
            let mut reader = Reader::open(&files[0]).unwrap();
            reader.set_workers(threads, Priority::Normal);
            let mut after: Vec<u16> = Vec::new();
            reader.read(0, &mut after).unwrap();
            assert!(after == before, "{compression:?}, {threads} threads");
        }
        // A damaged strip is named, whichever thread meets it.
        let mut bytes = alone;
        let middle = bytes.len() / 2;
        bytes[middle..middle + 4000].fill(0x55);
        std::fs::write(&files[1], bytes).unwrap();
        let mut reader = Reader::open(&files[1]).unwrap();
        reader.set_workers(3, Priority::Normal);
        if let Err(error) = reader.read(0, &mut Vec::<u16>::new()) {
            assert!(error.message().contains("decoding its pixels (strip "), "{error}");
        } else {
            let unchecked = matches!(compression, Compression::PackBits | Compression::Zstd);
            assert!(unchecked, "{compression:?}: only these may take damaged bytes for others");
        }
    }
}
