//! Every bad file and output is refused with a clear message, and no changed byte makes the reader panic.

use std::path::Path;

use super::super::*;
use super::{data, pages};
use crate::error::Status;
use crate::image::frame::PixelType;

/// File, status, and what its message must say: where, what was found, what was expected or to be done.
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
    ("one-bit.tif", Status::Unsupported, &["1-bit samples", "expected integers of 2 to 16"]),
    ("palette.tif", Status::Unsupported, &["palette", "expected grey or RGB", "convert it"]),
    ("complex.tif", Status::Unsupported, &["complex samples", "expected integers of 2 to 16", "magnitude"]),
    ("cmyk.tif", Status::Unsupported, &["CMYK", "convert it to RGB"]),
    ("absurd-size.tif", Status::Format, &["page 1", "4000000000x4000000000"]),
    ("absurd-deflate.tif", Status::Format, &["strip 1 has", "cannot hold its 24000000 bytes"]),
    ("shared-strips.tif", Status::Format, &["strips share their bytes", "cannot hold 335544320 bytes"]),
    ("absurd-count.tif", Status::Format, &["tag 273 claims 2147483647 values", "the 1281 bytes of the file"]),
    (
        "predictor-packbits.tif",
        Status::Unsupported,
        &[
            "predictor 2 with compression PackBits is ambiguous",
            "expected a predictor with LZW, Deflate or ZSTD",
            "save the file again",
        ],
    ),
    (
        "predictor-none.tif",
        Status::Unsupported,
        &["predictor 2 with compression none is ambiguous", "save the file again"],
    ),
    (
        "predictor-float.tif",
        Status::Unsupported,
        &["predictor 3 is for floats, found 16-bit pixels", "another predictor"],
    ),
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

/// With any byte of the structure changed, the reader returns an error or pixels; it never panics.
#[test]
fn no_changed_byte_makes_the_reader_panic() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("changed.tif");
    let mut taken = 0;
    for name in [
        "good/planar-tiles-lzw-rgb8.tif",
        "good/tiles-lzw-u16.tif",
        "good/u8.tif",
        "good/tiles-predictor-f32.tif",
        "good/planar-rgb16.tif",
        "good/lzw-predictor-u16.tif",
    ] {
        let original = std::fs::read(data(name)).unwrap();
        // These files begin with the directory; places of tiles and some packed pixels follow.
        for at in 0..original.len().min(520) {
            for change in [0x01, 0x80] {
                let mut bytes = original.clone();
                bytes[at] ^= change;
                std::fs::write(&path, &bytes).unwrap();
                let Ok(mut reader) = Reader::open(&path) else { continue };
                let _ = match reader.format().pixel_type {
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
    let plan = Reader::open(&data("good/u8.tif")).unwrap().plan();
    let refused = |target: &Path, force| Writer::create(target, force, plan.clone()).err().unwrap();
    let error = refused(&target, false);
    assert_eq!(error.status(), Status::Exists);
    assert!(error.message().contains("out.tif: the output exists already"), "{error}");
    let error = refused(folder.path(), true);
    assert!(error.message().contains("the output is a folder"), "{error}");
    let error = refused(&folder.path().join("none/out.tif"), false);
    assert_eq!(error.status(), Status::NotFound);
    assert!(error.message().contains("none, does not exist"), "{error}");
    #[cfg(unix)]
    for force in [false, true] {
        let link = folder.path().join("link.tif");
        std::os::unix::fs::symlink("nowhere.tif", &link).unwrap();
        let error = refused(&link, force);
        assert!(
            error.message().contains("link.tif: the output is a link to nowhere.tif, where there is no"),
            "{error}"
        );
        std::fs::remove_file(link).unwrap();
    }
    let error = refused(&target.join("out.tif"), false);
    assert!(error.message().contains("is not a folder"), "{error}");

    // The output appears while the writer works.
    let late = folder.path().join("late.tif");
    let mut writer = Writer::create(&late, false, plan).unwrap();
    let mut reader = Reader::open(&data("good/u8.tif")).unwrap();
    let pixels = &mut pages::<u8>(&mut reader)[0];
    writer.write(pixels, &reader.page(0).unwrap(), None).unwrap();
    std::fs::write(&late, "theirs").unwrap();
    assert_eq!(writer.finish().unwrap_err().status(), Status::Exists);
    assert_eq!(std::fs::read(&late).unwrap(), b"theirs");
    assert_eq!(std::fs::read(&target).unwrap(), b"mine");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2, "nothing else is left");
}
