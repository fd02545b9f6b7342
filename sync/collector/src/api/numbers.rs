//! What responses come to: the numbers of the pages, with how sure they are.

use std::sync::Arc;

use afterword_model::metrics::Share;
use afterword_model::metrics::score::Score;
use afterword_model::summary::{Ask, Measure, Measured, Part};
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::response::Response;
use chrono::{DateTime, NaiveDate};
use serde::Serialize;
use utoipa::ToSchema;

use super::answer;
use super::asked::{Asked, named};
use super::caller::Caller;
use super::problem::Problem;
use super::word;
use crate::admin::AdminError;
use crate::numbers::{
    self, DayChart, DayPoint, Overview, Reason, Scope as Wanted, StoreFigures, StoreNumbers,
};
use crate::people::api_token::Scope;
use crate::routes::App;
use crate::storage::PlaceKind;

/// The numbers of all stores, or of some.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Overview)]
pub(super) struct OfStores {
    /// Which days they are of.
    days: Days,
    /// The share of happy visits, 0 to 1, of those that began with faces, stars or thumbs. Judged together with `recommend` and `completed`.
    happy: Compared,
    /// The net promoter score, -100 to 100.
    recommend: Compared,
    /// The share of visits that came to the survey's last step, 0 to 1.
    completed: Compared,
    /// Responses that were begun in these days.
    responses: u64,
    /// The same of the days compared with.
    responses_before: u64,
    /// How many of `responses` carry a flag.
    flagged: u64,
    /// The share of follow-ups opened in these days that somebody had seen within their time, 0 to 1, of those whose time is over or that
    /// were seen; none where there are fewer than five.
    acknowledged: Option<Figure>,
    /// The happy share day by day.
    by_day: Vec<Day>,
    /// Each store that had a response, the happiest first, those with too few answers last. Their changes are judged together.
    stores: Vec<OneOfStores>,
    /// Why visits were not happy, the most frequent first. Their changes are judged together.
    reasons: Vec<GivenReason>,
    /// Records that came and are not counted yet, of all stores; none where only some are looked at.
    waiting: Option<u64>,
}

/// The numbers of one store.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StoreNumbers)]
pub(super) struct OfStore {
    /// The store.
    store: String,
    /// Which days they are of.
    days: Days,
    /// As in the overview.
    happy: Compared,
    /// As in the overview.
    recommend: Compared,
    /// As in the overview.
    completed: Compared,
    /// Responses that were begun in these days.
    responses: u64,
    /// How many of them carry a flag.
    flagged: u64,
    /// The happy share day by day.
    by_day: Vec<Day>,
    /// Why visits were not happy, the most frequent first.
    reasons: Vec<GivenReason>,
    /// By hour of the day, `0` to `23`; hours without responses are left out.
    hours: Vec<OfPart>,
    /// By day of the week, `1` for Monday to `7`.
    weekdays: Vec<OfPart>,
    /// By touchpoint; `` for kiosks without one.
    touchpoints: Vec<OfPart>,
    /// By language.
    languages: Vec<OfPart>,
}

/// Which days numbers are of: each store's own local ones.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Days {
    /// The first day.
    #[schema(format = Date)]
    from: String,
    /// The last day.
    #[schema(format = Date)]
    to: String,
    /// The first of the days that they are held against.
    #[schema(format = Date)]
    before_from: String,
    /// The last of those.
    #[schema(format = Date)]
    before_to: String,
}

/// A number with its interval at 95 %.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Figure {
    /// How many answers it is made of.
    of: u64,
    /// Of a share: how many of them counted.
    hits: Option<u64>,
    /// The number.
    estimate: f64,
    /// Where it is at least.
    low: f64,
    /// Where it is at most.
    high: f64,
}

/// A number held against the days before.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Compared {
    /// The number; none where there are fewer than five answers.
    now: Option<Figure>,
    /// The same of the days before.
    before: Option<Figure>,
    /// `up` or `down` where chance would seldom make such a difference, else `none`; nothing where one of the two is missing.
    change: Option<String>,
    /// The probability that chance alone makes such a difference, all numbers judged together (Holm).
    p: Option<f64>,
}

/// One day.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DayNumbers)]
pub(super) struct Day {
    /// The day.
    #[schema(format = Date)]
    day: String,
    /// Visits that said whether they were happy.
    of: u64,
    /// How many were.
    happy: u64,
    /// Their share; none where there are fewer than five.
    share: Option<Figure>,
    /// Where chance alone leaves such a day: at least here.
    limit_low: Option<f64>,
    /// And at most here.
    limit_high: Option<f64>,
    /// `worse` or `better`, where chance does not explain the day.
    side: Option<String>,
    /// By which rule: `beyond_limits`, `two_of_three`, `four_of_five`, `eight_in_a_row`.
    rule: Option<String>,
}

