//! Blocks of microscope makers that point to places in the file: they would be wrong in an output, and are left out.
//! The pixel size that they hold is saved.

use super::directory::{Directory, Source};
use super::micro_manager::{self, Blocks, Found};
use super::tag;
use crate::error::Result;

/// What the blocks of a file say.
#[derive(Clone, Debug, Default)]
pub(crate) struct Vendor {
    /// Micrometres from pixel to pixel along x and y.
    pub pixel_size_um: Option<[f64; 2]>,
    /// A sentence for each block that the output will lack.
    pub losses: Vec<String>,
    /// Micro-Manager's texts, which the output gets if it is no BigTIFF.
    pub micro_manager: Option<Blocks>,
}

/// Tags whose values hold offsets into the file: first, last, and what they are.
const POINTING: &[(u16, u16, &str)] = &[
    (tag::OLYMPUS_SIS, tag::OLYMPUS_SIS, "the Olympus SIS block (tag 33560)"),
    (tag::METAMORPH_UIC1, 33631, "the MetaMorph blocks (UIC tags 33628 to 33631)"),
    (tag::ZEISS_LSM, tag::ZEISS_LSM, "the Zeiss LSM block (tag 34412)"),
    (34665, 34665, "the Exif block (tag 34665)"),
    (34853, 34853, "the GPS block (tag 34853)"),
    (40965, 40965, "the Exif interoperability block (tag 40965)"),
    (65426, 65426, "Hamamatsu's index of image parts (tag 65426)"),
    (65432, 65432, "Hamamatsu's index of image parts (tag 65432)"),
];

/// Whether a tag's value holds offsets into the file.
pub(crate) fn points_into_file(id: u16) -> bool {
    POINTING.iter().any(|&(first, last, _)| (first..=last).contains(&id))
}

/// Reads the blocks of the first page. A damaged block is a loss too, never an error. Errors: `Io`.
pub(crate) fn read(source: &mut Source, directory: &Directory) -> Result<Vendor> {
    let mut vendor = Vendor::default();
    for &(first, last, name) in POINTING {
        let Some(found) = directory.iter().find(|entry| (first..=last).contains(&entry.tag)).map(|entry| entry.tag)
        else {
            continue;
        };
        let size = match found {
            tag::OLYMPUS_SIS => sis(source, directory),
            tag::METAMORPH_UIC1 => uic(source, directory),
            tag::ZEISS_LSM => lsm(source, directory),
            _ => None,
        };
        let size = size.filter(|size| size.iter().all(|v| v.is_finite() && *v > 1e-6 && *v < 1e4));
        vendor.pixel_size_um = vendor.pixel_size_um.or(size);
        vendor.losses.push(match size {
            Some([x, y]) => format!(
                "not written to the output: {name}, since it points to places in the input; its pixel size, {x} x {y} \
                 um, is saved in XResolution and YResolution",
                x = rounded(x),
                y = rounded(y)
            ),
            None => format!("not written to the output: {name}, since it points to places in the input"),
        });
    }
    match micro_manager::find(source) {
        Found::MicroManager(blocks) => vendor.micro_manager = Some(blocks),
        Found::NdTiff => vendor.losses.push(
            "not written to the output: NDTiff's summary, since it belongs to an index of the inputs; tags and \
             descriptions are kept"
                .into(),
        ),
        Found::Nothing => {}
    }
    Ok(vendor)
}

/// For messages: without the noise of sums of binary fractions.
fn rounded(size: f64) -> f64 {
    (size * 1e9).round() / 1e9
}

/// Bytes of the file, if it has them.
fn bytes<const N: usize>(source: &mut Source, at: u64) -> Option<[u8; N]> {
    source.read(at, N as u64, "a block").ok()?.try_into().ok()
}

/// Little-endian numbers at places of a block.
fn f64_at(block: &[u8], at: usize) -> Option<f64> {
    Some(f64::from_le_bytes(block.get(at..at + 8)?.try_into().ok()?))
}

fn u32_at(block: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(block.get(at..at + 4)?.try_into().ok()?))
}

fn u16_at(block: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(block.get(at..at + 2)?.try_into().ok()?))
}

/// Olympus SIS: `SIS0`, from byte 58 the number of parts, then their kinds and places. Part 1 has the decimal exponent
/// of the metre and the sizes of a pixel.
fn sis(source: &mut Source, directory: &Directory) -> Option<[f64; 2]> {
    let at = source.integer(directory, tag::OLYMPUS_SIS).ok()??;
    let header: [u8; 60] = bytes(source, at)?;
    if !header.starts_with(b"SIS0") {
        return None;
    }
    for part in 0..u64::from(u16_at(&header, 58)?) {
        let entry: [u8; 8] = bytes(source, at + 60 + 8 * part)?;
        if u16_at(&entry, 0)? == 1 {
            let general: [u8; 28] = bytes(source, u32_at(&entry, 4)?.into())?;
            let metre = 10f64.powi(i32::from(u16_at(&general, 10)? as i16));
            return Some([f64_at(&general, 12)? * metre * 1e6, f64_at(&general, 20)? * metre * 1e6]);
        }
    }
    None
}

/// MetaMorph: UIC1 is a list of numbers and values; 4 and 5 are places of fractions, 6 that of the unit's name.
fn uic(source: &mut Source, directory: &Directory) -> Option<[f64; 2]> {
    let entry = directory.get(tag::METAMORPH_UIC1)?;
    let (at, count) = (entry.at()?, entry.count.min(1 << 12));
    let (mut size, mut unit) = ([None; 2], None);
    for index in 0..count {
        let pair: [u8; 8] = bytes(source, at + 8 * index)?;
        let (id, place) = (u32_at(&pair, 0)?, u64::from(u32_at(&pair, 4)?));
        match id {
            4 | 5 => {
                let fraction: [u8; 8] = bytes(source, place)?;
                size[id as usize - 4] =
                    Some(f64::from(u32_at(&fraction, 0)?) / f64::from(u32_at(&fraction, 4)?.max(1)));
            }
            6 => {
                let length: [u8; 4] = bytes(source, place)?;
                let length = u64::from(u32_at(&length, 0)?).min(64);
                unit = source.read(place + 4, length, "a block").ok();
            }
            _ => {}
        }
    }
    let unit: String = unit?.iter().map(|&b| char::from(b)).collect();
    let um = super::units::micrometres(&unit)?;
    Some([size[0]? * um, size[1].or(size[0])? * um])
}

/// Zeiss LSM: from byte 40 the sizes of a voxel in metres.
fn lsm(source: &mut Source, directory: &Directory) -> Option<[f64; 2]> {
    let at = directory.get(tag::ZEISS_LSM)?.at()?;
    let block: [u8; 56] = bytes(source, at)?;
    Some([f64_at(&block, 40)? * 1e6, f64_at(&block, 48)? * 1e6])
}
