//! The OpenAPI description, held against the server that it describes.

use std::collections::BTreeSet;

use afterword_collector::{DecidedFor, EventType, Scope, WebhookWish};
use afterword_model::case::CaseId;
use afterword_model::settings::Settings;
use serde_json::{Map, Value, json};

use super::{Program, device_in, read};
use crate::cases::delivered;
use crate::jar::Browser;
use crate::support::Server;

/// What does not fit a schema, as far as our descriptions go: types, members, lists, choices and references.
fn misfits(document: &Value, schema: &Value, value: &Value, at: &str, found: &mut Vec<String>) {
    if let Some(name) = schema["$ref"].as_str() {
        let named = name.strip_prefix('#').and_then(|pointer| document.pointer(pointer));
        return misfits(document, named.unwrap_or_else(|| panic!("{name} leads nowhere")), value, at, found);
    }
    // A schema that says nothing is one that everything fits.
    if schema.as_object().is_some_and(Map::is_empty) {
        return;
    }
    if let Some(choices) = schema["oneOf"].as_array() {
        let fits = choices.iter().any(|choice| {
            let mut wrong = Vec::new();
            misfits(document, choice, value, at, &mut wrong);
            wrong.is_empty()
        });
        if !fits {
            found.push(format!("{at}: {value} is none of {schema}"));
        }
        return;
    }
    let is = |kind: &str| match kind {
        "null" => value.is_null(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        _ => false,
    };
    let kinds = schema["type"].as_array().cloned().unwrap_or_else(|| vec![schema["type"].clone()]);
    if !kinds.iter().filter_map(Value::as_str).any(is) {
        found.push(format!("{at}: {value} is no {}", schema["type"]));
    }
    if schema["enum"].as_array().is_some_and(|words| !words.contains(value)) {
        found.push(format!("{at}: {value} is no word of {}", schema["enum"]));
    }
    let none = Map::new();
    let properties = schema["properties"].as_object().unwrap_or(&none);
    if let Some(members) = value.as_object() {
        for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            if !members.contains_key(name) {
                found.push(format!("{at}: no {name}"));
            }
        }
        for (name, member) in members {
            let of = properties.get(name).unwrap_or(&schema["additionalProperties"]);
            match of.is_null() {
                true => found.push(format!("{at}: {name} is not described")),
                false => misfits(document, of, member, &format!("{at}/{name}"), found),
            }
        }
    }
    for item in value.as_array().into_iter().flatten() {
        misfits(document, &schema["items"], item, &format!("{at}/-"), found);
    }
}

/// A server with something of everything, and the addresses of the things in it.
/// With the names of the kiosk and the change there, of the webhook and its message, and of the follow-up.
/// With the kiosk that the follow-up is of.
async fn full() -> (Server, String, String, (String, String), (String, CaseId)) {
    let server = Server::start().await;
    let (unhappy, case) = delivered(&server).await;
    Browser::of_admin(&server).await;
    let decided = Settings { store_name: Some("Harbour".into()), ..Settings::default() };
    server.admin().settings_set(DecidedFor::Organisation, &decided, None).unwrap();
    let device = device_in(&server, "Door", "Quayside").await.with_records(3);
    device.send(device.batch(1, 3)).await.receipt();
    device.beat(&device.heartbeat(5, 0)).await;
    let words = |text: &str| [("en".to_owned(), text.to_owned())].into();
    let change = afterword_protocol::changes::Change {
        said: words("Queues"),
        did: words("Tills"),
        day: 20_000,
        until_day: None,
    };
    server.admin().count().unwrap();
    assert_eq!(server.admin().day_note_add(None, 20_779, "card readers down").unwrap(), 1);
    let change = server.admin().change_add(&change, afterword_collector::ShownOn::Every).unwrap();
    // It is refused where it would go, which says as much of a message as one that comes through.
    let url = "https://127.0.0.1/".to_owned();
    let wish = WebhookWish { url, types: [EventType::CaseOpened].into(), place: None };
    let webhook = server.admin().webhook_add(&wish).unwrap().id;
    let message = server.admin().webhook_test(webhook).unwrap();
    let names = (webhook.to_string(), message.to_string());
    (
        server,
        device.enrolled.device.to_string(),
        change.to_string(),
        names,
        (unhappy.enrolled.device.to_string(), case),
    )
}

