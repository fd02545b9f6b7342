//! The collector as its clients meet it: a real server, real TLS, loopback, port 0. One file for each route,
//! one for what lies below the routes, one for the command line, one that holds PROTOCOL.md to the code.

#![expect(
    clippy::unwrap_used,
    reason = "in the helpers of tests, as in the tests themselves, a surprise is a failure"
)]

mod api;
mod attained;
mod backups;
mod batches;
mod browser;
mod carried;
mod cases;
mod changes;
mod command_line;
mod completeness;
mod configuration;
mod connections;
mod contacts;
mod courier;
mod day_notes;
mod effect;
mod enrolments;
mod erasing;
mod exports;
mod follow_ups;
mod heartbeats;
mod in_process;
mod jar;
mod leaving;
mod metrics;
mod numbers;
mod oidc;
mod pages;
mod people;
mod privacy;
mod protocol_page;
mod renewals;
mod request_ids;
mod rotation;
mod support;
mod tokens;
mod turns;
mod verification;
mod webhooks;
