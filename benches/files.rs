//! Files without the network: reading and writing a stack, beside `dd` and libtiff's `tiffcp`, and peak memory.
//!
//! | what | limit |
//! |---|---|
//! | a stack without compression, read and written again | 1.5 times `dd` with blocks of a page |
//! | LZW and Deflate, written from a stack without compression, and read into one | 1.2 times `tiffcp` |
//! | peak memory of 200 pages | 1.1 times that of 2 pages |
//! | an ImageJ stack above 4 GB in one directory | the same peak, and the right planes |
//!
//! Readings alternate, and the best of each counts. `PARFOCAL_BENCH_MB` sets the size of the stack (2048; compressed
//! stacks are an eighth of it). Without `tiffcp` (Debian: libtiff-tools) its rows are left out, which is said. Linux.

use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use parfocal::restore::options::Priority;
use parfocal::tiff::{Compression, Reader, Writer};

const SIDE: usize = 2048;
const PAGE: usize = SIDE * SIDE * 2;
const ROUNDS: usize = 3;
const DD_LIMIT: f64 = 1.5;
const TIFFCP_LIMIT: f64 = 1.2;
const MEMORY_LIMIT: f64 = 1.1;

/// A camera's frame: a smooth specimen, 12 bits, and noise.
fn frame(index: usize) -> Vec<u16> {
    let mut state = index as u32 + 7;
    (0..SIDE * SIDE)
        .map(|i| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let (x, y) = ((i % SIDE + index) as f32, (i / SIDE) as f32);
            let light = 400.0 + 300.0 * (x * 0.011).sin() * (y * 0.017).cos();
            light as u16 + (state >> 27) as u16
        })
        .collect()
}

/// Reads each page and writes it again, as a restoration does, compressed as told.
fn copy(input: &Path, output: &Path, compression: Option<Compression>) {
    let mut reader = Reader::open(input).unwrap();
    let mut plan = reader.plan();
    if let Some(compression) = compression {
        plan.contiguous = plan.contiguous.filter(|_| compression == Compression::None);
        plan.bytes *= 2;
    }
    let pages = plan.pages;
    // As a restoration does by default.
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    reader.set_workers(threads, Priority::Normal);
    let mut writer = Writer::create(output, true, plan).unwrap();
    writer.set_workers(threads, Priority::Normal);
    let mut pixels: Vec<u16> = Vec::new();
    for index in 0..pages {
        let mut page = reader.read_page(index, &mut pixels).unwrap();
        page.storage.compression = compression.unwrap_or(page.storage.compression);
        writer.write(&mut pixels, &page, None).unwrap();
    }
    writer.finish().unwrap();
}

/// Makes a stack without compression, by writing the pages of a small file again and again.
fn stack(folder: &Path, pages: usize) -> PathBuf {
    let path = folder.join(format!("stack-{pages}.tif"));
    let seed = folder.join("seed.tif");
    one_directory(&seed, 1, &[]);
    let mut reader = Reader::open(&seed).unwrap();
    let page = reader.page(0).unwrap();
    let mut plan = reader.plan();
    plan.pages = pages;
    plan.bytes = (pages * (PAGE + 4096)) as u64;
    let mut writer = Writer::create(&path, true, plan).unwrap();
    // A few frames: making them takes longer than writing them.
    let frames: Vec<_> = (0..8).map(frame).collect();
    for index in 0..pages {
        writer.write(&mut frames[index % frames.len()].clone(), &page, None).unwrap();
    }
    writer.finish().unwrap();
    path
}

