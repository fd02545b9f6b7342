//! The numbers of a made-up year, as the programs print them, against counts that do not go through our own counting: plain SQL
//! over the records' bytes.

use std::path::Path;

use afterword_model::metrics::control::{Point, signal};
use afterword_sim::traffic;
use afterword_sim::traffic::shape::{Shape, Visits};
use afterword_tests::Desk;
use anyhow::{Context, Result, ensure};
use chrono::{Days, NaiveDate};
use rusqlite::Connection;
use serde_json::Value;

fn day(text: &str) -> NaiveDate {
    text.parse().expect("a day")
}

/// Through the end of summer time.
fn shape() -> Shape {
    Shape { until: day("2026-11-28"), days: 70, per_day: 60.0, seed: 7, zone: chrono_tz::Europe::London }
}

/// A folder with that traffic.
fn shop() -> Result<tempfile::TempDir> {
    let folder = tempfile::tempdir()?;
    traffic::make(folder.path(), &shape(), i64::MAX)?;
    Ok(folder)
}

fn summary(desk: &Desk, folder: &Path, arguments: &[&str]) -> Result<String> {
    let config = folder.join("kiosk.toml");
    let config = config.to_str().context("a path in UTF-8")?;
    let output = desk.run("afterword-kiosk", &[&["summary", "--config", config], arguments].concat())?;
    ensure!(output.code == Some(0), "{}", output.everything());
    Ok(output.stdout)
}

/// Local day, of which a response is by its own stamp.
const DAY: &str = "((json_extract(CAST(bytes AS TEXT), '$.started.wall_ms')
    + 60000 * json_extract(CAST(bytes AS TEXT), '$.started.offset_min')) / 86400000)";

struct Recount {
    records: Connection,
    days: (i64, i64),
}

impl Recount {
    fn of(folder: &Path, from: NaiveDate, to: NaiveDate) -> Result<Self> {
        let records = Connection::open(folder.join("data/kiosk.db"))?;
        let number = |day: NaiveDate| day.signed_duration_since(NaiveDate::default()).num_days();
        Ok(Self { records, days: (number(from), number(to)) })
    }

    fn count(&self, condition: &str) -> Result<u64> {
        let sql = format!(
            "SELECT count(*) FROM record WHERE {DAY} BETWEEN ?1 AND ?2 AND {}",
            condition.replace('$', "CAST(bytes AS TEXT), '$")
        );
        Ok(self
            .records
            .query_row(&sql, [self.days.0, self.days.1], |row| row.get::<_, i64>(0))?
            .unsigned_abs())
    }

    /// How often each value stands under this name among the answers, from `lowest` on.
    fn values(&self, name: &str, lowest: u64, count: usize) -> Result<Vec<u64>> {
        let sql = format!(
            "SELECT json_extract(answer.value, '$.{name}') AS chosen, count(*) FROM record, json_each(CAST(bytes AS TEXT), '$.answers') answer
             WHERE {DAY} BETWEEN ?1 AND ?2 AND chosen IS NOT NULL GROUP BY 1"
        );
        let mut values = vec![0; count];
        let mut read = self.records.prepare(&sql)?;
        let mut rows = read.query([self.days.0, self.days.1])?;
        while let Some(row) = rows.next()? {
            let (value, count): (i64, i64) = (row.get(0)?, row.get(1)?);
            values[(value.unsigned_abs() - lowest) as usize] = count.unsigned_abs();
        }
        Ok(values)
    }

