//! Dividing the tables among the servers of a Citus cluster, each device's rows on one of them.
//!
//! The one list of which table goes where. What Citus asks of them: a unique key of a divided table holds `device_id`; what it refers to is
//! divided alike or stands on every server; no table has a trigger. That is why `devices` stands on every server: that a code or a name is
//! nobody else's is then kept by keys of its own, and the tables and triggers that keep it elsewhere go.
//! Each statement is made once: one that was made is passed over the next time, so that a run that broke off is simply run again.

use super::Postgres;
use super::connect::CLUSTER_SETTINGS;
use crate::storage::sql::SqlResult;

/// Divided by device, so that what is referred to comes first.
const BY_DEVICE: [&str; 18] = [
    "stores",
    "records",
    "receipts",
    "quarantine",
    "carried",
    "erased",
    "heartbeats",
    "former_epochs",
    "lost_ranges",
    "case_steps",
    "counted",
    "boot_times",
    "former_stores",
    "cells",
    "rollout_devices",
    "device_settings",
    "retained",
    "webhook_marks",
];

/// On every server, so that what is referred to comes first.
const EVERYWHERE: [&str; 20] = [
    "devices",
    "changes",
    "server",
    "afterword_migrations",
    "places",
    "people",
    "grants",
    "invitations",
    "sessions",
    "audit",
    "store_tallies",
    "store_days",
    "all_days",
    "setting_layers",
    "rollouts",
    "api_tokens",
    "retention",
    "webhook_endpoints",
    "webhook_messages",
    "day_notes",
];

/// What keeps codes and names apart where `devices` is divided, and is not needed where it stands on every server.
const KEYS_OF_DEVICES: [(&str, &str); 2] = [
    (
        "devices_have_their_codes",
        "create unique index devices_have_their_codes on devices (code_digest); drop table if exists device_codes",
    ),
    (
        "devices_have_their_names",
        "create unique index devices_have_their_names on devices (name) where revoked_ms is null; drop table if exists device_names",
    ),
];
const NO_TRIGGERS: &str = "drop trigger devices_claim_on_insert on devices; drop trigger devices_claim_on_update on devices; \
                           drop function keep_device_claims()";

/// Rows of before lie on the coordinator still, where nobody finds them and nothing erases them.
const LEAVE_NOTHING: &str = "select truncate_local_data_after_distributing_table(logicalrelid) from pg_dist_partition \
                             join pg_class on pg_class.oid = logicalrelid where relnamespace = current_schema()::regnamespace";

/// Whether this database is a Citus coordinator's.
pub(crate) fn is_cluster(database: &Postgres) -> SqlResult<bool> {
    let query = "select exists (select from pg_catalog.pg_proc where proname = 'create_reference_table')";
    Ok(says(database, query)? && database.finds_table("pg_dist_partition")?)
}

/// What is still to be done, in its order.
pub(crate) fn statements(database: &Postgres) -> SqlResult<Vec<String>> {
    let mut statements = Vec::new();
    if says(
        database,
        "select exists (select from pg_catalog.pg_trigger where tgname = 'devices_claim_on_insert')",
    )? {
        statements.push(NO_TRIGGERS.to_owned());
    }
    for (key, statement) in KEYS_OF_DEVICES {
        if !database.finds_table(key)? {
            statements.push(statement.to_owned());
        }
    }
    let done = placed(database)?;
    let missing = |table: &str| !done.iter().any(|done| done == table);
    let mut placing = Vec::new();
    for table in EVERYWHERE.iter().filter(|table| missing(table)) {
        placing.push(format!("select create_reference_table('{table}')"));
    }
    if BY_DEVICE.iter().any(|table| missing(table)) {
        // Indexes of records call it.
        placing.push("select create_distributed_function('instr(bytea, bytea)')".to_owned());
    }
    for table in BY_DEVICE.iter().filter(|table| missing(table)) {
        let beside = if *table == BY_DEVICE[0] { "none" } else { BY_DEVICE[0] };
        placing.push(format!(
            "select create_distributed_table('{table}', 'device_id', colocate_with => '{beside}')"
        ));
    }
    if let Some(last) = placing.last_mut() {
        // All or nothing, so that a table that has no place says that this is still to be done; before, others refer to what is emptied.
        *last = format!("{last}; {LEAVE_NOTHING}");
        // This connection has them; whoever runs the statements himself has not.
        statements.push(CLUSTER_SETTINGS.to_owned());
    }
    statements.extend(placing);
    Ok(statements)
}

/// Tables that have their place already; none, where there is no Citus.
fn placed(database: &Postgres) -> SqlResult<Vec<String>> {
    if !is_cluster(database)? {
        return Ok(Vec::new());
    }
    // Not those of which Citus has made a table of its own on the coordinator, because they refer to another.
    let query = "select logicalrelid::regclass::text from pg_dist_partition where partmethod <> 'n' or repmodel = 't'";
    let placed = database.wait(database.client.query_typed(query, &[]))?;
    Ok(placed.iter().map(|row| row.get(0)).collect())
}

fn says(database: &Postgres, query: &str) -> SqlResult<bool> {
    let rows = database.wait(database.client.query_typed(query, &[]))?;
    Ok(rows.first().is_some_and(|row| row.get(0)))
}
