//! Units of length, as ImageJ, OME and microscopes spell them.

/// Micrometres in a unit of length; `None` for `pixel` and anything that is no length.
pub(super) fn micrometres(unit: &str) -> Option<f64> {
    let unit = unescaped(unit.trim().trim_end_matches('\0').trim());
    // Some names differ in case only where no other unit could be meant; `M` is a prefix in others, but no length.
    match unit.to_lowercase().as_str() {
        // Twice the sign: files that old Macs wrote have the bytes B5 B5.
        "um" | "\u{b5}m" | "\u{3bc}m" | "\u{b5}\u{b5}" | "micron" | "microns" | "micrometer" | "micrometre"
        | "micrometers" | "micrometres" => Some(1.0),
        "nm" | "nanometer" | "nanometre" | "nanometers" | "nanometres" => Some(1e-3),
        // Both code points of the sign, which become the same lower-case letter.
        "\u{e5}" | "angstrom" | "angstroms" | "\u{e5}ngstr\u{f6}m" => Some(1e-4),
        "pm" | "picometer" | "picometre" | "picometers" | "picometres" => Some(1e-6),
        "mm" | "millimeter" | "millimetre" | "millimeters" | "millimetres" => Some(1e3),
        "cm" | "centimeter" | "centimetre" | "centimeters" | "centimetres" => Some(1e4),
        "m" | "meter" | "metre" | "meters" | "metres" => Some(1e6),
        "inch" | "inches" | "in" => Some(25_400.0),
        _ => None,
    }
}

/// ImageJ writes characters beyond ASCII as `\u00B5`.
fn unescaped(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("\\u") {
        let code = rest.get(at + 2..at + 6).and_then(|hex| u32::from_str_radix(hex, 16).ok()).and_then(char::from_u32);
        plain.push_str(&rest[..at]);
        match code {
            Some(character) => {
                plain.push(character);
                rest = &rest[at + 6..];
            }
            None => {
                plain.push_str("\\u");
                rest = &rest[at + 2..];
            }
        }
    }
    plain + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_is_a_length() {
        for unit in [
            "um",
            " um",
            "\u{b5}m",
            "\u{3bc}m",
            "\\u00B5m",
            "\\u03BCm",
            "\u{b5}\u{b5}",
            "micrometers",
            "Microns",
            "um\0",
        ] {
            assert_eq!(micrometres(unit), Some(1.0), "{unit}");
        }
        for unit in ["\u{c5}", "\u{212b}", "\\u00C5", "angstrom"] {
            assert_eq!(micrometres(unit), Some(1e-4), "{unit}");
        }
        assert_eq!(
            [micrometres("nm"), micrometres("pixel"), micrometres("\\uZZ"), micrometres("")],
            [Some(1e-3), None, None, None]
        );
    }
}
