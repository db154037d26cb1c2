//! ImageJ's own metadata: reads its text, and swaps the byte order of its binary part.

use super::units::micrometres;
use crate::error::{Error, Result, Status};

/// The value of a line `key=value` in the text that ImageJ writes into ImageDescription.
pub(crate) fn value<'a>(description: &'a str, key: &str) -> Option<&'a str> {
    if !description.starts_with("ImageJ=") {
        return None;
    }
    description.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='))
}

/// A count in ImageJ's text; 1 if it is missing.
pub(crate) fn count(description: &str, key: &str) -> u64 {
    value(description, key).and_then(|v| v.trim().parse().ok()).unwrap_or(1)
}

/// Micrometres in the unit of length of its text, beside TIFF's `ResolutionUnit`.
///
/// Micro-Manager writes `um` beside pixels per centimetre; ImageJ then takes the centimetre (its
/// FileOpener).
pub(crate) fn unit_um(description: &str, resolution_unit: Option<u64>) -> Option<Option<f64>> {
    let unit = value(description, "unit")?;
    if resolution_unit == Some(3) && unit.trim() == "um" {
        return Some(Some(1e4));
    }
    Some(micrometres(unit))
}

/// Swaps the byte order of tag 50839.
///
/// ImageJ writes it in the byte order of the file: the word `IJIJ` and a header of (kind, count) pairs, then UTF-16
/// texts, doubles (display ranges), and bytes (colour tables; overlays, which are always big-endian). `counts` is tag
/// 50838: the length in bytes of the header, then of each part. The format is defined by ImageJ's
/// TiffDecoder.getMetaData.
///
/// # Errors
/// `Format` if header and counts contradict each other.
pub(crate) fn swap_metadata(data: &mut [u8], counts: &[u64], from_big_endian: bool) -> Result<()> {
    let damaged = || {
        Error::new(
            Status::Format,
            "ImageJ's metadata (tags 50838 and 50839) is damaged; open the file in ImageJ and save it again",
        )
    };
    let header_bytes = counts.first().and_then(|&n| usize::try_from(n).ok()).ok_or_else(damaged)?;
    if header_bytes % 4 != 0 || header_bytes < 4 || header_bytes > data.len() {
        return Err(damaged());
    }
    let (header, mut rest) = data.split_at_mut(header_bytes);
    let mut words = Vec::new();
    for word in header.chunks_exact_mut(4) {
        let found = [word[0], word[1], word[2], word[3]];
        words.push(if from_big_endian { u32::from_be_bytes(found) } else { u32::from_le_bytes(found) });
        word.reverse();
    }
    if words[0].to_be_bytes() != *b"IJIJ" {
        return Err(damaged());
    }
    let kinds =
        words[1..].chunks_exact(2).flat_map(|pair| std::iter::repeat_n(pair[0].to_be_bytes(), pair[1] as usize));
    for (kind, &count) in kinds.zip(&counts[1..]) {
        let count = usize::try_from(count).ok().filter(|&n| n <= rest.len()).ok_or_else(damaged)?;
        let (part, after) = rest.split_at_mut(count);
        let size = match &kind {
            b"info" | b"labl" | b"prop" => 2,
            b"rang" => 8,
            _ => 1,
        };
        part.chunks_exact_mut(size).for_each(<[u8]>::reverse);
        rest = after;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_text() {
        let text = "ImageJ=1.54f\nimages=6\nchannels=2\nslices=3\nunit=\\u00B5m\n";
        assert_eq!((count(text, "images"), count(text, "frames")), (6, 1));
        assert_eq!(value(text, "unit").and_then(micrometres), Some(1.0));
        assert_eq!(value("<OME>\nunit=nm", "unit"), None);
        assert_eq!(unit_um("ImageJ=1.49h\nunit=um\n", Some(3)), Some(Some(1e4)));
        assert_eq!(unit_um("ImageJ=1.49h\nunit=micron\n", Some(3)), Some(Some(1.0)));
        assert_eq!(unit_um("ImageJ=1.49h\nunit=pixel\n", None), Some(None));
    }

    #[test]
    fn swaps_texts_and_doubles_but_not_bytes() {
        let mut data = Vec::new();
        for (kind, count) in [(*b"labl", 2u32), (*b"rang", 1), (*b"luts", 1)] {
            data.extend(kind);
            data.extend(count.to_be_bytes());
        }
        data.splice(0..0, *b"IJIJ");
        let counts = [data.len() as u64, 2, 4, 16, 3];
        for text in ["a", "bc"] {
            data.extend(text.encode_utf16().flat_map(u16::to_be_bytes));
        }
        data.extend([10.0f64, 200.0].iter().flat_map(|v| v.to_be_bytes()));
        data.extend([1, 2, 3]);
        let original = data.clone();

        swap_metadata(&mut data, &counts, true).unwrap();
        assert_eq!(&data[..8], b"JIJIlbal");
        assert_eq!(&data[28..34], &[b'a', 0, b'b', 0, b'c', 0]);
        assert_eq!(&data[34..42], &10.0f64.to_le_bytes());
        assert_eq!(&data[50..], &[1, 2, 3]);

        swap_metadata(&mut data, &counts, false).unwrap();
        assert_eq!(data, original);
    }

    #[test]
    fn refuses_damaged_metadata() {
        let message = "ImageJ's metadata";
        for counts in [&[][..], &[8], &[4, 100], &[3], &[4]] {
            let mut data = *b"IJIK\0\0";
            let error = swap_metadata(&mut data, counts, true).unwrap_err();
            assert!(error.message().starts_with(message), "{counts:?}");
        }
        let mut data = *b"IJIJlabl\0\0\0\x01ab";
        assert!(swap_metadata(&mut data, &[12, 100], true).is_err(), "a part longer than the data");
    }
}
