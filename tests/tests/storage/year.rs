//! The numbers of a made-up year of a chain of stores, against counts that do not go through our own counting: plain SQL over the records'
//! bytes. On PostgreSQL they have to be the very same as on SQLite.

use std::collections::BTreeMap;

use afterword_collector::numbers::{Overview, Places, Scope};
use afterword_model::summary::{Ask, Measure, Measured, compared_with, weekday};
use afterword_tests::chain::{Chain, Filled};
use afterword_tests::cluster::Cluster;
use anyhow::{Context as _, Result, bail, ensure};
use chrono::NaiveDate;
use rusqlite::Connection;

fn until() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 11, 28).unwrap_or_default()
}

/// Through the end of summer time.
fn chain() -> Chain {
    Chain { stores: 7, kiosks: 2, until: until(), days: 75, responses: 6_000.0, seed: 11 }
}

fn last_day() -> i64 {
    until().signed_duration_since(NaiveDate::default()).num_days()
}

/// Local day of a record, by its own stamp.
const DAY: &str = "((json_extract(cast(bytes as text), '$.started.wall_ms')
    + 60000 * json_extract(cast(bytes as text), '$.started.offset_min')) / 86400000)";

/// Its local hour.
const HOUR: &str = "((json_extract(cast(bytes as text), '$.started.wall_ms')
    + 60000 * json_extract(cast(bytes as text), '$.started.offset_min')) / 3600000 % 24)";

const HAPPY: &str = "json_extract(cast(bytes as text), '$.answers[0].face') >= 4";

/// A count from the records alone.
struct Recount {
    records: Connection,
    days: (i64, i64),
    /// What has to hold of a record besides.
    only: String,
}

impl Recount {
    fn of(filled: &Filled, days: (i64, i64), without_flagged: bool) -> Result<Self> {
        let records = Connection::open(filled.data.join("collector.db"))?;
        let only = if without_flagged { "json_extract(cast(bytes as text), '$.flags') is null" } else { "1" };
        Ok(Self { records, days, only: only.into() })
    }

    /// How many records there are for each value of an expression.
    fn by(&self, expression: &str, condition: &str) -> Result<BTreeMap<String, u64>> {
        self.groups(&format!(
            "select cast({expression} as text), count(*) from records join devices using (device_id)
             where {DAY} between ?1 and ?2 and {} and {condition} group by 1",
            self.only
        ))
    }

    fn groups(&self, sql: &str) -> Result<BTreeMap<String, u64>> {
        let mut read = self.records.prepare(sql)?;
        let rows = read.query_map([self.days.0, self.days.1], |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?.unsigned_abs()))
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    fn count(&self, condition: &str) -> Result<u64> {
        Ok(self.by("'all'", condition)?.values().sum())
    }

    /// How often each option was chosen, and in how many visits any was.
    fn options(&self) -> Result<(BTreeMap<String, u64>, u64)> {
        let chosen = self.groups(&format!(
            "select option.value, count(*) from records, json_each(cast(bytes as text), '$.answers') answer,
                 json_each(answer.value, '$.choices') option
             where {DAY} between ?1 and ?2 and {} group by 1",
            self.only
        ))?;
        let visits = self.count(
            "exists (select 1 from json_each(cast(bytes as text), '$.answers') answer,
                 json_each(answer.value, '$.choices') option)",
        )?;
        Ok((chosen, visits))
    }

    /// Promoters less detractors, in a hundred.
    fn recommend(&self) -> Result<f64> {
        let scores = self.groups(&format!(
            "select cast(json_extract(answer.value, '$.nps') as text) as score, count(*) from records,
                 json_each(cast(bytes as text), '$.answers') answer
             where {DAY} between ?1 and ?2 and {} and score is not null group by 1",
            self.only
        ))?;
        let of = |wanted: &dyn Fn(u64) -> bool| -> f64 {
            let wanted = scores.iter().filter(|(score, _)| score.parse().is_ok_and(wanted));
            wanted.map(|(_, count)| *count as f64).sum()
        };
        Ok(100.0 * (of(&|score| score >= 9) - of(&|score| score <= 6)) / of(&|_| true))
    }
}

/// Hits and all of a share.
fn share(measured: Option<Measure>) -> Result<(u64, u64)> {
    match measured {
        Some(Measure::Share(share)) => Ok((share.hits, share.of)),
        other => bail!("no share: {other:?}"),
    }
}

fn happy_of(recount: &Recount, condition: &str) -> Result<(u64, u64)> {
    Ok((recount.count(&format!("{HAPPY} and {condition}"))?, recount.count(condition)?))
}

