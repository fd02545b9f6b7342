//! People: inviting them, letting them in, saying what they may do.
//!
//! How somebody comes in with a password is `signing_in`. Invariant: once there is somebody who runs the collector everywhere, there always is.

use afterword_model::ports::Entropy as _;

use super::{Admin, AdminError};
use crate::people::password::{self, BadPassword};
use crate::people::token::Token;
use crate::people::{Grant, Person, Role};
use crate::storage::people::{self, Invitation, Newcomer};
use crate::storage::sql::Connection;
use crate::storage::{outbox, places, sessions};
use crate::webhooks::event::{Event, EventType};

/// How long an invitation holds.
pub const INVITATION_LIFE_MS: i64 = 3 * 24 * 60 * 60 * 1_000;
/// How long the link holds that a start prints for the first person of all.
pub const FIRST_LINK_LIFE_MS: i64 = 24 * 60 * 60 * 1_000;
/// Characters of a login or a name at most.
pub const LOGIN_CHARS_MAX: usize = 120;
/// Why something about people is not done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PersonRefusal {
    /// Nothing that can be typed at the sign-in.
    #[error(
        "a login has 1 to {LOGIN_CHARS_MAX} characters without spaces, as in ada@example.com; write it without control characters"
    )]
    BadLogin,
    /// Nothing that a page can show.
    #[error("a name has 1 to {LOGIN_CHARS_MAX} characters, none of them a control character")]
    BadName,
    /// No password.
    #[error(transparent)]
    Password(#[from] BadPassword),
    /// The link leads nowhere.
    #[error("this link is not one of ours, was used, or is over; ask for another one")]
    NoInvitation,
    /// The link is somebody else's.
    #[error("this link is for another login; use the one that it was made for")]
    OtherLogin,
    /// The login is in use.
    #[error(
        "`{0}` is somebody's login already; choose another one, or ask for a link that renews its password"
    )]
    LoginTaken(String),
    /// Nobody has this login.
    #[error("nobody has the login `{0}`; `afterword-collector person list` shows all")]
    NoSuchPerson(String),
    /// No such place.
    #[error("there is no region or store `{0}`; `afterword-collector place list` shows all")]
    NoSuchPlace(String),
    /// They have no role there.
    #[error("{login} has no role {place}, so that there is none to take")]
    NoGrant {
        /// Who.
        login: String,
        /// Where.
        place: String,
    },
    /// They may do nothing at all.
    #[error(
        "`{0}` has no role, so that a password would open nothing; give one with `afterword-collector person grant`"
    )]
    NoRole(String),
    /// Nobody would be left.
    #[error("`{0}` is the only admin everywhere; make somebody else one first, or nobody could any more")]
    LastAdmin(String),
    /// The provider knows them, and nobody here does.
    #[error(
        "the organisation's sign-in knows you, but this collector does not; ask an admin for a link, and sign in by following it"
    )]
    Stranger,
    /// None of their groups has a role.
    #[error("none of your groups has a role here; ask an admin which one you have to be in")]
    NoGroup,
    /// Not now.
    #[error("too many wrong passwords; this login is closed for {wait_s} more seconds")]
    Locked {
        /// Seconds.
        wait_s: i64,
    },
    /// Wrong.
    #[error(
        "the login or the password is wrong, or the login is closed for some minutes after too many wrong ones; try again later, or ask an admin for a link that renews the password"
    )]
    Wrong,
}

/// A link that makes an account or renews a password. It is shown once.
#[derive(Debug)]
pub struct InvitationLink {
    /// What stands at its end.
    pub token: Token,
    /// Until when it holds, milliseconds since 1970-01-01T00:00:00Z.
    pub expires_ms: i64,
}

/// What somebody fills in who follows a link.
pub struct Acceptance<'a> {
    /// What they want to type at the sign-in.
    pub login: &'a str,
    /// What they are called.
    pub name: &'a str,
    /// What only they know.
    pub password: &'a str,
}

