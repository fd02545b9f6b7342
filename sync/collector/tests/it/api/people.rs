//! Who has an account, as a program reads it.

use afterword_collector::{Grant, Role, Scope};
use serde_json::json;

use super::{Program, device_in};
use crate::jar::Browser;
use crate::support::Server;

#[tokio::test]
async fn people_are_read_page_by_page_and_by_no_program_of_one_place() {
    let server = Server::start().await;
    device_in(&server, "Exit", "Quayside").await;
    Browser::of_admin(&server).await;
    let grant = Grant { role: Role::Manager, place: Some("Quayside".into()) };
    let link = server.admin().person_invite("ada@example.com", grant).unwrap();
    Browser::at(&server).make_account(&format!("/welcome/{}", link.token.text()), "ada@example.com").await;
    server.admin().person_disable("ada@example.com", true).unwrap();
    let program = Program::of(&server, &[Scope::PeopleRead], None);
    assert_eq!(program.all("/people?limit=1", "login").await, ["ada@example.com", "root@example.com"]);
    let ada = &program.get("/people").await.body["items"][0];
    assert_eq!(ada["roles"], json!([{ "role": "manager", "place": "Quayside" }]));
    assert!(ada["disabled_at"].is_string() && !ada.to_string().contains("argon2"), "{ada}");
    Program::of(&server, &[Scope::PeopleRead], Some("Quayside")).get("/people").await.is_problem(403, None);
}
