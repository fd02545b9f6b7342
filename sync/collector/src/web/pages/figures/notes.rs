//! Words beside days of a chart: where each stands above the drawing, so that none lies over another or over another's line.

/// Pixels of one row of words.
pub(super) const ROW: f64 = 19.0;
/// Rows at most; what finds no place in them is in the table alone, and its day has a line.
const ROWS_MAX: usize = 4;
/// Pixels between a line and its words.
const GAP: f64 = 7.0;
/// Pixels that words keep from others beside them.
const APART: f64 = 12.0;
/// Pixels that words which stand over their line reach beyond it at least.
const BEYOND: f64 = 8.0;

/// Words in their place.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Placed {
    /// Which of those given.
    pub(super) note: usize,
    /// Where its line stands.
    pub(super) x: f64,
    /// Its row, 0 for the one that is highest.
    pub(super) row: usize,
    /// Where its words begin and end.
    words: (f64, f64),
}

impl Placed {
    /// Where its words are drawn from, and by which end.
    pub(super) fn anchor(&self) -> (f64, &'static str) {
        if self.words.1 < self.x {
            (self.words.1, "end")
        } else if self.words.0 > self.x {
            (self.words.0, "start")
        } else {
            (f64::midpoint(self.words.0, self.words.1), "middle")
        }
    }

    /// Whether its line begins below its words rather than beside them.
    pub(super) fn stands_over(&self) -> bool {
        (self.words.0..=self.words.1).contains(&self.x)
    }

    /// What it takes of its row, with its line where that stands beside.
    fn taken(&self) -> (f64, f64) {
        (self.words.0.min(self.x), self.words.1.max(self.x))
    }

    fn is_free_of(&self, other: &Self) -> bool {
        let crosses = |line: &Self, words: &Self| {
            line.row < words.row && (words.words.0 - 4.0..=words.words.1 + 4.0).contains(&line.x)
        };
        let (mine, its) = (self.taken(), other.taken());
        let is_beside = mine.1 + APART <= its.0 || its.1 + APART <= mine.0;
        (self.row != other.row || is_beside) && !crosses(self, other) && !crosses(other, self)
    }
}

/// Places words (the line's x, the words), those that win first, between two edges.
pub(super) fn place(notes: &[(f64, String)], (left, right): (f64, f64)) -> Vec<Placed> {
    let mut placed: Vec<Placed> = Vec::new();
    for (note, (x, words)) in notes.iter().enumerate() {
        let wide = width(words);
        // Beside the line, or else over it: in the middle, or as far to one side as they go.
        let within = |from: f64| from.clamp(left, (right - wide).max(left));
        let over = [x - wide / 2.0, x + BEYOND - wide, x - BEYOND].map(within);
        let sides = [x - GAP - wide, x + GAP, over[0], over[1], over[2]];
        let places = (0..ROWS_MAX)
            .flat_map(|row| sides.map(|from| Placed { note, x: *x, row, words: (from, from + wide) }));
        let mut fitting = places.filter(|one| one.words.0 >= left && one.words.1 <= right);
        placed.extend(fitting.find(|one| placed.iter().all(|other| one.is_free_of(other))));
    }
    placed
}

/// About how many pixels the words take at the size of the drawing's texts, rather more than fewer: measured of our letters, in classes.
fn width(words: &str) -> f64 {
    let wide = |letter: char| match letter {
        ' ' | '!' | '\'' | '(' | ')' | ',' | '-' | '.' | '/' | ':' | ';' | 'I' | 'f' | 'i' | 'j' | 'l'
        | 'r' | 't' => 5.4,
        '%' | '@' | 'M' | 'W' | 'm' | 'w' => 12.6,
        '#' | '&' | 'A'..='Z' => 10.0,
        // As wide as they are high.
        '\u{2E80}'.. => 15.0,
        letter if letter.is_ascii() => 8.2,
        _ => 9.0,
    };
    words.chars().map(wide).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn placed(notes: &[(f64, usize)]) -> Vec<Placed> {
        let notes: Vec<(f64, String)> = notes.iter().map(|(x, letters)| (*x, "n".repeat(*letters))).collect();
        place(&notes, (44.0, 712.0))
    }

    #[test]
    fn words_stand_before_their_line_else_behind_it_else_over_it() {
        assert_eq!(placed(&[(500.0, 20)])[0].anchor(), (493.0, "end"));
        assert_eq!(placed(&[(60.0, 20)])[0].anchor(), (67.0, "start"));
        let over = &placed(&[(300.0, 68)])[0];
        assert!(over.stands_over() && over.anchor().1 == "middle", "{over:?}");
        assert_eq!(placed(&[(300.0, 200)]), [], "what is wider than the drawing has no place");
    }

    #[test]
    fn no_words_lie_over_others_nor_over_their_lines_and_the_first_win() {
        let crowd: Vec<(f64, usize)> = (0..30).rev().map(|day| (50.0 + f64::from(day) * 22.0, 24)).collect();
        let found = placed(&crowd);
        assert_eq!((found[0].note, found[0].row), (0, 0));
        assert!(found.len() >= 6, "{found:?}");
        for (place, one) in found.iter().enumerate() {
            assert!(one.words.0 >= 44.0 && one.words.1 <= 712.0 && one.row < ROWS_MAX, "{one:?}");
            for other in &found[place + 1..] {
                if one.row == other.row {
                    assert!(one.words.1 < other.words.0 || other.words.1 < one.words.0, "{one:?} {other:?}");
                }
                for (line, words) in [(one, other), (other, one)] {
                    let is_through = line.row < words.row && words.words.0 < line.x && line.x < words.words.1;
                    assert!(!is_through, "{line:?} goes through {words:?}");
                }
            }
        }
    }

    #[test]
    fn two_of_one_day_stand_one_below_the_other_at_one_line() {
        let found = placed(&[(500.0, 20), (500.0, 30)]);
        assert_eq!(found.iter().map(|one| one.row).collect::<Vec<_>>(), [0, 1]);
        assert!(found.iter().all(|one| one.anchor() == (493.0, "end")), "{found:?}");
    }
}
