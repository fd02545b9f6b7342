//! The top of every page of staff.

use slint::ComponentHandle;

use crate::generated::{Shell, StaffAdapter};
use crate::view::staff::{Bar, Tab};

pub(crate) fn show(shell: &Shell, bar: &Bar) {
    let adapter = shell.global::<StaffAdapter<'_>>();
    adapter.set_store_name(bar.store_name.as_str().into());
    adapter.set_tab(match bar.tab {
        Tab::Summary => 0,
        Tab::FollowUps => 1,
        Tab::Device => 2,
    });
    adapter.set_open(if bar.open == 0 { slint::SharedString::new() } else { bar.open.to_string().into() });
    adapter.set_has_device(bar.has_device);
}
