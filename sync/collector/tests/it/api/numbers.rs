//! The numbers, as programs read them: the same as the pages and the command line say.

use afterword_collector::Scope;
use serde_json::{Value, json};

use super::{Program, device_in};
use crate::browser::Browser;
use crate::command_line::{collector, json as said};
use crate::support::Server;

const RANGE: &str = "from=2026-11-20&to=2026-11-24";

async fn answered() -> Server {
    let server = Server::start().await;
    for (name, store, count) in [("Exit", "Quayside", 60), ("Till", "Bridge End", 20)] {
        let device = device_in(&server, name, store).await.with_records(count);
        device.send(device.batch(1, count)).await.receipt();
    }
    server.admin().count().unwrap();
    server
}

#[tokio::test]
async fn numbers_are_those_of_the_pages_and_of_the_command_line() {
    let server = answered().await;
    let program = Program::of(&server, &[Scope::NumbersRead], None);
    let of_all = program.get(&format!("/numbers/overview?{RANGE}")).await;
    assert_eq!(of_all.status, 200, "{}", of_all.body);
    let range = ["numbers", "--range", "2026-11-20..2026-11-24", "--json"];
    let at_the_line = said(&collector(&range, server.folder.path()));
    let (numbers, now) = (&of_all.body, &at_the_line["happy"]["now"]);
    assert_eq!((&numbers["responses"], &numbers["waiting"]), (&json!(80), &json!(0)));
    for member in ["of", "hits", "estimate", "low", "high"] {
        assert_eq!(numbers["happy"]["now"][member], now[member], "{member}");
    }
    assert!(numbers["happy"]["now"]["low"].as_f64() < numbers["happy"]["now"]["estimate"].as_f64());
    assert_eq!(
        numbers["days"],
        json!({ "from": "2026-11-20", "to": "2026-11-24", "before_from": "2026-11-13", "before_to": "2026-11-17" })
    );
    let days: Vec<&Value> = numbers["by_day"].as_array().unwrap().iter().collect();
    assert_eq!((days.len(), &days[0]["day"]), (5, &json!("2026-11-20")));
    assert_eq!(days.iter().map(|day| day["of"].as_u64().unwrap()).sum::<u64>(), 80);
    let of_store = program.get(&format!("/numbers/stores/Bridge%20End?{RANGE}")).await;
    let command = [&range[..], &["--store", "Bridge End"]].concat();
    let at_the_line = said(&collector(&command, server.folder.path()));
    assert_eq!(of_store.body["responses"], at_the_line["summary"]["responses"]);
    assert_eq!(of_store.body["happy"]["now"]["high"], at_the_line["happy"]["now"]["high"]);
    assert_eq!(of_store.body["touchpoints"][0]["name"], "exit");
    assert_eq!(of_store.body["touchpoints"][0]["figure"]["of"], 20);
    // The page prints the same, rounded.
    let page = Browser::first(&server).await.get(&format!("/?{RANGE}")).await;
    let in_hundred = (numbers["happy"]["now"]["estimate"].as_f64().unwrap() * 100.0).round();
    assert!(page.has(&format!("{in_hundred:.0} in 100 visits were happy")), "{}", page.text);
}

#[tokio::test]
async fn a_token_of_a_place_reads_the_numbers_of_that_place_and_nothing_is_sent_twice() {
    let server = answered().await;
    let program = Program::of(&server, &[Scope::NumbersRead], Some("Bridge End"));
    let own = program.get(&format!("/numbers/overview?{RANGE}")).await;
    assert_eq!((&own.body["responses"], &own.body["waiting"]), (&json!(20), &Value::Null));
    assert_eq!(own.body["stores"].as_array().unwrap().len(), 1);
    let beyond = program.get(&format!("/numbers/overview?{RANGE}&place=Quayside")).await;
    assert_eq!(beyond.body["responses"], 0);
    assert_eq!(program.get(&format!("/numbers/stores/Bridge%20End?{RANGE}")).await.status, 200);
    program.get("/numbers/stores/Quayside").await.is_problem(404, None);
    program.get("/numbers/stores/Atlantis").await.is_problem(404, None);
    program.get("/numbers/overview?range=lately").await.is_problem(422, Some("range"));
    program.get("/numbers/overview?from=2026-11-02&to=2026-11-01").await.is_problem(422, Some("from"));
    program.get("/numbers/overview?to=").await.is_problem(422, Some("to"));
    program.get("/numbers/overview?without_flagged=yes").await.is_problem(422, Some("without_flagged"));
    let tag = own.header("etag").to_owned();
    let again = program.request("GET", &format!("/numbers/overview?{RANGE}")).header("if-none-match", tag);
    assert_eq!(program.send(again).await.status, 304);
}
