//! Webhooks, as their receivers see them: a real one on loopback, which the collector is allowed to reach.

mod gone;
mod hiccups;
mod people;
mod receiver;
mod silence;

use std::collections::BTreeSet;
use std::time::Duration;

use afterword_collector::{
    AdminError, Config, DeliveryState, EventType, Grant, PrivateNetworks, Role, Scope, ShownOn, Webhook,
    WebhookDelivery, WebhookRefusal, WebhookWish,
};
use afterword_model::case::Wish;
use afterword_model::ports::Clock as _;
use afterword_protocol::changes::Change;

use serde_json::json;

use self::receiver::{Got, Receiver, Says};
use crate::api::{Program, device_in};
use crate::cases::delivered;
use crate::command_line::{collector, json as said, stderr, stdout};
use crate::jar::{Browser, between};
use crate::support::{PATIENCE, Server};

const HOUR_MS: u64 = 60 * 60 * 1_000;

/// A collector that may send to this machine.
async fn server() -> Server {
    let own = PrivateNetworks::new(vec!["127.0.0.0/8".parse().unwrap()]);
    Server::start_as(|_, config| Config { webhooks_allow_private: own, ..config }).await
}

/// Has a receiver told of these from now on; its number and its secret.
fn told(server: &Server, url: &str, types: &[EventType], place: Option<&str>) -> (i64, String) {
    let types: BTreeSet<EventType> = types.iter().copied().collect();
    let wish = WebhookWish { url: url.to_owned(), types, place: place.map(str::to_owned) };
    let made = server.admin().webhook_add(&wish).unwrap();
    (made.id, made.secret.text())
}

fn messages(server: &Server, webhook: i64) -> Vec<WebhookDelivery> {
    server.admin().webhook_deliveries(webhook, None, None, 1_000).unwrap()
}

fn row(server: &Server, webhook: i64) -> Webhook {
    server.admin().webhook_list().unwrap().into_iter().find(|row| row.id == webhook).unwrap()
}

/// Looks until it is so.
async fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let looked = tokio::time::timeout(PATIENCE, async {
        let mut again = tokio::time::interval(Duration::from_millis(20));
        loop {
            again.tick().await;
            if let Some(found) = look() {
                return found;
            }
        }
    });
    looked.await.unwrap_or_else(|_| panic!("waited in vain: {what}"))
}

/// The message once its tries have come to this many and none is under way.
async fn tried(server: &Server, webhook: i64, attempts: i64) -> WebhookDelivery {
    until(&format!("{attempts} tries"), || {
        let one = messages(server, webhook).pop()?;
        let is_settled = one.state != DeliveryState::Pending || one.error.is_some();
        // While one is under way, the next is put off by two minutes from its beginning, and what came before still stands there.
        let under_way = one.next_ms == one.tried_ms.map(|tried_ms| tried_ms + 120_000);
        (one.attempts == attempts && is_settled && !under_way).then_some(one)
    })
    .await
}

fn change(server: &Server) -> i64 {
    let words = |text: &str| [("en".to_owned(), text.to_owned())].into();
    let change =
        Change { said: words("Queues too long"), did: words("Two more tills"), day: 20_000, until_day: None };
    server.admin().change_add(&change, ShownOn::Every).unwrap()
}

fn kinds(got: &[Got]) -> Vec<&str> {
    let mut kinds: Vec<&str> = got.iter().map(Got::kind).collect();
    kinds.sort_unstable();
    kinds
}

