//! Tokens for programs: making, listing, revoking them.

use std::collections::BTreeSet;

use super::{Admin, AdminError};
use crate::people::api_token::{ApiSecret, ApiToken, Scope};
use crate::storage::{places, tokens};

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;
/// Characters of a token's name at most.
pub const TOKEN_NAME_CHARS_MAX: usize = 60;
/// Days that a token holds at most: who needs it longer makes another one in time.
pub const TOKEN_DAYS_MAX: u16 = 730;
/// Days that a token holds where nothing else is said.
pub const TOKEN_DAYS: u16 = 365;

/// Why no token is made or revoked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenRefusal {
    /// A name nobody could read in a list.
    #[error(
        "the name of a token has 1 to {TOKEN_NAME_CHARS_MAX} characters, none of them a control character, and no space at its ends"
    )]
    BadName,
    /// The name is in use.
    #[error("there is a token `{0}` already; revoke that one first, or choose another name")]
    NameTaken(String),
    /// It would open nothing.
    #[error("the token was not made: it has no scope, so that it would open nothing; choose at least one")]
    NoScope,
    /// Too long, or no time at all.
    #[error("a token holds for 1 to {TOKEN_DAYS_MAX} days; give another number")]
    Days,
    /// No such place.
    #[error("there is no region or store `{0}`; `afterword-collector place list` shows all")]
    NoSuchPlace(String),
    /// There is no such token.
    #[error(
        "there is no token `{0}` that is not revoked already; `afterword-collector token list` shows all"
    )]
    NoSuchToken(String),
}

/// A token that was made. Its secret is nowhere stored: whoever loses it makes another one.
#[derive(Debug)]
pub struct NewToken {
    /// What a program sends.
    pub secret: ApiSecret,
    /// When it ends, milliseconds since 1970-01-01T00:00:00Z.
    pub expires_ms: i64,
}

/// What a token is to be.
#[derive(Debug, Clone)]
pub struct TokenWish {
    /// What people call it.
    pub name: String,
    /// What it may do.
    pub scopes: BTreeSet<Scope>,
    /// In which region or store; everywhere where there is none.
    pub place: Option<String>,
    /// For how many days, 1 to [`TOKEN_DAYS_MAX`].
    pub days: u16,
}

impl Admin {
    /// Makes a token for a program.
    ///
    /// # Errors
    /// [`AdminError::Token`], or the database.
    pub fn token_add(&mut self, wish: &TokenWish) -> Result<NewToken, AdminError> {
        let TokenWish { name, scopes, place, days } = wish;
        expect_name(name)?;
        if scopes.is_empty() {
            return Err(TokenRefusal::NoScope.into());
        }
        if !(1..=TOKEN_DAYS_MAX).contains(days) {
            return Err(TokenRefusal::Days.into());
        }
        let secret = ApiSecret::draw(&self.entropy);
        let now_ms = self.clock.wall_ms();
        let token = ApiToken {
            name: name.clone(),
            scopes: scopes.clone(),
            place: place.clone(),
            created_by: self.actor.name(),
            created_ms: now_ms,
            expires_ms: now_ms.saturating_add(i64::from(*days) * DAY_MS),
            last_used_ms: None,
            revoked_ms: None,
        };
        let transaction = self.transaction()?;
        if let Some(place) = place
            && places::tree(&transaction)?.find(place).is_none()
        {
            return Err(TokenRefusal::NoSuchPlace(place.clone()).into());
        }
        // One that has ended still shows in the list, and may be in use somewhere by mistake: it is revoked by hand.
        let in_use = |other: &ApiToken| other.name == *name && other.revoked_ms.is_none();
        if tokens::list(&transaction)?.iter().any(in_use) {
            return Err(TokenRefusal::NameTaken(name.clone()).into());
        }
        tokens::add(&transaction, &secret.digest(), &token)?;
        self.note(&transaction, "token.added", name, &words(&token))?;
        transaction.commit()?;
        Ok(NewToken { secret, expires_ms: token.expires_ms })
    }

    /// All tokens there ever were, by name, the oldest first.
    ///
    /// # Errors
    /// The database.
    pub fn token_list(&self) -> Result<Vec<ApiToken>, AdminError> {
        Ok(tokens::list(&self.connection)?)
    }

    /// Revokes a token: it opens nothing from the very next request on.
    ///
    /// # Errors
    /// [`TokenRefusal::NoSuchToken`], or the database.
    pub fn token_revoke(&mut self, name: &str) -> Result<(), AdminError> {
        let now_ms = self.clock.wall_ms();
        let transaction = self.transaction()?;
        if !tokens::revoke(&transaction, name, now_ms)? {
            return Err(TokenRefusal::NoSuchToken(name.to_owned()).into());
        }
        self.note(&transaction, "token.revoked", name, "")?;
        transaction.commit()?;
        Ok(())
    }
}

fn expect_name(name: &str) -> Result<(), TokenRefusal> {
    let fits = (1..=TOKEN_NAME_CHARS_MAX).contains(&name.chars().count());
    if fits && name.trim() == name && !name.contains(char::is_control) {
        Ok(())
    } else {
        Err(TokenRefusal::BadName)
    }
}

/// What a token may do, in words.
fn words(token: &ApiToken) -> String {
    let scopes: Vec<&str> = token.scopes.iter().map(|scope| scope.name()).collect();
    let place = token.place.as_ref().map_or("everywhere".to_owned(), |place| format!("at {place}"));
    format!("{} {place}", scopes.join(" "))
}
