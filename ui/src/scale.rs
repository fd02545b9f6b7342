//! Keys of a scale, as the pages draw them.

use std::rc::Rc;

use slint::{ModelRc, SharedString, VecModel};

use crate::generated::{ScaleData, ScaleKind as Kind};
use crate::rows::update;
use crate::view::{Scale, ScaleKind};

/// A scale's words. They stay one list, so that a key that is tapped draws no word anew.
pub(crate) struct Words(Rc<VecModel<SharedString>>);

impl Words {
    pub(crate) fn new() -> Self {
        Self(Rc::default())
    }

    /// The scale, with the words brought up to date.
    pub(crate) fn data(&self, scale: &Scale) -> ScaleData {
        update(&self.0, scale.words.iter().map(SharedString::from));
        ScaleData {
            kind: match scale.kind {
                ScaleKind::Faces => Kind::Faces,
                ScaleKind::FourFaces => Kind::FourFaces,
                ScaleKind::Stars => Kind::Stars,
                ScaleKind::Recommend => Kind::Recommend,
                ScaleKind::Effort => Kind::Effort,
                ScaleKind::Thumbs => Kind::Thumbs,
            },
            words: ModelRc::from(self.0.clone()),
            chosen: scale.chosen.map_or(-1, i32::from),
        }
    }
}

/// A value that a key stands for, back in Rust.
pub(crate) fn value(value: i32) -> u8 {
    u8::try_from(value).unwrap_or_default()
}
