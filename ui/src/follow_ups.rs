//! The adapters of the follow-ups and of what was done about one.

use slint::{ComponentHandle, ModelRc, VecModel};

use crate::generated::{ActAdapter, AlertItem, FollowUpItem, FollowUpStage, FollowUpsAdapter, Shell};
use crate::intent::{FollowUpsIntent, Intent, StaffIntent};
use crate::intents::Intents;
use crate::rows;
use crate::staff_bar;
use crate::view::follow_ups::{Act, Alert, FollowUp, FollowUps, Over, Since, Stage};

/// Sends the pages' keys to `intents`. A page shows one leaf; places are told of the whole list.
pub(crate) fn connect(shell: &Shell, intents: &Intents) {
    let adapter = shell.global::<FollowUpsAdapter<'_>>();
    adapter.set_items(ModelRc::new(VecModel::default()));
    let at = |intent: fn(usize) -> FollowUpsIntent| {
        let (intents, shell) = (intents.clone(), shell.as_weak());
        move |index: i32| {
            let first = shell.upgrade().map_or(0, |shell| shell.global::<FollowUpsAdapter<'_>>().get_first());
            intents.send(Intent::Staff(StaffIntent::FollowUps(intent(rows::place(first + index)))));
        }
    };
    adapter.on_acknowledge(at(FollowUpsIntent::Acknowledge));
    adapter.on_act(at(FollowUpsIntent::Act));
    adapter.on_verify(at(FollowUpsIntent::Verify));
    adapter.on_turned({
        let intents = intents.clone();
        move |leaf| {
            let leaf = rows::place(leaf);
            intents.send(Intent::Staff(StaffIntent::FollowUps(FollowUpsIntent::Leaf(leaf))));
        }
    });
    let adapter = shell.global::<ActAdapter<'_>>();
    let chosen = |intent: fn(usize) -> FollowUpsIntent| {
        let intents = intents.clone();
        move |index: i32| {
            intents.send(Intent::Staff(StaffIntent::FollowUps(intent(rows::place(index)))));
        }
    };
    adapter.on_cause_chosen(chosen(FollowUpsIntent::Cause));
    adapter.on_action_chosen(chosen(FollowUpsIntent::Action));
    let sends = |intent: FollowUpsIntent| {
        let intents = intents.clone();
        move || intents.send(Intent::Staff(StaffIntent::FollowUps(intent)))
    };
    adapter.on_save(sends(FollowUpsIntent::Save));
    adapter.on_cancel(sends(FollowUpsIntent::Cancel));
}

/// Shows the leaf of the list that has room, `on_leaf` at once.
pub(crate) fn show(shell: &Shell, page: &FollowUps, on_leaf: usize) {
    staff_bar::show(shell, &page.bar);
    let adapter = shell.global::<FollowUpsAdapter<'_>>();
    let leaves = page.items.len().div_ceil(on_leaf).max(1);
    let leaf = page.leaf.min(leaves - 1);
    adapter.set_is_read(page.is_read);
    adapter.set_failed(page.failed);
    adapter.set_step_failed(page.step_failed);
    adapter.set_acknowledge_within(minutes(page.acknowledge_min));
    adapter.set_act_within(minutes(page.act_min));
    adapter.set_open(count(page.open));
    adapter.set_overdue(count(page.overdue));
    adapter.set_verified(count(page.verified));
    adapter.set_leaves(rows::int(leaves));
    adapter.set_leaf(rows::int(leaf));
    adapter.set_first(rows::int(leaf * on_leaf));
    let shown = page.items.iter().skip(leaf * on_leaf).take(on_leaf);
    rows::refresh(&adapter.get_items(), shown.map(item));
}

pub(crate) fn show_act(shell: &Shell, page: &Act) {
    staff_bar::show(shell, &page.bar);
    let adapter = shell.global::<ActAdapter<'_>>();
    adapter.set_icon(page.icon.as_str().into());
    adapter.set_topic(page.topic.as_str().into());
    adapter.set_words(page.words.as_str().into());
    adapter.set_is_alert(page.is_alert);
    adapter.set_alert(alert(page.alert.as_ref()));
    let chosen = |place: Option<usize>| place.map_or(-1, rows::int);
    adapter.set_cause(chosen(page.cause));
    adapter.set_action(chosen(page.action));
}

fn alert(alert: Option<&Alert>) -> AlertItem {
    let Some(alert) = alert else { return AlertItem::default() };
    let (minutes, usual) = match alert.over {
        Over::Minutes(over) => (minutes(over.max(1)), String::new()),
        Over::Hour { usual_permille } => (0, format!("{}.{} %", usual_permille / 10, usual_permille % 10)),
    };
    AlertItem { unhappy: count(alert.unhappy), answers: count(alert.answers), minutes, usual: usual.into() }
}

fn count(count: u64) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

fn minutes(minutes: u32) -> i32 {
    i32::try_from(minutes).unwrap_or(i32::MAX)
}

fn item(item: &FollowUp) -> FollowUpItem {
    let clock = item.clock.clone().unwrap_or_default();
    let (since, date) = match &item.since {
        Since::Minutes(since) => (minutes(*since), ""),
        Since::Day(date) => (-1, date.as_str()),
    };
    FollowUpItem {
        face: item.face.map_or(0, i32::from),
        icon: item.icon.as_str().into(),
        topic: item.topic.as_str().into(),
        since,
        date: date.into(),
        wants_reply: item.wants_reply,
        words: item.words.as_str().into(),
        alert: alert(item.alert.as_ref()),
        is_alert: item.is_alert,
        stage: match item.stage {
            Stage::Opened => FollowUpStage::Opened,
            Stage::Acknowledged => FollowUpStage::Acknowledged,
            Stage::Acted => FollowUpStage::Acted,
        },
        has_clock: item.clock.is_some(),
        share: clock.share,
        left: minutes(clock.left_min),
        over: minutes(clock.over_min),
        from: clock.verify_from.unwrap_or_default().into(),
    }
}
