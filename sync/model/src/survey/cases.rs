//! The situations a visit can begin in, as far as conditions tell them apart: one made-up draft for each.

use std::collections::{BTreeMap, BTreeSet};

use super::condition::Condition;
use super::limits::SEARCH_STEPS_MAX;
use super::question::Variant;
use super::read::Languages;
use super::share::Share;
use crate::moment::Moment;
use crate::response::{ClockQuality, Draft, Stamp};

/// A moment's name that no condition asks for, for moments told apart by their context alone.
const UNNAMED: &str = "-";

const MINUTE_MS: i64 = 60_000;
const DAY_MS: i64 = 86_400_000;

/// A draft for each situation; none where there are more than anybody will try.
pub(super) fn drafts(
    leaves: &[&Condition],
    variants: &[Variant],
    languages: &Languages,
) -> Option<Vec<Draft>> {
    let stamp = Stamp { wall_ms: 0, offset_min: 0, boot: 1, mono_ms: 0, clock: ClockQuality::Synced };
    let mut drafts = vec![Draft::begun("", 1, &languages.default, stamp)];
    let tags: Vec<_> = languages.list.iter().map(|language| language.tag.clone()).collect();
    let is_asked = |kind: fn(&Condition) -> bool| leaves.iter().any(|leaf| kind(leaf));
    if is_asked(|leaf| matches!(leaf, Condition::Language(_))) {
        vary(&mut drafts, &tags, |draft, tag: &String| draft.language.clone_from(tag))?;
    }
    vary(&mut drafts, &touchpoints(leaves), |draft, name| draft.touchpoint.clone_from(name))?;
    vary(&mut drafts, &moments(leaves)?, |draft, moment| draft.moment.clone_from(moment))?;
    if is_asked(|leaf| matches!(leaf, Condition::Variant(_))) {
        vary(&mut drafts, &variant_ids(variants), |draft, id| draft.variant.clone_from(id))?;
    }
    let has_weekday = is_asked(|leaf| matches!(leaf, Condition::Weekday(_)));
    let days: Vec<i64> = if has_weekday { (0..7).collect() } else { vec![0] };
    vary(&mut drafts, &days, |draft, day| draft.started.wall_ms = day * DAY_MS)?;
    vary(&mut drafts, &minutes(leaves), |draft, minute| {
        draft.started.wall_ms += i64::from(*minute) * MINUTE_MS;
    })?;
    if has_weekday || is_asked(|leaf| matches!(leaf, Condition::Time { .. })) {
        // A kiosk whose clock is wrong is at no time at all.
        let clocks = [ClockQuality::Synced, ClockQuality::Unset];
        vary(&mut drafts, &clocks, |draft, clock| draft.started.clock = *clock)?;
    }
    Some(drafts)
}

/// Each draft with each value.
fn vary<V>(drafts: &mut Vec<Draft>, values: &[V], set: impl Fn(&mut Draft, &V)) -> Option<()> {
    if drafts.len().saturating_mul(values.len()) > SEARCH_STEPS_MAX {
        return None;
    }
    let with = |draft: &Draft, value: &V| {
        let mut draft = draft.clone();
        set(&mut draft, value);
        draft
    };
    *drafts = drafts.iter().flat_map(|draft| values.iter().map(move |value| with(draft, value))).collect();
    Some(())
}

fn touchpoints(leaves: &[&Condition]) -> Vec<Option<String>> {
    let named = leaves.iter().filter_map(|leaf| match leaf {
        Condition::Touchpoint(names) => Some(names),
        _ => None,
    });
    or_none(named.flatten())
}

/// None, and each of them once.
fn or_none<'n>(names: impl Iterator<Item = &'n String>) -> Vec<Option<String>> {
    let names: BTreeSet<&String> = names.collect();
    std::iter::once(None).chain(names.into_iter().cloned().map(Some)).collect()
}

/// No moment, and every name with every context.
fn moments(leaves: &[&Condition]) -> Option<Vec<Option<Moment>>> {
    let mut names: BTreeSet<&str> = BTreeSet::new();
    let mut values: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for leaf in leaves {
        match leaf {
            Condition::Moment(named) => names.extend(named.iter().map(String::as_str)),
            Condition::MomentContext { key, values: named } => {
                values.entry(key).or_default().extend(named.iter().map(String::as_str));
            }
            _ => {}
        }
    }
    if names.is_empty() && values.is_empty() {
        return Some(vec![None]);
    }
    let mut contexts = vec![BTreeMap::new()];
    for (key, values) in &values {
        if contexts.len().saturating_mul(values.len() + 1) > SEARCH_STEPS_MAX {
            return None;
        }
        let without = contexts.clone();
        for value in values {
            contexts.extend(without.iter().cloned().map(|mut context: BTreeMap<String, String>| {
                context.insert((*key).to_owned(), (*value).to_owned());
                context
            }));
        }
    }
    if contexts.len().saturating_mul(names.len() + 1) > SEARCH_STEPS_MAX {
        return None;
    }
    names.insert(UNNAMED);
    let moments = names.iter().flat_map(|name| {
        // A moment that would carry too much cannot come.
        contexts.iter().filter_map(|context| Moment::new(name, context.clone()).ok())
    });
    Some(std::iter::once(None).chain(moments.map(Some)).collect())
}

fn variant_ids(variants: &[Variant]) -> Vec<Option<String>> {
    let ids = variants.iter().map(|variant| Some(variant.id.clone()));
    let none = (!Share::are_whole(variants.iter().map(|variant| variant.share))).then_some(None);
    ids.chain(none).collect()
}

/// The first minute of each stretch of the day that no condition cuts through.
fn minutes(leaves: &[&Condition]) -> Vec<u16> {
    let mut minutes = BTreeSet::from([0]);
    for leaf in leaves {
        if let Condition::Time { from_min, until_min } = leaf {
            minutes.extend([*from_min, *until_min % super::condition::DAY_MIN]);
        }
    }
    minutes.into_iter().collect()
}
