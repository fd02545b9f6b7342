//! What is decided for kiosks, as a program reads and writes it: layer by layer, at its own place, and in force after a roll-out alone.

use afterword_collector::{PlaceKind, Scope};
use serde_json::{Value, json};

use super::{Program, device_in};
use crate::support::Server;

async fn put(program: &Program, path: &str, body: &Value) -> super::Reply {
    let request = program.request("PUT", path).header("content-type", "application/json");
    program.send(request.body(body.to_string())).await
}

#[tokio::test]
async fn a_layer_is_decided_and_read_and_goes_out_with_a_roll_out_alone() {
    let server = Server::start().await;
    server.admin().place_put("North", PlaceKind::Region, None).unwrap();
    let device = device_in(&server, "Exit", "Quayside").await.enrolled.device.to_string();
    server.admin().place_put("Quayside", PlaceKind::Store, Some("North")).unwrap();
    let program = Program::of(&server, &[Scope::SettingsRead, Scope::SettingsWrite], None);
    let nothing = program.get("/settings/organisation").await.body;
    assert_eq!(
        (&nothing["version"], &nothing["settings"], &nothing["name"]),
        (&json!(0), &json!({}), &json!(null))
    );
    let survey = include_str!("../../../../../kiosk/app/surveys/grocery-exit.toml");
    let everywhere = json!({ "survey": survey, "brand": { "accent": "#114599" } });
    assert_eq!(put(&program, "/settings/organisation", &everywhere).await.body["version"], 1);
    let region =
        put(&program, "/settings/regions/North", &json!({ "alerts": { "unhappy_percent": 40 } })).await;
    assert_eq!((&region.body["kind"], &region.body["name"]), (&"region".into(), &"North".into()));
    assert!(region.body["by"].as_str().unwrap().starts_with("program "), "{}", region.body);
    put(&program, &format!("/settings/devices/{device}"), &json!({ "alerts": { "unhappy_percent": 30 } }))
        .await;
    assert_eq!(program.get("/settings/regions/North").await.body, region.body);

    let of_it = program.get(&format!("/devices/{device}/settings")).await.body;
    assert_eq!(
        (&of_it["version"], &of_it["now"]["settings"]),
        (&json!(0), &json!({})),
        "nothing has gone out"
    );
    assert_eq!(of_it["next"]["settings"]["alerts"]["unhappy_percent"], 30);
    assert_eq!(of_it["next"]["settings"]["survey"], survey);
    assert_eq!(of_it["next"]["from"]["alerts.unhappy_percent"], json!({ "kind": "device", "name": device }));
    assert_eq!(of_it["next"]["from"]["brand.accent"]["kind"], "organisation");
    server.admin().rollout_start(&[], 0, true, None).unwrap();
    let of_it = program.get(&format!("/devices/{device}/settings")).await.body;
    assert_eq!(of_it["now"], of_it["next"]);

    put(&program, "/settings/regions/North", &json!({})).await;
    let kinds = program.all("/settings?limit=1", "kind").await;
    assert_eq!(kinds, ["device", "organisation"], "one that decides nothing any more is none");
    let (_, entry) = server.admin().audit(None, 1).unwrap().remove(0);
    assert_eq!((&*entry.what, &*entry.on), ("settings.set", "4"));
}

#[tokio::test]
async fn what_no_kiosk_could_go_by_is_refused_by_its_name_and_other_places_are_not_there() {
    let server = Server::start().await;
    let device = device_in(&server, "Exit", "Quayside").await.enrolled.device.to_string();
    let elsewhere = device_in(&server, "Door", "Mill Lane").await.enrolled.device.to_string();
    let all = Program::of(&server, &[Scope::SettingsRead, Scope::SettingsWrite], None);
    for (body, parameter) in [
        (json!({ "alerts": { "unhappy_percent": 101 } }), Some("alerts.unhappy_percent")),
        (json!({ "brand": { "accent": "blue" } }), Some("brand.accent")),
        (json!({ "survey": "id = 7" }), Some("survey")),
        (json!({ "volume": 11 }), None),
        (json!([]), None),
    ] {
        put(&all, "/settings/stores/Quayside", &body).await.is_problem(422, parameter);
    }
    put(&all, "/settings/organisation", &json!({ "survey": "x".repeat(600_000) }))
        .await
        .is_problem(413, None);
    for path in [
        "/settings/stores/Atlantis",
        "/settings/regions/Quayside",
        "/settings/devices/7",
        "/settings/tills/Exit",
    ] {
        all.get(path).await.is_problem(404, None);
        put(&all, path, &json!({})).await.is_problem(404, None);
    }

    put(&all, "/settings/organisation", &json!({ "store_name": "All" })).await;
    put(&all, "/settings/stores/Mill%20Lane", &json!({ "store_name": "Mill" })).await;
    put(&all, &format!("/settings/devices/{elsewhere}"), &json!({ "store_name": "Door" })).await;
    let placed = Program::of(&server, &[Scope::SettingsRead, Scope::SettingsWrite], Some("Quayside"));
    put(&placed, "/settings/stores/Quayside", &json!({ "store_name": "Quay" })).await;
    assert_eq!(
        put(&placed, &format!("/settings/devices/{device}"), &json!({ "store_name": "Exit" })).await.status,
        200
    );
    assert_eq!(placed.all("/settings", "kind").await, ["device", "store"]);
    for path in ["/settings/stores/Mill%20Lane", &format!("/settings/devices/{elsewhere}")] {
        placed.get(path).await.is_problem(404, None);
        put(&placed, path, &json!({ "store_name": "Ours" })).await.is_problem(404, None);
    }
    placed.get("/settings/organisation").await.is_problem(403, None);
    put(&placed, "/settings/organisation", &json!({})).await.is_problem(403, None);
    placed.get(&format!("/devices/{elsewhere}/settings")).await.is_problem(404, None);
    assert_eq!(all.get("/settings/stores/Mill%20Lane").await.body["settings"]["store_name"], "Mill");
}
