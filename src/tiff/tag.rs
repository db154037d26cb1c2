//! A tag, and the numbers of the tags that this room uses: TIFF 6.0, its supplements, registered private tags.

use tiff::tags::Type;

/// One tag of a page, its value in this machine's byte order.
#[derive(Clone, Debug)]
pub struct Tag {
    /// The tag's number.
    pub id: u16,
    pub(crate) kind: Type,
    pub(crate) value: Vec<u8>,
}

/// Bytes of one value.
pub(super) fn size_of(kind: Type) -> usize {
    match kind {
        Type::SHORT | Type::SSHORT => 2,
        Type::LONG | Type::SLONG | Type::FLOAT | Type::IFD => 4,
        Type::RATIONAL | Type::SRATIONAL | Type::DOUBLE | Type::LONG8 | Type::SLONG8 | Type::IFD8 => 8,
        _ => 1,
    }
}

pub const SUBFILE_TYPE: u16 = 254;
pub const WIDTH: u16 = 256;
pub const HEIGHT: u16 = 257;
pub const BITS_PER_SAMPLE: u16 = 258;
pub const COMPRESSION: u16 = 259;
pub const PHOTOMETRIC: u16 = 262;
pub const FILL_ORDER: u16 = 266;
pub const DESCRIPTION: u16 = 270;
pub const STRIP_OFFSETS: u16 = 273;
pub const SAMPLES_PER_PIXEL: u16 = 277;
pub const ROWS_PER_STRIP: u16 = 278;
pub const STRIP_BYTE_COUNTS: u16 = 279;
pub const X_RESOLUTION: u16 = 282;
pub const Y_RESOLUTION: u16 = 283;
pub const PLANAR: u16 = 284;
pub const RESOLUTION_UNIT: u16 = 296;
pub const SOFTWARE: u16 = 305;
pub const PREDICTOR: u16 = 317;
pub const TILE_WIDTH: u16 = 322;
pub const TILE_HEIGHT: u16 = 323;
pub const TILE_OFFSETS: u16 = 324;
pub const TILE_BYTE_COUNTS: u16 = 325;
pub const SUB_IFDS: u16 = 330;
pub const COLOR_MAP: u16 = 320;
pub const EXTRA_SAMPLES: u16 = 338;
pub const SAMPLE_FORMAT: u16 = 339;
pub const JPEG_TABLES: u16 = 347;
pub const METAMORPH_UIC1: u16 = 33628;
pub const METAMORPH_UIC2: u16 = 33629;
pub const OLYMPUS_SIS: u16 = 33560;
pub const ZEISS_LSM: u16 = 34412;
pub const IMAGEJ_BYTE_COUNTS: u16 = 50838;
pub const IMAGEJ_METADATA: u16 = 50839;
