//! Coming in with a password, and going.
//!
//! A password is tried only after the try was counted durably, and the count is taken back when it was right, so that tries that come
//! at once or end in a crash are no free ones. What fails is told in the same words whether the login or the password was wrong.
//! Invariant: whatever stands where a login does, one password is tried, at the same cost. What is written for a login that there is takes
//! some milliseconds more (SECURITY.md).

use super::peopling::{PersonRefusal, login_of};
use super::{Admin, AdminError};
use crate::people::password;
use crate::people::token::Token;
use crate::storage::{outbox, people, sessions};
use crate::webhooks::event::Event;

/// Wrong passwords in a row that cost nothing but a new try.
const FREE_TRIES: i64 = 5;
/// How long nothing is tried after the sixth, the seventh, … wrong one. Short at first: whoever knows a login can lock its owner out.
const LOCKS_MS: [i64; 4] = [60_000, 5 * 60_000, 15 * 60_000, 60 * 60_000];

impl Admin {
    /// Signs somebody in and gives the secret of their session. Takes a good part of a second.
    ///
    /// # Errors
    /// [`PersonRefusal::Wrong`], [`PersonRefusal::Locked`], or the database.
    pub fn sign_in(&mut self, login: &str, password: &str) -> Result<Token, AdminError> {
        let refuse = |refusal: PersonRefusal| Err(refusal.into());
        let Ok(login) = login_of(login) else {
            // It is nobody's, and takes as long to be so.
            password::is(password, None);
            return refuse(PersonRefusal::Wrong);
        };
        let now_ms = self.clock.wall_ms();
        let transaction = self.transaction()?;
        let known = people::credentials(&transaction, &login)?;
        if let Some(known) = &known {
            if let Some(until_ms) = known.locked_until_ms.filter(|until_ms| *until_ms > now_ms) {
                drop(transaction);
                // As long as it takes elsewhere.
                password::is(password, None);
                return refuse(PersonRefusal::Locked { wait_s: (until_ms - now_ms + 999) / 1_000 });
            }
            let failures = known.failures.saturating_add(1);
            let locked_until_ms = lock_ms(failures).map(|lock_ms| now_ms.saturating_add(lock_ms));
            people::set_failures(&transaction, &known.id, failures, locked_until_ms)?;
            transaction.commit()?;
        } else {
            drop(transaction);
        }
        let hash = known.as_ref().and_then(|known| known.password.as_deref());
        let is_right = password::is(password, hash);
        // Of a login that nobody has, nothing is kept: anybody could fill the log, and some type their password there.
        let Some(known) = known else { return refuse(PersonRefusal::Wrong) };
        if !is_right || known.disabled {
            let transaction = self.transaction()?;
            self.note_by(&transaction, login.clone(), "person.not_let_in", &login, "")?;
            if let Some(until_ms) =
                lock_ms(known.failures.saturating_add(1)).map(|ms| now_ms.saturating_add(ms))
            {
                outbox::tell(&transaction, &Event::of_block(&login, until_ms, now_ms))?;
            }
            transaction.commit()?;
            return refuse(PersonRefusal::Wrong);
        }
        let session = Token::draw(&self.entropy);
        let transaction = self.transaction()?;
        people::set_failures(&transaction, &known.id, 0, None)?;
        sessions::begin(&transaction, &session.digest(), &known.id, now_ms)?;
        self.note_by(&transaction, login.clone(), "person.let_in", &login, "")?;
        transaction.commit()?;
        Ok(session)
    }

    /// Ends a session.
    ///
    /// # Errors
    /// The database.
    pub fn sign_out(&mut self, session: &Token) -> Result<(), AdminError> {
        let transaction = self.transaction()?;
        sessions::end(&transaction, &session.digest())?;
        transaction.commit()?;
        Ok(())
    }
}

/// How long nothing is tried after so many wrong ones in a row.
fn lock_ms(failures: i64) -> Option<i64> {
    let beyond = usize::try_from(failures - FREE_TRIES).ok().filter(|beyond| *beyond > 0)?;
    Some(LOCKS_MS[(beyond - 1).min(LOCKS_MS.len() - 1)])
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use afterword_model::ports::{ManualClock, SeededEntropy};

    use super::*;
    use crate::admin::peopling::Acceptance;
    use crate::oidc::Identity;
    use crate::people::{Grant, Role};
    use crate::storage::open::open_or_create;

    #[test]
    fn the_sixth_wrong_one_closes_a_login_and_further_ones_for_longer() {
        assert_eq!([1, 5].map(lock_ms), [None, None]);
        assert_eq!(
            [6, 7, 9, 500].map(lock_ms),
            [Some(60_000), Some(300_000), Some(3_600_000), Some(3_600_000)]
        );
    }

    #[test]
    fn every_login_costs_one_try_whether_it_is_there_or_not() {
        const RIGHT: &str = "correct horse battery";
        let folder = tempfile::tempdir().unwrap();
        let (clock, entropy) = (Arc::new(ManualClock::at(1_000)), Arc::new(SeededEntropy::new(1)));
        drop(open_or_create(&folder.path().join("collector.db"), &*clock, &*entropy).unwrap());
        let mut admin = Admin::open(folder.path(), clock, entropy).unwrap();
        let link = admin.first_link().unwrap().unwrap();
        let accept = |login| Acceptance { login, name: "Somebody", password: RIGHT };
        admin.person_accept(&link.token, &accept("root@example.com")).unwrap();
        let viewer = Grant { role: Role::Viewer, place: None };
        for login in ["gone@example.com", "locked@example.com"] {
            let link = admin.person_invite(login, viewer.clone()).unwrap();
            admin.person_accept(&link.token, &accept(login)).unwrap();
        }
        admin.person_disable("gone@example.com", true).unwrap();
        let vouched_for = Identity {
            issuer: "https://login.example".into(),
            subject: "u-1".into(),
            login: "vouched@example.com".into(),
            name: "Somebody".into(),
            grants: Some(vec![viewer]),
        };
        admin.identity_sign_in(&vouched_for, None).unwrap();
        while !matches!(
            admin.sign_in("locked@example.com", "something else"),
            Err(AdminError::Person(PersonRefusal::Locked { .. }))
        ) {}

        let mut tried = |login: &str, password: &str| {
            password::tried::take();
            let is_in = admin.sign_in(login, password).is_ok();
            (is_in, password::tried::take())
        };
        let one = || vec!["argon2id m=19456,t=2,p=1".to_owned()];
        assert_eq!(tried("root@example.com", RIGHT), (true, one()));
        for login in [
            "root@example.com",
            "nobody@example.com",
            "gone@example.com",
            "vouched@example.com",
            "locked@example.com",
            "no login at all",
            "",
        ] {
            assert_eq!(tried(login, "something else"), (false, one()), "{login}");
        }
        for login in ["gone@example.com", "locked@example.com"] {
            assert_eq!(tried(login, RIGHT), (false, one()), "{login}");
        }
    }
}
