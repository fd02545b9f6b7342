//! People at the collector's door: links, passwords, roles, forms of others, and the log of what they do.

use std::time::Duration;

use afterword_collector::{Grant, PlaceKind, Role};
use rusqlite::Connection;

use crate::browser::{Browser, PASSWORD};
use crate::command_line::{collector, json, stderr, stdout};
use crate::support::Server;

#[tokio::test]
async fn the_first_link_makes_the_one_who_runs_it_and_nobody_else() {
    let mut server = Server::start().await;
    let link = server.collector().first_link().unwrap().to_owned();
    let path = link.strip_prefix(server.collector().web_url()).unwrap().to_owned();
    let mut browser = Browser::at(&server);
    assert_eq!(browser.get("/").await.leads_to(), "/sign-in?to=%2F");
    let page = browser.get(&path).await;
    assert!(page.has("Admin everywhere"), "{}", page.text);
    let fill = |password| [("login", "Ada@Example.com"), ("name", "Ada L"), ("password", password)];
    let page = browser.post(&path, &fill("short")).await;
    assert_eq!(page.status, 422);
    assert!(page.has("at least 12 characters") && page.has("value=\"Ada@Example.com\""), "{}", page.text);
    assert_eq!(browser.post(&path, &fill(PASSWORD)).await.status, 303);
    assert_eq!(browser.get("/people").await.status, 200);
    assert_eq!(Browser::at(&server).get(&path).await.status, 404, "it is used up");
    server.restart().await;
    assert_eq!(server.collector().first_link(), None, "there is somebody");
}

#[tokio::test]
async fn of_two_first_links_one_is_enough() {
    let mut server = Server::start().await;
    let link = server.collector().first_link().unwrap().to_owned();
    let old = link.strip_prefix(server.collector().web_url()).unwrap().to_owned();
    server.restart().await;
    assert_eq!(Browser::at(&server).get(&old).await.status, 200, "it holds for a day");
    Browser::first(&server).await;
    assert_eq!(Browser::at(&server).get(&old).await.status, 404, "it would make another one");
}

#[tokio::test]
async fn a_wrong_password_says_no_more_than_that_and_closes_the_login_in_the_end() {
    let server = Server::start().await;
    Browser::first(&server).await;
    let mut stranger = Browser::at(&server);
    let nobody = stranger.sign_in("nobody@example.com", PASSWORD).await;
    let wrong = stranger.sign_in("ada@example.com", "something else entirely").await;
    let sentence = |page: &crate::browser::Page| page.after("role=\"alert\">").to_owned();
    assert_eq!((nobody.status, sentence(&nobody)), (wrong.status, sentence(&wrong)));
    assert!(wrong.has("The login or the password is wrong"), "{}", wrong.text);
    for _ in 0..5 {
        stranger.sign_in("ada@example.com", "something else entirely").await;
    }
    let closed = stranger.sign_in("ADA@example.com", PASSWORD).await;
    assert_eq!((closed.status, sentence(&closed)), (wrong.status, sentence(&wrong)), "nobody is told more");
    server.clock.advance_ms(61_000);
    assert_eq!(stranger.sign_in("ada@example.com", PASSWORD).await.status, 303);
}

#[tokio::test]
async fn a_link_gives_nothing_back_that_was_taken_and_takes_nothing_that_is_more() {
    let server = Server::start().await;
    let mut admin = Browser::first(&server).await;
    Browser::invited(&server, "bob@example.com", "admin", "").await;
    let mut operator = server.admin();
    let renewal = operator.person_renew("bob@example.com").unwrap();
    operator.person_grant("bob@example.com", &Grant { role: Role::Viewer, place: None }).unwrap();
    let path = format!("/welcome/{}", renewal.token.text());
    assert_eq!(Browser::at(&server).get(&path).await.status, 404, "what he may do has changed since");

    let less = operator.person_invite("ada@example.com", Grant { role: Role::Viewer, place: None }).unwrap();
    let fill = [("login", "ada@example.com"), ("name", "Ada"), ("password", "four other words here")];
    let page = admin.post(&format!("/welcome/{}", less.token.text()), &fill).await;
    assert_eq!(page.status, 303, "{}", page.text);
    assert_eq!(admin.get("/people").await.status, 200, "she still runs it");
}

#[tokio::test]
async fn a_page_that_is_left_open_keeps_no_session_alive() {
    let server = Server::start().await;
    let mut admin = Browser::first(&server).await;
    for _ in 0..9 {
        assert!([200, 204].contains(&admin.listen("/live").await.status().as_u16()));
        server.clock.advance_ms(60 * 60 * 1_000);
    }
    assert_eq!(admin.listen("/live").await.status(), 204, "the page is told to ask no more");
    assert_eq!(admin.get("/fleet").await.status, 303);
}

