//! From the cases of the store to the pages of follow-ups.

use afterword_model::case::{CaseView, Category, Due, Reason, Stage, passed_ms};
use afterword_model::response::{ClockQuality, Stamp};
use afterword_model::scale::ScaleKind;
use afterword_model::survey::{QuestionKind, Survey};
use afterword_ui::view::follow_ups::{self as view, Act, Alert, Clock, FollowUp, FollowUps, Since};
use afterword_ui::view::staff::Bar;
use chrono::{DateTime, TimeDelta, Utc};

use super::{FollowUpsDesk, can_verify};
use crate::alerts::said::{Over, Said};
use crate::config::Config;
use crate::dates::short_date;

const MINUTE_MS: u64 = 60_000;

/// What is older is told by its day, in minutes.
const AGE_MAX_MIN: u64 = 7 * 24 * 60;

/// Where the words of the pages come from.
#[derive(Clone, Copy)]
pub(crate) struct Tongue<'a> {
    pub(crate) config: &'a Config,
    pub(crate) survey: &'a Survey,
    pub(crate) tag: &'a str,
}

pub(crate) fn list(desk: &FollowUpsDesk, bar: Bar, tongue: Tongue<'_>, now: &Stamp) -> FollowUps {
    let slas = tongue.config.follow_ups.slas.usual;
    let Some(overview) = &desk.overview else {
        return FollowUps { bar, failed: desk.failed, ..FollowUps::default() };
    };
    FollowUps {
        bar,
        is_read: true,
        failed: desk.failed,
        step_failed: desk.step_failed,
        acknowledge_min: minutes(slas.acknowledge_ms),
        act_min: minutes(slas.act_ms),
        open: overview.open,
        overdue: overview.overdue,
        verified: overview.verified,
        items: overview.cases.iter().map(|case| item(case, tongue, now)).collect(),
        leaf: desk.leaf,
    }
}

/// What was done about one of them; nothing where nobody is saying so.
pub(crate) fn act(desk: &FollowUpsDesk, bar: Bar, tongue: Tongue<'_>, now: &Stamp) -> Option<Act> {
    let doing = desk.doing.as_ref()?;
    let FollowUp { icon, topic, words, is_alert, alert, .. } = item(desk.case_of(doing)?, tongue, now);
    Some(Act { bar, icon, topic, words, is_alert, alert, cause: doing.cause, action: doing.action })
}

fn item(case: &CaseView, tongue: Tongue<'_>, now: &Stamp) -> FollowUp {
    let said = case.said.as_ref();
    let category = case.status.category.unwrap_or(Category::Other);
    let reasons = said.map_or(&[][..], |said| &said.reasons);
    let topic: Vec<String> =
        reasons.iter().filter_map(|id| option_label(tongue.survey, id, tongue.tag)).collect();
    let opened = case.status.clock_from.or(said.map(|said| said.started));
    let is_alert = case.status.reasons.contains(&Reason::Alert);
    let of_alert = case.steps.iter().find_map(|held| held.event.step.words());
    let alert = of_alert.filter(|_| is_alert).and_then(Said::read);
    let words = said.and_then(|said| said.words.as_deref()).map(|words| format!("“{words}”"));
    FollowUp {
        face: said.and_then(|said| said.score).and_then(|(scale, value)| face(scale, value)),
        icon: category.id().into(),
        topic: topic.join(", "),
        since: opened.map_or(Since::Day(String::new()), |opened| since(&opened, now, tongue)),
        wants_reply: said.is_some_and(|said| said.contact_wanted),
        words: words.or_else(|| of_alert.map(Into::into)).unwrap_or_default(),
        alert: alert.map(shown),
        is_alert,
        stage: match case.status.stage {
            Stage::Opened => view::Stage::Opened,
            Stage::Acknowledged => view::Stage::Acknowledged,
            Stage::Acted | Stage::Verified => view::Stage::Acted,
        },
        clock: case.due.map(|due| clock(due, now, tongue)),
    }
}

fn shown(Said { unhappy, answers, over }: Said) -> Alert {
    let over = match over {
        Over::Minutes(minutes) => view::Over::Minutes(minutes),
        Over::Hour { usual_permille } => view::Over::Hour { usual_permille },
    };
    Alert { unhappy, answers, over }
}

/// The face that was tapped, where it was one of five.
fn face(scale: ScaleKind, value: u8) -> Option<u8> {
    match scale {
        ScaleKind::Faces => Some(value),
        // Of four the one in the middle is missing.
        ScaleKind::Faces4 => Some(if value > 2 { value + 1 } else { value }),
        _ => None,
    }
}

/// What an option of any question says; none where no question has it now.
fn option_label(survey: &Survey, id: &str, tag: &str) -> Option<String> {
    let options = survey.questions.iter().filter_map(|question| match &question.kind {
        QuestionKind::Choices { options, .. } => Some(options),
        _ => None,
    });
    let option = options.flatten().find(|option| option.id == id)?;
    Some(option.label.in_language(tag).to_owned())
}

fn since(opened: &Stamp, now: &Stamp, tongue: Tongue<'_>) -> Since {
    let passed_min = passed_ms(opened, now).map(|ms| ms / MINUTE_MS);
    match passed_min.filter(|minutes| *minutes <= AGE_MAX_MIN) {
        Some(minutes) => Since::Minutes(u32::try_from(minutes).unwrap_or(u32::MAX)),
        None if opened.clock == ClockQuality::Unset => Since::Day(String::new()),
        None => Since::Day(day(opened.wall_ms, tongue)),
    }
}

fn minutes(ms: u64) -> u32 {
    u32::try_from(ms.div_ceil(MINUTE_MS)).unwrap_or(u32::MAX)
}

#[expect(clippy::cast_precision_loss, reason = "a bar's length")]
fn clock(due: Due, now: &Stamp, tongue: Tongue<'_>) -> Clock {
    let holds_from = || {
        let left = TimeDelta::milliseconds(i64::try_from(due.left_ms()).unwrap_or(i64::MAX / 2));
        now.wall_ms.saturating_add(left.num_milliseconds())
    };
    Clock {
        share: due.passed_ms as f32 / due.within_ms.max(1) as f32,
        left_min: minutes(due.left_ms()),
        over_min: minutes(due.over_ms()),
        verify_from: (!can_verify(Some(due))).then(|| day(holds_from(), tongue)),
    }
}

/// A day in the store's time zone, to be read.
fn day(wall_ms: i64, Tongue { config, tag, .. }: Tongue<'_>) -> String {
    let moment = DateTime::<Utc>::from_timestamp_millis(wall_ms);
    moment.map_or_else(String::new, |moment| {
        short_date(moment.with_timezone(&config.time_zone).date_naive(), tag)
    })
}
