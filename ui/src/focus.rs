//! The way of a keypad through a page: which key has the ring, where the arrows lead, and what Enter strikes.
//!
//! Each key on the page is a stop (`ui/slint/components/focus-stop.slint`). Where the stops are is asked when it is needed,
//! since only the page knows; they answer before the key event that asked is over. Tab goes in the order of reading, an
//! arrow to the nearest stop that way.
//!
//! Invariants: the ring moves by a key alone; a touch and a new page take it away, and nothing shows it but the next key.
//! A page without any key shows none.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use slint::ComponentHandle;

use crate::generated::{Focus, FocusPlace, Shell};
use crate::intents::Told;
use crate::spoken::{self, Keypad};

/// How long a page takes to be drawn anew, at most: three frames of a slow panel.
const SETTLED: Duration = Duration::from_millis(100);

/// Which way the ring goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    Next,
    Previous,
    Left,
    Right,
    Up,
    Down,
}

/// The stops of the page shown. Clones are the same ones.
#[derive(Clone)]
pub(crate) struct Stops {
    shell: slint::Weak<Shell>,
    keypad: Told<Keypad>,
    inner: Rc<RefCell<Inner>>,
}

#[derive(Default)]
struct Inner {
    joined: i32,
    /// Those that have answered.
    places: Vec<FocusPlace>,
    /// Which way the ring is to go once all have.
    way: Option<Way>,
    /// The stop that had the ring when a row of accents came over the page.
    below: Option<i32>,
    /// How the key that has the ring stood when it was last spoken of.
    told: Option<(i32, slint::SharedString)>,
    /// However it stands now is no news.
    no_news: bool,
}

impl Stops {
    /// Listens to the page's stops, and tells what there is to say of them.
    pub(crate) fn connect(shell: &Shell, keypad: &Told<Keypad>) -> Self {
        let stops = Self { shell: shell.as_weak(), keypad: keypad.clone(), inner: Rc::default() };
        let focus = shell.global::<Focus<'_>>();
        focus.on_join({
            let stops = stops.clone();
            move || {
                let mut inner = stops.inner.borrow_mut();
                inner.joined += 1;
                inner.joined
            }
        });
        focus.on_stands({
            let stops = stops.clone();
            move |place| stops.inner.borrow_mut().places.push(place)
        });
        focus.on_answered({
            let stops = stops.clone();
            move || stops.answered()
        });
        focus.on_touched({
            let stops = stops.clone();
            move || {
                stops.hide();
                stops.keypad.send(Keypad::Finger);
            }
        });
        stops
    }

    /// Whether a key has the ring.
    pub(crate) fn is_shown(&self) -> bool {
        self.with(|focus| focus.get_place().id >= 0)
    }

    /// The key it is around: left, top, width and height.
    pub(crate) fn ring(&self) -> Option<[f32; 4]> {
        let place = self.shell.upgrade()?.global::<Focus<'_>>().get_place();
        (place.id >= 0).then_some([place.x, place.y, place.width, place.height])
    }

    /// Whether the ring is around a text field.
    pub(crate) fn is_on_field(&self) -> bool {
        self.with(|focus| focus.get_place().id >= 0 && focus.get_place().is_field)
    }

    /// Moves the ring, or shows it.
    pub(crate) fn go(&self, way: Way) {
        self.inner.borrow_mut().way = Some(way);
        self.ask();
    }

    /// Looks whether the key that has the ring has moved or gone.
    pub(crate) fn look_again(&self) {
        if !self.is_shown() {
            return;
        }
        self.ask();
        // A key that goes answers until the page is drawn without it.
        let stops = self.clone();
        slint::Timer::single_shot(SETTLED, move || {
            if stops.is_shown() {
                stops.ask();
            }
        });
    }

    /// How the key stands after this view is not spoken of.
    pub(crate) fn say_nothing_of_it(&self) {
        self.inner.borrow_mut().no_news = true;
    }

