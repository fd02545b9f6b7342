//! People who come by way of the organisation's own sign-in.
//!
//! Somebody is who the provider says, by its name and theirs there. A first time needs a link that somebody sent, or a group that has a role;
//! an address that is the login of an account opens that account only with a link that was made for it. Where groups have roles, they
//! decide at each sign-in what somebody may do, and what they no longer say is taken away; only the last admin everywhere stays one.

use afterword_model::ports::Entropy as _;

use super::peopling::{PersonRefusal, expect_another_admin, login_of, name_of, words};
use super::{Admin, AdminError};
use crate::oidc::Identity;
use crate::people::token::Token;
use crate::people::{Grant, Person};
use crate::storage::people::{self, Newcomer};
use crate::storage::sql::{Connection, Transaction};
use crate::storage::{places, sessions};

/// What stands in the audit log beside who was let in.
const BY: &str = "by the organisation's sign-in";

impl Admin {
    /// Signs in whom the provider knows, following a link where they did, and gives the secret of their session.
    ///
    /// # Errors
    /// [`AdminError::Person`], or the database.
    pub fn identity_sign_in(
        &mut self,
        identity: &Identity,
        invitation: Option<&Token>,
    ) -> Result<Token, AdminError> {
        let (now_ms, session) = (self.clock.wall_ms(), Token::draw(&self.entropy));
        let transaction = self.transaction()?;
        let id = match self.identified(&transaction, identity, invitation) {
            Ok(id) => id,
            Err(AdminError::Person(refusal)) => {
                // Who they are is known: somebody vouches for it, so that this fills no log with what anybody types.
                drop(transaction);
                let transaction = self.transaction()?;
                let more = format!("{BY}: {refusal}");
                self.note_by(&transaction, BY.to_owned(), "person.not_let_in", &called(identity), &more)?;
                transaction.commit()?;
                return Err(refusal.into());
            }
            Err(other) => return Err(other),
        };
        let Some(person) = people::find(&transaction, &id)?.filter(|person| !person.grants.is_empty()) else {
            // What groups took away stays taken, and whatever is open of them ends.
            sessions::end_all_of(&transaction, &id)?;
            let more = format!("{BY}: {}", PersonRefusal::NoGroup);
            self.note_by(&transaction, BY.to_owned(), "person.not_let_in", &called(identity), &more)?;
            transaction.commit()?;
            return Err(PersonRefusal::NoGroup.into());
        };
        sessions::begin(&transaction, &session.digest(), &id, now_ms)?;
        self.note_by(&transaction, person.login.clone(), "person.let_in", &person.login, BY)?;
        transaction.commit()?;
        Ok(session)
    }

    /// Whose account it is, made or bound to the identity where a link or a group lets that be.
    fn identified(
        &self,
        transaction: &Transaction<'_>,
        identity: &Identity,
        invitation: Option<&Token>,
    ) -> Result<[u8; 16], AdminError> {
        let before = people::list(transaction)?;
        let known = people::of_identity(transaction, &identity.issuer, &identity.subject)?;
        if known.as_ref().is_some_and(|known| known.disabled_ms.is_some()) {
            return Err(PersonRefusal::Stranger.into());
        }
        if known.is_none() && identity.grants.as_ref().is_some_and(Vec::is_empty) {
            return Err(PersonRefusal::NoGroup.into());
        }
        let id = match invitation {
            Some(token) => self.invited(transaction, identity, known, token)?,
            None => match known {
                Some(known) => known.id,
                None if identity.grants.is_some() => {
                    self.newcomer(transaction, identity, &login_of(&identity.login)?)?
                }
                None => return Err(PersonRefusal::Stranger.into()),
            },
        };
        if let Some(grants) = &identity.grants {
            self.follow_groups(transaction, &id, grants)?;
        }
        let before = before.iter().find(|person| person.id == id);
        self.tell_person(transaction, &id, before, invitation.is_some())?;
        Ok(id)
    }

    fn invited(
        &self,
        transaction: &Transaction<'_>,
        identity: &Identity,
        known: Option<Person>,
        token: &Token,
    ) -> Result<[u8; 16], AdminError> {
        let found = self.open_invitation(transaction, token)?.ok_or(PersonRefusal::NoInvitation)?;
        let login = match &found.login {
            Some(login) => login.clone(),
            None => login_of(&identity.login)?,
        };
        people::accept(transaction, &token.digest(), self.clock.wall_ms())?;
        let id = match (known, people::credentials(transaction, &login)?) {
            (Some(known), _) if known.login == login || found.login.is_none() => known.id,
            (Some(_), _) => return Err(PersonRefusal::OtherLogin.into()),
            (None, Some(account)) if found.login.is_some() && !account.disabled => {
                if !people::set_identity(transaction, &account.id, &identity.issuer, &identity.subject)? {
                    return Err(PersonRefusal::LoginTaken(login).into());
                }
                account.id
            }
            (None, Some(_)) => return Err(PersonRefusal::LoginTaken(login).into()),
            (None, None) => self.newcomer(transaction, identity, &login)?,
        };
        people::grant_at_least(transaction, &id, &found.grant)?;
        self.note_by(transaction, login.clone(), "person.came", &login, &words(&found.grant))?;
        Ok(id)
    }

    fn newcomer(
        &self,
        connection: &Connection,
        identity: &Identity,
        login: &str,
    ) -> Result<[u8; 16], AdminError> {
        if people::credentials(connection, login)?.is_some() {
            return Err(PersonRefusal::LoginTaken(login.to_owned()).into());
        }
        let id = self.entropy.bytes();
        // What a provider calls somebody is shown on pages, and need not fit.
        let name = name_of(&identity.name).unwrap_or_else(|_| login.to_owned());
        let identity = Some((&*identity.issuer, &*identity.subject));
        let new = Newcomer { id: &id, login, name: &name, password: None, identity };
        people::add(connection, &new, self.clock.wall_ms())?;
        Ok(id)
    }

    /// Gives what groups say, and takes what they do not.
    fn follow_groups(
        &self,
        connection: &Connection,
        id: &[u8; 16],
        grants: &[Grant],
    ) -> Result<(), AdminError> {
        let tree = places::tree(connection)?;
        let there = |grant: &&Grant| grant.place.as_deref().is_none_or(|place| tree.find(place).is_some());
        let grants: Vec<&Grant> = grants.iter().filter(there).collect();
        let Some(person) = people::find(connection, id)? else { return Ok(()) };
        for held in person.grants.iter().filter(|held| !grants.contains(held)) {
            let is_last = held.place.is_none() && expect_another_admin(connection, &person).is_err();
            if is_last {
                continue;
            }
            people::withdraw(connection, id, held.place.as_deref())?;
            self.note_by(connection, BY.to_owned(), "person.withdrawn", &person.login, &words(held))?;
        }
        for grant in grants.iter().filter(|grant| !person.grants.contains(**grant)) {
            let keeps = person.grants.iter().any(|held| held.place == grant.place && held.role > grant.role);
            if keeps && grant.place.is_none() && expect_another_admin(connection, &person).is_err() {
                continue;
            }
            people::grant(connection, id, grant)?;
            self.note_by(connection, BY.to_owned(), "person.granted", &person.login, &words(grant))?;
        }
        Ok(())
    }
}

/// What a provider calls somebody, as the log can hold it: they may write there what they like.
fn called(identity: &Identity) -> String {
    login_of(&identity.login).unwrap_or_else(|_| "somebody whose name is none".into())
}