#[tokio::test]
async fn each_thing_that_happens_is_told_once_and_signed_and_nothing_of_before() {
    let server = server().await;
    // Before anybody is told.
    let before = server.device("Before").await.with_records(3);
    before.send(before.batch(1, 3)).await.receipt();
    let receiver = Receiver::start(Says::Status(204)).await;
    let (webhook, secret) = told(&server, &receiver.url, &EventType::ALL, None);
    let (device, case) = delivered(&server).await;
    let name = format!("{}/{}", &case.epoch.to_string()[..8], case.seq);
    server.admin().case_step(&name, &Wish::Acknowledge, Some("Ana")).unwrap();
    let id = change(&server);
    server.admin().change_withdraw(id).unwrap();
    server.admin().change_withdraw(id).unwrap();
    server.admin().device_revoke("Exit", None).unwrap();
    server.admin().device_retire("Before", true, None).unwrap();
    let expected = [
        "case.acknowledged",
        "case.opened",
        "change.published",
        "change.withdrawn",
        "device.enrolled",
        "device.retired",
        "device.revoked",
        "response.received",
        "response.received",
    ];
    receiver.wait_for(expected.len()).await;
    // Whatever comes twice would have come before this.
    server.admin().webhook_test(webhook).unwrap();
    let got = receiver.wait_for(expected.len() + 1).await;
    assert_eq!(kinds(&got), [&expected[..], &["webhook.test"]].concat());
    for one in &got {
        assert!(one.is_signed_with(&secret), "{one:?}");
        assert_eq!((one.timestamp, one.signatures.len()), (server.clock.wall_ms() / 1_000, 1));
    }
    let ids: BTreeSet<&str> = got.iter().map(|one| one.id.as_str()).collect();
    assert_eq!(ids.len(), got.len(), "{ids:?}");
    let data = |kind: &str| &got.iter().find(|one| one.kind() == kind).unwrap().body["data"];
    assert_eq!(data("case.opened")["category"], "clean");
    assert_eq!(data("case.acknowledged")["role"], "head_office");
    assert_eq!(data("case.acknowledged")["id"], format!("{}/{}", case.epoch, case.seq));
    assert_eq!(data("device.revoked")["device"], device.enrolled.device.to_string());
    assert_eq!(data("device.retired")["device_name"], "Before");
    assert_eq!(data("change.published")["did"]["en"], "Two more tills");
    let responses: BTreeSet<&str> = got
        .iter()
        .filter(|one| one.kind() == "response.received")
        .map(|one| one.body["data"]["id"].as_str().unwrap())
        .collect();
    let expected: Vec<String> =
        [1, 2].map(|seq| format!("{}/{}/{seq}", device.enrolled.device, device.epoch)).to_vec();
    assert_eq!(responses.into_iter().collect::<Vec<_>>(), expected);
    until("all are written down as delivered", || {
        messages(&server, webhook).iter().all(|one| one.state == DeliveryState::Delivered).then_some(())
    })
    .await;
    assert_eq!(row(&server, webhook).reached_ms, Some(server.clock.wall_ms()));
}

#[tokio::test]
async fn what_never_comes_through_is_tried_for_three_days_shown_and_sent_again_by_hand() {
    let server = server().await;
    let receiver = Receiver::start(Says::Status(500)).await;
    let (webhook, secret) = told(&server, &receiver.url, &[EventType::ChangePublished], None);
    let start_ms = server.clock.wall_ms();
    change(&server);
    let mut tries = Vec::new();
    let parked = loop {
        let one = tried(&server, webhook, i64::try_from(tries.len()).unwrap() + 1).await;
        assert_eq!(one.status, Some(500));
        tries.push(u64::try_from(server.clock.wall_ms() - start_ms).unwrap());
        let Some(next_ms) = one.next_ms else { break one };
        server.clock.advance_ms(u64::try_from(next_ms - server.clock.wall_ms()).unwrap());
    };
    assert_eq!((tries.len(), tries[9]), (10, 72 * HOUR_MS), "{tries:?}");
    for (waited, hours) in tries.windows(2).map(|pair| pair[1] - pair[0]).skip(3).zip([2, 5, 10, 14, 20]) {
        assert!((hours * HOUR_MS..=hours * HOUR_MS * 11 / 10).contains(&waited), "{waited}");
    }
    assert_eq!(parked.state, DeliveryState::Parked);
    let got = receiver.got();
    assert_eq!(got.len(), 10);
    assert!(got.iter().all(|one| one.id == parked.id && one.is_signed_with(&secret)));
    // Who takes nothing for three days is told nothing more.
    let off = row(&server, webhook);
    assert_eq!((off.parked, off.why.as_deref()), (1, Some("nothing came through for three days")));
    change(&server);
    assert_eq!(messages(&server, webhook).len(), 1);
    let refused = server.admin().webhook_resend(parked.number);
    assert!(matches!(refused, Err(AdminError::Webhook(WebhookRefusal::IsOff(_)))), "{refused:?}");

    receiver.says(Says::Status(200));
    server.admin().webhook_enable(webhook).unwrap();
    server.admin().webhook_resend(parked.number).unwrap();
    let again = receiver.wait_for(11).await.pop().unwrap();
    assert_eq!((&again.id, &again.bytes), (&parked.id, &got[0].bytes), "it is known again");
    assert_eq!(again.timestamp, server.clock.wall_ms() / 1_000, "and is no old one");
    let done = tried(&server, webhook, 1).await;
    assert_eq!((done.state, done.error), (DeliveryState::Delivered, None));
    // A month later nothing is left of it.
    server.clock.advance_ms(30 * 24 * HOUR_MS + 1);
    until("it is deleted", || messages(&server, webhook).is_empty().then_some(())).await;
}

