//! Tokens of programs, each by the SHA-256 of its secret.

use super::sql::{Connection, Row, SqlResult, values};
use crate::people::api_token::{ApiToken, Scope};

/// That a token was used is written down once in so long.
pub(crate) const USED_EVERY_MS: i64 = 60 * 1_000;

/// Keeps a new one.
pub(crate) fn add(connection: &Connection, digest: &[u8; 32], token: &ApiToken) -> SqlResult<()> {
    let scopes: Vec<&str> = token.scopes.iter().map(|scope| scope.name()).collect();
    let scopes = scopes.join(" ");
    connection
        .execute(
            "insert into api_tokens (digest, name, scopes, place, created_by, created_ms, expires_ms)
             values (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            values![
                digest,
                &token.name,
                &scopes,
                token.place.as_deref().unwrap_or(""),
                &token.created_by,
                token.created_ms,
                token.expires_ms
            ],
        )
        .map(drop)
}

/// The token of this digest, whether it holds or not.
pub(crate) fn find(connection: &Connection, digest: &[u8; 32]) -> SqlResult<Option<ApiToken>> {
    connection.query_opt(
        "select name, scopes, place, created_by, created_ms, expires_ms, last_used_ms, revoked_ms
         from api_tokens where digest = ?1",
        values![digest],
        read,
    )
}

/// All there ever were, by name, the oldest first.
pub(crate) fn list(connection: &Connection) -> SqlResult<Vec<ApiToken>> {
    connection.query_all(
        "select name, scopes, place, created_by, created_ms, expires_ms, last_used_ms, revoked_ms
         from api_tokens order by name, created_ms, digest",
        &[],
        read,
    )
}

/// Revokes the token of this name. Whether there was one that was not.
pub(crate) fn revoke(connection: &Connection, name: &str, now_ms: i64) -> SqlResult<bool> {
    let update = "update api_tokens set revoked_ms = ?2 where name = ?1 and revoked_ms is null";
    Ok(connection.execute(update, values![name, now_ms])? > 0)
}

/// Notes that one was used.
pub(crate) fn used(connection: &Connection, digest: &[u8; 32], now_ms: i64) -> SqlResult<()> {
    let update = "update api_tokens set last_used_ms = ?2 where digest = ?1";
    connection.execute(update, values![digest, now_ms]).map(drop)
}

fn read(row: &Row<'_>) -> SqlResult<ApiToken> {
    let (scopes, place): (String, String) = (row.get(1)?, row.get(2)?);
    Ok(ApiToken {
        name: row.get(0)?,
        // One that a newer program gave is none here.
        scopes: scopes.split(' ').filter_map(Scope::named).collect(),
        place: Some(place).filter(|place| !place.is_empty()),
        created_by: row.get(3)?,
        created_ms: row.get(4)?,
        expires_ms: row.get(5)?,
        last_used_ms: row.get(6)?,
        revoked_ms: row.get(7)?,
    })
}
