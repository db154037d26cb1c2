//! TIFF files: no bytes make the reader panic or use more memory than their size justifies. Pages that are read,
//! written and read again are the same.

#![no_main]

use std::cell::RefCell;
use std::fs::{self, File};
use std::io::{Seek, Write};
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};

use bytemuck::Pod;
use libfuzzer_sys::fuzz_target;
use parfocal::image::frame::{PixelType, Sample};
use parfocal::restore::options::Priority;
use parfocal::tiff::{Names, Page, Reader, Writer};

/// Limits on the bytes of pixels that are read, and written back: a file of 16 KiB may hold 40 MB of them.
const MOST_READ: u64 = 64 << 20;
const MOST_WRITTEN: u64 = 1 << 20;

thread_local! {
    /// A file without a name, so that nothing is left behind however the process ends.
    static INPUT: RefCell<File> = RefCell::new(tempfile::tempfile_in(folder()).expect("a temporary file"));
}

/// A folder in memory, if the machine has one.
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
        let path = PathBuf::from(format!("/proc/self/fd/{}", file.as_raw_fd()));
        let Ok(mut reader) = Reader::open(&path) else { return };
        // Some pages are unpacked and packed by several threads, which takes the fuzzer longer.
        let threads = if data.len() % 8 == 2 { 3 } else { 1 };
        reader.set_workers(threads, Priority::Normal);
        // Half of the inputs get the names of another file, and perhaps of a set.
        let renamed = data.len() % 2 == 1;
        if renamed {
            let set = [("a.tif", "b.tif"), ("c.tif", "d.tif")].map(|(a, b)| (a.to_owned(), b.to_owned()));
            let set = if data.len() % 4 == 1 { set.into() } else { Default::default() };
            let names = Names { input: "a.tif".into(), output: Some("b.tif".into()), set, seed: "seed".into() };
            if reader.rename(names).is_err() {
                return;
            }
        }
        pages(reader, data.len(), renamed, threads);
    });
});

/// The samples of a page, in bytes.
fn samples(reader: &mut Reader, index: usize) -> Option<(Page, Vec<u8>)> {
    fn of<T: Sample + Pod>(reader: &mut Reader, index: usize) -> Option<(Page, Vec<u8>)> {
        let mut pixels: Vec<T> = Vec::new();
        let page = reader.read_page(index, &mut pixels).ok()?;
        assert_eq!(pixels.len(), page.format.samples());
        Some((page, bytemuck::cast_slice(&pixels).to_vec()))
    }
    match reader.format_of(index).pixel_type {
        PixelType::U8 => of::<u8>(reader, index),
        PixelType::U16 => of::<u16>(reader, index),
        PixelType::F32 => of::<f32>(reader, index),
    }
}

fn write(writer: &mut Writer, page: &Page, bytes: &[u8]) {
    fn of<T: Sample + Pod>(writer: &mut Writer, page: &Page, bytes: &[u8]) {
        let mut pixels: Vec<T> = bytemuck::pod_collect_to_vec(bytes);
        writer.write(&mut pixels, page, Some("fuzz")).expect("a page that was read can be written");
    }
    match page.format.pixel_type {
        PixelType::U8 => of::<u8>(writer, page, bytes),
        PixelType::U16 => of::<u16>(writer, page, bytes),
        PixelType::F32 => of::<f32>(writer, page, bytes),
    }
}

fn pages(mut reader: Reader, length: usize, renamed: bool, threads: usize) {
    let mut total = 0u64;
    for index in 0..reader.pages() {
        let format = reader.format_of(index);
        // Zstandard compresses most: 32768 bytes into one.
        assert!(format.bytes() <= 32768 * length as u64, "{length} bytes cannot hold {format}");
        total = total.saturating_add(format.samples() as u64 * 4);
        if total > MOST_READ {
            return;
        }
    }
    let found: Vec<_> = (0..reader.pages()).map_while(|index| samples(&mut reader, index)).collect();
    if found.len() == reader.pages() && total <= MOST_WRITTEN {
        write_back(&reader, &found, renamed, threads);
    }
}

fn write_back(reader: &Reader, found: &[(Page, Vec<u8>)], renamed: bool, threads: usize) {
    let plan = reader.plan();
    let target = folder().join(format!("parfocal-fuzz-{}.tif", std::process::id()));
    let mut writer = Writer::create(&target, true, plan.clone()).expect("a new file");
    writer.set_workers(threads, Priority::Normal);
    found.iter().for_each(|(page, bytes)| write(&mut writer, page, bytes));
    writer.finish().expect("finished");
    let length = fs::metadata(&target).expect("is there").len();
    assert!(length <= plan.bytes, "{length} bytes, at most {} were announced", plan.bytes);
    let mut again = Reader::open(&target).expect("what was written can be read");
    assert_eq!((again.format(), again.pages()), (reader.format(), found.len()));
    if !renamed {
        assert_eq!((again.description(), again.axes()), (reader.description(), reader.axes()));
    }
    for (index, (page, before)) in found.iter().enumerate() {
        let (copied, after) = samples(&mut again, index).expect("a written page");
        // Bits, since NaN is not equal to itself.
        assert!(after == *before, "page {index}: pixels");
        let copied = copied.tags;
        let count = |tags: &[parfocal::tiff::Tag], id| tags.iter().filter(|tag| tag.id == id).count();
        let kept = page.tags.iter().all(|tag| count(&copied, tag.id) >= count(&page.tags, tag.id));
        assert!(kept, "page {index}: a tag is lost");
    }
    fs::remove_file(&target).expect("removed");
}
