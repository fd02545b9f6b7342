//! The on-screen keyboard: which keys there are, what a touch types, and when a capital is due.
//!
//! The keys are data in here; `ui/slint/components/keyboard.slint` lays them out and tells which was touched. The state
//! (shift, the 123 page, the letter whose accents are shown) is the screen's own: no session knows it, and it begins anew
//! with each page. What was typed is not kept here.

mod accents;
mod capital;
mod figures;
mod key;
mod language;
mod layout;
mod letters;
mod shift;

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use slint::{ComponentHandle, ModelRc, VecModel};

use crate::focus::Stops;
use crate::generated::{KeyItem, KeyKind, KeyboardAdapter, Shell, ShiftLevel as ShownShift};
use crate::intent::Intent;
use crate::intents::Intents;
use crate::rows::{place, update};
use capital::capital_is_due;
use key::{Action, Key};
pub(crate) use layout::Variant;
use layout::{Layout, Page};
use shift::{Shift, ShiftLevel};

/// The keyboard of the page shown. Clones are the same keyboard.
#[derive(Clone)]
pub(crate) struct Keyboard {
    shell: slint::Weak<Shell>,
    rows: Rc<[Rc<VecModel<KeyItem>>; 4]>,
    accents: Rc<VecModel<slint::SharedString>>,
    state: Rc<RefCell<Option<State>>>,
}

/// What is on the keys.
struct State {
    tag: String,
    variant: Variant,
    layout: Layout,
    page: Page,
    shift: Shift,
    /// What the held letter offers, as it is written; empty while none is held.
    offered: Vec<String>,
}

impl State {
    fn new(tag: &str, variant: Variant) -> Self {
        Self {
            tag: tag.to_owned(),
            variant,
            layout: Layout::of(tag, variant),
            page: Page::Letters,
            shift: Shift::default(),
            offered: Vec::new(),
        }
    }

    fn key(&self, row: i32, key: i32) -> Option<&Key> {
        self.layout.rows(self.page).get(place(row))?.get(place(key))
    }

    /// What a tapped key wants of the session, once it has had its way with the keyboard.
    fn tapped(&mut self, row: i32, key: i32, at: Duration) -> Option<Intent> {
        let key = self.key(row, key)?;
        match key.action {
            Action::Type(_) | Action::Mark(_) => {
                let typed = key.typed(self.shift.is_capital())?;
                self.shift.wrote(&typed);
                Some(Intent::Type(typed))
            }
            Action::Backspace => Some(Intent::Backspace),
            Action::NextLanguage => Some(Intent::NextLanguage),
            Action::Done => Some(Intent::Done),
            Action::Shift => {
                self.shift.tap(at);
                None
            }
            Action::Show(page) => {
                self.page = page;
                None
            }
            Action::Nothing => None,
        }
    }
}

impl Keyboard {
    /// Hangs the rows into the keyboard and sends its keys to `intents`.
    pub(crate) fn connect(shell: &Shell, intents: &Intents, stops: &Stops) -> Self {
        let keyboard = Self {
            shell: shell.as_weak(),
            rows: Rc::default(),
            accents: Rc::default(),
            state: Rc::default(),
        };
        let adapter = shell.global::<KeyboardAdapter<'_>>();
        let rows: Vec<ModelRc<KeyItem>> =
            keyboard.rows.iter().map(|row| ModelRc::from(row.clone())).collect();
        adapter.set_rows(ModelRc::new(VecModel::from(rows)));
        adapter.set_accents(ModelRc::from(keyboard.accents.clone()));
        adapter.on_tapped({
            let (keyboard, intents) = (keyboard.clone(), intents.clone());
            move |row, key, at_ms| {
                let at = Duration::from_millis(at_ms.unsigned_abs());
                let intent = keyboard.change(|state| state.tapped(row, key, at)).flatten();
                intent.into_iter().for_each(|intent| intents.send(intent));
            }
        });
        adapter.on_held({
            let keyboard = keyboard.clone();
            move |row, key| {
                keyboard.change(|state| {
                    let capital = state.shift.is_capital();
                    state.offered = state.key(row, key).map(|key| key.accents(capital)).unwrap_or_default();
                });
            }
        });
        adapter.on_chosen({
            let (keyboard, intents, stops) = (keyboard.clone(), intents.clone(), stops.clone());
            move |index| {
                let chosen = keyboard.change(|state| {
                    let chosen = std::mem::take(&mut state.offered).into_iter().nth(place(index))?;
                    state.shift.wrote(&chosen);
                    Some(Intent::Type(chosen))
                });
                chosen.flatten().into_iter().for_each(|intent| intents.send(intent));
                stops.look_again();
            }
        });
        adapter.on_dismissed({
            let keyboard = keyboard.clone();
            move || {
                keyboard.change(|state| state.offered.clear());
            }
        });
        keyboard
    }

    /// Shows the keys of that language. The words before the caret decide whether the next letter is a capital, whenever
    /// they have changed.
    pub(crate) fn show(&self, tag: &str, variant: Variant, before_caret: &str, changed: bool) {
        let mut state = self.state.borrow_mut();
        let fresh = state.as_ref().is_none_or(|state| state.tag != tag || state.variant != variant);
        if !fresh && !changed {
            return;
        }
        if fresh {
            *state = Some(State::new(tag, variant));
        }
        if let Some(state) = state.as_mut() {
            state.shift.follow(state.layout.makes_capitals() && capital_is_due(before_caret));
        }
        drop(state);
        self.draw();
    }

    /// Forgets shift and pages, so that the next page begins with neither.
    pub(crate) fn leave(&self) {
        *self.state.borrow_mut() = None;
        update(&self.accents, []);
    }

    /// Changes the state and shows what has come of it.
    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> Option<T> {
        let result = self.state.borrow_mut().as_mut().map(change);
        self.draw();
        result
    }

    fn draw(&self) {
        let (state, shell) = (self.state.borrow(), self.shell.upgrade());
        let Some((state, shell)) = state.as_ref().zip(shell) else { return };
        let capital = state.shift.is_capital();
        for (model, row) in self.rows.iter().zip(state.layout.rows(state.page)) {
            update(model, row.iter().map(|key| item(key, capital)));
        }
        update(&self.accents, state.offered.iter().map(|accent| shown(accent).into()));
        shell.global::<KeyboardAdapter<'_>>().set_shift(match state.shift.level() {
            ShiftLevel::Off => ShownShift::Off,
            ShiftLevel::Once => ShownShift::Once,
            ShiftLevel::Caps => ShownShift::Caps,
        });
    }
}

fn item(key: &Key, capital: bool) -> KeyItem {
    let kind = match key.action {
        Action::Type(" ") => KeyKind::Space,
        Action::Type(_) => KeyKind::Letter,
        Action::Mark(_) => KeyKind::Mark,
        Action::Nothing => KeyKind::Nothing,
        Action::Shift => KeyKind::Shift,
        Action::Backspace => KeyKind::Backspace,
        Action::Show(_) => KeyKind::Page,
        Action::NextLanguage => KeyKind::Language,
        Action::Done => KeyKind::Done,
    };
    KeyItem { kind, label: key.label(capital).into(), has_accents: !key.accents(capital).is_empty() }
}

/// An accent as it stands on its key: a vowel sign alone would have nothing to stand on.
fn shown(accent: &str) -> String {
    let is_sign = accent.chars().all(|character| ('\u{64B}'..='\u{652}').contains(&character));
    if is_sign { format!("\u{640}{accent}") } else { accent.to_owned() }
}

#[cfg(test)]
mod tests;