#[tokio::test]
async fn what_a_killed_collector_had_to_tell_is_told_by_the_next_one() {
    let mut server = server().await;
    let receiver = Receiver::start(Says::Nothing).await;
    let (webhook, _) = told(&server, &receiver.url, &[EventType::ChangePublished], None);
    server.stop().await;
    // Written down, and nobody there to send it.
    change(&server);
    server.start_again().await;
    let first = receiver.wait_for(1).await.pop().unwrap();
    // Now it is being sent, and the collector dies in the middle of it.
    server.kill();
    receiver.says(Says::Status(204));
    server.start_again().await;
    let under_way = messages(&server, webhook).pop().unwrap();
    assert_eq!((under_way.state, under_way.attempts), (DeliveryState::Pending, 1));
    assert!(under_way.next_ms > Some(server.clock.wall_ms()), "it may still be somebody's");
    server.clock.advance_ms(120_000);
    let got = receiver.wait_for(2).await;
    assert_eq!(got[1].id, first.id);
    assert_eq!(tried(&server, webhook, 2).await.state, DeliveryState::Delivered);
}

#[tokio::test]
async fn who_is_gone_is_told_nothing_more() {
    let server = server().await;
    let receiver = Receiver::start(Says::Status(410)).await;
    let (webhook, _) = told(&server, &receiver.url, &[EventType::ChangePublished], None);
    change(&server);
    let parked = tried(&server, webhook, 1).await;
    assert_eq!((parked.state, parked.status), (DeliveryState::Parked, Some(410)));
    let off = row(&server, webhook);
    assert!(off.disabled_ms.is_some() && off.why.unwrap().contains("410 Gone"));
    change(&server);
    assert_eq!((messages(&server, webhook).len(), receiver.got().len()), (1, 1));
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_is_named() {
    let server = server().await;
    let elsewhere = Receiver::start(Says::Status(204)).await;
    let to: &'static str = elsewhere.url.clone().leak();
    for (status, count) in [(302, 1), (307, 2)] {
        let receiver = Receiver::start(Says::With(status, "location", to)).await;
        let (webhook, _) = told(&server, &receiver.url, &[EventType::WebhookTest], None);
        server.admin().webhook_test(webhook).unwrap();
        let failed = tried(&server, webhook, 1).await;
        assert_eq!((failed.state, failed.status), (DeliveryState::Pending, Some(i64::from(status))));
        let why = failed.error.unwrap();
        assert!(why.contains(to) && why.contains("not followed"), "{why}");
        assert_eq!((receiver.got().len(), elsewhere.got().len(), webhook), (1, 0, count));
    }
}

#[tokio::test]
async fn who_does_not_answer_within_five_seconds_is_left_and_holds_up_nobody() {
    let server = server().await;
    let (slow, quick) = (Receiver::start(Says::Nothing).await, Receiver::start(Says::Status(204)).await);
    let (slow_one, _) = told(&server, &slow.url, &[EventType::ChangePublished], None);
    let (quick_one, _) = told(&server, &quick.url, &[EventType::ChangePublished], None);
    for _ in 0..6 {
        change(&server);
    }
    quick.wait_for(6).await;
    assert!(slow.got().len() <= 4, "so many at once and no more");
    assert!(messages(&server, slow_one).iter().all(|one| one.state == DeliveryState::Pending));
    let failed = until("the first is given up", || {
        messages(&server, slow_one).into_iter().find(|one| one.error.is_some())
    })
    .await;
    assert_eq!((failed.status, failed.error.as_deref()), (None, Some("it did not answer within 5 s")));
    assert_eq!(row(&server, quick_one).pending, 0);
}

#[tokio::test]
async fn nothing_is_sent_inside_unless_whoever_runs_the_collector_allows_it() {
    let server = Server::start().await;
    let receiver = Receiver::start(Says::Status(204)).await;
    let port = receiver.url.strip_prefix("http://127.0.0.1:").unwrap().to_owned();
    for url in [
        receiver.url.clone(),
        format!("https://127.0.0.1:{port}"),
        format!("http://localhost:{port}"),
        format!("https://localhost:{port}"),
        format!("http://2130706433:{port}"),
        format!("http://[::ffff:127.0.0.1]:{port}"),
        "https://169.254.169.254/latest/meta-data".replace("{port}", &port),
    ] {
        let (webhook, _) = told(&server, &url, &[EventType::ChangePublished], None);
        server.admin().webhook_test(webhook).unwrap();
        let failed = tried(&server, webhook, 1).await;
        let why = failed.error.unwrap();
        assert!(why.contains("is not an address of the internet"), "{url}: {why}");
        assert!(why.contains("--webhooks-allow-private"), "{url}: {why}");
        // Who may see what became of messages does not learn what names inside resolve to.
        assert!(!why.contains("127.0.0.1") && !why.contains("::1"), "{url}: {why}");
    }
    assert_eq!(receiver.got().len(), 0);
}

#[tokio::test]
async fn after_a_change_of_secrets_both_sign_for_a_day() {
    let server = server().await;
    let receiver = Receiver::start(Says::Status(204)).await;
    let (webhook, before) = told(&server, &receiver.url, &[EventType::ChangePublished], None);
    let after = server.admin().webhook_rotate(webhook).unwrap().text();
    assert_ne!(before, after);
    server.admin().webhook_test(webhook).unwrap();
    let both = receiver.wait_for(1).await.pop().unwrap();
    assert_eq!(both.signatures.len(), 2);
    assert!(both.is_signed_with(&before) && both.is_signed_with(&after));
    server.clock.advance_ms(24 * HOUR_MS);
    server.admin().webhook_test(webhook).unwrap();
    let one = receiver.wait_for(2).await.pop().unwrap();
    assert_eq!(one.signatures.len(), 1);
    assert!(one.is_signed_with(&after) && !one.is_signed_with(&before));
}

#[tokio::test]
async fn who_asks_for_time_gets_it() {
    let server = server().await;
    let receiver = Receiver::start(Says::With(503, "retry-after", "3600")).await;
    let (webhook, _) = told(&server, &receiver.url, &[EventType::ChangePublished], None);
    change(&server);
    let failed = tried(&server, webhook, 1).await;
    assert_eq!(failed.next_ms, Some(server.clock.wall_ms() + 3_600_000));
}

#[tokio::test]
async fn what_is_erased_before_it_was_told_is_told_to_nobody() {
    let server = server().await;
    let receiver = Receiver::start(Says::Status(503)).await;
    let device = server.device("Exit").await.with_records(1);
    let (webhook, _) = told(&server, &receiver.url, &[EventType::ResponseReceived], None);
    device.send(device.batch(1, 1)).await.receipt();
    tried(&server, webhook, 1).await;
    server.admin().erase("Exit", (device.epoch, 1)).unwrap();
    receiver.says(Says::Status(204));
    server.clock.advance_ms(HOUR_MS);
    until("its message is gone", || {
        messages(&server, webhook).iter().all(|one| one.kind == "response.erased").then_some(())
    })
    .await;
    let got = receiver.wait_for(2).await;
    assert_eq!(kinds(&got), ["response.erased", "response.received"], "it is not told again");
}

#[tokio::test]
async fn who_is_told_of_one_region_hears_of_no_other_and_of_nothing_for_all() {
    let server = server().await;
    let receiver = Receiver::start(Says::Status(204)).await;
    device_in(&server, "Door", "Quayside").await;
    device_in(&server, "Gate", "Hilltop").await;
    let kinds_told = [EventType::DeviceRevoked, EventType::ChangePublished];
    let (webhook, _) = told(&server, &receiver.url, &kinds_told, Some("Quayside"));
    change(&server);
    server.admin().device_revoke("Gate", None).unwrap();
    server.admin().device_revoke("Door", None).unwrap();
    let got = receiver.wait_for(1).await;
    assert_eq!(got[0].body["data"]["device_name"], "Door");
    assert_eq!(messages(&server, webhook).len(), 1);
}

#[tokio::test]
async fn the_commands_make_show_and_remove_one() {
    let server = server().await;
    let receiver = Receiver::start(Says::Status(500)).await;
    let say = |words: &[&str]| collector(&[&["webhook"], words].concat(), server.folder.path());
    assert!(stdout(&say(&["list"])).contains("There are none"));
    let made = said(&say(&["add", &receiver.url, "--event", "change.published", "--json"]));
    let (id, secret) = (made["id"].to_string(), made["secret"].as_str().unwrap().to_owned());
    let listed = said(&say(&["list", "--json"]));
    assert_eq!(listed[0]["events"][0], "change.published");
    assert!(!listed.to_string().contains(&secret[6..]), "it is shown once");
    let number = said(&say(&["test", &id, "--json"]))["number"].to_string();
    // The command goes by the real clock, and the server by the test's, which has stood still.
    server.clock.advance_ms(60_000);
    assert!(receiver.wait_for(1).await[0].is_signed_with(&secret));
    tried(&server, made["id"].as_i64().unwrap(), 1).await;
    let shown = stdout(&say(&["deliveries", &id]));
    assert!(shown.contains("webhook.test") && shown.contains("500"), "{shown}");
    assert!(say(&["disable", &id]).status.success());
    assert!(stdout(&say(&["list"])).contains("off since"));
    let parked = said(&say(&["deliveries", &id, "--state", "parked", "--json"]));
    assert_eq!(parked[0]["number"].to_string(), number);
    let refused = say(&["resend", &number]);
    assert!(stderr(&refused).contains("turn it on first"), "{}", stderr(&refused));
    assert!(say(&["enable", &id]).status.success());
    receiver.says(Says::Status(204));
    assert!(stdout(&say(&["resend", "--parked-of", &id])).contains("1 messages"));
    server.clock.advance_ms(60_000);
    receiver.wait_for(2).await;
    let another = said(&say(&["rotate", &id, "--json"]));
    assert_ne!(another["secret"], made["secret"]);
    assert!(say(&["remove", &id]).status.success());
    let gone = say(&["remove", &id]);
    assert_eq!((gone.status.code(), stderr(&gone).contains("there is no webhook")), (Some(1), true));
    let wrong = say(&["add", "ftp://x.example", "--event", "case.opened"]);
    assert!(stderr(&wrong).contains("begins with https://"), "{}", stderr(&wrong));
    assert_eq!(say(&["add", &receiver.url, "--event", "all"]).status.code(), Some(2));
    let entries = server.admin().audit(None, 100).unwrap();
    let deeds: Vec<&str> = entries.iter().rev().map(|(_, entry)| entry.what.as_str()).collect();
    let hooks: Vec<&str> = deeds.into_iter().filter(|what| what.starts_with("webhook.")).collect();
    let expected = ["added", "disabled", "enabled", "resent", "rotated", "removed"];
    assert_eq!(hooks, expected.map(|what| format!("webhook.{what}")));
}

#[tokio::test]
async fn a_program_makes_one_for_what_it_may_read_itself_and_sees_what_became_of_messages() {
    let server = server().await;
    device_in(&server, "Door", "Quayside").await;
    device_in(&server, "Gate", "Hilltop").await;
    let receiver = Receiver::start(Says::Status(500)).await;
    let scopes = [Scope::WebhooksRead, Scope::WebhooksWrite, Scope::FleetRead];
    let program = Program::of(&server, &scopes, None);
    let wish = |event: &str| json!({ "url": receiver.url, "events": [event] });
    let made = program.post("/webhooks", &wish("device.revoked")).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let (id, secret) = (made.body["id"].as_i64().unwrap(), made.body["secret"].as_str().unwrap());
    assert_eq!(made.header("location"), format!("/api/v1/webhooks/{id}"));
    // What it could not ask for it is not told either.
    program.post("/webhooks", &wish("response.received")).await.is_problem(403, None);
    program.post("/webhooks", &wish("device.exploded")).await.is_problem(422, Some("events"));
    program
        .post("/webhooks", &json!({ "url": receiver.url, "events": [] }))
        .await
        .is_problem(422, Some("events"));
    program
        .post("/webhooks", &json!({ "url": "gopher://x", "events": ["device.revoked"] }))
        .await
        .is_problem(422, Some("url"));
    let nowhere = json!({ "url": receiver.url, "events": ["device.revoked"], "place": "Atlantis" });
    program.post("/webhooks", &nowhere).await.is_problem(422, Some("place"));

    server.admin().device_revoke("Door", None).unwrap();
    assert!(receiver.wait_for(1).await[0].is_signed_with(secret));
    let failed = tried(&server, id, 1).await;
    let shown = program.get(&format!("/webhooks/{id}/deliveries?state=pending")).await;
    let item = &shown.body["items"][0];
    assert_eq!((&item["id"], &item["last_status"]), (&json!(failed.id), &json!(500)));
    assert_eq!(
        program.get(&format!("/webhooks/{id}/deliveries?state=parked")).await.body["items"],
        json!([])
    );
    program.get(&format!("/webhooks/{id}/deliveries?state=lost")).await.is_problem(422, Some("state"));
    receiver.says(Says::Status(204));
    let resend = format!("/webhooks/{id}/deliveries/{}/resend", failed.number);
    assert_eq!(program.send(program.request("POST", &resend)).await.body["state"], "pending");
    assert_eq!(receiver.wait_for(2).await[1].id, failed.id);

    // Who is bound to a place sees and makes nothing beyond.
    let bound = Program::of(&server, &scopes, Some("Hilltop"));
    bound.get(&format!("/webhooks/{id}")).await.is_problem(404, None);
    bound.send(bound.request("POST", &resend)).await.is_problem(404, None);
    bound.send(bound.request("DELETE", &format!("/webhooks/{id}"))).await.is_problem(404, None);
    bound.post("/webhooks", &wish("device.revoked")).await.is_problem(422, Some("place"));
    let own = json!({ "url": receiver.url, "events": ["device.revoked"], "place": "Hilltop" });
    let other = bound.post("/webhooks", &own).await.body["id"].as_i64().unwrap();
    assert_eq!(bound.get("/webhooks").await.body["items"].as_array().unwrap().len(), 1);
    assert_eq!(program.all("/webhooks?limit=1", "url").await.len(), 2);
    // A message of another webhook is not found under this one.
    let crossed = format!("/webhooks/{other}/deliveries/{}/resend", failed.number);
    program.send(program.request("POST", &crossed)).await.is_problem(404, None);
    assert_eq!(program.send(program.request("DELETE", &format!("/webhooks/{id}"))).await.status, 204);
    program.get(&format!("/webhooks/{id}")).await.is_problem(404, None);
}

#[tokio::test]
async fn an_admin_makes_one_on_a_page_sees_what_was_given_up_and_sends_it_again() {
    let server = server().await;
    let receiver = Receiver::start(Says::Status(410)).await;
    let mut admin = Browser::of_admin(&server).await;
    assert!(admin.get("/settings").await.text.contains("/settings/webhooks"));
    let all = "/settings/webhooks";
    let fields = [("url", receiver.url.as_str()), ("place", ""), ("change.published", "yes")];
    let shown = admin.submit(all, all, &fields).await;
    assert_eq!(shown.status, 200, "{}", shown.text);
    let secret = between(&shown.text, "<code id=\"secret\">", "</code>").to_owned();
    let list = admin.get(all).await.text;
    assert!(list.contains("1 webhook") && list.contains(&receiver.url) && !list.contains(&secret), "{list}");
    let refused = admin.submit(all, all, &[("url", "https://x.example/"), ("place", "")]).await;
    assert_eq!(refused.status, 422);
    assert!(refused.text.contains("It is told of nothing") || refused.text.contains("it is told of nothing"));
    let refused =
        admin.submit(all, all, &[("url", "ftp://x.example/"), ("place", ""), ("case.opened", "yes")]).await;
    assert!(refused.text.contains("begins with https://"), "{}", refused.text);

    let one = "/settings/webhooks/1";
    assert_eq!(admin.submit(one, "/settings/webhooks/1/test", &[]).await.status, 303);
    let parked = tried(&server, 1, 1).await;
    let page = admin.get(one).await.text;
    for words in ["Given up", "410", "webhook.test", "Turn on", "wants nothing any more"] {
        assert!(page.contains(words), "{words} in {page}");
    }
    assert!(!page.contains("Send again"), "it is off");
    let number = parked.number.to_string();
    let early = admin.submit(one, "/settings/webhooks/1/resend", &[("number", &number)]).await;
    assert_eq!((early.status, early.text.contains("turn it on first")), (422, true), "{}", early.text);
    receiver.says(Says::Status(204));
    assert_eq!(admin.submit(one, "/settings/webhooks/1/enable", &[]).await.status, 303);
    assert!(admin.get(one).await.text.contains("Send again"));
    assert_eq!(admin.submit(one, "/settings/webhooks/1/resend", &[("number", &number)]).await.status, 303);
    let again = receiver.wait_for(2).await.pop().unwrap();
    assert!(again.id == parked.id && again.is_signed_with(&secret));
    tried(&server, 1, 1).await;
    assert!(admin.get(one).await.text.contains("delivered"));
    let rotated = admin.submit(one, "/settings/webhooks/1/rotate", &[]).await;
    assert_ne!(between(&rotated.text, "<code id=\"secret\">", "</code>"), secret);

    let grant = Grant { role: Role::Lead, place: None };
    let link = server.admin().person_invite("lead@example.com", grant).unwrap();
    let mut lead = Browser::at(&server);
    lead.make_account(&format!("/welcome/{}", link.token.text()), "lead@example.com").await;
    assert_eq!((lead.get(all).await.status, lead.get(one).await.status), (404, 404));
    assert_eq!(lead.submit("/fleet", "/settings/webhooks/1/remove", &[]).await.status, 404);
    assert_eq!(admin.submit(one, "/settings/webhooks/1/remove", &[]).await.location, all);
    assert_eq!(admin.get(one).await.status, 404);
}

/// The page that whoever writes a receiver goes by.
const PAGE: &str = include_str!("../../WEBHOOKS.md");

#[test]
fn the_page_for_receivers_tells_every_kind_and_its_example_is_signed_with_its_secret() {
    for kind in EventType::ALL.into_iter().chain([EventType::WebhookTest]) {
        assert!(PAGE.contains(&format!("| `{}` |", kind.name())), "{}", kind.name());
    }
    let header = |name: &str| between(PAGE, &format!("\n{name}: "), "\n").to_owned();
    let body = between(PAGE, "\n\n{\"type\"", "\n");
    let bytes = format!("{{\"type\"{body}").into_bytes();
    let example = Got {
        id: header("webhook-id"),
        timestamp: header("webhook-timestamp").parse().unwrap(),
        signatures: vec![header("webhook-signature")],
        body: serde_json::from_slice(&bytes).unwrap(),
        bytes,
    };
    let secret = format!("whsec_{}", between(PAGE, "message above is `whsec_", "`"));
    assert!(example.is_signed_with(&secret), "{example:?}");
}
