//! Keys of a scale, as the pages draw them.

use std::ops::RangeInclusive;
use std::rc::Rc;

use slint::{ModelRc, SharedString, VecModel};

use crate::generated::{ScaleData, ScaleKey, ScaleKind as Kind};
use crate::rows::update;
use crate::view::{Scale, ScaleKind};

/// A scale's words and keys. They stay the same lists, so that a tap draws no word anew, and only the keys that it changes.
pub(crate) struct Rows {
    words: Rc<VecModel<SharedString>>,
    keys: Rc<VecModel<ScaleKey>>,
}

impl Rows {
    pub(crate) fn new() -> Self {
        Self { words: Rc::default(), keys: Rc::default() }
    }

    /// The scale, with the lists brought up to date.
    pub(crate) fn data(&self, scale: &Scale) -> ScaleData {
        update(&self.words, scale.words.iter().map(SharedString::from));
        update(&self.keys, values(scale.kind).map(|value| key(scale.chosen, value)));
        ScaleData {
            kind: match scale.kind {
                ScaleKind::Faces => Kind::Faces,
                ScaleKind::FourFaces => Kind::FourFaces,
                ScaleKind::Stars => Kind::Stars,
                ScaleKind::Recommend => Kind::Recommend,
                ScaleKind::Effort => Kind::Effort,
                ScaleKind::Thumbs => Kind::Thumbs,
            },
            words: ModelRc::from(self.words.clone()),
            keys: ModelRc::from(self.keys.clone()),
        }
    }
}

fn key(chosen: Option<u8>, value: u8) -> ScaleKey {
    let down = chosen == Some(value);
    ScaleKey { down, dim: chosen.is_some() && !down, filled: chosen.is_some_and(|chosen| value <= chosen) }
}

/// The values of a scale, a key each.
pub(crate) fn values(kind: ScaleKind) -> RangeInclusive<u8> {
    match kind {
        ScaleKind::Faces | ScaleKind::Stars => 1..=5,
        ScaleKind::FourFaces => 1..=4,
        ScaleKind::Recommend => 0..=10,
        ScaleKind::Effort => 1..=7,
        ScaleKind::Thumbs => 0..=1,
    }
}

/// A value that a key stands for, back in Rust.
pub(crate) fn value(value: i32) -> u8 {
    u8::try_from(value).unwrap_or_default()
}
