//! Tokens for programs: made at the command line or on a page, shown once, revoked, ended by time.

use afterword_model::ports::Clock as _;

use crate::api::{Program, read};
use crate::command_line::{collector, json, stderr, stdout};
use crate::jar::{Browser, between};
use crate::support::Server;

const DAY_MS: u64 = 24 * 3_600_000;

#[tokio::test]
async fn a_token_of_the_command_line_opens_what_it_is_for_until_it_is_revoked() {
    let server = Server::start().await;
    let data = server.folder.path();
    let made = json(&collector(&["token", "add", "Dashboard", "--scope", "fleet:read", "--json"], data));
    let program = Program::with(&server, made["token"].as_str().unwrap());
    assert_eq!(program.get("/devices").await.status, 200);
    assert_eq!(program.get("/places").await.status, 403);

    let listed = json(&collector(&["token", "list", "--json"], data));
    assert_eq!(listed[0]["name"], "Dashboard");
    assert_eq!(listed[0]["scopes"], serde_json::json!(["fleet:read"]));
    assert!(listed[0]["last_used_ms"].as_i64().unwrap() >= server.clock.wall_ms() - 60_000);
    assert!(stdout(&collector(&["token", "list"], data)).contains("Dashboard"));

    let twice = collector(&["token", "add", "Dashboard", "--scope", "fleet:read"], data);
    assert!(stderr(&twice).contains("there is a token `Dashboard` already"), "{}", stderr(&twice));
    assert!(stdout(&collector(&["token", "revoke", "Dashboard"], data)).contains("opens nothing any more"));
    assert_eq!(program.get("/devices").await.status, 401);
    let again = collector(&["token", "revoke", "Dashboard"], data);
    assert!(stderr(&again).contains("there is no token `Dashboard`"), "{}", stderr(&again));
    let audit = server.admin().audit(None, 10).unwrap();
    let deeds: Vec<&str> = audit.iter().map(|(_, entry)| entry.what.as_str()).collect();
    assert!(deeds.starts_with(&["token.revoked", "token.added"]), "{deeds:?}");
    assert_eq!((&*audit[1].1.on, &*audit[1].1.more), ("Dashboard", "fleet:read everywhere"));
}

#[tokio::test]
async fn a_token_ends_by_itself_and_its_secret_is_nowhere_on_the_disk() {
    let server = Server::start().await;
    // By the server's own clock, which only moves as it is told.
    let program = Program::of(&server, &[afterword_collector::Scope::PlacesRead], None);
    let secret = &program.secret;
    server.clock.advance_ms(7 * DAY_MS - 1_000);
    assert_eq!(program.get("/places").await.status, 200);
    server.clock.advance_ms(1_000);
    assert_eq!(program.get("/places").await.status, 401);
    for file in std::fs::read_dir(server.folder.path()).unwrap().map(|file| file.unwrap().path()) {
        let Ok(bytes) = std::fs::read(&file) else { continue };
        let is_there = bytes.windows(43).any(|window| window == &secret.as_bytes()[4..]);
        assert!(!is_there, "{}", file.display());
    }
}

#[tokio::test]
async fn what_is_no_token_is_refused_in_one_sentence() {
    let server = Server::start().await;
    let add = |more: &[&str]| collector(&[&["token", "add"], more].concat(), server.folder.path());
    let scope = ["--scope", "fleet:read"];
    for (more, said) in [
        (&["x", "--at", "Atlantis"][..], "there is no region or store `Atlantis`"),
        (&[" x"], "the name of a token has 1 to 60 characters"),
    ] {
        let refused = add(&[more, &scope].concat());
        assert_eq!(refused.status.code(), Some(1));
        assert!(stderr(&refused).contains(said), "{}", stderr(&refused));
    }
    for wrong in [&["x"][..], &["x", "--scope", "all"], &["x", "--scope", "fleet:read", "--days", "731"]] {
        assert_eq!(add(wrong).status.code(), Some(2), "{wrong:?}");
    }
}

