//! What is held of one shopper's answer: found by the three words that only they were given, shown, given out, erased.
//!
//! Everything here is asked by a form that is sent, so that no address, and no log of addresses, ever holds the words.

use std::sync::Arc;

use afterword_model::follow_up::FollowUpCode;
use afterword_model::hex::Hex;
use afterword_model::record::{SEQ_MAX, Seq, StoreEpoch};
use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use http::StatusCode;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use maud::{Markup, html};
use serde::Deserialize;

use super::foot;
use super::sign_in::sentence;
use crate::admin::AdminError;
use crate::admin::subjects::SubjectExport;
use crate::people::Role;
use crate::routes::App;
use crate::storage::{Erasure, Subject};
use crate::web::frame::{self, Foot, Section};
use crate::web::mishap::Mishap;
use crate::web::visitor::{Posted, Visitor};
use crate::web::words;

const MINUTE_MS: i64 = 60_000;

pub(super) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/privacy", get(show))
        .route("/privacy/find", post(find))
        .route("/privacy/answer", post(answer))
        .route("/privacy/export", post(export))
        .route("/privacy/erase", post(ask))
        .route("/privacy/erase/sure", post(erase))
}

#[derive(Deserialize)]
struct Words {
    code: String,
}

/// A record of a device, as it stands in forms.
#[derive(Deserialize)]
struct Which {
    device: String,
    epoch: String,
    seq: String,
}

#[derive(Deserialize)]
struct Sure {
    #[serde(flatten)]
    which: Which,
    #[serde(default)]
    sure: String,
}

impl Which {
    fn record(&self) -> Result<(StoreEpoch, Seq), Mishap> {
        let epoch = Hex::parse(&self.epoch).map_err(|error| Mishap::BadForm(error.to_string()))?;
        let seq = self.seq.parse().ok().filter(|seq| (1..=SEQ_MAX).contains(seq));
        Ok((epoch, seq.ok_or_else(|| Mishap::BadForm("it names no record".into()))?))
    }
}

async fn show(State(app): State<Arc<App>>, visitor: Visitor) -> Result<Markup, Mishap> {
    expect_lead(&visitor)?;
    let foot = foot(&app, &visitor).await?;
    Ok(page(&visitor, &foot, "", None, &html! {}))
}

async fn find(State(app): State<Arc<App>>, posted: Posted<Words>) -> Result<Response, Mishap> {
    let Posted { visitor, form } = posted;
    expect_lead(&visitor)?;
    let foot = foot(&app, &visitor).await?;
    let code = match FollowUpCode::parse(&form.code) {
        Ok(code) => code,
        Err(error) => {
            let wrong = sentence(&error.to_string());
            let page = page(&visitor, &foot, &form.code, Some(&wrong), &html! {});
            return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
        }
    };
    let mut found = app.desk.run(visitor.actor(), move |admin| admin.subjects(&code)).await?;
    let seen = visitor.person.stores(Role::Lead, &visitor.tree);
    found.retain(|subject| seen.hold(subject.store.as_deref()));
    let list = html! {
        section aria-labelledby="found" {
            h2 #found { "What is held" small { "without what it says" } }
            @if found.is_empty() {
                p { "No answer with these words is held among those that can be read. Its kiosk may not have delivered it yet, or it was erased. What contradicts another answer is kept aside and not searched: "
                    code { "afterword-collector device list" } " says whether there is any." }
            } @else {
                @if found.len() > 1 { p.hint { "Several shoppers were given these words, which is rare: the day and the store say which one asks." } }
                div.wide tabindex="0" role="group" aria-labelledby="found" {
                    table {
                        thead { tr { th scope="col" { "Day" } th scope="col" { "Where" } th scope="col" { "Holds" } th scope="col" { "Then" } } }
                        tbody { @for subject in &found { (row(&visitor, subject)) } }
                    }
                }
            }
        }
    };
    Ok(page(&visitor, &foot, &form.code, None, &list).into_response())
}

fn page(visitor: &Visitor, foot: &Foot, code: &str, wrong: Option<&str>, found: &Markup) -> Markup {
    frame::page(
        visitor,
        Section::Privacy,
        "Privacy",
        foot,
        &html! {
            @if visitor.person.is_everywhere(Role::Admin) {
                div.actions { a.button href="/settings/retention" { "For how long what is kept" } }
            }
            h1 { "Privacy" }
            p.lead { "Nobody’s name is held. Whoever asks about an answer proves with the three words from the kiosk which one is theirs." }
            @if let Some(wrong) = wrong { p.wrong role="alert" { (wrong) } }
            form.narrow method="post" action="/privacy/find" {
                (frame::key(visitor))
                label for="code" { "The three words" }
                input #code name="code" value=(code) required maxlength="80" autocomplete="off" autocapitalize="none" spellcheck="false" aria-describedby="code-hint";
                p.hint #code-hint { "As in harbor maple tide; the first four letters of each are enough." }
                button.primary type="submit" { "Find the answer" }
            }
            (found)
        },
    )
}