/// A store among others.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StoreAmongOthers)]
pub(super) struct OneOfStores {
    /// The store; `` for kiosks that stand in none.
    store: String,
    /// Responses that were begun there.
    responses: u64,
    /// As in the overview.
    happy: Compared,
    /// The best place it may hold by its happy share, from 1; none where there are too few answers.
    place_best: Option<u64>,
    /// The worst.
    place_worst: Option<u64>,
    /// As in the overview, not compared.
    recommend: Option<Figure>,
    /// As in the overview, not compared.
    completed: Option<Figure>,
}

/// An option that was chosen as a reason.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReasonNumbers)]
pub(super) struct GivenReason {
    /// The survey's id.
    survey: String,
    /// The question's id.
    question: String,
    /// The option's id.
    option: String,
    /// How often it was chosen.
    count: u64,
    /// The share of the visits that gave any reason to this question.
    share: Compared,
}

/// A part of a store's responses.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PartNumbers)]
pub(super) struct OfPart {
    /// Which.
    name: String,
    /// Responses.
    responses: u64,
    /// What their first rating comes to, by its scale; none where there are fewer than five.
    figure: Option<Figure>,
}

/// The numbers of all stores that the token may see: the same as on the overview's page.
#[utoipa::path(
    get, path = "/numbers/overview", tag = "numbers", operation_id = "readOverview",
    params(
        ("range" = Option<String>, Query, description = "Which days: `today`, `7d`, `30d`, `90d`, one day, or two with `..` between; 30 days when left out. Today is said in UTC."),
        ("from" = Option<String>, Query, description = "The first day; goes before `range`.", format = Date),
        ("to" = Option<String>, Query, description = "The last day.", format = Date),
        ("place" = Option<String>, Query, description = "Of this region or store alone."),
        ("without_flagged" = Option<bool>, Query, description = "Whether responses with a flag are left out."),
    ),
    responses((status = 200, description = "The numbers.", body = OfStores)),
    security(("token" = ["numbers:read"])),
)]
pub(super) async fn overview(
    State(app): State<Arc<App>>,
    caller: Caller,
    request: Request,
) -> Result<Response, Problem> {
    caller.expect(Scope::NumbersRead)?;
    let asked = Asked::of(request.uri(), &["range", "from", "to", "place", "without_flagged"])?;
    let (first_day, last_day) = days(&asked, app.context.clock.wall_ms())?;
    let stores = caller.stores.at(asked.text("place").unwrap_or_default(), &caller.tree).names();
    let wanted = Wanted { first_day, last_day, without_flagged: asked.flag("without_flagged")?, stores };
    let follow_ups = app.follow_ups().await.map_err(AdminError::from)?;
    let overview = app.look_up(move |reader| numbers::overview(reader, &wanted, &follow_ups)).await?;
    Ok(answer::json(request.headers(), &OfStores::from(overview)))
}

/// The numbers of one store: the same as on its page.
#[utoipa::path(
    get, path = "/numbers/stores/{store}", tag = "numbers", operation_id = "readStoreNumbers",
    params(
        ("store" = String, Path, description = "The store's name."),
        ("range" = Option<String>, Query, description = "As of the overview."),
        ("from" = Option<String>, Query, description = "The first day; goes before `range`.", format = Date),
        ("to" = Option<String>, Query, description = "The last day.", format = Date),
        ("without_flagged" = Option<bool>, Query, description = "Whether responses with a flag are left out."),
    ),
    responses(
        (status = 200, description = "The numbers.", body = OfStore),
        (status = 404, description = "There is no such store, or not for this token."),
    ),
    security(("token" = ["numbers:read"])),
)]
pub(super) async fn store(
    State(app): State<Arc<App>>,
    caller: Caller,
    path: Result<Path<String>, PathRejection>,
    request: Request,
) -> Result<Response, Problem> {
    caller.expect(Scope::NumbersRead)?;
    let asked = Asked::of(request.uri(), &["range", "from", "to", "without_flagged"])?;
    let name = named(path)?;
    let is_store = caller.tree.find(&name).is_some_and(|place| place.kind == PlaceKind::Store);
    if !is_store || !caller.stores.hold(Some(&name)) {
        return Err(Problem::NotFound);
    }
    let (first, last) = days(&asked, app.context.clock.wall_ms())?;
    let ask = Ask { without_flagged: asked.flag("without_flagged")?, ..Ask::days(first, last) };
    let figures = app.look_up(move |reader| numbers::store(reader, &name, ask)).await?;
    Ok(answer::json(request.headers(), &OfStore::from(figures)))
}