impl Admin {
    /// A link for the first of all, who becomes an admin everywhere. `None` once somebody is.
    ///
    /// # Errors
    /// The database.
    pub fn first_link(&mut self) -> Result<Option<InvitationLink>, AdminError> {
        if people::is_any_admin(&self.connection)? {
            return Ok(None);
        }
        let grant = Grant { role: Role::Admin, place: None };
        let expires_ms = self.clock.wall_ms().saturating_add(FIRST_LINK_LIFE_MS);
        let invitation = Invitation { login: None, grant, expires_ms, invited_by: None, accepted_ms: None };
        self.invite(&invitation).map(Some)
    }

    /// A link for somebody who is to have a role. With a login it is for this one alone, and where somebody has that login it renews
    /// their password.
    ///
    /// # Errors
    /// [`AdminError::Person`], or the database.
    pub fn person_invite(&mut self, login: &str, grant: Grant) -> Result<InvitationLink, AdminError> {
        let login = login_of(login)?;
        expect_place(&self.connection, grant.place.as_deref())?;
        let expires_ms = self.clock.wall_ms().saturating_add(INVITATION_LIFE_MS);
        let invited_by = Some(self.actor.name());
        self.invite(&Invitation { login: Some(login), grant, expires_ms, invited_by, accepted_ms: None })
    }

    /// A link that renews somebody's password.
    ///
    /// # Errors
    /// [`PersonRefusal::NoSuchPerson`], or the database.
    pub fn person_renew(&mut self, login: &str) -> Result<InvitationLink, AdminError> {
        let person = self.person(login)?;
        let grant = person.grants.first().cloned().ok_or(PersonRefusal::NoRole(person.login))?;
        self.person_invite(login, grant)
    }

    fn invite(&mut self, invitation: &Invitation) -> Result<InvitationLink, AdminError> {
        let token = Token::draw(&self.entropy);
        let now_ms = self.clock.wall_ms();
        let transaction = self.transaction()?;
        people::invite(&transaction, &token.digest(), invitation, now_ms)?;
        let on = invitation.login.as_deref().unwrap_or("the first person");
        self.note(&transaction, "person.invited", on, &words(&invitation.grant))?;
        transaction.commit()?;
        Ok(InvitationLink { token, expires_ms: invitation.expires_ms })
    }

    /// The grant that a link is for, and the login where it names one. `None` when it is over, or was used.
    ///
    /// # Errors
    /// The database.
    pub fn invitation(&self, token: &Token) -> Result<Option<(Option<String>, Grant)>, AdminError> {
        Ok(self.open_invitation(&self.connection, token)?.map(|found| (found.login, found.grant)))
    }

    pub(super) fn open_invitation(
        &self,
        connection: &Connection,
        token: &Token,
    ) -> Result<Option<Invitation>, AdminError> {
        let found = people::invitation(connection, &token.digest())?;
        // Two starts before anybody came print two links; the first that is followed ends the other.
        let is_late = |found: &Invitation| {
            Ok::<_, AdminError>(found.invited_by.is_none() && people::is_any_admin(connection)?)
        };
        match found {
            Some(found)
                if found.accepted_ms.is_none()
                    && found.expires_ms > self.clock.wall_ms()
                    && !is_late(&found)? =>
            {
                Ok(Some(found))
            }
            _ => Ok(None),
        }
    }

