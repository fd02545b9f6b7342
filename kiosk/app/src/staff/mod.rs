//! The side of the kiosk that is not the shopper's.
//!
//! | module | what is in it |
//! |---|---|
//! | `browsing` | where staff are in the numbers, and what has to be read for it |
//! | `days` | the page on which a range of days is set |
//! | `desk` | the gate, and what is read behind it |
//! | `device` | a code, the glass, the network and a report |
//! | `export` | a table or a parcel on a stick |
//! | `follow_ups` | what is to be done about unhappy shoppers, and what was |
//! | `numbers` | from what was counted to the page of numbers |
//! | `parts` | the numbers by weekday, touchpoint, language and step |
//! | [`pins`] | who has a PIN, and how often a wrong one was tried |
//! | `words` | what shoppers wrote, as it is to be read |

pub(crate) mod browsing;
pub(crate) mod days;
pub(crate) mod desk;
pub(crate) mod device;
pub(crate) mod export;
pub(crate) mod follow_ups;
pub(crate) mod numbers;
pub(crate) mod parts;
pub mod pins;
pub(crate) mod words;