#[test]
fn every_number_is_what_sql_counts_in_the_records() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let filled = chain().fill(&folder.path().join("collector"), None)?;
    let mut admin = filled.admin()?;
    ensure!(admin.verify()?.is_sound(), "the chains are true");
    assert_eq!(admin.count()?, filled.responses);
    let last = last_day();
    for (days, without_flagged) in [
        ((last, last), false),
        ((last - 35, last - 29), false),
        ((last - 29, last), false),
        ((last - 29, last), true),
    ] {
        let scope = Scope { first_day: days.0, last_day: days.1, without_flagged, stores: None };
        let found = admin.overview(&scope)?;
        let recount = Recount::of(&filled, days, without_flagged)?;
        let before = Recount::of(&filled, compared_with(days.0, days.1), without_flagged)?;
        assert!(recount.count("1")? > 40, "{days:?}: too few to tell anything");
        assert_eq!((found.responses, found.responses_before), (recount.count("1")?, before.count("1")?));
        let all = Recount::of(&filled, days, false)?;
        assert_eq!(found.flagged, all.count("json_extract(cast(bytes as text), '$.flags') is not null")?);
        assert_eq!(share(found.happy.now)?, happy_of(&recount, "1")?);
        assert_eq!(share(found.happy.before)?, happy_of(&before, "1")?);
        let completed = "json_extract(cast(bytes as text), '$.outcome') = 'completed'";
        assert_eq!(share(found.completed.now)?, (recount.count(completed)?, recount.count("1")?));
        let score = found.recommend.now.context("a score")?.estimate();
        ensure!((score - recount.recommend()?).abs() < 1e-9, "{score} is not {}", recount.recommend()?);
        chart_is(&found, &recount)?;
        stores_are(&found, &recount, &before)?;
        reasons_are(&found, &recount, &before)?;
    }
    one_store_is(&filled, "Store 03", (last - 29, last))
}

fn chart_is(found: &Overview, recount: &Recount) -> Result<()> {
    let (all, happy) = (recount.by(DAY, "1")?, recount.by(DAY, HAPPY)?);
    let days = found.scope.last_day - found.scope.first_day + 1;
    assert_eq!(found.chart.days.len(), usize::try_from(days)?);
    for point in &found.chart.days {
        let of = |counts: &BTreeMap<String, u64>| counts.get(&point.day.to_string()).copied().unwrap_or(0);
        assert_eq!((point.hits, point.of), (of(&happy), of(&all)));
    }
    Ok(())
}

fn stores_are(found: &Overview, recount: &Recount, before: &Recount) -> Result<()> {
    let responses = recount.by("store", "1")?;
    assert_eq!(found.stores.len(), responses.len());
    for store in &found.stores {
        let here = format!("store = '{}'", store.store);
        assert_eq!(store.responses, responses[&store.store]);
        if store.happy.now.is_some() {
            assert_eq!(share(store.happy.now)?, happy_of(recount, &here)?);
        }
        if store.happy.before.is_some() {
            assert_eq!(share(store.happy.before)?, happy_of(before, &here)?);
        }
    }
    // One by one, as one would with a ruler.
    let interval = |measured: &Measured| measured.now.map(|now| now.interval());
    let ranked: Vec<(f64, f64)> = found.stores.iter().filter_map(|store| interval(&store.happy)).collect();
    for store in &found.stores {
        let places = interval(&store.happy).map(|(low, high)| {
            let above = ranked.iter().filter(|other| other.0 > high).count() as u64;
            let below = ranked.iter().filter(|other| other.1 < low).count() as u64;
            Places { best: above + 1, worst: ranked.len() as u64 - below }
        });
        assert_eq!(store.places, places, "{}", store.store);
    }
    Ok(())
}

fn reasons_are(found: &Overview, recount: &Recount, before: &Recount) -> Result<()> {
    let ((chosen, visits), (chosen_before, visits_before)) = (recount.options()?, before.options()?);
    let counts: BTreeMap<String, u64> =
        found.reasons.iter().map(|reason| (reason.option.clone(), reason.count)).collect();
    assert_eq!(counts, chosen);
    for reason in &found.reasons {
        if reason.share.now.is_some() {
            assert_eq!(share(reason.share.now)?, (reason.count, visits));
        }
        if reason.share.before.is_some() {
            let count = chosen_before.get(&reason.option).copied().unwrap_or(0);
            assert_eq!(share(reason.share.before)?, (count, visits_before));
        }
    }
    Ok(())
}

