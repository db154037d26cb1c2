//! TIFF files: no bytes make the reader panic or take more memory than their size justifies, and what it reads comes back
//! the same from the file that the writer makes of it.

#![no_main]

use std::cell::RefCell;
use std::fs::{self, File};
use std::io::{Seek, Write};
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};

use bytemuck::Pod;
use libfuzzer_sys::fuzz_target;
use parfocal::image::frame::{PixelType, Sample};
use parfocal::tiff::{Page, PageFormat, Reader, Writer};

/// Pixels of larger files are not read, of larger ones still not written back: a file of 16 KiB may hold 40 MB of them.
const MOST_READ: u64 = 64 << 20;
const MOST_WRITTEN: u64 = 1 << 20;

thread_local! {
    /// Without a name: nothing is left behind, however the process ends.
    static INPUT: RefCell<File> = RefCell::new(tempfile::tempfile_in(folder()).expect("a temporary file"));
}

/// In memory, where the machine has such a place.
fn folder() -> PathBuf {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() {
        memory.into()
    } else {
        std::env::temp_dir()
    }
}

fuzz_target!(|data: &[u8]| {
    INPUT.with_borrow_mut(|file| {
        file.set_len(0).and_then(|()| file.rewind()).and_then(|()| file.write_all(data)).expect("written");
        let Ok(reader) = Reader::open(&PathBuf::from(format!("/proc/self/fd/{}", file.as_raw_fd()))) else { return };
        match reader.format().pixel_type {
            PixelType::U8 => pages::<u8>(reader, data.len()),
            PixelType::U16 => pages::<u16>(reader, data.len()),
            PixelType::F32 => pages::<f32>(reader, data.len()),
        }
    });
});

fn pages<T: Sample + Pod>(mut reader: Reader, length: usize) {
    let format = reader.format();
    // LZW packs best: 2560 bytes in one.
    assert!(format.bytes() <= 2560 * length as u64, "{length} bytes cannot hold {format}");
    let total = format.bytes().saturating_mul(reader.pages() as u64);
    if total > MOST_READ {
        return;
    }
    let mut found: Vec<(Page, Vec<T>)> = Vec::new();
    let mut pixels = Vec::new();
    for index in 0..reader.pages() {
        let page = reader.page(index);
        let read = reader.read(index, &mut pixels);
        if let (Ok(page), Ok(()), true) = (page, read, total <= MOST_WRITTEN) {
            assert_eq!(pixels.len(), format.samples());
            found.push((page, pixels.clone()));
        }
    }
    if found.len() == reader.pages() {
        write_back(&reader, format, found);
    }
}

fn write_back<T: Sample + Pod>(reader: &Reader, format: PageFormat, mut found: Vec<(Page, Vec<T>)>) {
    let form = reader.plan();
    let target = folder().join(format!("parfocal-fuzz-{}.tif", std::process::id()));
    let mut writer = Writer::create(&target, true, form).expect("a new file");
    for (page, pixels) in &mut found {
        // The writer leaves its buffer undefined.
        writer.write(&mut pixels.clone(), page, Some("fuzz")).expect("a page that was read can be written");
    }
    writer.finish().expect("finished");
    let length = fs::metadata(&target).expect("is there").len();
    assert!(length <= form.bytes, "{length} bytes, at most {} were announced", form.bytes);
    let mut again = Reader::open(&target).expect("what was written can be read");
    assert_eq!((again.format(), again.pages()), (format, found.len()));
    assert_eq!((again.description(), again.axes()), (reader.description(), reader.axes()));
    let mut pixels: Vec<T> = Vec::new();
    for (index, (page, before)) in found.iter().enumerate() {
        again.read(index, &mut pixels).expect("a written page");
        // By their bits: NaN is not equal to itself.
        assert!(
            bytemuck::cast_slice::<T, u8>(&pixels) == bytemuck::cast_slice::<T, u8>(before),
            "page {index}: pixels"
        );
        let kept = again.page(index).expect("a written page").tags;
        assert!(page.tags.iter().all(|t| kept.iter().any(|k| k.id == t.id)), "page {index}: a tag is lost");
    }
    fs::remove_file(&target).expect("removed");
}