#[tokio::test]
async fn whoever_guesses_from_one_address_has_to_wait() {
    let server = Server::start().await;
    let mut stranger = Browser::at(&server);
    for number in 0..10 {
        assert_eq!(stranger.sign_in(&format!("somebody{number}"), PASSWORD).await.status, 401);
    }
    let page = stranger.sign_in("somebody", PASSWORD).await;
    assert!(page.status == 429 && page.has("try again in 60 s"), "{}", page.text);
}

#[tokio::test]
async fn a_session_ends_when_it_is_left_when_it_is_idle_and_when_its_person_is_let_in_no_more() {
    let server = Server::start().await;
    let mut admin = Browser::first(&server).await;
    let cookie = admin.cookie.clone();
    let page = admin.post("/sign-out", &[]).await;
    assert_eq!((page.leads_to(), admin.cookie.as_deref()), ("/sign-in", None));
    admin.cookie = cookie;
    assert_eq!(
        admin.get("/fleet").await.leads_to(),
        "/sign-in?to=%2Ffleet",
        "the cookie opens nothing any more"
    );

    admin.sign_in("ada@example.com", PASSWORD).await;
    for _ in 0..3 {
        server.clock.advance_ms(7 * 60 * 60 * 1_000);
        assert_eq!(admin.get("/fleet").await.status, 200, "it was used");
    }
    server.clock.advance_ms(8 * 60 * 60 * 1_000);
    assert_eq!(admin.get("/fleet").await.status, 303, "it was left alone");

    let mut other = Browser::invited(&server, "bob@example.com", "viewer", "").await;
    server.admin().person_disable("bob@example.com", true).unwrap();
    assert_eq!(other.get("/fleet").await.status, 303);
    assert_eq!(other.sign_in("bob@example.com", PASSWORD).await.status, 401);
}

#[tokio::test]
async fn a_form_of_another_page_or_session_changes_nothing() {
    let server = Server::start().await;
    let mut admin = Browser::first(&server).await;
    admin.get("/settings").await;
    let (key, base) = (admin.key.clone(), admin.base.clone());
    let name = [("name", "Harbour Street Stores")];
    let evil = admin.post_from("https://evil.example", &key, "/settings/organisation", &name).await;
    assert_eq!(evil.status, 403, "{}", evil.text);
    for wrong in ["", "AAAA", &key[1..]] {
        assert_eq!(admin.post_from(&base, wrong, "/settings/organisation", &name).await.status, 403);
    }
    let other = Browser::invited(&server, "bob@example.com", "admin", "").await;
    assert_eq!(admin.post_from(&base, &other.key, "/settings/organisation", &name).await.status, 403);
    assert!(!admin.get("/settings").await.has("Harbour Street Stores"));
    assert_eq!(admin.post("/settings/organisation", &name).await.status, 303);
    assert!(admin.get("/settings").await.has("Harbour Street Stores"));
    assert_eq!(admin.get("/settings/organisation").await.status, 405, "nothing is changed by looking");
}

#[tokio::test]
async fn a_manager_of_one_store_sees_that_one() {
    let server = Server::start().await;
    let mut operator = server.admin();
    operator.place_put("North", PlaceKind::Region, None).unwrap();
    operator.place_put("Quayside", PlaceKind::Store, Some("North")).unwrap();
    let inside = operator.device_add("HS-0012", Some("Quayside")).unwrap().device;
    let outside = operator.device_add("HS-0092", Some("Bridge End")).unwrap().device;
    Browser::first(&server).await;
    for (login, place) in [("store@example.com", "Quayside"), ("region@example.com", "North")] {
        let mut manager = Browser::invited(&server, login, "manager", place).await;
        let fleet = manager.get("/fleet").await;
        assert!(fleet.has("HS-0012") && !fleet.has("HS-0092") && !fleet.has("Bridge End"), "{}", fleet.text);
        assert!(!fleet.has("Enrol a kiosk</a>"), "{}", fleet.text);
        assert_eq!(manager.get(&format!("/devices/{inside}")).await.status, 200);
        assert_eq!(manager.get("/store?store=Quayside").await.status, 200);
        for hidden in [
            &format!("/devices/{outside}"),
            "/store?store=Bridge+End",
            "/store?store=",
            "/people",
            "/settings",
            "/audit",
            "/fleet/enrol",
        ] {
            assert_eq!(manager.get(hidden).await.status, 404, "{hidden}");
        }
        let key = manager.key.clone();
        let base = manager.base.clone();
        let deeds = [
            format!("/devices/{inside}/revoke"),
            "/people/invite".into(),
            "/settings/organisation".into(),
            "/fleet/enrol".into(),
        ];
        for deed in &deeds {
            let fields = [("name", "x"), ("login", "x"), ("role", "admin"), ("store", "Quayside")];
            assert_eq!(manager.post_from(&base, &key, deed, &fields).await.status, 404, "{deed}");
        }
    }
}

