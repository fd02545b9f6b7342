//! What programs ask at `/api/v1`, as a program does: with a token, over the port that people come in by.

mod decided;
mod description;
mod numbers;
mod people;
mod privacy;
mod responses;

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};

use afterword_collector::{PlaceKind, Scope, TokenWish};
use afterword_model::ports::Clock as _;
use serde_json::{Value, json};

use crate::cases::delivered;
use crate::jar::Browser;
use crate::support::{Device, PATIENCE, Server};

/// What came back to a program.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) body: Value,
}

impl Reply {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// A member of each item.
    pub(crate) fn each(&self, member: &str) -> Vec<&str> {
        assert_eq!(self.status, 200, "{}", self.body);
        self.body["items"].as_array().unwrap().iter().map(|item| item[member].as_str().unwrap()).collect()
    }

    /// Its problem has this status and, where one is named, this parameter.
    pub(crate) fn is_problem(&self, status: u16, parameter: Option<&str>) {
        assert_eq!(self.status, status, "{}", self.body);
        assert_eq!(self.header("content-type"), "application/problem+json");
        assert_eq!(
            (self.body["status"].as_u64(), self.body["parameter"].as_str()),
            (Some(status.into()), parameter),
            "{}",
            self.body
        );
        assert!(self.body["type"].as_str().unwrap().starts_with("urn:afterword:problem:"));
    }
}

/// A program with a token.
pub(crate) struct Program {
    client: reqwest::Client,
    url: String,
    pub(crate) secret: String,
}

impl Program {
    pub(crate) fn with(server: &Server, secret: &str) -> Self {
        let client = reqwest::Client::builder().no_proxy();
        let client = client.tls_backend_preconfigured(crate::support::tls("", None)).build().unwrap();
        Self { client, url: format!("{}/api/v1", server.collector().web_url()), secret: secret.to_owned() }
    }

    /// With a new token for these scopes at a place.
    pub(crate) fn of(server: &Server, scopes: &[Scope], place: Option<&str>) -> Self {
        let scopes: BTreeSet<Scope> = scopes.iter().copied().collect();
        static MADE: AtomicU64 = AtomicU64::new(0);
        let name = format!("program {}", MADE.fetch_add(1, Ordering::Relaxed));
        let wish = TokenWish { name, scopes, place: place.map(str::to_owned), days: 7 };
        let made = server.admin().token_add(&wish).unwrap();
        Self::with(server, &made.secret.text())
    }

    pub(crate) fn request(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        let url = format!("{}{path}", self.url);
        self.client.request(method.parse().unwrap(), url).timeout(PATIENCE)
    }