    /// Follows a link: makes the account, or renews its password. Sessions of before end. Gives the secret of a new one.
    ///
    /// # Errors
    /// [`AdminError::Person`]; then the link still holds.
    pub fn person_accept(&mut self, token: &Token, wish: &Acceptance<'_>) -> Result<Token, AdminError> {
        let login = login_of(wish.login)?;
        let name = name_of(wish.name)?;
        password::check(wish.password, &login).map_err(PersonRefusal::from)?;
        let refuse = |refusal: PersonRefusal| Err(refusal.into());
        // Asked before the hash is made: nobody without a link is worth its cost.
        if self.open_invitation(&self.connection, token)?.is_none() {
            return refuse(PersonRefusal::NoInvitation);
        }
        let hash = password::hash(wish.password, &*self.entropy);
        let (now_ms, fresh) = (self.clock.wall_ms(), self.entropy.bytes());
        let session = Token::draw(&self.entropy);
        let transaction = self.transaction()?;
        let Some(found) = self.open_invitation(&transaction, token)? else {
            return refuse(PersonRefusal::NoInvitation);
        };
        if found.login.as_ref().is_some_and(|wanted| *wanted != login) {
            return refuse(PersonRefusal::OtherLogin);
        }
        people::accept(&transaction, &token.digest(), now_ms)?;
        let account = people::credentials(&transaction, &login)?;
        let before = account.as_ref().map_or(Ok(None), |known| people::find(&transaction, &known.id))?;
        let id = match account {
            Some(known) if found.login.is_some() && !known.disabled => {
                people::set_password(&transaction, &known.id, &hash)?;
                sessions::end_all_of(&transaction, &known.id)?;
                known.id
            }
            Some(_) => return refuse(PersonRefusal::LoginTaken(login)),
            None => {
                let password = Some(hash.as_str());
                let new = Newcomer { id: &fresh, login: &login, name: &name, password, identity: None };
                people::add(&transaction, &new, now_ms)?;
                fresh
            }
        };
        people::grant_at_least(&transaction, &id, &found.grant)?;
        sessions::begin(&transaction, &session.digest(), &id, now_ms)?;
        self.note_by(&transaction, login.clone(), "person.came", &login, &words(&found.grant))?;
        // Also where the role is the one they had: the password is another.
        self.tell_person(&transaction, &id, before.as_ref(), true)?;
        transaction.commit()?;
        Ok(session)
    }

    /// All people, by login.
    ///
    /// # Errors
    /// The database.
    pub fn person_list(&self) -> Result<Vec<Person>, AdminError> {
        Ok(people::list(&self.connection)?)
    }

    /// Gives somebody a role at a place, in place of the one they have there.
    ///
    /// # Errors
    /// [`AdminError::Person`], or the database.
    pub fn person_grant(&mut self, login: &str, grant: &Grant) -> Result<(), AdminError> {
        let transaction = self.transaction()?;
        expect_place(&transaction, grant.place.as_deref())?;
        let person = self.person(login)?;
        if grant.place.is_none() && grant.role < Role::Admin {
            expect_another_admin(&transaction, &person)?;
        }
        people::grant(&transaction, &person.id, grant)?;
        people::void_invitations(&transaction, &person.login, self.clock.wall_ms())?;
        self.note(&transaction, "person.granted", &person.login, &words(grant))?;
        self.tell_person(&transaction, &person.id, Some(&person), false)?;
        transaction.commit()?;
        Ok(())
    }

    /// Takes what somebody may do at a place, or everywhere, where it was given so.
    ///
    /// # Errors
    /// [`AdminError::Person`], or the database.
    pub fn person_withdraw(&mut self, login: &str, place: Option<&str>) -> Result<(), AdminError> {
        let transaction = self.transaction()?;
        let person = self.person(login)?;
        if place.is_none() {
            expect_another_admin(&transaction, &person)?;
        }
        if !people::withdraw(&transaction, &person.id, place)? {
            let place = place.map_or("everywhere".into(), |place| format!("at {place}"));
            return Err(PersonRefusal::NoGrant { login: person.login, place }.into());
        }
        people::void_invitations(&transaction, &person.login, self.clock.wall_ms())?;
        self.note(&transaction, "person.withdrawn", &person.login, place.unwrap_or("everywhere"))?;
        self.tell_person(&transaction, &person.id, Some(&person), false)?;
        transaction.commit()?;
        Ok(())
    }