fn row(visitor: &Visitor, subject: &Subject) -> Markup {
    let may_erase = may_erase(visitor, subject);
    html! {
        tr {
            th scope="row" { (day(subject)) }
            td { (subject.store.as_deref().unwrap_or("–")) " " span.quiet { (subject.device_name) } }
            td { (holds(subject)) }
            td {
                (deed(visitor, subject, "/privacy/answer", &html! { button.small type="submit" { "Show all of it" } }))
                (deed(visitor, subject, "/privacy/export", &html! { button.small type="submit" { "Give it out as a file" } }))
                @if may_erase { (deed(visitor, subject, "/privacy/erase", &html! { button.small.danger type="submit" { "Erase it…" } })) }
            }
        }
    }
}

/// A form that does something with this answer.
fn deed(visitor: &Visitor, subject: &Subject, action: &str, rest: &Markup) -> Markup {
    let row = subject.rows.iter().find(|row| !row.kept_aside);
    html! {
        @if let Some(row) = row {
            form.inline method="post" action=(action) {
                (frame::key(visitor))
                input type="hidden" name="device" value=(subject.device);
                input type="hidden" name="epoch" value=(row.epoch);
                input type="hidden" name="seq" value=(row.seq);
                (rest)
            }
        }
    }
}

async fn answer(State(app): State<Arc<App>>, posted: Posted<Which>) -> Result<Markup, Mishap> {
    let Posted { visitor, form } = posted;
    let export = given_out(&app, &visitor, &form).await?;
    let foot = foot(&app, &visitor).await?;
    let text = serde_json::to_string_pretty(&export.subject.record).map_err(|_| Mishap::Failed)?;
    let subject = &export.subject;
    Ok(frame::page(
        &visitor,
        Section::Privacy,
        "One answer",
        &foot,
        &html! {
            p.way { a href="/privacy" { "Privacy" } }
            h1 { "One answer, all that is held" }
            p.lead { (day(subject)) ", " (subject.store.as_deref().unwrap_or("no store")) ", " (subject.device_name) ": " (holds(subject)) "." }
            (deed(&visitor, subject, "/privacy/export", &html! { button type="submit" { "Give it out as a file" } }))
            section aria-labelledby="record" {
                h2 #record { "The record" small { "as the kiosk wrote it, with what was masked there" } }
                @if subject.is_erased() { p { "It was erased; its place in the kiosk’s chain is all there is." } }
                @else { pre tabindex="0" { code { (text) } } }
                @if !subject.taken.is_empty() { p.hint { "Taken away when its time was over: " (subject.taken.join(", ")) "." } }
            }
            section aria-labelledby="rows" {
                h2 #rows { "Where it stands" small { "times in UTC" } }
                div.wide tabindex="0" role="group" aria-labelledby="rows" {
                    table {
                        thead { tr { th scope="col" { "Store of records" } th.n scope="col" { "Number" } th scope="col" { "Received" } th scope="col" { "What became of it" } } }
                        tbody {
                            @for row in &subject.rows {
                                tr {
                                    td { code { (row.epoch) } }
                                    td.n { (row.seq) }
                                    td { (words::moment(row.received_ms)) }
                                    td {
                                        @if let Some(at) = row.erased_ms { "erased " (words::moment(at)) }
                                        @else if row.kept_aside { "kept aside, because the kiosk contradicted itself" }
                                        @else if let Some(reason) = &row.parked { "held, not read: " (reason) }
                                        @else { "held" }
                                    }
                                }
                            }
                        }
                    }
                }
            }
            (left_and_done(&export))
        },
    ))
}

/// What was left for a reply, and what was done about it.
fn left_and_done(export: &SubjectExport) -> Markup {
    html! {
        section aria-labelledby="contact" {
            h2 #contact { "Contact" }
            @if export.contacts.is_empty() { p { "Nothing for a reply is held." } } @else {
                p { "Sealed to the organisation’s own key, which is not here: " code { "afterword-collector subject export --contact-key" } " opens it." }
                ul { @for contact in &export.contacts { li { (contact.channel.name()) ", consent " (contact.consent) } } }
            }
        }
        section aria-labelledby="follow-up" {
            h2 #follow-up { "Follow-up" small { "times in UTC" } }
            @match &export.follow_up {
                None => p { "None was opened." },
                Some(case) => ol {
                    @for held in &case.view.steps {
                        li {
                            (words::moment(held.event.at.wall_ms)) ": "
                            code { (serde_json::to_string(&held.event.step).unwrap_or_default()) }
                        }
                    }
                },
            }
        }
    }
}

async fn export(State(app): State<Arc<App>>, posted: Posted<Which>) -> Result<Response, Mishap> {
    let Posted { visitor, form } = posted;
    let export = given_out(&app, &visitor, &form).await?;
    let text = serde_json::to_string_pretty(&export).map_err(|_| Mishap::Failed)?;
    let headers = [
        (CONTENT_TYPE, "application/json".to_owned()),
        (CONTENT_DISPOSITION, format!("attachment; filename=\"answer-{}.json\"", export.subject.first.seq)),
    ];
    Ok((headers, text).into_response())
}

