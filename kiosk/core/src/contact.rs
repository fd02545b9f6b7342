//! The phone number or the address being typed: kept in the clear here, and overwritten when the page is left. What draws
//! the page has copies of it, which are let go of with the page and not overwritten.

use afterword_model::contact::Channel;

use crate::event::Caret;
use crate::field::Field;

/// Longest address in bytes: the path of RFC 5321 (4.5.3.1.3), 256, without its brackets.
pub(crate) const CONTACT_BYTES_MAX: usize = 254;

/// Fewest digits of a phone number: short local numbers without an area code.
const PHONE_DIGITS_MIN: usize = 6;

/// Most digits of a phone number (ITU-T E.164).
const PHONE_DIGITS_MAX: usize = 15;

/// The contact page's content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ContactField {
    field: Field,
    pub(crate) channel: Channel,
    pub(crate) consented: bool,
    /// Sealing was tried and failed.
    pub(crate) failed: bool,
}

impl ContactField {
    /// An empty field. Nobody has agreed to anything yet.
    pub(crate) fn new(channel: Channel) -> Self {
        Self { field: Field::new(CONTACT_BYTES_MAX), channel, consented: false, failed: false }
    }

    pub(crate) fn text(&self) -> &str {
        self.field.text()
    }

    /// The caret's place in bytes of the text.
    pub(crate) fn caret(&self) -> usize {
        self.field.caret()
    }

    /// Length in grapheme clusters.
    pub(crate) fn count(&self) -> usize {
        self.field.count()
    }

    /// Adds what fits at the caret, without control characters.
    pub(crate) fn type_in(&mut self, typed: &str) {
        self.failed = false;
        self.field.type_in(typed, CONTACT_BYTES_MAX);
    }

    /// Takes the character before the caret away.
    pub(crate) fn backspace(&mut self) {
        self.failed = false;
        self.field.backspace();
    }

    /// Takes the character behind the caret away.
    pub(crate) fn delete(&mut self) {
        self.failed = false;
        self.field.delete();
    }

    pub(crate) fn move_caret(&mut self, caret: Caret) {
        self.field.move_caret(caret);
    }

    /// Starts afresh with another way to be reached; a consent given stays given.
    pub(crate) fn turn_to(&mut self, channel: Channel) {
        if channel != self.channel {
            *self = Self { consented: self.consented, ..Self::new(channel) };
        }
    }

    /// What can be sealed: something that looks like what it is meant to be, under a consent.
    pub(crate) fn sendable(&self) -> Option<&str> {
        let text = self.text().trim();
        let looks_right = match self.channel {
            Channel::Phone => is_phone(text),
            Channel::Email => is_email(text),
        };
        (self.consented && looks_right).then_some(text)
    }
}

/// Digits of any of the keyboards, and what people write between them.
fn is_phone(text: &str) -> bool {
    let is_digit =
        |character: &char| matches!(character, '0'..='9' | '\u{660}'..='\u{669}' | '\u{6F0}'..='\u{6F9}');
    let is_between = |character: char| matches!(character, ' ' | '+' | '-' | '(' | ')' | '/' | '.');
    let digits = text.chars().filter(is_digit).count();
    (PHONE_DIGITS_MIN..=PHONE_DIGITS_MAX).contains(&digits)
        && text.chars().all(|character| is_digit(&character) || is_between(character))
}

/// Something, one @, something with a point. More than that is known only by writing to it.
fn is_email(text: &str) -> bool {
    let Some((name, domain)) = text.split_once('@') else { return false };
    let labels = || domain.split('.');
    !name.is_empty()
        && !domain.contains('@')
        && labels().count() > 1
        && labels().all(|label| !label.is_empty())
        && !text.contains(char::is_whitespace)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(channel: Channel, text: &str) -> ContactField {
        let mut field = ContactField::new(channel);
        field.type_in(text);
        field
    }

    #[test]
    fn nothing_is_sendable_without_consent() {
        let mut field = typed(Channel::Phone, "+44 20 7946 0018");
        assert_eq!(field.sendable(), None);
        field.consented = true;
        assert_eq!(field.sendable(), Some("+44 20 7946 0018"));
    }

    #[test]
    fn only_what_can_be_a_number_or_an_address_is_sendable() {
        let sendable = |channel, text: &str| {
            let field = ContactField { consented: true, ..typed(channel, text) };
            field.sendable().is_some()
        };
        for good in ["112233", "(030) 90 18-20", "٠٥٠١٢٣٤٥٦٧", " 0171/5551234 "] {
            assert!(sendable(Channel::Phone, good), "{good}");
        }
        for bad in ["", "12345", "1234567890123456", "call 112233", "a@b.example"] {
            assert!(!sendable(Channel::Phone, bad), "{bad}");
        }
        for good in ["a@b.example", "zoë.x+y@mail.bücher.example", " a@b.example "] {
            assert!(sendable(Channel::Email, good), "{good}");
        }
        for bad in ["", "a@b", "@b.example", "a@b@c.example", "a@.example", "a b@c.example", "a@b.", "112233"]
        {
            assert!(!sendable(Channel::Email, bad), "{bad}");
        }
    }

    #[test]
    fn another_channel_starts_with_an_empty_field() {
        let mut field = ContactField { consented: true, ..typed(Channel::Phone, "112233") };
        field.turn_to(Channel::Phone);
        assert_eq!(field.text(), "112233");
        field.turn_to(Channel::Email);
        assert_eq!((field.text(), field.consented), ("", true));
    }

    #[test]
    fn a_field_prints_nothing_of_what_is_in_it() {
        assert!(!format!("{:?}", typed(Channel::Phone, "112233")).contains("112233"));
    }
}
