//! Micro-Manager's blocks behind the header of a TIFF file: a summary of the acquisition, display settings and
//! comments, all JSON, and an index map, which lists where each image's directory is.
//!
//! The texts are carried along. The index map is not: readers of it take for granted that the pixels of an image lie
//! 162 bytes behind its directory, and would show other pixels in an output whose images follow each other.

use super::directory::Source;

/// The words that mark the parts of the header, and the blocks that it points to.
const INDEX_MAP: u32 = 54_773_648;
const DISPLAY: (u32, u32) = (483_765_892, 347_834_724);
const COMMENTS: (u32, u32) = (99_384_722, 84_720_485);
const SUMMARY: u32 = 2_355_492;
/// What the header of an NDTiff file begins with.
const ND_TIFF: u32 = 483_729;

/// Where the blocks begin in any file: behind the header of a TIFF, which is no BigTIFF.
const START: u64 = 8;
/// Bytes of the header before the summary's text.
const HEADER: u64 = 32;

/// What was found behind the header.
pub(crate) enum Found {
    /// The texts of Micro-Manager, without the words before them; `None` where one is missing or damaged.
    MicroManager(Blocks),
    /// NDTiff's summary, which belongs to an index in a file of its own.
    NdTiff,
    Nothing,
}

/// Micro-Manager's texts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Blocks {
    summary: Option<Vec<u8>>,
    display: Option<Vec<u8>>,
    comments: Option<Vec<u8>>,
}

/// Looks for the blocks. What is damaged is missing, never an error.
pub(crate) fn find(source: &mut Source) -> Found {
    if source.big {
        return Found::Nothing;
    }
    let Ok(header) = source.read(START, HEADER, "a block") else { return Found::Nothing };
    let words: Vec<u32> = header.as_chunks::<4>().0.iter().map(|word| source.number32(word)).collect();
    match words[0] {
        INDEX_MAP => {}
        ND_TIFF => return Found::NdTiff,
        _ => return Found::Nothing,
    }
    let mut behind = |(mark, own): (u32, u32), index: usize| {
        let at = u64::from(words[index + 1]);
        let start = source.read(at, 8, "a block").ok().filter(|_| words[index] == mark)?;
        let (found, length) = (source.number32(&start), source.number32(&start[4..]));
        source.read(at + 8, length.into(), "a block").ok().filter(|_| found == own)
    };
    let (display, comments) = (behind(DISPLAY, 2), behind(COMMENTS, 4));
    let summary = source.read(START + HEADER, words[7].into(), "a block").ok().filter(|_| words[6] == SUMMARY);
    Found::MicroManager(Blocks { summary, display, comments })
}

impl Blocks {
    /// A sentence for what the output will lack; `carried`: whether it gets the texts.
    pub fn loss(&self, carried: bool) -> String {
        let all = [(&self.summary, "summary"), (&self.display, "display settings"), (&self.comments, "comments")];
        let names =
            |there: bool| all.iter().filter(|part| part.0.is_some() == there).map(|part| part.1).collect::<Vec<_>>();
        let index = "Micro-Manager's index map, since it points to places in the input";
        if !carried {
            return format!(
                "not written to the output: {index}, and its summary, display settings and comments, for which a file \
                 above 4 GB (BigTIFF) has no room; tags and descriptions are kept"
            );
        }
        let (kept, damaged) = (names(true), names(false));
        let mut said = format!("not written to the output: {index}");
        if !kept.is_empty() {
            said += &format!("; its {} are kept", kept.join(", "));
        }
        if !damaged.is_empty() {
            said += &format!("; its {} are missing or damaged in the input", damaged.join(", "));
        }
        said
    }

    /// Bytes of `encode`.
    pub fn length(&self) -> u64 {
        let one = |text: &Option<Vec<u8>>| text.as_ref().map_or(0, |text| text.len() as u64);
        HEADER + one(&self.summary) + one(&self.display) + one(&self.comments) + 32
    }

    /// What stands behind the header of the output, in this machine's byte order: no index map, then the places of the
    /// texts, and the texts.
    pub fn encode(&self) -> Vec<u8> {
        let summary = self.summary.as_deref().unwrap_or_default();
        let mut texts = Vec::new();
        let from = START + HEADER + summary.len() as u64;
        let mut header = vec![0u32, 0];
        for (text, (mark, own)) in [(&self.display, DISPLAY), (&self.comments, COMMENTS)] {
            let Some(text) = text else {
                header.extend([0, 0]);
                continue;
            };
            // They were all in a file whose places have 32 bits.
            header.extend([mark, (from + texts.len() as u64) as u32]);
            texts.extend([own, text.len() as u32].iter().flat_map(|word| word.to_ne_bytes()));
            texts.extend(text);
        }
        header.extend(self.summary.as_ref().map_or([0, 0], |text| [SUMMARY, text.len() as u32]));
        let mut bytes: Vec<u8> = header.iter().flat_map(|word| word.to_ne_bytes()).collect();
        bytes.extend(summary);
        bytes.extend(texts);
        bytes
    }
}
