//! The adapter of the page of the device.

use slint::{ComponentHandle, ModelRc, SharedString, VecModel};

use crate::generated::{CheckItem, CheckState, DeviceAdapter, EnrolState, FindingItem, Shell};
use crate::intent::{DeviceIntent, Intent, StaffIntent};
use crate::intents::Intents;
use crate::rows;
use crate::staff_bar;
use crate::view::device::{Check, Device, Enrol, Finding, State, What};

/// Sends the page's keys to `intents`.
pub(crate) fn connect(shell: &Shell, intents: &Intents) {
    let adapter = shell.global::<DeviceAdapter<'_>>();
    adapter.set_squares(ModelRc::new(VecModel::default()));
    adapter.set_code(ModelRc::new(VecModel::default()));
    adapter.set_network(ModelRc::new(VecModel::default()));
    adapter.set_status(ModelRc::new(VecModel::default()));
    let sends = |intent: DeviceIntent| {
        let intents = intents.clone();
        move || intents.send(Intent::Staff(StaffIntent::Device(intent)))
    };
    adapter.on_type_code(sends(DeviceIntent::TypeCode));
    adapter.on_erase(sends(DeviceIntent::Erase));
    adapter.on_test_network(sends(DeviceIntent::TestNetwork));
    adapter.on_send_report(sends(DeviceIntent::Report));
    let at = |intent: fn(usize) -> DeviceIntent| {
        let intents = intents.clone();
        move |index: i32| intents.send(Intent::Staff(StaffIntent::Device(intent(rows::place(index)))))
    };
    adapter.on_letter(at(DeviceIntent::Letter));
    adapter.on_touch(at(DeviceIntent::Touch));
}

pub(crate) fn show(shell: &Shell, page: &Device) {
    staff_bar::show(shell, &page.bar);
    let adapter = shell.global::<DeviceAdapter<'_>>();
    adapter.set_name(page.name.as_str().into());
    adapter.set_now(page.now.as_str().into());
    adapter.set_enrol(match page.enrol {
        Enrol::Done => EnrolState::Done,
        Enrol::Possible => EnrolState::Possible,
        Enrol::UnderWay => EnrolState::Underway,
        Enrol::Impossible => EnrolState::Impossible,
    });
    adapter.set_enrol_notice(page.enrol_notice.as_str().into());
    let mut letters = page.code.chars();
    let boxes = (0..page.code_length)
        .map(|_| letters.next().map_or_else(SharedString::new, |letter| letter.to_string().into()));
    rows::refresh(&adapter.get_code(), boxes);
    adapter.set_typed(rows::int(page.code.chars().count()));
    adapter.set_types(page.types);
    rows::refresh(&adapter.get_squares(), page.squares.iter().copied());
    adapter.set_touched(rows::int(page.squares.iter().filter(|touched| **touched).count()));
    rows::refresh(&adapter.get_network(), page.network.iter().map(step));
    adapter.set_problem(page.problem.as_str().into());
    adapter.set_trouble(page.trouble.as_ref().map(finding).unwrap_or_default());
    adapter.set_trouble_is_small(page.trouble_is_small);
    adapter.set_tests(page.tests);
    rows::refresh(&adapter.get_status(), page.status.iter().map(line));
    adapter.set_report(page.report.as_str().into());
}

/// A step shows whether it went well; what it is about stands in words.
fn step(check: &Check) -> CheckItem {
    CheckItem { icon: SharedString::new(), ..line(check) }
}

fn line(check: &Check) -> CheckItem {
    CheckItem {
        icon: icon(check.what).into(),
        kind: rows::int(check.what as usize),
        how: check.how.as_str().into(),
        more: check.more.as_str().into(),
        state: match check.state {
            State::Good => CheckState::Good,
            State::Warning => CheckState::Warning,
            State::Bad => CheckState::Bad,
            State::Unknown => CheckState::Unknown,
        },
        found: check.found.as_ref().map(finding).unwrap_or_default(),
    }
}

fn finding(found: &Finding) -> FindingItem {
    FindingItem {
        kind: found.kind.as_str().into(),
        name: found.name.as_str().into(),
        other: found.other.as_str().into(),
        number: found.number.as_str().into(),
        more: found.more.as_str().into(),
        in_english: found.in_english.as_str().into(),
    }
}

fn icon(what: What) -> &'static str {
    match what {
        What::Version => "screen",
        What::Waiting => "queue",
        What::Clock => "waiting",
        What::Certificate => "cert",
        What::Storage => "lock",
        What::Agent | What::Connection => "wifi",
        _ => "info",
    }
}