    /// Visits that answered this question, passed it over or left there.
    fn shown(&self, question: &str) -> Result<u64> {
        let named = |list: &str| {
            format!(
                "EXISTS (SELECT 1 FROM json_each(CAST(bytes AS TEXT), '$.{list}') entry
                 WHERE json_extract(entry.value, '$.question') = '{question}')"
            )
        };
        let sql = format!(
            "SELECT count(*) FROM record WHERE {DAY} BETWEEN ?1 AND ?2 AND ({} OR {}
                 OR json_extract(CAST(bytes AS TEXT), '$.left_at') = '{question}')",
            named("answers"),
            named("passed")
        );
        let count: i64 = self.records.query_row(&sql, [self.days.0, self.days.1], |row| row.get(0))?;
        Ok(count.unsigned_abs())
    }

    /// The lower median of the times from whatever was answered or passed over before, in milliseconds.
    fn median_ms(&self, question: &str) -> Result<u64> {
        let moments = "SELECT json_extract(answer.value, '$.at_ms') AS at_ms
                 FROM json_each(CAST(bytes AS TEXT), '$.answers') answer
             UNION ALL SELECT json_extract(page.value, '$.at_ms')
                 FROM json_each(CAST(bytes AS TEXT), '$.passed') page";
        let sql = format!(
            "SELECT json_extract(given.value, '$.at_ms') - coalesce((SELECT max(at_ms) FROM ({moments})
                 WHERE at_ms < json_extract(given.value, '$.at_ms')), 0)
             FROM record, json_each(CAST(bytes AS TEXT), '$.answers') given
             WHERE {DAY} BETWEEN ?1 AND ?2 AND json_extract(given.value, '$.question') = '{question}'
                 AND json_extract(given.value, '$.choices') IS NOT '[]' ORDER BY 1"
        );
        let mut read = self.records.prepare(&sql)?;
        let rows = read.query_map([self.days.0, self.days.1], |row| row.get::<_, i64>(0))?;
        let times = rows.collect::<rusqlite::Result<Vec<i64>>>()?;
        let middle = times.len().checked_sub(1).context("no times")? / 2;
        Ok(times[middle].unsigned_abs())
    }

    fn options(&self) -> Result<Vec<(String, u64)>> {
        let sql = format!(
            "SELECT option.value, count(*) FROM record, json_each(CAST(bytes AS TEXT), '$.answers') answer,
                 json_each(answer.value, '$.choices') option
             WHERE {DAY} BETWEEN ?1 AND ?2 GROUP BY 1 ORDER BY 2 DESC, 1"
        );
        let mut read = self.records.prepare(&sql)?;
        let rows = read.query_map([self.days.0, self.days.1], |row| {
            Ok((row.get(0)?, row.get::<_, i64>(1)?.unsigned_abs()))
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}

#[test]
fn what_summary_prints_is_what_sql_counts_in_the_records() -> Result<()> {
    let desk = Desk::in_memory()?;
    let folder = shop()?;
    let whole = shape().days();
    // A day, a week with the day of 25 hours, thirty days, and everything.
    for (from, to) in [
        (day("2026-11-21"), day("2026-11-21")),
        (day("2026-10-20"), day("2026-10-26")),
        (day("2026-10-30"), day("2026-11-28")),
        whole,
    ] {
        let recount = Recount::of(folder.path(), from, to)?;
        let (from, to) = (from.to_string(), to.to_string());
        let printed = summary(&desk, folder.path(), &["--json", "--from", &from, "--to", &to])?;
        let numbers: Value = serde_json::from_str(&printed)?;
        let count = |condition: &str| recount.count(condition);
        assert!(count("1")? > 20, "{from}: too few to tell anything");
        assert_eq!(numbers["responses"], count("1")?, "{from} to {to}");
        assert_eq!(numbers["flagged"], count("json_extract($.flags') IS NOT NULL")?);
        assert_eq!(numbers["completed"]["now"]["hits"], count("json_extract($.outcome') = 'completed'")?);
        let question = |id: &str| {
            let questions = numbers["questions"].as_array().expect("a list").iter();
            questions.clone().find(|question| question["question"] == id).expect("the question").clone()
        };
        assert_eq!(question("visit")["counts"], serde_json::json!(recount.values("face", 1, 5)?));
        assert_eq!(question("recommend")["counts"], serde_json::json!(recount.values("nps", 0, 11)?));
        assert_eq!(numbers["reasons"][0]["options"], serde_json::json!(recount.options()?));
        let languages = numbers["languages"].as_array().expect("a list");
        for part in languages {
            let name = part["name"].as_str().expect("a name");
            assert_eq!(part["responses"], count(&format!("json_extract($.language') = '{name}'"))?);
        }
        for outcome in ["completed", "finished", "timed_out", "interrupted"] {
            assert_eq!(numbers["ended"][outcome], count(&format!("json_extract($.outcome') = '{outcome}'"))?);
        }
        let step = |id: &str| {
            let steps = numbers["steps"].as_array().expect("a list").iter();
            steps.clone().find(|step| step["question"] == id).expect("the step").clone()
        };
        for id in ["reasons", "words", "recommend"] {
            assert_eq!(step(id)["left"], count(&format!("json_extract($.left_at') = '{id}'"))?);
            assert_eq!(step(id)["shown"], recount.shown(id)?, "{id}, {from} to {to}");
            let (found, exact) = (step(id)["median_ms"].as_u64().context("a time")?, recount.median_ms(id)?);
            let off = (found as f64 / exact as f64 - 1.0).abs();
            ensure!(off < 0.19, "{id}, {from} to {to}: {found} ms, and {exact} in the records");
        }
        let visit = step("visit");
        ensure!(visit["shown"].is_null() && visit["median_ms"].is_null(), "a screen at rest: {visit}");
        assert_eq!(visit["answered"], count("1")?);
    }
    Ok(())
}

#[test]
fn a_spreadsheet_and_a_page_for_people_say_the_same() -> Result<()> {
    let desk = Desk::in_memory()?;
    let folder = shop()?;
    let days = ["--from", "2026-10-30", "--to", "2026-11-28"];
    let numbers: Value =
        serde_json::from_str(&summary(&desk, folder.path(), &[&["--json"], &days[..]].concat())?)?;
    let table = summary(&desk, folder.path(), &[&["--csv"], &days[..]].concat())?;
    let page = summary(&desk, folder.path(), &days)?;
    let responses = numbers["responses"].as_u64().context("a number")?;
    assert!(
        table.starts_with("section,survey,question,name,count,kind,estimate,low,high,before,change,p\n"),
        "{table}"
    );
    assert!(table.contains(&format!("\nresponses,,,,{responses},")), "{table}");
    assert!(page.contains(&format!("Responses  {responses}\n")), "{page}");
    let low = numbers["completed"]["now"]["low"].as_f64().context("a number")?;
    assert!(
        table.lines().any(|line| line.starts_with("completed,") && line.contains(&low.to_string())),
        "{table}"
    );
    assert!(page.contains(&format!("95 % interval {:.1} to", low * 100.0)), "{page}");
    let early = numbers["ended"]["finished"].as_u64().context("a number")?;
    assert!(table.contains(&format!("\nended,,,finished,{early},")), "{table}");
    assert!(page.contains(&format!(" at the last step, {early} early; ")), "{page}");
    let words =
        numbers["steps"].as_array().context("a list")?.iter().find(|step| step["question"] == "words");
    let shown = words.context("the step")?["shown"].as_u64().context("a number")?;
    assert!(table.contains(&format!("\nstep,market,words,shown,{shown},")), "{table}");
    assert!(table.contains("\nstep,market,visit,shown,,"), "what is not known is empty: {table}");
    Ok(())
}

#[test]
fn an_export_has_a_row_for_each_record() -> Result<()> {
    let desk = Desk::in_memory()?;
    let folder = shop()?;
    let config = folder.path().join("kiosk.toml");
    let out = folder.path().join("responses.csv");
    let (config, out) = (config.to_str().context("UTF-8")?, out.to_str().context("UTF-8")?);
    let export = || desk.run("afterword-kiosk", &["export", "--config", config, "--out", out, "--bom"]);
    let first = export()?;
    ensure!(first.code == Some(0), "{}", first.everything());
    let text = std::fs::read_to_string(out)?;
    let mut table = csv::Reader::from_reader(text.strip_prefix('\u{feff}').context("a mark")?.as_bytes());
    let visit = table.headers()?.iter().position(|name| name == "visit").context("the question")?;
    let rows = table.records().collect::<Result<Vec<_>, _>>()?;
    let recount = Recount::of(folder.path(), shape().days().0, shape().days().1)?;
    assert_eq!(rows.len() as u64, recount.count("1")?);
    let fives = rows.iter().filter(|row| &row[visit] == "5").count() as u64;
    assert_eq!(fives, recount.values("face", 1, 5)?[4]);
    assert!(rows.iter().any(|row| row[1].ends_with('Z') && row[2].ends_with("+01:00")), "summer time");
    let second = export()?;
    ensure!(
        second.code == Some(1) && second.everything().contains("not there yet"),
        "{}",
        second.everything()
    );
    Ok(())
}

/// Unhappy ones of each hour of the days, the oldest first.
fn hours(shape: &Shape) -> Vec<(NaiveDate, u32, Point)> {
    let mut hours: Vec<(NaiveDate, u32, Point)> = Vec::new();
    for visit in Visits::of(shape) {
        let stamp = visit.draft.started;
        let day = NaiveDate::default() + Days::new(stamp.local_day().unsigned_abs());
        let hour = u32::from(stamp.local_hour());
        if hours.last().is_none_or(|(last, of, _)| (*last, *of) != (day, hour)) {
            hours.push((day, hour, Point { hits: 0, of: 0 }));
        }
        let Some((_, _, point)) = hours.last_mut() else { continue };
        point.of += 1;
        point.hits += u64::from(visit.draft.faces().next().is_some_and(|(_, face)| face <= 2));
    }
    hours
}

/// A chart that asks for its signals every hour, with the centre known.
#[test]
fn the_chart_finds_the_incident_and_quiet_weeks_alarm_no_more_than_chance() -> Result<()> {
    let shape = Shape { days: 365, per_day: 600.0, ..shape() };
    let incident = shape.incident();
    let hours = hours(&shape);
    let points: Vec<Point> = hours.iter().map(|(_, _, point)| *point).collect();
    let signals = |place: usize| signal(&points[..=place], 0.11);
    let found: Vec<usize> = (0..hours.len()).filter(|place| signals(*place).is_some()).collect();
    let first_bad =
        hours.iter().position(|(day, hour, _)| incident.holds(*day, *hour)).context("an incident")?;
    let first_found = *found.iter().find(|place| **place >= first_bad).context("a signal")?;
    ensure!(first_found <= first_bad + 1, "found only {} hours after it began", first_found - first_bad);
    // The runs of eight go on for a while after it.
    let after = first_bad + 3 * 13 + 8;
    let quiet = found.iter().filter(|place| !(first_bad..after).contains(*place)).count();
    let share = quiet as f64 / (hours.len() - (after - first_bad)) as f64;
    println!("{quiet} signals in {} quiet hours: {:.2} %", hours.len() - (after - first_bad), 100.0 * share);
    // Champ and Woodall 1987 have one signal in 92 points for all four rules on both sides, so about one in 180 on one; counts
    // of few are skewed to the side that is watched.
    ensure!(share < 0.02, "{:.2} % of the quiet hours are signals", 100.0 * share);
    Ok(())
}