    /// Lets somebody in no more, from their very next request on; or again.
    ///
    /// # Errors
    /// [`AdminError::Person`], or the database.
    pub fn person_disable(&mut self, login: &str, disable: bool) -> Result<(), AdminError> {
        let now_ms = self.clock.wall_ms();
        let transaction = self.transaction()?;
        let person = self.person(login)?;
        if disable {
            expect_another_admin(&transaction, &person)?;
            sessions::end_all_of(&transaction, &person.id)?;
            people::void_invitations(&transaction, &person.login, now_ms)?;
        }
        people::disable(&transaction, &person.id, disable.then_some(now_ms))?;
        let what = if disable { "person.disabled" } else { "person.enabled" };
        self.note(&transaction, what, &person.login, "")?;
        self.tell_person(&transaction, &person.id, Some(&person), false)?;
        transaction.commit()?;
        Ok(())
    }

    /// Tells other programs, in the caller's transaction, what has become of somebody who was like this before; of nothing, where nothing has.
    pub(super) fn tell_person(
        &self,
        connection: &Connection,
        id: &[u8; 16],
        before: Option<&Person>,
        comes_in_anew: bool,
    ) -> Result<(), AdminError> {
        let Some(now) = people::find(connection, id)? else { return Ok(()) };
        let was_let_in = before.is_none_or(|before| before.disabled_ms.is_none());
        let kind = match before {
            None => EventType::PersonAdded,
            Some(_) if was_let_in && now.disabled_ms.is_some() => EventType::PersonRemoved,
            Some(before) if comes_in_anew || before.grants != now.grants => EventType::PersonChanged,
            Some(_) if was_let_in == now.disabled_ms.is_none() => return Ok(()),
            Some(_) => EventType::PersonChanged,
        };
        Ok(outbox::tell(connection, &Event::of_person(kind, &now, self.clock.wall_ms()))?)
    }

    fn person(&self, login: &str) -> Result<Person, AdminError> {
        let wanted = login.trim().to_lowercase();
        let found = people::list(&self.connection)?.into_iter().find(|person| person.login == wanted);
        Ok(found.ok_or_else(|| PersonRefusal::NoSuchPerson(login.to_owned()))?)
    }
}

/// A login in its one spelling.
pub(super) fn login_of(text: &str) -> Result<String, PersonRefusal> {
    let login = text.trim().to_lowercase();
    let fits = (1..=LOGIN_CHARS_MAX).contains(&login.chars().count());
    let strange = |character: char| character.is_control() || character.is_whitespace();
    if fits && !login.contains(strange) { Ok(login) } else { Err(PersonRefusal::BadLogin) }
}

pub(super) fn name_of(text: &str) -> Result<String, PersonRefusal> {
    let name = text.trim();
    let fits = (1..=LOGIN_CHARS_MAX).contains(&name.chars().count()) && !name.contains(char::is_control);
    if fits { Ok(name.to_owned()) } else { Err(PersonRefusal::BadName) }
}

fn expect_place(connection: &Connection, place: Option<&str>) -> Result<(), AdminError> {
    let Some(place) = place else { return Ok(()) };
    if places::tree(connection)?.find(place).is_none() {
        return Err(PersonRefusal::NoSuchPlace(place.to_owned()).into());
    }
    Ok(())
}

/// Refuses what would leave nobody who runs the collector.
pub(super) fn expect_another_admin(connection: &Connection, person: &Person) -> Result<(), AdminError> {
    let runs = |person: &Person| person.is_everywhere(Role::Admin) && person.disabled_ms.is_none();
    let is_last =
        runs(person) && !people::list(connection)?.iter().any(|other| other.id != person.id && runs(other));
    if is_last { Err(PersonRefusal::LastAdmin(person.login.clone()).into()) } else { Ok(()) }
}

/// A grant in words.
pub(super) fn words(grant: &Grant) -> String {
    match &grant.place {
        Some(place) => format!("{} at {place}", grant.role.name()),
        None => format!("{} everywhere", grant.role.name()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_has_one_spelling() {
        assert_eq!(login_of(" Ada@Example.com "), Ok("ada@example.com".into()));
        for wrong in ["", "  ", "ada lovelace", "ada\u{7}"] {
            assert_eq!(login_of(wrong), Err(PersonRefusal::BadLogin));
        }
    }
}
