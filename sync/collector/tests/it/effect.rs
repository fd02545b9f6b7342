//! Whether what was done about a follow-up worked, on its page: the days before held against those after.

use afterword_model::case::{
    Action, Author, CASE_EVENT_VERSION, CaseEvent, CaseId, CaseRecord, Role, RootCause, Step,
};
use afterword_model::ports::Clock as _;
use afterword_model::response::{Answer, AnswerValue, ClockQuality, Stamp};

use crate::api::device_in;
use crate::browser::{Browser, Page};
use crate::cases::opened;
use crate::support::{Device, Server, rating};

const DAY_MS: i64 = 86_400_000;
/// Visits of each day.
const VISITS: u64 = 10;

/// Noon of the day so many days from the server's today.
fn noon(server: &Server, days: i64) -> Stamp {
    let today = server.clock.wall_ms().div_euclid(DAY_MS);
    let wall_ms = (today + days) * DAY_MS + DAY_MS / 2;
    Stamp { wall_ms, offset_min: 0, boot: 1, mono_ms: 0, clock: ClockQuality::Synced }
}

/// A shop in which queues were named by `before` of ten visits each day, and by `after` since the day on which somebody acted.
async fn shop(server: &Server, acted: i64, (before, after): (u64, u64)) -> (Device, CaseId) {
    let mut device = device_in(server, "Exit", "Quayside").await;
    let mut seq = 0;
    for day in acted - 14..=-1 {
        // On the day itself everybody named it, and that counts for neither.
        let naming = if day < acted {
            before
        } else if day > acted {
            after
        } else {
            VISITS
        };
        for visit in 0..VISITS {
            seq += 1;
            let mut response = rating(seq);
            response.draft.started = noon(server, day);
            response.draft.started.mono_ms = seq * 1_000;
            let why = if visit < naming { "queue" } else { "price" };
            let why = AnswerValue::Choices(vec![why.into()]);
            response.draft.answers.push(Answer { question: "why".into(), value: why, at_ms: 900 });
            device.records.push(response.to_bytes());
        }
    }
    let of = CaseId { epoch: device.epoch, seq: 1 };
    let mut step = |at: Stamp, step: Step| {
        seq += 1;
        let by = Author::nameless(Role::Manager);
        let case = CaseEvent { of, at, by, step, masked: Default::default() };
        device.records.push(CaseRecord { v: CASE_EVENT_VERSION, seq, case }.to_bytes());
    };
    step(noon(server, acted - 1), opened());
    let words = Some("two more <tills>".into());
    step(
        noon(server, acted),
        Step::Acted { root_cause: RootCause::Staffing, action: Action::ChangedStaffing, words },
    );
    // A batch holds so many at most.
    for first in (1..=seq).step_by(200) {
        device.send(device.batch(first, seq.min(first + 199))).await.receipt();
    }
    server.admin().count().unwrap();
    (device, of)
}

async fn page(server: &Server, of: CaseId) -> Page {
    Browser::first(server).await.get(&format!("/cases/{}/{}", of.epoch, of.seq)).await
}

#[tokio::test]
async fn what_was_done_is_held_against_what_visits_named_before_and_after() {
    let server = Server::start().await;
    let (_, of) = shop(&server, -15, (3, 1)).await;
    let page = page(&server, of).await;
    for said in [
        "visits naming “Queue”, %",
        "<b>30.0</b>",
        "<b class=\"after\">10.0</b>",
        "20.0 points fewer",
        "likely 10.7 to 29.0",
        "Before: 140 replies. After: 140.",
        ">two more &lt;tills&gt;</text>",
        "(done on this day)",
    ] {
        assert!(page.has(said), "{said} in {}", page.text);
    }
    assert_eq!(
        page.text.matches("<circle cx").count() - page.text.matches("<circle cx=\"37\"").count(),
        28,
        "{}",
        page.text
    );
}

#[tokio::test]
async fn what_chance_alone_would_make_is_called_so() {
    let server = Server::start().await;
    let (_, of) = shop(&server, -8, (3, 3)).await;
    let page = page(&server, of).await;
    assert!(
        page.has("No more than chance would make") && page.has("Before: 140 replies. After: 70."),
        "{}",
        page.text
    );
}

#[tokio::test]
async fn a_kiosk_that_went_elsewhere_is_still_asked_about_the_store_in_which_it_was_done() {
    let server = Server::start().await;
    let (_, of) = shop(&server, -15, (3, 1)).await;
    server.admin().device_replace("Exit", Some("Mill Lane")).unwrap();
    let page = page(&server, of).await;
    assert!(page.has("20.0 points fewer") && page.has("Before: 140 replies. After: 140."), "{}", page.text);
}

#[tokio::test]
async fn before_a_week_is_over_nothing_is_said() {
    let server = Server::start().await;
    let (_, of) = shop(&server, -7, (3, 1)).await;
    let early = page(&server, of).await;
    assert!(early.has("Not yet: it needs 7 whole days.") && early.has("Six are over"), "{}", early.text);
    assert!(!early.has("points fewer"), "{}", early.text);
    server.clock.advance_ms(DAY_MS.unsigned_abs());
    let mut browser = Browser::first_again(&server).await;
    let page = browser.get(&format!("/cases/{}/{}", of.epoch, of.seq)).await;
    assert!(page.has("points fewer"), "{}", page.text);
    // Who acts anew begins anew.
    let act = [("step", "acted"), ("root_cause", "process"), ("action", "put_right")];
    let at = format!("/cases/{}/{}", of.epoch, of.seq);
    assert_eq!(browser.post(&at, &act).await.status, 303);
    let page = browser.get(&at).await;
    assert!(page.has("None is over"), "{}", page.text);
}
