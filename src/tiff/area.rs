//! Where the pixels of a strip or tile belong in a page, and putting them there.

use bytemuck::Pod;

use super::stored::{self, Stored};
use crate::error::Result;
use crate::image::frame::{resize, Sample};

/// Where the pixels of a strip or tile belong in a page.
pub(super) struct Area {
    /// The sample whose values these are, if each has planes of its own.
    pub planar: Option<usize>,
    /// Whether its rows are those of the page.
    pub whole_rows: bool,
    /// Its first pixel.
    pub at: (usize, usize),
    /// Inside the image.
    pub columns: usize,
    pub rows: usize,
    /// Samples of a pixel, and how many of them are stored side by side.
    pub samples: usize,
    pub together: usize,
    /// Samples of its row, padding included, and of the page's.
    pub row: usize,
    pub page_row: usize,
    pub stored: Stored,
}

impl Area {
    /// Bytes of its unpacked rows.
    pub fn bytes(&self) -> usize {
        self.rows * self.stored.row_bytes(self.row)
    }

    /// The samples of the page that are its rows, if they are whole.
    pub fn whole(&self) -> std::ops::Range<usize> {
        self.at.1 * self.page_row..(self.at.1 + self.rows) * self.page_row
    }

    /// Puts unpacked rows to their place, converted to the type in memory. `scratch` may hold them. Returns how many
    /// samples have more digits.
    pub fn put<T: Sample + Pod>(&self, bytes: &[u8], scratch: &mut Vec<T>, pixels: &mut [T]) -> Result<u64> {
        if self.whole_rows {
            return Ok(self.converted(bytes, &mut pixels[self.whole()]));
        }
        resize(scratch, self.rows * self.row)?;
        let rounded = self.converted(bytes, scratch);
        let (x, y) = self.at;
        let rows = pixels[y * self.page_row..].chunks_exact_mut(self.page_row);
        for (from, to) in scratch.chunks_exact(self.row).zip(rows) {
            let from = &from[..self.columns * self.together];
            let to = &mut to[x * self.samples..(x + self.columns) * self.samples];
            match self.planar {
                Some(plane) => {
                    to[plane..].iter_mut().step_by(self.samples).zip(from).for_each(|(to, &from)| *to = from);
                }
                None => to.copy_from_slice(from),
            }
        }
        Ok(rounded)
    }

    fn converted<T: Sample + Pod>(&self, bytes: &[u8], values: &mut [T]) -> u64 {
        if self.stored.is_plain() {
            bytemuck::cast_slice_mut::<T, u8>(values).copy_from_slice(bytes);
            return 0;
        }
        let rows = bytes.chunks_exact(self.stored.row_bytes(self.row)).zip(values.chunks_exact_mut(self.row));
        rows.map(|(row, values)| stored::decode(self.stored, row, values)).sum()
    }
}