/// The days that are asked for, as days since 1970-01-01.
pub(super) fn days(asked: &Asked, now_ms: i64) -> Result<(i64, i64), Problem> {
    let today = DateTime::from_timestamp_millis(now_ms).ok_or(Problem::Failed)?.date_naive();
    // A form leaves a field empty; a program leaves it out.
    if let Some(empty) = ["range", "from", "to"].into_iter().find(|name| asked.text(name) == Some("")) {
        return Err(Problem::unfit(empty, "it is empty; give a day as in 2026-11-28, or leave it out"));
    }
    let typed = |name| asked.text(name).unwrap_or_default();
    let range = numbers::chosen(typed("range"), (typed("from"), typed("to")), today);
    let (from, to) = range.map_err(|error| {
        let named = ["from", "to", "range"].into_iter().find(|name| asked.text(name).is_some());
        Problem::unfit(named.unwrap_or("range"), error.to_string())
    })?;
    let number = |day: NaiveDate| i64::from(day.to_epoch_days());
    Ok((number(from), number(to)))
}

pub(super) fn date(day: i64) -> String {
    i32::try_from(day).ok().and_then(NaiveDate::from_epoch_days).unwrap_or_default().to_string()
}

impl Days {
    fn of((from, to): (i64, i64), before: (i64, i64)) -> Self {
        Self { from: date(from), to: date(to), before_from: date(before.0), before_to: date(before.1) }
    }
}

impl From<Overview> for OfStores {
    fn from(of: Overview) -> Self {
        let waiting = of.scope.stores.is_none().then_some(of.holdings.waiting);
        Self {
            days: Days::of((of.scope.first_day, of.scope.last_day), of.compared_with),
            happy: of.happy.into(),
            recommend: of.recommend.into(),
            completed: of.completed.into(),
            responses: of.responses,
            responses_before: of.responses_before,
            flagged: of.flagged,
            acknowledged: of.acknowledged.map(Figure::from),
            by_day: by_day(of.chart),
            stores: of.stores.into_iter().map(OneOfStores::from).collect(),
            reasons: of.reasons.into_iter().map(GivenReason::from).collect(),
            waiting,
        }
    }
}

impl From<StoreFigures> for OfStore {
    fn from(of: StoreFigures) -> Self {
        let summary = of.summary;
        let parts = |parts: Vec<Part>| parts.into_iter().map(OfPart::from).collect();
        Self {
            store: of.store,
            days: Days::of((summary.ask.first_day, summary.ask.last_day), summary.compared_with),
            happy: of.happy.into(),
            recommend: of.recommend.into(),
            completed: summary.completed.into(),
            responses: summary.responses,
            flagged: summary.flagged,
            by_day: by_day(of.chart),
            reasons: of.reasons.into_iter().map(GivenReason::from).collect(),
            hours: parts(summary.hours),
            weekdays: parts(summary.weekdays),
            touchpoints: parts(summary.touchpoints),
            languages: parts(summary.languages),
        }
    }
}

fn by_day(chart: DayChart) -> Vec<Day> {
    chart.days.into_iter().map(Day::from).collect()
}

impl From<DayPoint> for Day {
    fn from(of: DayPoint) -> Self {
        Self {
            day: date(of.day),
            of: of.of,
            happy: of.hits,
            share: of.share.map(Figure::from),
            limit_low: of.limits.map(|limits| limits.low),
            limit_high: of.limits.map(|limits| limits.high),
            side: of.signal.map(|signal| word(&signal.side)),
            rule: of.signal.map(|signal| word(&signal.rule)),
        }
    }
}

impl From<StoreNumbers> for OneOfStores {
    fn from(of: StoreNumbers) -> Self {
        Self {
            store: of.store,
            responses: of.responses,
            happy: of.happy.into(),
            place_best: of.places.map(|places| places.best),
            place_worst: of.places.map(|places| places.worst),
            recommend: of.recommend.map(Figure::from),
            completed: of.completed.map(Figure::from),
        }
    }
}

impl From<Reason> for GivenReason {
    fn from(of: Reason) -> Self {
        let Reason { survey, question, option, count, share } = of;
        Self { survey, question, option, count, share: share.into() }
    }
}

impl From<Part> for OfPart {
    fn from(of: Part) -> Self {
        Self { name: of.name, responses: of.responses, figure: of.measure.map(Figure::from) }
    }
}

impl From<Measured> for Compared {
    fn from(of: Measured) -> Self {
        let change = of.change.as_ref().map(word);
        Self { now: of.now.map(Figure::from), before: of.before.map(Figure::from), change, p: of.p }
    }
}

impl From<Measure> for Figure {
    fn from(of: Measure) -> Self {
        match of {
            Measure::Share(share) => share.into(),
            Measure::Nps(score) | Measure::Mean(score) => score.into(),
        }
    }
}

impl From<Share> for Figure {
    fn from(Share { hits, of, estimate, low, high }: Share) -> Self {
        Self { of, hits: Some(hits), estimate, low, high }
    }
}

impl From<Score> for Figure {
    fn from(Score { of, estimate, low, high }: Score) -> Self {
        Self { of, hits: None, estimate, low, high }
    }
}
