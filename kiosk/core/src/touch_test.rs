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
    fn every_square_counts_once_and_what_is_none_not_at_all() {
        let mut test = TouchTest::default();
        for square in (0..SQUARES).chain([SQUARES, usize::MAX]) {
            assert!(!test.is_whole());
            assert_eq!(test.touch_square(square), square < SQUARES);
            assert!(!test.touch_square(square), "nothing is new to it");
            assert_eq!(test.count(), (square + 1).min(SQUARES));
            if square + 1 >= SQUARES {
                break;
            }
        }
        assert!(test.is_whole());
        assert!(!test.touch_square(SQUARES) && !test.is_touched(SQUARES));
    }
}