#[tokio::test]
async fn every_address_of_the_description_answers_as_it_says() {
    let (server, device, change, (webhook, message), (unhappy, case)) = full().await;
    let program = Program::of(&server, &Scope::ALL, None);
    let document = read(program.request("GET", "/openapi.json").send().await.unwrap()).await.body;
    assert_eq!(document["openapi"], "3.1.0");
    let bodies = json!({
        "addDevice": { "name": "New", "store": "Quayside" },
        "revokeDevice": { "reason": "stolen" },
        "addWebhook": { "url": "https://hooks.example/in", "events": ["case.opened"] },
        "setOrganisationSettings": { "store_name": "Harbour" },
        "setLayerSettings": { "alerts": { "unhappy_percent": 40 } },
        "takeCaseStep": { "step": "acknowledged" },
        "addDayNote": { "day": "2026-11-28", "words": "two-till rule", "place": "Quayside" },
        "addChange": { "said": { "en": "Salt" }, "did": { "en": "Pepper" } },
    });
    let mut operations = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            operations.push((path, method.to_uppercase(), operation));
        }
    }
    // What takes something away comes last.
    operations.sort_by_key(|(path, method, _)| (method != "GET", method != "POST", path.len()));
    let mut scopes = BTreeSet::new();
    for (path, method, operation) in operations {
        let id = operation["operationId"].as_str().unwrap();
        let named = match path.split('/').nth(1) {
            Some("changes") => &change,
            Some("day-notes") => "1",
            Some("webhooks") => &webhook,
            _ => &device,
        };
        let path = path.replace("{id}", named).replace("{number}", &message).replace("{store}", "Quayside");
        let path = path.replace("{device}", &unhappy).replace("{kind}/{name}", "stores/Quayside");
        let path = match id {
            "exportResponses" => format!("{path}?format=ndjson"),
            "readOverview" | "readStoreNumbers" | "listDayNotes" => {
                format!("{path}?range=2026-11-20..2026-11-24")
            }
            _ => path,
        };
        let path = path.replace("{epoch}", &case.epoch.to_string()).replace("{seq}", &case.seq.to_string());
        let scope = operation["security"][0]["token"][0].as_str().unwrap();
        scopes.insert(scope.to_owned());
        let request_at = |path: &str| {
            let request = program.request(&method, path);
            match bodies[id].is_null() {
                true => request,
                false => request.header("content-type", "application/json").body(bodies[id].to_string()),
            }
        };
        let request = || request_at(&path);
        read(request().send().await.unwrap()).await.is_problem(401, None);
        let others: Vec<Scope> = Scope::ALL.into_iter().filter(|other| other.name() != scope).collect();
        let lacking = Program::of(&server, &others, None);
        lacking.send(request()).await.is_problem(403, None);
        let unknown = program
            .send(request_at(&format!("{path}{}nonsense=1", if path.contains('?') { '&' } else { '?' })))
            .await;
        unknown.is_problem(422, Some("nonsense"));
        let reply = program.send(request()).await;
        let said = &operation["responses"][reply.status.to_string()];
        assert!(!said.is_null() && reply.status < 300, "{method} {path}: {} {}", reply.status, reply.body);
        let schema = &said["content"]["application/json"]["schema"];
        let media_type = reply.header("content-type").split(';').next().unwrap_or_default();
        if !media_type.is_empty() {
            assert!(said["content"][media_type].is_object(), "{id} answers {media_type}");
        }
        if media_type == "application/json" {
            let mut found = Vec::new();
            misfits(&document, schema, &reply.body, id, &mut found);
            assert!(found.is_empty(), "{found:#?}");
        }
        if method == "GET" && media_type == "application/json" {
            let items = reply.body["items"].as_array();
            assert!(
                items.is_none_or(|items| !items.is_empty()),
                "{path} shows nothing to hold the description against"
            );
        }
        let problem = program.send(program.request("PATCH", &path)).await;
        problem.is_problem(405, None);
        let mut found = Vec::new();
        let of_problems = &operation["responses"]["422"]["content"]["application/problem+json"]["schema"];
        misfits(&document, of_problems, &unknown.body, id, &mut found);
        assert!(found.is_empty(), "{found:#?}");
    }
    // That one is for /metrics, which is Prometheus' and not JSON.
    scopes.insert(Scope::MetricsRead.name().to_owned());
    assert_eq!(scopes, Scope::ALL.map(|scope| scope.name().to_owned()).into());
}

#[tokio::test]
async fn anybody_reads_on_a_page_what_programs_can_ask() {
    let server = Server::start().await;
    let page = Browser::at(&server).get("/api").await;
    assert_eq!(page.status, 200);
    for words in [
        "GET /responses",
        "POST /devices/{id}/revoke",
        "responses:read",
        "Where the page before ended",
        "openapi.json",
    ] {
        assert!(page.text.contains(words), "{words}");
    }
    assert!(!page.text.contains("<script>") && !page.text.contains("http://"), "{}", page.text);
}
