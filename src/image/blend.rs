//! Blends tiles into one frame: a sum weighted by windows that overlap.

use crate::image::tile::{Span, FADE};

/// Weights of the pixels `first..end` of a span. Where two spans overlap, their weights add up to exactly 1.
pub fn window(span: &Span) -> Vec<f32> {
    // Multiples of 1/32: exact in binary, so that a sum of two is exactly 1.
    (span.first..span.end).map(|i| span.weight(i) as f32 / (2 * FADE) as f32).collect()
}

/// Adds one tile's output to a frame, weighted; the tile's halo is left out.
///
/// `frame` is row-major, `width` wide; `tile` is row-major, `column.length` wide and `row.length` high.
pub fn accumulate(frame: &mut [f32], width: usize, tile: &[f32], column: &Span, row: &Span) {
    let across = window(column);
    let down = window(row);
    for (y, &weight) in (row.first..row.end).zip(&down) {
        let from = (y - row.start) * column.length + (column.first - column.start);
        let source = &tile[from..from + across.len()];
        let target = &mut frame[y * width + column.first..y * width + column.end];
        for ((to, &value), &w) in target.iter_mut().zip(source).zip(&across) {
            *to += value * (w * weight);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::tile::{Limits, Plan};

    #[test]
    fn tiles_of_one_image_blend_back_to_it() {
        let limits = Limits { memory_bytes: 1 << 30, bytes_per_pixel: 1, multiple: 16 };
        let plan = Plan::new(150, 70, 1, Some(48), 16, limits).unwrap();
        assert!(plan.columns.len() > 2 && plan.rows.len() > 1);
        let image: Vec<f32> = (0..plan.width * plan.height).map(|i| (i * i % 1009) as f32).collect();
        let mut sum = vec![0.0; image.len()];
        for row in &plan.rows {
            for column in &plan.columns {
                let tile: Vec<f32> = (row.start..row.start + row.length)
                    .flat_map(|y| &image[y * plan.width + column.start..][..column.length])
                    .copied()
                    .collect();
                accumulate(&mut sum, plan.width, &tile, column, row);
            }
        }
        let worst = sum.iter().zip(&image).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(worst < 1e-3, "{worst}");
    }
}
