//! The eight ways to turn and mirror an image.

/// One of the eight: mirrored or not along each axis, then transposed or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn {
    /// Left and right change places.
    mirrored_x: bool,
    /// Top and bottom change places.
    mirrored_y: bool,
    /// Rows become columns, after the mirrors.
    transposed: bool,
}

/// As it is.
pub const UPRIGHT: &[Turn] = &[turn(0)];
/// All eight; the first is the image as it is.
pub const ALL: &[Turn] = &[turn(0), turn(1), turn(2), turn(3), turn(4), turn(5), turn(6), turn(7)];

const fn turn(bits: u8) -> Turn {
    Turn { mirrored_x: bits & 1 != 0, mirrored_y: bits & 2 != 0, transposed: bits & 4 != 0 }
}

impl Turn {
    /// Whether nothing changes.
    pub fn is_upright(self) -> bool {
        self == UPRIGHT[0]
    }

    /// Height and width of a turned image.
    pub fn size(self, (height, width): (usize, usize)) -> (usize, usize) {
        if self.transposed {
            (width, height)
        } else {
            (height, width)
        }
    }

    /// Turns each row-major image of `size` (height, width) in `from`.
    pub fn apply(self, from: &[f32], size: (usize, usize), to: &mut [f32]) {
        self.pairs(from.len(), size, |upright, turned| to[turned] = from[upright]);
    }

    /// Adds images that were turned from `size` back to where they came from.
    pub fn add_back(self, turned: &[f32], size: (usize, usize), sum: &mut [f32]) {
        self.pairs(turned.len(), size, |upright, place| sum[upright] += turned[place]);
    }

    /// Calls `each` with the index of every pixel before and after the turn.
    fn pairs(self, count: usize, (height, width): (usize, usize), mut each: impl FnMut(usize, usize)) {
        let (across, down) = if self.transposed { (height, 1) } else { (1, width) };
        for first in (0..count).step_by((height * width).max(1)) {
            for y in 0..height {
                let row = first + if self.mirrored_y { height - 1 - y } else { y } * down;
                for x in 0..width {
                    let column = if self.mirrored_x { width - 1 - x } else { x };
                    each(first + y * width + x, row + column * across);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_eight_differ_and_come_back() {
        let (height, width) = (2, 3);
        let images: Vec<f32> = (0..12).map(|v| v as f32).collect();
        let mut seen = Vec::new();
        for turn in ALL {
            let mut turned = vec![0.0; 12];
            turn.apply(&images, (height, width), &mut turned);
            let mut back = vec![1.0; 12];
            turn.add_back(&turned, (height, width), &mut back);
            assert_eq!(back, images.iter().map(|v| v + 1.0).collect::<Vec<_>>());
            let size = turn.size((height, width));
            assert_eq!(size.0 * size.1, 6);
            assert!(!seen.contains(&(size, turned.clone())));
            seen.push((size, turned));
        }
        assert!(ALL[0].is_upright() && !ALL[1].is_upright());
        // Mirrored along x, then transposed.
        assert_eq!(seen[5].1[..6], [2.0, 5.0, 1.0, 4.0, 0.0, 3.0]);
    }
}
