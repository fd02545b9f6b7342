//! Bounds that more than one part of the store keeps to.

/// Commands that may wait for the disk. A shopper gives a few a second, so this is a disk that has stood
/// still for many seconds; whoever comes then hears that it is busy instead of waiting for ever.
pub(crate) const COMMANDS_MAX: usize = 64;
