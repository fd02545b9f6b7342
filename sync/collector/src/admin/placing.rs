//! The tree of places: regions are made, stores are put into them.

use super::{Admin, AdminError};
use crate::storage::places::{self, DEPTH_MAX, Place, PlaceKind, Tree};
use crate::storage::sql::Connection;
use crate::storage::{day_notes, people};

/// Characters that the name of a region or store has at most, as the lists have room for it.
pub const PLACE_NAME_CHARS_MAX: usize = 80;

/// Why a place is not put there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlaceRefusal {
    /// A name nobody could read in a list.
    #[error(
        "the name of a region or store has 1 to {PLACE_NAME_CHARS_MAX} characters, none of them a control character, and no space at its ends"
    )]
    BadName,
    /// It is the other kind.
    #[error("`{name}` is a {is} already, and one name is one place; choose another name")]
    OtherKind {
        /// Which.
        name: String,
        /// What it is.
        is: &'static str,
    },
    /// There is no such region to be in.
    #[error(
        "there is no region `{0}`; add it first with `afterword-collector place add`, which needs --region"
    )]
    NoSuchRegion(String),
    /// There is no such place.
    #[error("there is no region or store `{0}`; `afterword-collector place list` shows all")]
    NoSuchPlace(String),
    /// Nothing can be within itself.
    #[error("`{name}` cannot be within `{within}`, which is itself within `{name}`; move that one first")]
    Circle {
        /// What was to be moved.
        name: String,
        /// Where to.
        within: String,
    },
    /// Too many regions lie in each other.
    #[error("regions lie in each other {DEPTH_MAX} deep at most; put `{0}` into one that is further out")]
    Deep(String),
    /// It would come back to whoever had a role there, when its name is used again.
    #[error(
        "somebody has a role at `{0}`; take it first, on the page People or with `afterword-collector person withdraw`"
    )]
    HasPeople(String),
    /// Something is still in it.
    #[error("`{name}` still holds `{holds}`; move that elsewhere first")]
    NotEmpty {
        /// The region.
        name: String,
        /// What is in it.
        holds: String,
    },
}

impl Admin {
    /// All regions and stores.
    ///
    /// # Errors
    /// The database.
    pub fn places(&self) -> Result<Tree, AdminError> {
        Ok(places::tree(&self.connection)?)
    }

    /// Adds a region or a store, or moves it to where it belongs from now on: into this region, or directly under the organisation.
    ///
    /// # Errors
    /// [`AdminError::Place`], or the database.
    pub fn place_put(&mut self, name: &str, kind: PlaceKind, within: Option<&str>) -> Result<(), AdminError> {
        expect_name(name)?;
        let transaction = self.transaction()?;
        let tree = places::tree(&transaction)?;
        check(&tree, name, kind, within)?;
        places::put(&transaction, name, &Place { kind, within: within.map(str::to_owned) })?;
        self.note(&transaction, "place.put", name, within.unwrap_or("the organisation"))?;
        transaction.commit()?;
        Ok(())
    }

    /// Says what people call the whole of it.
    ///
    /// # Errors
    /// [`PlaceRefusal::BadName`], or the database.
    pub fn name_organisation(&mut self, name: &str) -> Result<(), AdminError> {
        let name = name.trim();
        expect_name(name)?;
        let transaction = self.transaction()?;
        places::name_organisation(&transaction, name)?;
        self.note(&transaction, "organisation.named", name, "")?;
        transaction.commit()?;
        Ok(())
    }

    /// Takes a region away that nothing is in, or a store out of its region.
    ///
    /// # Errors
    /// [`AdminError::Place`], or the database.
    pub fn place_remove(&mut self, name: &str) -> Result<(), AdminError> {
        let transaction = self.transaction()?;
        let tree = places::tree(&transaction)?;
        if tree.find(name).is_none() {
            return Err(PlaceRefusal::NoSuchPlace(name.to_owned()).into());
        }
        if let Some((holds, _)) = tree.places().find(|(_, place)| place.within.as_deref() == Some(name)) {
            return Err(PlaceRefusal::NotEmpty { name: name.to_owned(), holds: holds.to_owned() }.into());
        }
        if people::is_granted(&transaction, name)? {
            return Err(PlaceRefusal::HasPeople(name.to_owned()).into());
        }
        places::remove(&transaction, name)?;
        if places::tree(&transaction)?.find(name).is_none() {
            // They would stand at whatever gets the name next.
            day_notes::withdraw_all_of(&transaction, name, self.clock.wall_ms())?;
        }
        self.note(&transaction, "place.removed", name, "")?;
        transaction.commit()?;
        Ok(())
    }
}

fn expect_name(name: &str) -> Result<(), PlaceRefusal> {
    if is_name(name) { Ok(()) } else { Err(PlaceRefusal::BadName) }
}

/// Whether a region or store can be called so.
pub(crate) fn is_name(name: &str) -> bool {
    let fits = (1..=PLACE_NAME_CHARS_MAX).contains(&name.chars().count());
    fits && name.trim() == name && !name.contains(char::is_control)
}

/// Refuses a store for a device that has the name of a region.
pub(super) fn expect_store(connection: &Connection, store: &str) -> Result<(), AdminError> {
    let tree = places::tree(connection)?;
    match tree.find(store).filter(|place| place.kind == PlaceKind::Region) {
        Some(region) => {
            Err(PlaceRefusal::OtherKind { name: store.to_owned(), is: region.kind.name() }.into())
        }
        None => Ok(()),
    }
}

fn check(tree: &Tree, name: &str, kind: PlaceKind, within: Option<&str>) -> Result<(), PlaceRefusal> {
    if let Some(known) = tree.find(name).filter(|known| known.kind != kind) {
        return Err(PlaceRefusal::OtherKind { name: name.to_owned(), is: known.kind.name() });
    }
    let Some(within) = within else { return Ok(()) };
    if tree.find(within).is_none_or(|place| place.kind != PlaceKind::Region) {
        return Err(PlaceRefusal::NoSuchRegion(within.to_owned()));
    }
    if tree.is_in(within, name) {
        return Err(PlaceRefusal::Circle { name: name.to_owned(), within: within.to_owned() });
    }
    if tree.around(within).len() + 1 + tree.depth_below(name) > DEPTH_MAX {
        return Err(PlaceRefusal::Deep(name.to_owned()));
    }
    Ok(())
}