/// A sparse file as ImageJ writes it above 4 GB: one directory, then the planes. `marked` get their number as pixels
/// of the first row.
fn one_directory(path: &Path, planes: usize, marked: &[usize]) {
    let text = format!("ImageJ=1.54p\nimages={planes}\nslices={planes}\n\0");
    let entries: [(u16, u16, u32, u32); 9] = [
        (256, 4, 1, SIDE as u32),
        (257, 4, 1, SIDE as u32),
        (258, 3, 1, 16),
        (259, 3, 1, 1),
        (262, 3, 1, 1),
        (270, 2, text.len() as u32, 8),
        (273, 4, 1, 512),
        (278, 4, 1, SIDE as u32),
        (279, 4, 1, PAGE as u32),
    ];
    let at = 8 + text.len().next_multiple_of(2);
    let mut bytes = b"II*\0".to_vec();
    bytes.extend((at as u32).to_le_bytes());
    bytes.extend(text.as_bytes());
    bytes.resize(at, 0);
    bytes.extend((entries.len() as u16).to_le_bytes());
    for (tag, kind, count, value) in entries {
        bytes.extend([tag.to_le_bytes(), kind.to_le_bytes()].concat());
        bytes.extend([count.to_le_bytes(), value.to_le_bytes()].concat());
    }
    bytes.resize(512, 0);
    let mut file = File::create(path).unwrap();
    file.write_all(&bytes).unwrap();
    file.set_len((512 + planes * PAGE) as u64).unwrap();
    for &plane in marked {
        file.seek(SeekFrom::Start((512 + plane * PAGE) as u64)).unwrap();
        file.write_all(&row(plane)).unwrap();
    }
}

fn row(plane: usize) -> Vec<u8> {
    (0..SIDE).flat_map(|x| ((plane * 7 + x) as u16).to_le_bytes()).collect()
}

/// Seconds of the best of some rounds, of ours and of theirs in turn. `outputs` are removed before: a file that is
/// overwritten keeps its place on the disk, which is faster.
fn faster(outputs: [&Path; 2], mut ours: impl FnMut(), mut theirs: impl FnMut()) -> (f64, f64) {
    let time = |work: &mut dyn FnMut()| {
        for output in outputs {
            let _ = fs::remove_file(output);
        }
        let started = Instant::now();
        work();
        started.elapsed().as_secs_f64()
    };
    let mut best = (f64::INFINITY, f64::INFINITY);
    for _ in 0..ROUNDS {
        best.1 = best.1.min(time(&mut theirs));
        best.0 = best.0.min(time(&mut ours));
    }
    best
}

fn run(program: &str, arguments: &[&str]) {
    let done = Command::new(program).args(arguments).output().unwrap_or_else(|e| panic!("{program}: {e}"));
    assert!(done.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
}

/// Peak memory in MiB of this program copying a file, in a process of its own.
fn peak(input: &Path, output: &Path) -> f64 {
    let me = std::env::current_exe().unwrap();
    let done = Command::new(me).arg("--copy").arg(input).arg(output).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).unwrap().trim().parse::<f64>().unwrap() / 1024.0
}

fn own_peak_kib() -> String {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().to_owned()
}

/// Prints a row of the table; returns whether it is within its limit.
fn verdict(what: &str, (ours, theirs): (f64, f64), unit: &str, limit: f64) -> bool {
    let ratio = ours / theirs;
    let verdict = if ratio <= limit { "within" } else { "OVER" };
    println!("{what}: {ours:.2} {unit}, beside {theirs:.2} {unit}: {ratio:.2}, {verdict} the limit of {limit}");
    ratio <= limit
}