    pub(crate) async fn send(&self, request: reqwest::RequestBuilder) -> Reply {
        let response = request.bearer_auth(&self.secret).send().await.unwrap();
        read(response).await
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.send(self.request("GET", path)).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Reply {
        let request = self.request("POST", path).header("content-type", "application/json");
        self.send(request.body(body.to_string())).await
    }

    /// All pages of a list, as `Link` leads through them.
    pub(crate) async fn all(&self, path: &str, member: &str) -> Vec<String> {
        let (mut found, mut at) = (Vec::new(), path.to_owned());
        loop {
            let reply = self.get(&at).await;
            found.extend(reply.each(member).into_iter().map(str::to_owned));
            let link = reply.header("link");
            assert_eq!(link.is_empty(), reply.body["next"].is_null());
            if link.is_empty() {
                return found;
            }
            at = link
                .strip_prefix("</api/v1")
                .and_then(|rest| rest.strip_suffix(">; rel=\"next\""))
                .unwrap()
                .to_owned();
        }
    }
}

pub(crate) async fn read(response: reqwest::Response) -> Reply {
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let bytes = response.bytes().await.unwrap();
    Reply { status, headers, body: serde_json::from_slice(&bytes).unwrap_or(Value::Null) }
}

/// A device that stands in a store.
pub(crate) async fn device_in(server: &Server, name: &str, store: &str) -> Device {
    let code = server.admin().device_add(name, Some(store)).unwrap().code.to_string();
    Device::enrol(name, &server.enrolment_url(), &server.ca_pem(), &code).await
}

#[tokio::test]
async fn nothing_is_answered_without_a_token_and_nothing_beyond_its_scopes() {
    let server = Server::start().await;
    let program = Program::of(&server, &[Scope::ChangesRead], None);
    for path in ["/devices", "/places", "/cases", "/responses", "/exports/responses", "/numbers/overview"] {
        program.get(path).await.is_problem(403, None);
        let nobody = read(program.request("GET", path).send().await.unwrap()).await;
        nobody.is_problem(401, None);
        assert_eq!(nobody.header("www-authenticate"), "Bearer realm=\"afterword\"");
    }
    assert_eq!(program.get("/changes").await.status, 200);
    program.post("/changes", &json!({ "said": {}, "did": {} })).await.is_problem(403, None);
    for wrong in
        ["Basic cm9vdA==", "Bearer", "Bearer awt_", "Bearer awt_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"]
    {
        let request = program.request("GET", "/changes").header("authorization", wrong);
        read(request.send().await.unwrap()).await.is_problem(401, None);
    }
    // Who is signed in at the pages is nobody here.
    let mut admin = Browser::of_admin(&server).await;
    let page = admin.get("/api/v1/devices").await;
    assert_eq!((page.status, admin.cookies.len()), (401, 1));
}

#[tokio::test]
async fn what_is_asked_wrongly_is_named() {
    let server = Server::start().await;
    let program = Program::of(&server, &Scope::ALL, None);
    program.get("/devices?stroe=Quayside").await.is_problem(422, Some("stroe"));
    program.get("/places?store=Quayside").await.is_problem(422, Some("store"));
    program.get("/devices?limit=0").await.is_problem(422, Some("limit"));
    program.get("/cases?closed=yes").await.is_problem(422, Some("closed"));
    program.get("/cases?cursor=xyz").await.is_problem(422, Some("cursor"));
    program.get("/responses?since=today").await.is_problem(422, Some("since"));
    program.get("/responses?device=7").await.is_problem(422, Some("device"));
    program.get("/nothing").await.is_problem(404, None);
    program.get("/devices/7").await.is_problem(404, None);
    program.get("/devices/%FF").await.is_problem(404, None);
    program.get(&format!("/devices/{}", "0".repeat(32))).await.is_problem(404, None);
    let put = program.send(program.request("PUT", "/changes")).await;
    put.is_problem(405, None);
    assert!(put.header("allow").contains("POST"), "{:?}", put.headers);
    program.send(program.request("GET", "/places").header("accept", "text/csv")).await.is_problem(406, None);
    let typed = |media_type: &str, body: &'static str| {
        program.send(program.request("POST", "/devices").header("content-type", media_type).body(body))
    };
    typed("text/plain", "{}").await.is_problem(415, None);
    typed("application/json", "{").await.is_problem(400, None);
    typed("application/json; charset=utf-8", "{}").await.is_problem(422, None);
    typed("application/json", r#"{"name":"x","shop":"y"}"#).await.is_problem(422, None);
    typed("application/json", r#"{"name":" x"}"#).await.is_problem(422, Some("name"));
    program.post("/devices", &json!({ "name": "x".repeat(70_000) })).await.is_problem(413, None);
    let change = |member: &str, value: &str| {
        let mut change = json!({ "said": { "en": "Queues" }, "did": { "en": "Tills" } });
        change[member] = value.into();
        change
    };
    program.post("/changes", &change("until", "soon")).await.is_problem(422, Some("until"));
    program.post("/changes", &change("store", "Atlantis")).await.is_problem(422, Some("store"));
    program.post("/changes", &change("device", &"0".repeat(32))).await.is_problem(422, Some("device"));
}

#[tokio::test]
async fn too_much_at_once_is_told_when_to_go_on() {
    let server = Server::start().await;
    let program = Program::of(&server, &[Scope::PlacesRead], None);
    let other = Program::of(&server, &[Scope::FleetRead], None);
    let mut passed = 0;
    let refused = loop {
        let reply = program.get("/places").await;
        if reply.status != 200 {
            break reply;
        }
        passed += 1;
    };
    refused.is_problem(429, None);
    assert_eq!((passed, refused.header("retry-after")), (120, "1"));
    assert_eq!(other.get("/devices").await.status, 200, "each token has its own measure");
    server.clock.advance_ms(1_000);
    assert_eq!(program.get("/places").await.status, 200);
}

#[tokio::test]
async fn what_has_not_changed_is_not_sent_again() {
    let server = Server::start().await;
    server.admin().place_put("North", PlaceKind::Region, None).unwrap();
    let program = Program::of(&server, &[Scope::PlacesRead], None);
    let first = program.get("/places").await;
    let tag = first.header("etag").to_owned();
    assert!(tag.starts_with('"') && first.header("set-cookie").is_empty(), "{:?}", first.headers);
    let ask = |tags: String| program.send(program.request("GET", "/places").header("if-none-match", tags));
    for tags in [tag.clone(), format!("\"other\", W/{tag}"), "*".into()] {
        let again = ask(tags).await;
        assert_eq!((again.status, again.header("etag")), (304, &*tag));
    }
    server.admin().place_put("South", PlaceKind::Region, None).unwrap();
    assert_eq!(ask(tag).await.each("name"), ["North", "South"]);
}

#[tokio::test]
async fn a_code_made_by_a_program_enrols_a_kiosk_and_a_revoked_one_delivers_nothing() {
    let server = Server::start().await;
    let program = Program::of(&server, &[Scope::FleetRead, Scope::FleetWrite], None);
    let made = program.post("/devices", &json!({ "name": "HS-0147", "store": "Harbour Street" })).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let id = made.body["id"].as_str().unwrap();
    assert_eq!(made.header("location"), format!("/api/v1/devices/{id}"));
    assert_eq!(made.header("cache-control"), "no-store", "a code is kept by nobody");
    let path = format!("/devices/{id}");
    assert_eq!(program.get(&path).await.body["state"], "waiting");
    let code = made.body["code"].as_str().unwrap();
    let device =
        Device::enrol("HS-0147", &server.enrolment_url(), &server.ca_pem(), code).await.with_records(9);
    device.send(device.batch(1, 6)).await.receipt();
    device.beat(&device.heartbeat(9, server.clock.wall_ms())).await;
    let shown = program.get(&path).await.body;
    assert_eq!(shown["state"], "active");
    assert_eq!(
        (&shown["collected"], &shown["received"], &shown["missing"]),
        (&json!(9), &json!(6), &json!(3)),
        "{shown}"
    );
    assert_eq!(shown["stores"][0]["missing"], json!([{ "first": 7, "last": 9 }]));
    assert_eq!(
        (&shown["health"]["waiting"], &shown["health"]["version"]),
        (&json!(3), &json!("0.1.0")),
        "{shown}"
    );
    program.post("/devices", &json!({ "name": "HS-0147" })).await.is_problem(409, None);

    let (revocation, reason) = (format!("{path}/revoke"), json!({ "reason": "stolen" }));
    let revoke = || program.post(&revocation, &reason);
    assert_eq!(revoke().await.body, json!({ "id": id, "already_revoked": false }));
    assert_eq!(revoke().await.body["already_revoked"], true);
    assert_eq!(device.send(device.batch(7, 9)).await.status, 403);
    assert_eq!(program.get(&path).await.body["revoked_reason"], "stolen");
    let audit = server.admin().audit(None, 1).unwrap();
    assert!(audit[0].1.who.starts_with("token ") && audit[0].1.what == "device.revoked", "{audit:?}");
}

#[tokio::test]
async fn lists_come_in_pages_and_what_is_added_meanwhile_moves_nothing() {
    let server = Server::start().await;
    let mut ids = Vec::new();
    for name in ["a", "b", "c", "d", "e"] {
        ids.push(server.admin().device_add(name, Some("Quayside")).unwrap().device.to_string());
    }
    ids.sort();
    let program = Program::of(&server, &Scope::ALL, None);
    assert_eq!(program.all("/devices?limit=2", "id").await, ids);
    assert_eq!(program.all("/devices?limit=5&store=Quayside", "id").await, ids);
    assert!(program.all("/devices?store=Mill%20Lane", "id").await.is_empty());
    for name in ["North", "Mill Lane"] {
        server.admin().place_put(name, PlaceKind::Region, None).unwrap();
    }
    assert_eq!(program.all("/places?limit=1", "name").await, ["Mill Lane", "North", "Quayside"]);
    let first = program.get("/places?limit=1").await.body["next"].as_str().unwrap().to_owned();
    server.admin().place_put("Beach", PlaceKind::Region, None).unwrap();
    let rest = program.get(&format!("/places?cursor={first}")).await;
    assert_eq!(rest.each("name"), ["North", "Quayside"]);
}

#[tokio::test]
async fn a_token_of_a_region_sees_and_does_nothing_elsewhere() {
    let server = Server::start().await;
    let mut admin = server.admin();
    admin.place_put("North", PlaceKind::Region, None).unwrap();
    admin.place_put("Coast", PlaceKind::Region, Some("North")).unwrap();
    admin.place_put("Quayside", PlaceKind::Store, Some("Coast")).unwrap();
    let here = admin.device_add("here", Some("Quayside")).unwrap().device.to_string();
    let there = admin.device_add("there", Some("Bridge End")).unwrap().device.to_string();
    let nowhere = admin.device_add("nowhere", None).unwrap().device.to_string();
    let program = Program::of(&server, &Scope::ALL, Some("Coast"));
    assert_eq!(program.get("/devices").await.each("id"), [here.as_str()]);
    assert!(program.get("/devices?store=Bridge%20End").await.each("id").is_empty());
    for other in [&there, &nowhere] {
        program.get(&format!("/devices/{other}")).await.is_problem(404, None);
        program.post(&format!("/devices/{other}/revoke"), &json!({})).await.is_problem(404, None);
    }
    let places = program.get("/places").await;
    assert_eq!(places.each("name"), ["Coast", "Quayside"]);
    assert_eq!(places.body["items"][0]["within"], Value::Null, "what is around it is not its business");
    program.post("/devices", &json!({ "name": "x" })).await.is_problem(422, Some("store"));
    program
        .post("/devices", &json!({ "name": "x", "store": "Bridge End" }))
        .await
        .is_problem(422, Some("store"));
    // A name that waits elsewhere is not taken over with its code.
    program.post("/devices", &json!({ "name": "there", "store": "Quayside" })).await.is_problem(409, None);
    assert_eq!(program.post("/devices", &json!({ "name": "x", "store": "Quayside" })).await.status, 201);

    let everybody = Program::of(&server, &Scope::ALL, None);
    let words = |more: Value| {
        let mut change = json!({ "said": { "en": "Queues too long" }, "did": { "en": "Two more tills" } });
        change.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        change
    };
    let for_all = everybody.post("/changes", &words(json!({}))).await;
    let for_there = everybody.post("/changes", &words(json!({ "device": there }))).await;
    assert_eq!((for_all.status, for_there.status), (201, 201), "{}", for_there.body);
    program.post("/changes", &words(json!({}))).await.is_problem(422, Some("store"));
    program.post("/changes", &words(json!({ "store": "Bridge End" }))).await.is_problem(422, Some("store"));
    program.post("/changes", &words(json!({ "device": there }))).await.is_problem(422, Some("device"));
    let own = program.post("/changes", &words(json!({ "store": "Quayside" }))).await;
    assert_eq!(own.status, 201, "{}", own.body);
    let seen = program.get("/changes").await;
    assert_eq!(seen.body["items"].as_array().unwrap().len(), 2, "{}", seen.body);
    for other in [for_all, for_there] {
        let path = format!("/changes/{}", other.body["id"]);
        program.send(program.request("DELETE", &path)).await.is_problem(404, None);
        assert_eq!(everybody.get(&path).await.status, 200);
    }
    let path = format!("/changes/{}", own.body["id"]);
    assert_eq!(program.send(program.request("DELETE", &path)).await.status, 204);
    program.send(program.request("DELETE", &path)).await.is_problem(404, None);
}

#[tokio::test]
async fn what_a_program_publishes_is_what_a_kiosk_shows() {
    let server = Server::start().await;
    let device = server.device("Exit").await;
    let program = Program::of(&server, &[Scope::ChangesRead, Scope::ChangesWrite], None);
    let change = json!({
        "said": { "en": "Queues too long" }, "did": { "en": "Two more tills" }, "date": "2026-11-28", "until": "2099-12-31",
    });
    let added = program.post("/changes", &change).await;
    assert_eq!(added.status, 201, "{}", added.body);
    assert_eq!((&added.body["date"], &added.body["until"]), (&change["date"], &change["until"]));
    let mut said = device.heartbeat(0, server.clock.wall_ms());
    said.health.changes = Some(afterword_protocol::changes::Changes::none().version);
    let shown = crate::heartbeats::heard(&device.beat(&said).await).changes.unwrap();
    assert_eq!(shown.items[0].did["en"], "Two more tills");
    let path = added.header("location").strip_prefix("/api/v1").unwrap();
    assert_eq!(program.get(path).await.body, added.body);
    assert_eq!(program.send(program.request("DELETE", path)).await.status, 204);
    program.get(path).await.is_problem(404, None);
    let none = crate::heartbeats::heard(&device.beat(&said).await).changes;
    assert_eq!(none, None);
}

#[tokio::test]
async fn follow_ups_say_what_was_said_and_done() {
    let server = Server::start().await;
    let (device, id) = delivered(&server).await;
    let program = Program::of(&server, &[Scope::CasesRead], None);
    let reply = program.get("/cases").await;
    assert_eq!(reply.each("id"), [format!("{}/{}", id.epoch, id.seq)]);
    let case = &reply.body["items"][0];
    assert_eq!((&case["stage"], &case["category"]), (&json!("opened"), &json!("clean")), "{case}");
    assert_eq!(
        (&case["device"], &case["device_name"]),
        (&json!(device.enrolled.device.to_string()), &json!("Exit"))
    );
    assert_eq!(
        (&case["said"]["words"], &case["said"]["rating"], &case["said"]["scale"]),
        (&json!("spilt milk"), &json!(1), &json!("faces")),
        "{case}"
    );
    assert_eq!(case["steps"][0]["step"], "opened");
    server.admin().place_put("Quayside", PlaceKind::Store, None).unwrap();
    assert!(
        Program::of(&server, &[Scope::CasesRead], Some("Quayside")).get("/cases").await.each("id").is_empty()
    );
}