/// Everything that is held of it, for whoever may have it; that stands in the audit log then.
async fn given_out(app: &Arc<App>, visitor: &Visitor, form: &Which) -> Result<SubjectExport, Mishap> {
    let subject = found(app, visitor, form).await?;
    let (device, record) = (subject.device.to_string(), form.record()?);
    let export = app.desk.run(visitor.actor(), move |admin| admin.subject_export(&device, record, None));
    export.await?.ok_or(Mishap::NotFound)
}

/// The record, where it is in a store of this lead's.
async fn found(app: &Arc<App>, visitor: &Visitor, form: &Which) -> Result<Subject, Mishap> {
    expect_lead(visitor)?;
    let (device, record) = (form.device.clone(), form.record()?);
    let subject = app.desk.run(visitor.actor(), move |admin| admin.subject(&device, record)).await?;
    let subject = subject.ok_or(Mishap::NotFound)?;
    visitor.expect_in(Role::Lead, subject.store.as_deref())?;
    Ok(subject)
}

async fn ask(State(app): State<Arc<App>>, posted: Posted<Which>) -> Result<Markup, Mishap> {
    let Posted { visitor, form } = posted;
    let subject = found(&app, &visitor, &form).await?;
    visitor.expect_in(Role::Admin, subject.store.as_deref())?;
    let foot = foot(&app, &visitor).await?;
    Ok(sure_page(&visitor, &foot, &subject, None))
}

fn sure_page(visitor: &Visitor, foot: &Foot, subject: &Subject, wrong: Option<&str>) -> Markup {
    frame::page(
        visitor,
        Section::Privacy,
        "Erase an answer",
        foot,
        &html! {
            p.way { a href="/privacy" { "Privacy" } }
            h1 { "Erase this answer for good?" }
            p.lead { (day(subject)) ", " (subject.store.as_deref().unwrap_or("no store")) ", " (subject.device_name) ": " (holds(subject)) "." }
            @if let Some(wrong) = wrong { p.wrong role="alert" { (wrong) } }
            p { "Its content goes from the database, from copies too, and it is counted no more. Its place in the kiosk’s chain stays, and a kiosk that sends it again brings nothing back. Backups made before still hold it." }
            (deed(visitor, subject, "/privacy/erase/sure", &html! {
                label.choice { input type="checkbox" name="sure" value="yes" required; span { "I am sure, nobody can bring it back" } }
                button.danger type="submit" { "Erase it for good" }
            }))
        },
    )
}

async fn erase(State(app): State<Arc<App>>, posted: Posted<Sure>) -> Result<Response, Mishap> {
    let Posted { visitor, form } = posted;
    let subject = found(&app, &visitor, &form.which).await?;
    visitor.expect_in(Role::Admin, subject.store.as_deref())?;
    let foot = foot(&app, &visitor).await?;
    if form.sure != "yes" {
        let page =
            sure_page(&visitor, &foot, &subject, Some("Nothing was erased: say first that you are sure."));
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
    }
    let (device, record) = (subject.device.to_string(), form.which.record()?);
    let erased = app.desk.run(visitor.actor(), move |admin| match admin.erase(&device, record) {
        // It is gone from the rows, and the log is cut as soon as nobody reads: that is no reason to ask for it again here.
        Err(AdminError::StillInLog) => Ok(None),
        done => done.map(Some),
    });
    let erased = erased.await?;
    let said = match erased {
        Some(Erasure::NoSuchRecord) => return Err(Mishap::NotFound),
        Some(Erasure::AlreadyErased) => "It had been erased before.",
        Some(Erasure::Erased { .. }) => "It is erased, copies included. Its place in the chain stays.",
        None => {
            "It is erased from every row. Another program reads the database, so that its log still holds the content until the next erasure or retention run."
        }
    };
    let page = frame::page(
        &visitor,
        Section::Privacy,
        "Erased",
        &foot,
        &html! {
            p.way { a href="/privacy" { "Privacy" } }
            h1 { "Erased" }
            p.lead { (said) }
            p { a.button href="/privacy" { "Back to privacy" } }
        },
    );
    Ok(page.into_response())
}

fn expect_lead(visitor: &Visitor) -> Result<(), Mishap> {
    if visitor.person.is_somewhere(Role::Lead) { Ok(()) } else { Err(Mishap::NotFound) }
}

fn may_erase(visitor: &Visitor, subject: &Subject) -> bool {
    visitor.expect_in(Role::Admin, subject.store.as_deref()).is_ok()
}

/// The day on which it was given, in the kiosk's own time.
fn day(subject: &Subject) -> String {
    let (began_ms, offset_min) = subject.began();
    words::day(began_ms.saturating_add(i64::from(offset_min) * MINUTE_MS))
}

fn holds(subject: &Subject) -> String {
    if subject.is_erased() {
        return "erased".into();
    }
    let parts = [
        ("an answer", true),
        ("words of a comment", subject.has_comment()),
        ("a sealed contact", subject.has_contact()),
    ];
    parts.into_iter().filter(|(_, is_held)| *is_held).map(|(name, _)| name).collect::<Vec<_>>().join(", ")
}
