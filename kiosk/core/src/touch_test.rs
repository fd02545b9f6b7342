//! The touch test: a finger wipes over every square of the glass, edges included; what stays blank cannot be touched.
//!
//! Pure, and without a failure: a square that is none is ignored.

/// Squares in a row.
pub const COLUMNS: usize = 8;
/// Rows of squares.
pub const ROWS: usize = 4;
/// All squares. Of a panel of 10 inches each is 27 × 34 mm, so that a dead spot of a few fingers' width shows.
pub const SQUARES: usize = COLUMNS * ROWS;

/// Which squares were touched, numbered row by row from the upper corner where reading begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TouchTest {
    touched: u32,
}

impl TouchTest {
    /// A finger is at this place of the field of squares: from 0 to 1 along the row, and down. Whether a square was new to it.
    pub fn touch(&mut self, along: f32, down: f32) -> bool {
        let cell = |share: f32, count: usize| {
            let is_inside = (0.0..=1.0).contains(&share);
            // The far edge belongs to the last square.
            is_inside.then(|| ((share * count as f32) as usize).min(count - 1))
        };
        match (cell(along, COLUMNS), cell(down, ROWS)) {
            (Some(column), Some(row)) => self.touch_square(row * COLUMNS + column),
            _ => false,
        }
    }

    /// A finger is on this square. Whether it was new to it.
    pub fn touch_square(&mut self, square: usize) -> bool {
        let was_blank = square < SQUARES && !self.is_touched(square);
        if was_blank {
            self.touched |= 1 << square;
        }
        was_blank
    }

    /// Whether this square was touched.
    #[must_use]
    pub fn is_touched(self, square: usize) -> bool {
        square < SQUARES && self.touched & (1 << square) != 0
    }

    /// How many were.
    #[must_use]
    pub fn count(self) -> usize {
        self.touched.count_ones() as usize
    }

    /// Whether all were.
    #[must_use]
    pub fn is_whole(self) -> bool {
        self.count() == SQUARES
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finger_that_goes_along_every_row_fills_the_glass() {
        let mut test = TouchTest::default();
        for row in 0..ROWS {
            for step in 0..=100 {
                test.touch(step as f32 / 100.0, (row as f32 + 0.5) / ROWS as f32);
            }
            assert_eq!(test.count(), (row + 1) * COLUMNS);
        }
        assert!(test.is_whole());
        assert!(!test.touch(0.5, 0.5), "nothing is new to it");
    }

    #[test]
    fn corners_count_and_what_is_beside_the_glass_does_not() {
        let mut test = TouchTest::default();
        assert!(test.touch(0.0, 0.0) && test.touch(1.0, 1.0) && test.touch(1.0, 0.0));
        assert!(test.is_touched(0) && test.is_touched(SQUARES - 1) && test.is_touched(COLUMNS - 1));
        for (along, down) in [(-0.01, 0.5), (0.5, 1.01), (f32::NAN, 0.5)] {
            assert!(!test.touch(along, down));
        }
        assert!(!test.touch_square(SQUARES) && !test.is_touched(SQUARES));
        assert_eq!((test.count(), test.is_whole()), (3, false));
    }
}
