//! Notes beside days, on the pages: who writes them, where they are seen, and how they are taken back.

use afterword_collector::Scope;
use serde_json::json;

use crate::api::{Program, device_in};
use crate::browser::Browser;
use crate::support::Server;

/// The days on which the ratings of these tests were given.
const DAYS: &str = "from=2026-11-20&to=2026-11-24";

async fn with_replies() -> Server {
    let server = Server::start().await;
    for (name, store) in [("Exit", "Quayside"), ("Till", "Bridge End")] {
        let device = device_in(&server, name, store).await.with_records(60);
        device.send(device.batch(1, 60)).await.receipt();
    }
    server.admin().count().unwrap();
    server
}

#[tokio::test]
async fn a_note_stands_on_the_charts_of_its_place_and_of_all_that_lies_in_it() {
    let server = with_replies().await;
    let mut browser = Browser::first(&server).await;
    let (all, quay) = (format!("/?{DAYS}"), format!("/store?store=Quayside&{DAYS}"));
    browser.get(&all).await;
    let note = [("day", "2026-11-22"), ("words", "two-till <b>rule")];
    let page = browser.post(&format!("/day-notes?{DAYS}"), &note).await;
    assert_eq!((page.status, page.leads_to()), (303, all.as_str()));
    let note = [("day", "2026-11-21"), ("words", "card readers down")];
    let page = browser.post(&format!("/day-notes?{DAYS}&store=Quayside"), &note).await;
    assert_eq!((page.status, page.leads_to()), (303, format!("/store?{DAYS}&store=Quayside").as_str()));

    let (drawn, tabled) = (">22 Nov: two-till &lt;b&gt;rule</text>", "<td>two-till &lt;b&gt;rule</td>");
    let page = browser.get(&all).await;
    assert!(page.has(drawn) && page.has(tabled) && page.has("one day has a note"), "{}", page.text);
    assert!(!page.has("card readers"), "a store's note is not the organisation's: {}", page.text);
    let page = browser.get(&quay).await;
    assert!(page.has(drawn) && page.has(">21 Nov: card readers down</text>"), "{}", page.text);
    assert!(page.has("2 days have notes"), "{}", page.text);
    assert!(!browser.get(&format!("/store?store=Bridge+End&{DAYS}")).await.has("card readers"));
    assert!(browser.get(&format!("{all}&place=Quayside")).await.has(">21 Nov: card readers down</text>"));
    assert!(!browser.get("/?from=2026-11-23&to=2026-11-24").await.has("two-till"), "it is of another day");

    // What cannot be written is said above the page.
    for (fields, said) in [
        ([("day", "2026-11-22"), ("words", " ")], "it has no words"),
        ([("day", ""), ("words", "sale")], "it has no day; choose one"),
    ] {
        let page = browser.post(&format!("/day-notes?{DAYS}"), &fields).await;
        assert!(page.status == 422 && page.has("role=\"alert\"") && page.has(said), "{}", page.text);
        assert!(page.has("Happy visits per day"), "it is the same page: {}", page.text);
    }

    let taken = browser.post(&format!("/day-notes/1/withdraw?{DAYS}"), &[]).await;
    assert_eq!((taken.status, taken.leads_to()), (303, all.as_str()));
    assert!(!browser.get(&all).await.has("two-till"));
    assert_eq!(browser.post(&format!("/day-notes/1/withdraw?{DAYS}"), &[]).await.status, 404);
    let log = server.admin().audit(None, 2).unwrap();
    assert_eq!((log[0].1.what.as_str(), log[0].1.who.as_str()), ("day_note.withdrawn", "ada@example.com"));
}

#[tokio::test]
async fn who_manages_a_place_writes_there_and_nowhere_else() {
    let server = with_replies().await;
    drop(Browser::first(&server).await);
    server.admin().day_note_add(None, 20_779, "two-till rule").unwrap();
    server.admin().day_note_add(Some("Bridge End"), 20_779, "card readers down").unwrap();
    let (quay, all) = (format!("/day-notes?{DAYS}&store=Quayside"), format!("/day-notes?{DAYS}"));
    let note = [("day", "2026-11-22"), ("words", "new manager")];
    for (role, status) in [("manager", 303), ("viewer", 404)] {
        let mut browser = Browser::invited(&server, &format!("{role}@example.com"), role, "Quayside").await;
        let page = browser.get(&format!("/store?store=Quayside&{DAYS}")).await;
        assert!(page.has("two-till rule") && !page.has("card readers down"), "{}", page.text);
        assert_eq!(page.has("Write it down"), status == 303, "{role}: {}", page.text);
        assert!(!page.has("Take back"), "the organisation's note is not theirs: {}", page.text);
        assert_eq!(browser.post(&quay, &note).await.status, status, "{role}");
        let others = format!("/day-notes?{DAYS}&store=Bridge+End");
        let away = format!("/day-notes/2/withdraw?{DAYS}");
        for path in [all.as_str(), &others, &away, &format!("/day-notes/1/withdraw?{DAYS}")] {
            assert_eq!(browser.post(path, &note).await.status, 404, "{role} at {path}");
        }
        assert!(!browser.get(&format!("/?{DAYS}")).await.has("Write it down"), "{role}");
    }
    assert_eq!(server.admin().day_notes((20_770, 20_790)).unwrap().len(), 3);
}

#[tokio::test]
async fn a_program_writes_reads_and_takes_back_where_its_token_may() {
    let server = with_replies().await;
    server.admin().day_note_add(None, 20_779, "two-till rule").unwrap();
    server.admin().day_note_add(Some("Bridge End"), 20_779, "card readers down").unwrap();
    let quay = Program::of(&server, &[Scope::NotesRead, Scope::NotesWrite], Some("Quayside"));
    let note = json!({ "day": "2026-11-22", "words": " new\tmanager ", "place": "Quayside" });
    let made = quay.post("/day-notes", &note).await;
    assert_eq!((made.status, &made.body["words"]), (201, &json!("new manager")), "{}", made.body);
    assert!(made.body["written_by"].as_str().unwrap().starts_with("token "), "{}", made.body);
    let list = format!("/day-notes?{DAYS}");
    assert_eq!(quay.get(&list).await.each("words"), ["new manager", "two-till rule"]);
    quay.get("/day-notes/2").await.is_problem(404, None);
    assert_eq!(quay.get("/day-notes/1").await.body["place"], json!(null));
    for others in ["/day-notes/1", "/day-notes/2"] {
        quay.send(quay.request("DELETE", others)).await.is_problem(404, None);
    }
    for (body, wrong) in [
        (json!({ "day": "2026-11-22", "words": "sale" }), "place"),
        (json!({ "day": "2026-11-22", "words": "sale", "place": "Bridge End" }), "place"),
        (json!({ "day": "22 Nov", "words": "sale", "place": "Quayside" }), "day"),
        (json!({ "day": "3000-01-01", "words": "sale", "place": "Quayside" }), "day"),
        (json!({ "day": "2026-11-22", "words": " ", "place": "Quayside" }), "words"),
    ] {
        quay.post("/day-notes", &body).await.is_problem(422, Some(wrong));
    }
    assert_eq!(quay.send(quay.request("DELETE", "/day-notes/3")).await.status, 204);
    quay.send(quay.request("DELETE", "/day-notes/3")).await.is_problem(404, None);
    let all = Program::of(&server, &[Scope::NotesRead], None);
    assert_eq!(all.get(&list).await.each("words"), ["card readers down", "two-till rule"]);
    assert_eq!(all.all(&format!("{list}&limit=1"), "words").await.len(), 2);
}