fn speed(folder: &Path, megabytes: usize) -> Vec<bool> {
    let text = |path: &Path| path.to_str().unwrap().to_owned();
    let (out, other) = (folder.join("out.tif"), folder.join("other.tif"));
    let mut fine = Vec::new();
    let large = stack(folder, megabytes << 20 >> PAGE.ilog2());
    let dd =
        [format!("if={}", text(&large)), format!("of={}", text(&other)), format!("bs={PAGE}"), "conv=fsync".into()];
    let dd: Vec<&str> = dd.iter().map(String::as_str).collect();
    let times = faster([&out, &other], || copy(&large, &out, None), || run("dd", &dd));
    fine.push(verdict(&format!("uncompressed, {megabytes} MB, beside dd"), times, "s", DD_LIMIT));
    fs::remove_file(&large).unwrap();
    if Command::new("tiffcp").output().is_err() {
        println!("LZW and Deflate: left out, there is no tiffcp (Debian: apt-get install libtiff-tools)");
        return fine;
    }
    let small = stack(folder, megabytes << 17 >> PAGE.ilog2());
    for (name, compression, option) in [("LZW", Compression::Lzw, "lzw"), ("Deflate", Compression::Deflate, "zip")] {
        let packed = folder.join(format!("{option}.tif"));
        // Ours brings a file to the disk before it gives it its name.
        let tiffcp = |option: &str, from: &Path| {
            run("tiffcp", &["-c", option, &text(from), &text(&other)]);
            run("sync", &[&text(&other)]);
        };
        let ours = || copy(&small, &packed, Some(compression));
        let times = faster([&packed, &other], ours, || tiffcp(option, &small));
        let sizes = [&packed, &other].map(|path| fs::metadata(path).unwrap().len() >> 20);
        let what = format!("{name}, {} MB, written, {} MB beside tiffcp's {} MB", megabytes / 8, sizes[0], sizes[1]);
        fine.push(verdict(&what, times, "s", TIFFCP_LIMIT));
        let ours = || copy(&packed, &out, Some(Compression::None));
        let times = faster([&out, &other], ours, || tiffcp("none", &packed));
        fine.push(verdict(&format!("{name}, read, beside tiffcp"), times, "s", TIFFCP_LIMIT));
    }
    fine
}

fn memory(folder: &Path) -> Vec<bool> {
    let out = folder.join("out.tif");
    let mut fine = Vec::new();
    let (few, many) = (stack(folder, 2), stack(folder, 200));
    let base = peak(&few, &out);
    fine.push(verdict("peak memory, 200 pages beside 2", (peak(&many, &out), base), "MiB", MEMORY_LIMIT));
    fs::remove_file(many).unwrap();
    // 4.2 GiB.
    let planes = 512 + 25;
    let marked = [0, 256, planes - 1];
    let large = folder.join("imagej.tif");
    one_directory(&large, planes, &marked);
    let found = peak(&large, &out);
    let what = format!("peak memory, an ImageJ stack of {planes} planes in one directory beside 2 pages");
    fine.push(verdict(&what, (found, base), "MiB", MEMORY_LIMIT));
    let mut reader = Reader::open(&out).unwrap();
    assert_eq!(reader.pages(), planes);
    let mut file = File::open(&out).unwrap();
    let mut pixels: Vec<u16> = Vec::new();
    for plane in marked {
        reader.read(plane, &mut pixels).unwrap();
        assert_eq!(bytemuck::cast_slice::<u16, u8>(&pixels[..SIDE]), row(plane), "plane {plane}");
        // As ImageJ reads it: the planes follow each other from the first strip on.
        let from = file.metadata().unwrap().len() - (planes * PAGE) as u64;
        file.seek(SeekFrom::Start(from + (plane * PAGE) as u64)).unwrap();
        let mut first = vec![0; 2 * SIDE];
        file.read_exact(&mut first).unwrap();
        assert_eq!(first, row(plane), "plane {plane} in the file");
    }
    fine
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, flag, input, output] = &arguments[..] {
        if flag == "--copy" {
            copy(Path::new(input), Path::new(output), None);
            println!("{}", own_peak_kib());
            return;
        }
    }
    let megabytes = std::env::var("PARFOCAL_BENCH_MB").map_or(2048, |text| text.parse().expect("a number of MB"));
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let mut fine = memory(folder.path());
    fine.extend(speed(folder.path(), megabytes));
    assert!(fine.iter().all(|fine| *fine), "over a limit, see above");
}
