//! The name of a request, by which a person can tell which one they mean: in the header, in a problem, on a page, on every port.

use afterword_collector::Scope;
use afterword_protocol::batch::BATCH_MEDIA_TYPE;
use afterword_protocol::problem::Problem;
use reqwest::Response;
use serde_json::Value;

use crate::api::Program;
use crate::browser::Browser;
use crate::support::{PATIENCE, Server};

fn name(answer: &Response) -> String {
    answer.headers()["x-request-id"].to_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_program_and_a_device_are_told_the_name_of_what_was_not_done() {
    let server = Server::start().await;
    let program = Program::of(&server, &[Scope::FleetRead], None);
    let mut names = Vec::new();
    for path in ["/nothing", "/places"] {
        let answer = program.request("GET", path).bearer_auth(&program.secret).send().await.unwrap();
        let name = name(&answer);
        let body: Value = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap();
        assert_eq!(body["instance"], format!("urn:afterword:request:{name}"));
        names.push(name);
    }
    let device = server.device("Exit").await.with_records(1);
    let sent = |body: Vec<u8>| {
        let request = device.client.post(device.url()).header("content-type", BATCH_MEDIA_TYPE);
        request.header("content-encoding", "zstd").body(body).timeout(PATIENCE).send()
    };
    let refused = sent(b"nonsense".to_vec()).await.unwrap();
    let name_of_it = name(&refused);
    let problem: Problem = serde_json::from_slice(&refused.bytes().await.unwrap()).unwrap();
    assert_eq!(problem.instance, Some(format!("urn:afterword:request:{name_of_it}")));
    names.push(name_of_it);
    names.push(name(&sent(device.batch(1, 1)).await.unwrap()));
    let parts: Vec<(&str, u64)> = names
        .iter()
        .map(|name| name.split_once('-').map(|(start, number)| (start, number.parse().unwrap())).unwrap())
        .collect();
    assert!(parts.iter().all(|(start, _)| *start == parts[0].0 && start.len() == 8), "{names:?}");
    assert!(parts.windows(2).all(|pair| pair[0].1 < pair[1].1), "{names:?}");
}

#[tokio::test]
async fn a_page_that_cannot_be_shown_says_the_name_and_one_that_can_does_not() {
    let server = Server::start().await;
    let mut admin = Browser::first(&server).await;
    let missing = admin.get("/nowhere").await;
    assert_eq!(missing.status, 404);
    let name = missing.headers["x-request-id"].to_str().unwrap();
    assert_eq!(missing.after("<code id=\"request\">"), name, "{}", missing.text);
    let page = admin.get("/fleet").await;
    assert!(page.headers.contains_key("x-request-id") && !page.has("was request"), "{}", page.text);
}

#[tokio::test]
async fn a_forwarder_on_this_machine_names_requests_and_nonsense_does_not() {
    let server = Server::start().await;
    let program = Program::of(&server, &[Scope::FleetRead], None);
    for (given, is_kept) in [("f3b1-front_2.a", true), ("f3b1 front", false), ("<b>", false)] {
        let request = program.request("GET", "/nothing").header("x-request-id", given);
        let answer = request.send().await.unwrap();
        assert_eq!(name(&answer) == given, is_kept, "{given}");
        let body: Value = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap();
        assert_eq!(body["instance"] == format!("urn:afterword:request:{given}"), is_kept, "{body}");
    }
}