#[tokio::test]
async fn an_admin_makes_and_revokes_one_on_a_page_and_nobody_else_does() {
    let server = Server::start().await;
    let mut admin = Browser::of_admin(&server).await;
    let fields = [("name", "Warehouse"), ("place", ""), ("days", "30"), ("places:read", "yes")];
    let shown = admin.submit("/settings/tokens", "/settings/tokens", &fields).await;
    assert_eq!(shown.status, 200, "{}", shown.text);
    let secret = between(&shown.text, "<code id=\"token\">", "</code>").to_owned();
    let program = Program::with(&server, &secret);
    assert_eq!(program.get("/places").await.status, 200);
    assert_eq!(program.get("/devices").await.status, 403);

    let list = admin.get("/settings/tokens").await;
    assert!(
        list.text.contains("1 token for programs") && list.text.contains("root@example.com"),
        "{}",
        list.text
    );
    assert!(!list.text.contains(&secret), "it is shown once");
    let none = [("name", "Nothing"), ("place", ""), ("days", "30")];
    let refused = admin.submit("/settings/tokens", "/settings/tokens", &none).await;
    assert_eq!(refused.status, 422);
    assert!(refused.text.contains("it has no scope"), "{}", refused.text);
    let days = [("name", "Nothing"), ("place", ""), ("days", "for ever"), ("places:read", "yes")];
    let refused = admin.submit("/settings/tokens", "/settings/tokens", &days).await;
    assert!(refused.text.contains("1 to 730 days"), "{}", refused.text);

    let grant = afterword_collector::Grant { role: afterword_collector::Role::Lead, place: None };
    let link = server.admin().person_invite("lead@example.com", grant).unwrap();
    let mut lead = Browser::at(&server);
    lead.make_account(&format!("/welcome/{}", link.token.text()), "lead@example.com").await;
    assert_eq!(lead.get("/settings/tokens").await.status, 404);
    let tried = lead.submit("/fleet", "/settings/tokens/revoke", &[("name", "Warehouse")]).await;
    assert_eq!(tried.status, 404);
    assert_eq!(program.get("/places").await.status, 200);

    let revoked = admin.submit("/settings/tokens", "/settings/tokens/revoke", &[("name", "Warehouse")]).await;
    assert_eq!((revoked.status, &*revoked.location), (303, "/settings/tokens"));
    assert_eq!(program.get("/places").await.status, 401);
}

#[tokio::test]
async fn who_makes_tokens_up_has_to_wait_and_who_has_one_does_not() {
    let server = Server::start().await;
    let program = Program::of(&server, &[afterword_collector::Scope::PlacesRead], None);
    assert_eq!(program.get("/places").await.status, 200);
    let made_up = |number: usize| format!("awt_{}{number:02}", "A".repeat(41));
    for number in 0..10 {
        // Half of them are not even written as ours are.
        let secret = if number % 2 == 0 { made_up(number) } else { format!("letmein{number}") };
        Program::with(&server, &secret).get("/places").await.is_problem(401, None);
    }
    let waits = Program::with(&server, &made_up(10)).get("/places").await;
    waits.is_problem(429, None);
    assert_eq!(
        (waits.header("retry-after"), &waits.body["type"]),
        ("60", &"urn:afterword:problem:throttled".into())
    );
    assert!(waits.body["detail"].as_str().unwrap().contains("go on in 60 s"), "{}", waits.body);
    Program::with(&server, "letmein").get("/places").await.is_problem(429, None);
    let metrics = program.request("GET", "/../../metrics").bearer_auth(made_up(11)).send().await.unwrap();
    assert_eq!(metrics.status(), 429, "it is the same door");
    assert_eq!(program.get("/places").await.status, 200, "it was good before");
    let nobody = read(program.request("GET", "/places").send().await.unwrap()).await;
    nobody.is_problem(401, None);
    // Behind a forwarder on this machine somebody else is somebody else.
    let elsewhere = program.request("GET", "/places").header("x-forwarded-for", "192.0.2.7");
    read(elsewhere.bearer_auth(made_up(12)).send().await.unwrap()).await.is_problem(401, None);
    server.clock.advance_ms(60_000);
    Program::with(&server, &made_up(13)).get("/places").await.is_problem(401, None);
}