#[tokio::test]
async fn roles_are_given_and_taken_but_never_the_last_admins() {
    let server = Server::start().await;
    let mut admin = Browser::first(&server).await;
    let mut lead = Browser::invited(&server, "bob@example.com", "lead", "").await;
    assert_eq!(lead.get("/people").await.status, 404);
    admin.get("/people").await;
    let page = admin.post("/people/withdraw", &[("login", "ada@example.com"), ("place", "")]).await;
    assert!(page.status == 422 && page.has("is the only admin everywhere"), "{}", page.text);
    let page = admin.post("/people/disable", &[("login", "ada@example.com")]).await;
    assert_eq!(page.status, 422);
    let grant = [("login", "bob@example.com"), ("role", "admin"), ("place", "")];
    assert_eq!(admin.post("/people/grant", &grant).await.status, 303);
    assert_eq!(lead.get("/people").await.status, 200, "at once");
    assert_eq!(
        admin.post("/people/withdraw", &[("login", "ada@example.com"), ("place", "")]).await.status,
        303
    );
    assert_eq!(admin.get("/people").await.status, 404);
}

#[tokio::test]
async fn a_renewed_password_ends_the_sessions_of_the_old_one() {
    let server = Server::start().await;
    let mut admin = Browser::first(&server).await;
    let link = json(&collector(&["person", "renew", "ada@example.com", "--json"], server.folder.path()));
    let path = link["path"].as_str().unwrap();
    let page = Browser::at(&server).get(path).await;
    assert!(page.has("value=\"ada@example.com\" readonly"), "{}", page.text);
    let fill = |login| [("login", login), ("name", "Ada"), ("password", "four other words here")];
    let mut anew = Browser::at(&server);
    assert!(anew.post(path, &fill("eve@example.com")).await.has("for another login"));
    assert_eq!(anew.post(path, &fill("ada@example.com")).await.status, 303);
    assert_eq!(admin.get("/fleet").await.status, 303, "whoever knew the old one is out");
    assert_eq!(admin.sign_in("ada@example.com", PASSWORD).await.status, 401);
    assert_eq!(anew.get("/people").await.status, 200);
}

#[tokio::test]
async fn what_was_done_by_whom_is_kept_and_cannot_be_changed_unseen() {
    let server = Server::start().await;
    let mut admin = Browser::first(&server).await;
    admin.get("/settings").await;
    admin.post("/settings/place", &[("name", "North"), ("kind", "region"), ("within", "")]).await;
    let data = server.folder.path();
    stdout(&collector(&["place", "add", "South", "--region"], data));
    let page = admin.get("/audit").await;
    let said = page.text.as_str();
    let (north, south) = (said.find("North").unwrap(), said.find("South").unwrap());
    assert!(south < north, "the newest first: {said}");
    assert!(page.has("command line (") && page.has("ada@example.com") && page.has("person.came"), "{said}");

    let report = json(&collector(&["verify", "--json"], data));
    assert_eq!(report["audit"]["first_break"], serde_json::Value::Null);
    let entries = report["audit"]["entries"].as_u64().unwrap();
    assert!(entries >= 4, "{report}");
    let database = Connection::open(data.join("collector.db")).unwrap();
    database.busy_timeout(Duration::from_secs(5)).unwrap();
    let change = "update audit set entry = replace(entry, 'North', 'Souths') where entry like '%North%'";
    assert_eq!(database.execute(change, []).unwrap(), 1);
    let found = collector(&["verify"], data);
    assert!(!found.status.success());
    let words = String::from_utf8_lossy(&found.stdout).into_owned();
    assert!(words.contains("the audit log is broken at entry"), "{words} {}", stderr(&found));
    database
        .execute(&change.replace("'North', 'Souths'", "'Souths', 'North'").replace("%North%", "%Souths%"), [])
        .unwrap();
    assert!(collector(&["verify"], data).status.success());
    database.execute("delete from audit where entry_id = 2", []).unwrap();
    assert!(!collector(&["verify"], data).status.success(), "one was taken out");
}