fn one_store_is(filled: &Filled, name: &str, days: (i64, i64)) -> Result<()> {
    let found = filled.admin()?.store_figures(name, Ask::days(days.0, days.1))?;
    let mut recount = Recount::of(filled, days, false)?;
    recount.only = format!("store = '{name}'");
    assert_eq!(found.summary.responses, recount.count("1")?);
    assert_eq!(share(found.happy.now)?, happy_of(&recount, "1")?);
    let named = |parts: &[afterword_model::summary::Part]| -> BTreeMap<String, u64> {
        parts.iter().map(|part| (part.name.clone(), part.responses)).collect()
    };
    assert_eq!(named(&found.summary.hours), recount.by(HOUR, "1")?);
    let mut weekdays = BTreeMap::new();
    for (day, count) in recount.by(DAY, "1")? {
        *weekdays.entry(weekday(day.parse()?).to_string()).or_default() += count;
    }
    assert_eq!(named(&found.summary.weekdays), weekdays);
    let field = |name: &str| format!("json_extract(cast(bytes as text), '$.{name}')");
    assert_eq!(named(&found.summary.languages), recount.by(&field("language"), "1")?);
    assert_eq!(named(&found.summary.touchpoints), recount.by(&field("touchpoint"), "1")?);
    assert_eq!(named(&found.summary.touchpoints).len(), 2);
    // The same store among others, and as one of a list.
    let scope = |stores| Scope { first_day: days.0, last_day: days.1, without_flagged: false, stores };
    let alone = filled.admin()?.overview(&scope(Some(vec![name.to_owned()])))?;
    assert_eq!(
        (alone.responses, share(alone.happy.now)?),
        (found.summary.responses, share(found.happy.now)?)
    );
    assert_eq!((alone.chart, alone.reasons), (found.chart, found.reasons));
    let all = filled.admin()?.overview(&scope(None))?;
    let listed: Vec<String> = all.stores.iter().map(|store| store.store.clone()).collect();
    let listed = filled.admin()?.overview(&scope(Some(listed)))?;
    assert_eq!(Overview { scope: all.scope.clone(), ..listed }, all);
    Ok(())
}

/// What a program prints is what is asked for within it.
#[test]
fn a_program_prints_the_same_and_a_page_for_people_too() -> Result<()> {
    let desk = afterword_tests::Desk::new()?;
    let filled = chain().fill(&desk.path("collector"), None)?;
    let (from, to) = ("2026-10-30", "2026-11-28");
    let range = format!("{from}..{to}");
    let ask = ["numbers", "--range", &range, "--data", "collector"];
    let printed = desk.told("afterword-collector", &[&ask[..], &["--json"]].concat())?;
    let scope = Scope { first_day: last_day() - 29, last_day: last_day(), ..Scope::default() };
    let found = filled.admin()?.overview(&scope)?;
    // A number may be written otherwise than it was reckoned, in its last digit.
    assert_eq!(printed["responses"], found.responses);
    assert_eq!(printed["holdings"], serde_json::to_value(found.holdings)?);
    assert_eq!(found.holdings.waiting, 0, "it counted first");
    let page = desk.run("afterword-collector", &ask)?;
    ensure!(page.code == Some(0), "{}", page.everything());
    ensure!(page.stdout.contains(" in 100 visits were happy"), "{}", page.stdout);
    ensure!(
        page.stdout.contains("Store 00") && page.stdout.contains("Why visits went wrong"),
        "{}",
        page.stdout
    );
    let store = desk.run("afterword-collector", &[&ask[..], &["--store", "Store 03"]].concat())?;
    ensure!(
        store.stdout.contains("Store 03, 2026-10-30 to") && store.stdout.contains("By hour"),
        "{}",
        store.stdout
    );
    let again = desk.told("afterword-collector", &["numbers", "recount", "--json", "--data", "collector"])?;
    assert_eq!(again["records"], filled.responses);
    assert_eq!(desk.told("afterword-collector", &[&ask[..], &["--json"]].concat())?, printed);
    let wrong = desk.run("afterword-collector", &["numbers", "--range", "lately", "--data", "collector"])?;
    ensure!(wrong.code == Some(1) && wrong.stderr.contains("`lately` is no range"), "{}", wrong.everything());
    Ok(())
}

#[test]
#[cfg_attr(not(has_postgres), ignore = "needs PostgreSQL's server (apt-get install postgresql)")]
fn on_postgresql_every_number_is_the_same() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let url = Cluster::shared()?.database()?;
    let chain = Chain { responses: 2_500.0, ..chain() };
    let file = chain.fill(&folder.path().join("file"), None)?;
    let server = chain.fill(&folder.path().join("server"), Some(&url))?;
    let last = last_day();
    let mut all = Vec::new();
    for filled in [&file, &server] {
        let mut admin = filled.admin()?;
        ensure!(admin.verify()?.is_sound(), "the chains are true");
        assert_eq!(admin.count()?, filled.responses);
        let scope = Scope { first_day: last - 29, last_day: last, ..Scope::default() };
        let listed = Scope { stores: Some(vec!["Store 01".into(), "Store 05".into()]), ..scope.clone() };
        let store = admin.store_figures("Store 03", Ask::days(last - 29, last))?;
        all.push((admin.overview(&scope)?, admin.overview(&listed)?, store));
    }
    for (on_file, on_server) in [(&all[0].0, &all[1].0), (&all[0].1, &all[1].1)] {
        assert_eq!((on_file.responses, &on_file.happy), (on_server.responses, &on_server.happy));
    }
    ensure!(all[0] == all[1], "a number that is not the first one differs");
    Ok(())
}
