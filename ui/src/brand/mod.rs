//! A retailer's accent colour, checked when the setting is saved and made safe to read (design tokens, section 8).
//!
//! Any colour is accepted. Where it would be hard to read, the result says what is drawn instead and why.

mod colour;
mod finding;
mod logo;
mod rules;
mod tokens;

pub use colour::{Colour, NotAColour, contrast};
pub use finding::{Finding, Weight};
pub use logo::Logo;

/// An accent colour with everything that follows from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Brand {
    /// The retailer's colour as it was set.
    pub accent: Colour,
    /// Text on the accent: white, ink or black, at least 4.5:1.
    pub on_accent: Colour,
    /// The lip of the primary key.
    pub accent_deep: Colour,
    /// The fill of a selected chip; ink on it has at least 7:1.
    pub accent_tint: Colour,
    /// The 2 px outline that the accent needs on stone as a line or fill, if it does.
    pub outline: Option<Colour>,
    /// The colour of links and of "Change" on porcelain: the accent or ink, at least 4.5:1.
    pub link: Colour,
    /// Whether that text is underlined, because its colour no longer tells it from other text.
    pub link_underlined: bool,
    /// What the retailer should know, in the order of the rules. Empty for a colour without reserve.
    pub findings: Vec<Finding>,
}

impl Brand {
    /// The brand of an accent written as `#RRGGBB`.
    ///
    /// # Errors
    ///
    /// [`NotAColour`] if the text has another form.
    pub fn read(accent: &str) -> Result<Self, NotAColour> {
        accent.parse().map(Self::of)
    }

    /// The brand of an accent.
    #[must_use]
    pub fn of(accent: Colour) -> Self {
        let mut findings = Vec::new();
        let on_accent = rules::on_accent(accent, &mut findings);
        let accent_deep = rules::accent_deep(accent, &mut findings);
        let accent_tint = rules::accent_tint(accent, &mut findings);
        let outline = rules::needs_outline(accent, &mut findings).then_some(tokens::EDGE);
        let link_underlined = rules::is_unreadable_as_text(accent, &mut findings);
        let link = if link_underlined { tokens::INK } else { accent };
        rules::compare_with_faces(accent, &mut findings);
        Self { accent, on_accent, accent_deep, accent_tint, outline, link, link_underlined, findings }
    }
}

#[cfg(test)]
mod printed_tables;
#[cfg(test)]
mod tests;