    /// Shows no ring.
    pub(crate) fn hide(&self) {
        self.inner.borrow_mut().below = None;
        self.set(nowhere());
    }

    /// Holds the key that has the ring, as a finger would.
    pub(crate) fn strike(&self) {
        self.with(|focus| focus.set_struck(focus.get_place().id));
    }

    /// Lets go of it; the key does what it is there for.
    pub(crate) fn let_go(&self) -> bool {
        self.with(|focus| {
            let was_struck = focus.get_struck() >= 0;
            focus.set_struck(-1);
            was_struck
        })
    }

    fn with<T: Default>(&self, with: impl FnOnce(&Focus<'_>) -> T) -> T {
        self.shell.upgrade().map(|shell| with(&shell.global::<Focus<'_>>())).unwrap_or_default()
    }

    fn set(&self, place: FocusPlace) {
        self.with(|focus| focus.set_place(place));
    }

    fn ask(&self) {
        self.inner.borrow_mut().places.clear();
        self.with(|focus| focus.set_asked(focus.get_asked().wrapping_add(1)));
    }

    fn answered(&self) {
        let Some(shell) = self.shell.upgrade() else { return };
        let place = shell.global::<Focus<'_>>().get_place();
        let from_right = shell.global::<crate::generated::Panel<'_>>().get_right_to_left();
        let mut inner = self.inner.borrow_mut();
        let way = inner.way.take();
        let top = inner.places.iter().map(|place| place.layer).max().unwrap_or_default();
        let below = inner.below;
        inner.below = (top > 0).then(|| below.unwrap_or(place.id));
        let open: Vec<FocusPlace> = inner.places.iter().filter(|stop| stop.layer == top).cloned().collect();
        // With its accents the letter's ring has gone; without them it is there again.
        let from = inner.places.iter().find(|stop| stop.id == place.id);
        let from = from.or_else(|| inner.places.iter().find(|stop| Some(stop.id) == below));
        let to = match way {
            None => from,
            Some(way) => reach(&open, from, way, from_right).or(from),
        };
        let to = to.cloned().unwrap_or_else(nowhere);
        let is_news = !std::mem::take(&mut inner.no_news);
        let before = inner.told.replace((to.id, to.state.clone()));
        drop(inner);
        let stands_otherwise = is_news && before.is_some_and(|(id, state)| id == to.id && state != to.state);
        let said = if way.is_some() {
            Some(spoken::key(&to))
        } else {
            stands_otherwise.then(|| to.state.to_string())
        };
        self.set(to);
        said.into_iter().for_each(|said| self.keypad.send(Keypad::Ring(said)));
    }
}

fn nowhere() -> FocusPlace {
    FocusPlace { id: -1, ..FocusPlace::default() }
}

/// The stop that way. Without one to begin at it is the first or, backwards, the last.
fn reach<'s>(
    stops: &'s [FocusPlace],
    from: Option<&FocusPlace>,
    way: Way,
    from_right: bool,
) -> Option<&'s FocusPlace> {
    let order = reading_order(stops, from_right);
    let Some(from) = from else {
        return if way == Way::Previous { order.last() } else { order.first() }.copied();
    };
    let at = order.iter().position(|stop| stop.id == from.id);
    let count = order.len();
    match (way, at) {
        (Way::Next, Some(at)) => order.get((at + 1) % count).copied(),
        (Way::Previous, Some(at)) => order.get((at + count - 1) % count).copied(),
        (Way::Next, None) => order.first().copied(),
        (Way::Previous, None) => order.last().copied(),
        _ => order
            .iter()
            .copied()
            .filter(|stop| stop.id != from.id)
            .filter_map(|stop| Some((stop, distance(from, stop, way)?)))
            .min_by(|(_, left), (_, right)| left.total_cmp(right))
            .map(|(stop, _)| stop),
    }
}

/// Row by row. What stands half beside the row's first belongs to it.
fn reading_order(stops: &[FocusPlace], from_right: bool) -> Vec<&FocusPlace> {
    let mut left: Vec<&FocusPlace> = stops.iter().collect();
    left.sort_by(|one, other| one.y.total_cmp(&other.y));
    let mut order = Vec::new();
    while let Some(first) = left.first().copied() {
        let in_row = |stop: &&FocusPlace| stop.y + stop.height / 2.0 < first.y + first.height;
        let (mut row, rest): (Vec<_>, Vec<_>) = left.into_iter().partition(in_row);
        row.sort_by(|one, other| one.x.total_cmp(&other.x));
        if from_right {
            row.reverse();
        }
        order.extend(row);
        left = rest;
    }
    order
}

/// How far a stop is that way; none where it lies another way. What is beside the line counts twice.
fn distance(from: &FocusPlace, to: &FocusPlace, way: Way) -> Option<f32> {
    let gap = |from: (f32, f32), to: (f32, f32)| (to.0 - from.1).max(from.0 - to.1).max(0.0);
    let columns = ((from.x, from.x + from.width), (to.x, to.x + to.width));
    let rows = ((from.y, from.y + from.height), (to.y, to.y + to.height));
    let (middle_x, middle_y) =
        (to.x - from.x + (to.width - from.width) / 2.0, to.y - from.y + (to.height - from.height) / 2.0);
    let (ahead, along, beside, askew) = match way {
        Way::Left => {
            (columns.1.1 <= columns.0.0 + 1.0, gap(columns.0, columns.1), gap(rows.0, rows.1), middle_y)
        }
        Way::Right => {
            (columns.1.0 >= columns.0.1 - 1.0, gap(columns.0, columns.1), gap(rows.0, rows.1), middle_y)
        }
        Way::Up => (rows.1.1 <= rows.0.0 + 1.0, gap(rows.0, rows.1), gap(columns.0, columns.1), middle_x),
        Way::Down => (rows.1.0 >= rows.0.1 - 1.0, gap(rows.0, rows.1), gap(columns.0, columns.1), middle_x),
        Way::Next | Way::Previous => return None,
    };
    // Of two that lie equally far, the one straighter ahead.
    ahead.then(|| along + 2.0 * beside + askew.abs() / 1_000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stop(id: i32, x: f32, y: f32) -> FocusPlace {
        FocusPlace { id, x, y, width: 80.0, height: 80.0, ..FocusPlace::default() }
    }

    /// Two keys above three, and one key below.
    fn page() -> Vec<FocusPlace> {
        vec![
            stop(6, 200.0, 400.0),
            stop(3, 0.0, 200.0),
            stop(4, 100.0, 205.0),
            stop(5, 200.0, 195.0),
            stop(2, 200.0, 0.0),
            stop(1, 0.0, 10.0),
        ]
    }

    fn after(from: i32, way: Way, from_right: bool) -> i32 {
        let stops = page();
        let from = stops.iter().find(|stop| stop.id == from).cloned();
        reach(&stops, from.as_ref(), way, from_right).map_or(-1, |stop| stop.id)
    }

    #[test]
    fn tab_goes_in_the_order_of_reading_and_round() {
        let ways = |from_right| [0, 1, 2, 3, 4, 5, 6].map(|from| after(from, Way::Next, from_right));
        assert_eq!(ways(false), [1, 2, 3, 4, 5, 6, 1]);
        assert_eq!(ways(true), [2, 5, 1, 6, 3, 4, 2]);
        assert_eq!((after(1, Way::Previous, false), after(0, Way::Previous, false)), (6, 6));
    }

    #[test]
    fn arrows_go_to_the_nearest_key_that_way_and_stay_where_there_is_none() {
        assert_eq!((after(4, Way::Left, false), after(4, Way::Right, false)), (3, 5));
        assert_eq!((after(5, Way::Down, false), after(3, Way::Down, false)), (6, 6));
        assert_eq!((after(6, Way::Up, false), after(3, Way::Up, false)), (5, 1));
        assert_eq!(after(1, Way::Up, false), -1);
        assert_eq!(after(6, Way::Right, false), -1);
    }
}
