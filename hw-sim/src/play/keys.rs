//! Finding a key on the glass by what a voice would say of it.

use std::rc::Rc;

use afterword_ui::KioskUi;
use anyhow::{Result, bail};
use i_slint_backend_testing::{AccessibleRole, ElementHandle, ElementRoot};

/// Whether this is something to press.
#[must_use]
pub fn is_key(element: &ElementHandle) -> bool {
    matches!(
        element.accessible_role(),
        Some(
            AccessibleRole::Button
                | AccessibleRole::Checkbox
                | AccessibleRole::RadioButton
                | AccessibleRole::Switch
                | AccessibleRole::Tab
        )
    )
}

/// The keys of the page shown.
pub(crate) struct Keys(pub(crate) Rc<KioskUi>);

impl Keys {
    fn all(&self) -> Vec<ElementHandle> {
        let is_shown = |element: &ElementHandle| is_key(element) && element.size().width > 0.0;
        self.0
            .component()
            .root_element()
            .query_descendants()
            .find_all()
            .into_iter()
            .filter(is_shown)
            .collect()
    }

    /// Whatever is written on the page.
    pub(super) fn texts(&self) -> Vec<String> {
        let elements = self.0.component().root_element().query_descendants().find_all();
        let shown = elements.iter().filter(|element| {
            element.accessible_role() == Some(AccessibleRole::Text) && element.size().width > 0.0
        });
        shown.filter_map(ElementHandle::accessible_label).map(|label| label.to_string()).collect()
    }

    /// The middle of the key of that name, in pixels.
    ///
    /// # Errors
    /// Names the keys there are.
    pub(super) fn middle_of(&self, name: &str) -> Result<(f32, f32)> {
        let keys = self.all();
        let called = |key: &&ElementHandle| key.accessible_label().is_some_and(|label| label == name);
        let Some(key) = keys.iter().find(called) else {
            let names: Vec<String> = keys
                .iter()
                .filter_map(ElementHandle::accessible_label)
                .map(|label| label.to_string())
                .collect();
            bail!("no key is called `{name}` here; there are: {}", names.join(" | "));
        };
        if key.accessible_enabled() == Some(false) {
            bail!("the key `{name}` cannot be pressed yet");
        }
        let (place, size) = (key.absolute_position(), key.size());
        Ok((place.x + size.width / 2.0, place.y + size.height / 2.0))
    }

    /// The keys that begin above that height, by name.
    pub(super) fn above(&self, height: f32) -> Vec<String> {
        let keys = self.all();
        let high = keys.iter().filter(|key| key.absolute_position().y < height);
        high.filter_map(ElementHandle::accessible_label).map(|label| label.to_string()).collect()
    }

    /// The key that has the ring of a keypad.
    pub(super) fn ringed(&self) -> Option<String> {
        let [left, top, width, height] = self.0.ring()?;
        let near = |a: f32, b: f32| (a - b).abs() < 1.0;
        let keys = self.all();
        let at_ring = |key: &&ElementHandle| {
            let (place, size) = (key.absolute_position(), key.size());
            near(place.x + size.width / 2.0, left + width / 2.0)
                && near(place.y + size.height / 2.0, top + height / 2.0)
        };
        keys.iter().find(at_ring)?.accessible_label().map(|label| label.to_string())
    }
}
