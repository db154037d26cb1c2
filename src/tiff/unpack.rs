//! Decompresses a strip or tile.

use std::io::{self, BufRead, Read};

use weezl::{decode::Configuration, BitOrder, LzwStatus};
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;

use super::format::{Compression, Storage};

/// Unpacks until `out` is full; further data is ignored. `size`: pixels of a row, most rows, and samples of a pixel.
pub(super) fn unpack(
    packed: &mut dyn BufRead,
    storage: &Storage,
    size: (usize, usize, usize),
    out: &mut [u8],
) -> io::Result<()> {
    if storage.reversed {
        let mut bytes = Vec::new();
        packed.read_to_end(&mut bytes)?;
        bytes.iter_mut().for_each(|byte| *byte = byte.reverse_bits());
        return unpack(&mut &bytes[..], &Storage { reversed: false, ..storage.clone() }, size, out);
    }
    match storage.compression {
        Compression::None => packed.read_exact(out),
        Compression::Deflate => flate2::bufread::ZlibDecoder::new(packed).read_exact(out),
        Compression::Lzw => unpack_lzw(packed, out),
        Compression::PackBits => unpack_bits(packed, out),
        Compression::Zstd => ruzstd::decoding::StreamingDecoder::new(packed)
            .map_err(|e| io::Error::new(io::ErrorKind::InvalidData, e.to_string()))?
            .read_exact(out),
        Compression::Jpeg => unpack_jpeg(packed, storage, size, out),
    }
}

fn unpack_lzw(mut packed: impl BufRead, out: &mut [u8]) -> io::Result<()> {
    // Before TIFF 5 the bits were the other way round, and codes grew later; libtiff tells them by the first code.
    let old = matches!(packed.fill_buf()?, [0, second, ..] if second & 1 == 1);
    let configuration =
        if old { Configuration::new(BitOrder::Lsb, 8) } else { Configuration::with_tiff_size_switch(BitOrder::Msb, 8) };
    // Like libtiff: data after the last pixel is ignored, and the end code may be missing.
    let mut decoder = configuration.with_yield_on_full_buffer(true).build();
    let mut done = 0;
    while done < out.len() {
        let step = decoder.decode_bytes(packed.fill_buf()?, &mut out[done..]);
        packed.consume(step.consumed_in);
        done += step.consumed_out;
        let status = step.status.map_err(|e| io::Error::new(io::ErrorKind::InvalidData, e))?;
        let ended = !matches!(status, LzwStatus::Ok) || (step.consumed_in == 0 && step.consumed_out == 0);
        if ended && done < out.len() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(())
}

/// PackBits: TIFF 6.0, section 9.
fn unpack_bits(mut packed: impl Read, mut out: &mut [u8]) -> io::Result<()> {
    let byte = |packed: &mut dyn Read| {
        let mut byte = [0];
        packed.read_exact(&mut byte).map(|()| byte[0])
    };
    while !out.is_empty() {
        let header = byte(&mut packed)? as i8;
        let length = usize::from(header.unsigned_abs()) + 1;
        let run = out.len().min(length);
        match header {
            // No operation.
            i8::MIN => continue,
            0.. => packed.read_exact(&mut out[..run])?,
            _ => out[..run].fill(byte(&mut packed)?),
        }
        out = &mut out[run..];
    }
    Ok(())
}

/// JPEG (TIFF Technical Note 2): the tables that all strips share stand in a tag, as a stream of their own without
/// image. Together they make an ordinary JPEG file.
fn unpack_jpeg(
    mut packed: impl Read,
    storage: &Storage,
    (columns, most_rows, samples): (usize, usize, usize),
    out: &mut [u8],
) -> io::Result<()> {
    const START: [u8; 2] = [0xff, 0xd8];
    const END: [u8; 2] = [0xff, 0xd9];
    let damaged = |what: String| io::Error::new(io::ErrorKind::InvalidData, format!("JPEG: {what}"));
    let tables = &storage.jpeg_tables[..];
    let mut stream = tables.strip_suffix(&END).unwrap_or(tables).to_vec();
    let mut own = Vec::new();
    packed.read_to_end(&mut own)?;
    if stream.is_empty() {
        stream = own;
    } else {
        stream.extend(own.strip_prefix(&START).unwrap_or(&own));
    }
    let rows = out.len() / (columns * samples);
    let options = DecoderOptions::default()
        // Of a tile, only the rows inside the image are wanted, but its stream has them all.
        .set_max_width(columns)
        .set_max_height(most_rows);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(&stream), options);
    decoder.decode_headers().map_err(|e| damaged(e.to_string()))?;
    let (width, height) = decoder.dimensions().unwrap_or_default();
    if width != columns || height < rows || height > most_rows {
        return Err(damaged(format!("{width}x{height} pixels, expected {columns}x{rows}")));
    }
    let colours = match samples {
        1 => ColorSpace::Luma,
        _ if storage.ycbcr => ColorSpace::RGB,
        // PhotometricInterpretation says that the components are RGB already: whatever the decoder takes them for.
        _ => decoder.input_colorspace().unwrap_or(ColorSpace::YCbCr),
    };
    decoder.set_options(options.jpeg_set_out_colorspace(colours));
    let pixels = decoder.decode().map_err(|e| damaged(e.to_string()))?;
    let pixels = pixels.get(..out.len()).ok_or_else(|| damaged(format!("{} bytes of pixels", pixels.len())))?;
    out.copy_from_slice(pixels);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lzw_of_before_tiff_5_is_told_by_its_first_code() {
        // Long enough for codes of 12 bits, where both kinds differ in when they grow.
        let data: Vec<u8> = (0..40_000u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 27) as u8).collect();
        let old = weezl::encode::Encoder::new(BitOrder::Lsb, 8).encode(&data).unwrap();
        let new = weezl::encode::Encoder::with_tiff_size_switch(BitOrder::Msb, 8).encode(&data).unwrap();
        for packed in [old, new] {
            let mut out = vec![0; data.len()];
            unpack_lzw(&packed[..], &mut out).unwrap();
            assert!(out == data);
        }
    }
}
