//! The way of an intent from a page's callback to whoever receives them.

use std::cell::RefCell;
use std::rc::Rc;

use crate::intent::Intent;

/// Whoever receives the intents.
type Receiver = Box<dyn FnMut(Intent)>;

/// Where the pages' callbacks send what they are told. Clones share one receiver.
#[derive(Clone)]
pub(crate) struct Intents(Rc<RefCell<Receiver>>);

impl Intents {
    pub(crate) fn new() -> Self {
        Self(Rc::new(RefCell::new(Box::new(|_| {}))))
    }

    /// Hands an intent to the receiver. One that arises while another is being handled is dropped: a finger cannot do
    /// two things at once, and the receiver must not be entered twice.
    pub(crate) fn send(&self, intent: Intent) {
        if let Ok(mut receiver) = self.0.try_borrow_mut() {
            receiver(intent);
        }
    }

    /// Names the receiver, in place of the one before.
    pub(crate) fn go_to(&self, receiver: impl FnMut(Intent) + 'static) {
        *self.0.borrow_mut() = Box::new(receiver);
    }
}
