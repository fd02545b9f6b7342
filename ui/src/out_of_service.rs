//! The out-of-service page's adapter. The page has no keys.

use slint::ComponentHandle;

use crate::generated::{OutOfServiceAdapter, Shell};
use crate::view::OutOfService;

pub(crate) fn show(shell: &Shell, page: &OutOfService) {
    shell.global::<OutOfServiceAdapter<'_>>().set_reason_for_staff(page.reason_for_staff.as_str().into());
}
