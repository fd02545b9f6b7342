//! People, their grants, and the invitations by which they come.

use super::sql::{Connection, Row, SqlError, SqlResult, values};
use crate::people::{Grant, Person, Role};

/// What a sign-in is checked against.
pub(crate) struct Credentials {
    pub(crate) id: [u8; 16],
    pub(crate) password: Option<String>,
    pub(crate) disabled: bool,
    pub(crate) failures: i64,
    pub(crate) locked_until_ms: Option<i64>,
}

/// A link that waits to be followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Invitation {
    /// Who it is for, where that was said.
    pub(crate) login: Option<String>,
    pub(crate) grant: Grant,
    pub(crate) expires_ms: i64,
    /// Who invited; nobody invited the first of all.
    pub(crate) invited_by: Option<String>,
    pub(crate) accepted_ms: Option<i64>,
}

/// A new person.
pub(crate) struct Newcomer<'n> {
    pub(crate) id: &'n [u8; 16],
    pub(crate) login: &'n str,
    pub(crate) name: &'n str,
    pub(crate) password: Option<&'n str>,
    /// Who vouches, and under which name; see OpenID Connect's `iss` and `sub`.
    pub(crate) identity: Option<(&'n str, &'n str)>,
}

/// Adds a person; the login must be free.
pub(crate) fn add(connection: &Connection, new: &Newcomer<'_>, now_ms: i64) -> SqlResult<()> {
    let (issuer, subject) = new.identity.unzip();
    connection
        .execute(
            "insert into people (person_id, login, name, password, issuer, subject, created_ms)
             values (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            values![new.id, new.login, new.name, new.password, issuer, subject, now_ms],
        )
        .map(drop)
}

/// Gives a role at a place, in place of the one they had there.
pub(crate) fn grant(connection: &Connection, person: &[u8; 16], grant: &Grant) -> SqlResult<()> {
    connection
        .execute(
            "insert into grants (person_id, place, role) values (?1, ?2, ?3)
             on conflict (person_id, place) do update set role = excluded.role",
            values![person, grant.place.as_deref().unwrap_or(""), grant.role.name()],
        )
        .map(drop)
}

/// Takes what they may do at a place, or everywhere, where it was given for everywhere.
pub(crate) fn withdraw(connection: &Connection, person: &[u8; 16], place: Option<&str>) -> SqlResult<bool> {
    let delete = "delete from grants where person_id = ?1 and place = ?2";
    Ok(connection.execute(delete, values![person, place.unwrap_or("")])? > 0)
}

/// Lets a person in no more, or again.
pub(crate) fn disable(connection: &Connection, person: &[u8; 16], since_ms: Option<i64>) -> SqlResult<()> {
    connection
        .execute("update people set disabled_ms = ?2 where person_id = ?1", values![person, since_ms])
        .map(drop)
}

/// Sets a password, and forgets wrong ones.
pub(crate) fn set_password(connection: &Connection, person: &[u8; 16], hash: &str) -> SqlResult<()> {
    let update = "update people set password = ?2, failures = 0, locked_until_ms = null where person_id = ?1";
    connection.execute(update, values![person, hash]).map(drop)
}

/// Notes how many wrong passwords were tried in a row, and until when none is tried.
pub(crate) fn set_failures(
    connection: &Connection,
    person: &[u8; 16],
    failures: i64,
    locked_until_ms: Option<i64>,
) -> SqlResult<()> {
    let update = "update people set failures = ?2, locked_until_ms = ?3 where person_id = ?1";
    connection.execute(update, values![person, failures, locked_until_ms]).map(drop)
}

/// What somebody of this login has to bring.
pub(crate) fn credentials(connection: &Connection, login: &str) -> SqlResult<Option<Credentials>> {
    connection.query_opt(
        "select person_id, password, disabled_ms is not null, failures, locked_until_ms from people where login = ?1",
        values![login],
        |row| {
            Ok(Credentials {
                id: row.get(0)?,
                password: row.get(1)?,
                disabled: row.get(2)?,
                failures: row.get(3)?,
                locked_until_ms: row.get(4)?,
            })
        },
    )
}

/// A person with their grants.
pub(crate) fn find(connection: &Connection, person: &[u8; 16]) -> SqlResult<Option<Person>> {
    let query = "select person_id, login, name, disabled_ms from people where person_id = ?1";
    let Some(found) = connection.query_opt(query, values![person], read)? else { return Ok(None) };
    let grants = connection.query_all(
        "select role, place from grants where person_id = ?1 order by place",
        values![person],
        |row| read_grant(row, 0),
    )?;
    Ok(Some(Person { grants: grants.into_iter().flatten().collect(), ..found }))
}

/// Whom a provider knows by this name.
pub(crate) fn of_identity(connection: &Connection, issuer: &str, subject: &str) -> SqlResult<Option<Person>> {
    let query = "select person_id from people where issuer = ?1 and subject = ?2";
    let id = connection.query_opt(query, values![issuer, subject], |row| row.get::<[u8; 16]>(0))?;
    id.map_or(Ok(None), |id| find(connection, &id))
}

/// Binds an account to whom a provider knows by this name. Whether it was bound to nobody before.
pub(crate) fn set_identity(
    connection: &Connection,
    person: &[u8; 16],
    issuer: &str,
    subject: &str,
) -> SqlResult<bool> {
    let update = "update people set issuer = ?2, subject = ?3 where person_id = ?1 and issuer is null";
    Ok(connection.execute(update, values![person, issuer, subject])? > 0)
}

/// All people, by login.
pub(crate) fn list(connection: &Connection) -> SqlResult<Vec<Person>> {
    let query = "select person_id, login, name, disabled_ms from people order by login";
    let mut people = connection.query_all(query, &[], read)?;
    connection.each("select role, place, person_id from grants order by place", &[], |row| {
        let id: [u8; 16] = row.get(2)?;
        if let (Some(grant), Some(person)) =
            (read_grant(row, 0)?, people.iter_mut().find(|person| person.id == id))
        {
            person.grants.push(grant);
        }
        Ok::<_, SqlError>(())
    })?;
    Ok(people)
}

/// Keeps an invitation.
pub(crate) fn invite(
    connection: &Connection,
    digest: &[u8; 32],
    invitation: &Invitation,
    now_ms: i64,
) -> SqlResult<()> {
    let Invitation { login, grant, expires_ms, invited_by, .. } = invitation;
    connection
        .execute(
            "insert into invitations (digest, login, place, role, created_ms, expires_ms, invited_by)
             values (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            values![
                digest,
                login.as_deref(),
                grant.place.as_deref().unwrap_or(""),
                grant.role.name(),
                now_ms,
                *expires_ms,
                invited_by.as_deref()
            ],
        )
        .map(drop)
}

/// The invitation of this digest, also one that is over.
pub(crate) fn invitation(connection: &Connection, digest: &[u8; 32]) -> SqlResult<Option<Invitation>> {
    let query =
        "select role, place, login, expires_ms, invited_by, accepted_ms from invitations where digest = ?1";
    let found = connection.query_opt(query, values![digest], |row| {
        let Some(grant) = read_grant(row, 0)? else { return Ok(None) };
        Ok(Some(Invitation {
            grant,
            login: row.get(2)?,
            expires_ms: row.get(3)?,
            invited_by: row.get(4)?,
            accepted_ms: row.get(5)?,
        }))
    })?;
    Ok(found.flatten())
}

/// Ends what invitations of a login are still open.
pub(crate) fn void_invitations(connection: &Connection, login: &str, now_ms: i64) -> SqlResult<()> {
    let update = "update invitations set accepted_ms = ?2 where login = ?1 and accepted_ms is null";
    connection.execute(update, values![login, now_ms]).map(drop)
}

/// Whether somebody runs the collector everywhere.
pub(crate) fn is_any_admin(connection: &Connection) -> SqlResult<bool> {
    connection.exists(
        "select 1 from people join grants on grants.person_id = people.person_id
         where disabled_ms is null and place = '' and role = 'admin' limit 1",
        &[],
    )
}

/// Whether somebody has a role at just this place.
pub(crate) fn is_granted(connection: &Connection, place: &str) -> SqlResult<bool> {
    connection.exists("select 1 from grants where place = ?1 limit 1", values![place])
}

/// Gives a role at a place, unless they have a higher one there.
pub(crate) fn grant_at_least(connection: &Connection, person: &[u8; 16], wish: &Grant) -> SqlResult<()> {
    let known = find(connection, person)?.map(|person| person.grants).unwrap_or_default();
    let is_less = known.iter().any(|known| known.place == wish.place && known.role > wish.role);
    if is_less { Ok(()) } else { grant(connection, person, wish) }
}

/// Uses an invitation up. Whether it was this call that did.
pub(crate) fn accept(connection: &Connection, digest: &[u8; 32], now_ms: i64) -> SqlResult<bool> {
    let update = "update invitations set accepted_ms = ?2 where digest = ?1 and accepted_ms is null";
    Ok(connection.execute(update, values![digest, now_ms])? > 0)
}

fn read(row: &Row<'_>) -> SqlResult<Person> {
    Ok(Person {
        id: row.get(0)?,
        login: row.get(1)?,
        name: row.get(2)?,
        disabled_ms: row.get(3)?,
        grants: Vec::new(),
    })
}

/// The role and the place in the two columns from this one on; `None` for a role that a newer program gave.
fn read_grant(row: &Row<'_>, at: usize) -> SqlResult<Option<Grant>> {
    let (role, place): (String, String) = (row.get(at)?, row.get(at + 1)?);
    Ok(Role::named(&role).map(|role| Grant { role, place: Some(place).filter(|place| !place.is_empty()) }))
}
