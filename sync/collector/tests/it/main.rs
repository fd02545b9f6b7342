//! The collector as its clients meet it: a real server, real TLS, loopback, port 0. One file for each route,
//! one for what lies below the routes, one for the command line, one that holds PROTOCOL.md to the code.

mod batches;
mod command_line;
mod connections;
mod enrolments;
mod protocol_page;
mod support;
mod verification;
