//! The way of what a page, a keypad or a finger tells to whoever receives it.

use std::cell::RefCell;
use std::rc::Rc;

use crate::intent::Intent;

/// Whoever receives it.
type Receiver<T> = Box<dyn FnMut(T)>;

/// Where something is told. Clones share one receiver.
pub(crate) struct Told<T>(Rc<RefCell<Receiver<T>>>);

/// Where the pages' callbacks send what they are told.
pub(crate) type Intents = Told<Intent>;

impl<T> Clone for Told<T> {
    fn clone(&self) -> Self {
        Self(Rc::clone(&self.0))
    }
}

impl<T: 'static> Told<T> {
    pub(crate) fn new() -> Self {
        Self(Rc::new(RefCell::new(Box::new(|_| {}))))
    }

    /// Hands it to the receiver. What arises while another one is being handled is dropped: a finger cannot do
    /// two things at once, and the receiver must not be entered twice.
    pub(crate) fn send(&self, told: T) {
        if let Ok(mut receiver) = self.0.try_borrow_mut() {
            receiver(told);
        }
    }

    /// Names the receiver, in place of the one before.
    pub(crate) fn go_to(&self, receiver: impl FnMut(T) + 'static) {
        *self.0.borrow_mut() = Box::new(receiver);
    }
}
