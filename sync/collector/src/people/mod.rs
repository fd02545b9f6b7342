//! People who work with the collector: what each may do, and where.
//!
//! Rights are a ladder: each role may do what the one below it may. They hold for a place and all that lies in it, so that a store's
//! manager sees one store and a lead of a region all of its stores. Pure: what is kept of people is in `storage`.

pub(crate) mod api_token;
pub(crate) mod audit;
pub(crate) mod password;
pub(crate) mod token;

use std::collections::BTreeSet;

use crate::storage::Tree;

/// What a person may do, from little to much.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Reads numbers, responses and the state of the kiosks.
    Viewer,
    /// Sees to follow-ups as well: a store's manager.
    Manager,
    /// Decides as well what is asked and what is published, and takes data out.
    Lead,
    /// Runs the collector as well: kiosks, people, keys, erasure.
    Admin,
}

impl Role {
    /// All of them, from little to much.
    pub const ALL: [Self; 4] = [Self::Viewer, Self::Manager, Self::Lead, Self::Admin];

    /// As it is stored and typed.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Manager => "manager",
            Self::Lead => "lead",
            Self::Admin => "admin",
        }
    }

    /// As people read it.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Viewer => "Viewer",
            Self::Manager => "Store manager",
            Self::Lead => "CX lead",
            Self::Admin => "Admin",
        }
    }

    /// What it lets a person do, in one sentence.
    #[must_use]
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Viewer => "reads numbers, responses and the state of the kiosks",
            Self::Manager => "also sees to follow-ups",
            Self::Lead => "also decides what is asked and what is published, and takes data out",
            Self::Admin => "also runs kiosks, people and keys",
        }
    }

    /// The role of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }
}

/// A role at a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// What.
    pub role: Role,
    /// The region or store; everywhere where there is none.
    pub place: Option<String>,
}

/// A person, as a request knows them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Sixteen bytes that are theirs for good.
    pub id: [u8; 16],
    /// What they type to come in, in lower case.
    pub login: String,
    /// What they are called.
    pub name: String,
    /// What they may do, and where.
    pub grants: Vec<Grant>,
    /// Since when they are let in no more.
    pub disabled_ms: Option<i64>,
}

/// Which stores somebody may look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stores {
    /// All, those too that come later, and the devices that stand in none.
    All,
    /// These.
    Some(BTreeSet<String>),
}

impl Stores {
    /// Whether what is in this store, or in none, is among them.
    #[must_use]
    pub fn hold(&self, store: Option<&str>) -> bool {
        match self {
            Self::All => true,
            Self::Some(stores) => store.is_some_and(|store| stores.contains(store)),
        }
    }

    /// Whether they hold all of a region or store, which has to have stores; all there is where no place is named.
    pub(crate) fn hold_all_of(&self, place: Option<&str>, tree: &Tree) -> bool {
        let Some(place) = place.filter(|_| *self != Self::All) else { return *self == Self::All };
        let there = tree.stores_in(place);
        !there.is_empty() && there.iter().all(|store| self.hold(Some(store)))
    }

    /// Those of them that lie in a region, or the one of this name; all of them where no place is named.
    pub(crate) fn at(&self, place: &str, tree: &Tree) -> Self {
        if place.is_empty() {
            return self.clone();
        }
        let stores = tree.stores_in(place).into_iter().filter(|store| self.hold(Some(store)));
        Self::Some(stores.map(str::to_owned).collect())
    }

    /// Their names; none where they are all.
    pub(crate) fn names(self) -> Option<Vec<String>> {
        match self {
            Self::All => None,
            Self::Some(stores) => Some(stores.into_iter().collect()),
        }
    }
}

impl Person {
    /// Whether they have this role or a higher one everywhere.
    #[must_use]
    pub fn is_everywhere(&self, role: Role) -> bool {
        self.grants.iter().any(|grant| grant.place.is_none() && grant.role >= role)
    }

    /// Whether they have this role or a higher one anywhere.
    #[must_use]
    pub fn is_somewhere(&self, role: Role) -> bool {
        self.grants.iter().any(|grant| grant.role >= role)
    }

    /// The stores in which they have this role or a higher one.
    #[must_use]
    pub fn stores(&self, role: Role, tree: &Tree) -> Stores {
        if self.is_everywhere(role) {
            return Stores::All;
        }
        let granted = self.grants.iter().filter(|grant| grant.role >= role);
        let places = granted.filter_map(|grant| grant.place.as_deref());
        Stores::Some(places.flat_map(|place| tree.stores_in(place)).map(str::to_owned).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::{Place, PlaceKind};

    fn person(grants: &[(Role, Option<&str>)]) -> Person {
        let grants =
            grants.iter().map(|(role, place)| Grant { role: *role, place: place.map(str::to_owned) });
        Person {
            id: [1; 16],
            login: "ada@example.com".into(),
            name: "Ada".into(),
            grants: grants.collect(),
            disabled_ms: None,
        }
    }

    fn tree() -> Tree {
        let place = |kind, within: Option<&str>| Place { kind, within: within.map(str::to_owned) };
        Tree::of([
            ("North", place(PlaceKind::Region, None)),
            ("Quayside", place(PlaceKind::Store, Some("North"))),
            ("Mill Lane", place(PlaceKind::Store, Some("North"))),
            ("Bridge End", place(PlaceKind::Store, None)),
        ])
    }

    #[test]
    fn a_role_holds_in_its_place_and_in_all_that_lies_there() {
        let somebody = person(&[(Role::Manager, Some("North")), (Role::Viewer, Some("Bridge End"))]);
        let manages = somebody.stores(Role::Manager, &tree());
        assert!(manages.hold(Some("Quayside")) && manages.hold(Some("Mill Lane")));
        assert!(!manages.hold(Some("Bridge End")) && !manages.hold(None));
        assert!(somebody.stores(Role::Viewer, &tree()).hold(Some("Bridge End")));
        assert_eq!(somebody.stores(Role::Lead, &tree()), Stores::Some(BTreeSet::new()));
    }

    #[test]
    fn a_role_everywhere_holds_where_no_store_is_too() {
        let somebody = person(&[(Role::Lead, None)]);
        assert_eq!(somebody.stores(Role::Viewer, &tree()), Stores::All);
        assert!(somebody.is_everywhere(Role::Lead) && !somebody.is_everywhere(Role::Admin));
        assert!(Stores::All.hold(None));
    }
}
