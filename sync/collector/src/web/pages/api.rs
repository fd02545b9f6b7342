//! What programs can ask, for people: the OpenAPI description, written out.

use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use maud::{Markup, html};
use serde_json::{Map, Value};

use crate::api::document;
use crate::people::api_token::Scope;
use crate::routes::App;
use crate::web::frame;

pub(super) fn routes() -> Router<Arc<App>> {
    // It says nothing of what is here, and who writes a program may have no account.
    Router::new().route("/api", get(|| async { page(document::document()) }))
}

fn page(document: &Value) -> Markup {
    let paths = members(&document["paths"]);
    let schemas = members(&document["components"]["schemas"]);
    frame::sheet(
        "What programs can ask",
        &html! {
            h1 { "What programs can ask" }
            p.lead { (words(&document["info"]["description"])) }
            p { a href=(document::path()) { "The same as an OpenAPI " (text(&document["openapi"])) " document" } }
            section aria-labelledby="begin" {
                h2 #begin { "To begin with" }
                p { "An admin makes a token on the page " a href="/settings/tokens" { "Tokens for programs" } ". A program sends it with each request:" }
                pre { code { "curl -H \"Authorization: Bearer awt_…\" https://<this host>" (text(&document["servers"][0]["url"])) "/devices" } }
                dl {
                    @for scope in Scope::ALL { dt { code { (scope.name()) } } dd { (scope.meaning()) } }
                }
            }
            section aria-labelledby="wrong" {
                h2 #wrong { "When something is not done" small { "application/problem+json, at every address" } }
                dl {
                    @for (status, when) in document::EVERYWHERE.iter().chain(&document::OF_BODIES) {
                        dt { (status) } dd { (words(&Value::from(*when))) }
                    }
                }
            }
            @for (path, operations) in paths {
                @for (method, operation) in members(operations) { (operation_of(method, path, operation)) }
            }
            @for (name, schema) in schemas.iter().filter(|(name, _)| !name.contains('_')) { (schema_of(name, schema)) }
        },
    )
}

fn operation_of(method: &str, path: &str, operation: &Value) -> Markup {
    let id = text(&operation["operationId"]);
    let scopes: Vec<&str> = list(&operation["security"])
        .iter()
        .flat_map(|one| list(&one["token"]))
        .filter_map(Value::as_str)
        .collect();
    let parameters = list(&operation["parameters"]);
    let body = &operation["requestBody"]["content"]["application/json"]["schema"];
    html! {
        section aria-labelledby=(id) {
            h2 #(id) { code { (method.to_uppercase()) " " (path) } small { (scopes.join(", ")) } }
            p { (words(&operation["summary"])) }
            @if !operation["description"].is_null() { p { (words(&operation["description"])) } }
            @if !parameters.is_empty() {
                dl {
                    @for parameter in parameters {
                        dt { code { (text(&parameter["name"])) } }
                        dd { span.quiet { (kind(&parameter["schema"])) } " " (words(&parameter["description"])) }
                    }
                }
            }
            @if !body.is_null() { p { "Sent: " (kind(body)) } }
            dl {
                @for (status, answer) in members(&operation["responses"]).iter().filter(|(status, _)| !is_everywhere(status)) {
                    dt { (status) }
                    dd {
                        (words(&answer["description"]))
                        @for (_, content) in members(&answer["content"]).iter().filter(|_| status.as_str() < "400") { " It is a " (kind(&content["schema"])) }
                    }
                }
            }
        }
    }
}

fn schema_of(name: &str, schema: &Value) -> Markup {
    let required = list(&schema["required"]);
    html! {
        section aria-labelledby={ "schema-" (name) } {
            h2 id={ "schema-" (name) } { (name) small { (words(&schema["description"])) } }
            @let choices = list(&schema["enum"]);
            @if !choices.is_empty() { p { @for choice in choices { code { (text(choice)) } " " } } }
            dl {
                @for (member, of) in members(&schema["properties"]) {
                    dt { code { (member) } }
                    dd {
                        span.quiet { (kind(of)) @if !required.iter().any(|one| one == member.as_str()) { ", may be missing" } }
                        " " (words(&of["description"]))
                    }
                }
            }
        }
    }
}

/// The type of a schema in words, with a link to the one that it names.
fn kind(schema: &Value) -> Markup {
    if let Some(name) = schema["$ref"].as_str().and_then(|name| name.rsplit('/').next()) {
        return match name.strip_prefix("Page_") {
            Some(item) => html! { "page of " a href={ "#schema-" (item) } { (item) } },
            None => html! { a href={ "#schema-" (name) } { (name) } },
        };
    }
    let choices = list(&schema["oneOf"]);
    if let Some(one) = choices.iter().find(|one| one["type"] != "null") {
        return html! { (kind(one)) " or null" };
    }
    let types: Vec<&str> = match &schema["type"] {
        Value::Array(types) => types.iter().filter_map(Value::as_str).collect(),
        one => one.as_str().into_iter().collect(),
    };
    html! {
        @if types.first() == Some(&"array") { "list of " (kind(&schema["items"])) } @else { (types.join(" or ")) }
        @if let Some(format) = schema["format"].as_str() { " (" (format) ")" }
    }
}

/// Whether an answer may come from every address, and is told of once.
fn is_everywhere(status: &str) -> bool {
    document::EVERYWHERE.iter().chain(&document::OF_BODIES).any(|(other, _)| *other == status)
}

/// A text, in which what stands between two backticks is code.
fn words(value: &Value) -> Markup {
    html! {
        @for (index, part) in text(value).split('`').enumerate() {
            @if index % 2 == 1 { code { (part) } } @else { (part) }
        }
    }
}

fn members(value: &Value) -> &Map<String, Value> {
    static NONE: std::sync::LazyLock<Map<String, Value>> = std::sync::LazyLock::new(Map::new);
    value.as_object().unwrap_or(&NONE)
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
