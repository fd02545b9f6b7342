//! What is on the pages of follow-ups.

use super::staff::bar;
use super::words::Words;
use crate::view::follow_ups::{Act, Alert, Clock, FollowUp, FollowUps, Over, Since, Stage};
use crate::view::staff::Tab;

pub(super) fn follow_ups(words: &Words) -> FollowUps {
    let said = |from: usize, count: usize| {
        let text = words.comment.1.split(' ').skip(from).take(count).collect::<Vec<_>>().join(" ");
        format!("“{text}”")
    };
    let clock = |share, left_min, over_min| Some(Clock { share, left_min, over_min, verify_from: None });
    let items = vec![
        FollowUp {
            face: Some(1),
            icon: "clean".into(),
            topic: words.options[5].into(),
            since: Since::Minutes(3 * 1_440 + 300),
            wants_reply: true,
            words: said(0, 3),
            stage: Stage::Acknowledged,
            clock: clock(1.2, 0, 300),
            ..FollowUp::default()
        },
        FollowUp {
            face: Some(1),
            icon: "availability".into(),
            topic: words.options[3].into(),
            since: Since::Minutes(220),
            words: said(1, 3),
            clock: clock(0.92, 20, 0),
            ..FollowUp::default()
        },
        FollowUp {
            face: Some(2),
            icon: "waiting".into(),
            topic: format!("{}, {}", words.options[1], words.options[2]),
            since: Since::Minutes(6),
            wants_reply: true,
            words: said(0, 3),
            clock: clock(0.03, 234, 0),
            ..FollowUp::default()
        },
        FollowUp {
            icon: "other".into(),
            since: Since::Minutes(1_400),
            alert: Some(Alert { unhappy: 6, answers: 11, over: Over::Minutes(15) }),
            is_alert: true,
            stage: Stage::Acknowledged,
            clock: clock(0.58, 1_800, 0),
            ..FollowUp::default()
        },
        FollowUp {
            face: Some(2),
            icon: "finding".into(),
            topic: words.options[6].into(),
            since: Since::Day(words.strip[2].into()),
            words: said(2, 3),
            stage: Stage::Acted,
            clock: Some(Clock { verify_from: Some(words.strip[2].into()), ..Clock::default() }),
            ..FollowUp::default()
        },
    ];
    FollowUps {
        bar: bar(words, Tab::FollowUps),
        is_read: true,
        failed: false,
        step_failed: false,
        acknowledge_min: 240,
        act_min: 4_320,
        open: 5,
        overdue: 1,
        verified: 12,
        items,
        leaf: 0,
    }
}

/// More than have room at once.
pub(super) fn leaves(words: &Words) -> FollowUps {
    let page = follow_ups(words);
    let items = page.items.iter().chain(&page.items).chain(&page.items).cloned().collect();
    FollowUps { open: 15, overdue: 0, items, leaf: 1, ..page }
}

pub(super) fn act(words: &Words) -> Act {
    let first = follow_ups(words).items.swap_remove(0);
    Act {
        bar: bar(words, Tab::FollowUps),
        icon: first.icon,
        topic: first.topic,
        words: first.words,
        is_alert: first.is_alert,
        alert: first.alert,
        cause: Some(2),
        action: None,
    }
}
