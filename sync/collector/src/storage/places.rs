//! Where stores are: a tree of regions under the organisation, with the stores as its leaves.
//!
//! Whom a person may see, and which settings a device gets, follow this tree. A store is known as soon as a device names it; it has a row
//! here once somebody puts it into a region. Names are the organisation's own and are unique across regions and stores, so that a name
//! alone says what is meant. Invariants: nothing is within itself, at any depth; only regions have something within them.

use std::collections::{BTreeMap, BTreeSet};

use super::sql::{Connection, SqlError, SqlResult, values};

/// Regions within regions at most; deeper than that nobody organises shops, and a walk to the top always ends.
pub(crate) const DEPTH_MAX: usize = 8;

/// What a place is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PlaceKind {
    /// Has stores or further regions within it.
    Region,
    /// Has devices.
    Store,
}

impl PlaceKind {
    /// As it stands in the database and in what programs read.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Region => "region",
            Self::Store => "store",
        }
    }
}

/// A region or a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// What it is.
    pub kind: PlaceKind,
    /// The region around it; none where it is directly under the organisation.
    pub within: Option<String>,
}

/// All places by their names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tree(BTreeMap<String, Place>);

impl Tree {
    /// A tree of these places.
    #[cfg(test)]
    pub(crate) fn of<const N: usize>(places: [(&str, Place); N]) -> Self {
        Self(places.map(|(name, place)| (name.to_owned(), place)).into())
    }

    /// All there are, by name.
    pub fn places(&self) -> impl Iterator<Item = (&str, &Place)> {
        self.0.iter().map(|(name, place)| (name.as_str(), place))
    }

    /// The place of this name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&Place> {
        self.0.get(name)
    }

    /// The regions around a place, the nearest first; none for a place that is not known.
    #[must_use]
    pub fn around(&self, name: &str) -> Vec<&str> {
        let mut around = Vec::new();
        let mut at = self.0.get(name);
        while let Some(region) = at.and_then(|place| place.within.as_deref()) {
            if around.len() == DEPTH_MAX {
                break;
            }
            around.push(region);
            at = self.0.get(region);
        }
        around
    }

    /// Whether a place is this one, or lies in it at any depth.
    #[must_use]
    pub fn is_in(&self, name: &str, place: &str) -> bool {
        name == place || self.around(name).contains(&place)
    }

    /// The stores of a region, at any depth; a store has itself.
    #[must_use]
    pub fn stores_in(&self, place: &str) -> BTreeSet<&str> {
        self.stores().filter(|store| self.is_in(store, place)).collect()
    }

    /// All stores.
    pub fn stores(&self) -> impl Iterator<Item = &str> {
        self.places().filter(|(_, place)| place.kind == PlaceKind::Store).map(|(name, _)| name)
    }

    /// How many regions deep the deepest place in this one lies; 0 where there is none.
    pub(crate) fn depth_below(&self, place: &str) -> usize {
        let depths =
            self.0.keys().filter_map(|name| self.around(name).iter().position(|region| *region == place));
        depths.max().map_or(0, |depth| depth + 1)
    }
}

/// The whole tree, with the stores that only devices name.
pub(crate) fn tree(connection: &Connection) -> SqlResult<Tree> {
    let mut tree = BTreeMap::new();
    connection.each("select name, kind, within from places", &[], |row| {
        let kind = if row.get::<String>(1)? == PlaceKind::Region.name() {
            PlaceKind::Region
        } else {
            PlaceKind::Store
        };
        tree.insert(row.get(0)?, Place { kind, within: row.get(2)? });
        Ok::<_, SqlError>(())
    })?;
    connection.each(
        "select distinct store from devices where store is not null and retired_ms is null",
        &[],
        |row| {
            tree.entry(row.get(0)?).or_insert(Place { kind: PlaceKind::Store, within: None });
            Ok::<_, SqlError>(())
        },
    )?;
    Ok(Tree(tree))
}

/// The regions around a place, the nearest first, read one by one: for who needs those of one store and not the tree.
pub(crate) fn around(connection: &Connection, name: &str) -> SqlResult<Vec<String>> {
    let mut around: Vec<String> = Vec::new();
    while around.len() < DEPTH_MAX {
        let at = around.last().map_or(name, String::as_str);
        let within =
            connection.query_opt("select within from places where name = ?1", values![at], |row| {
                row.get::<Option<String>>(0)
            })?;
        let Some(region) = within.flatten() else { break };
        around.push(region);
    }
    Ok(around)
}

/// Puts a place where it belongs from now on; the caller has checked that it may be there.
pub(crate) fn put(connection: &Connection, name: &str, place: &Place) -> SqlResult<()> {
    connection
        .execute(
            "insert into places (name, kind, within) values (?1, ?2, ?3)
             on conflict (name) do update set within = excluded.within",
            values![name, place.kind.name(), place.within.as_deref()],
        )
        .map(drop)
}

/// Takes a place out of the tree. A store that devices name stays one, directly under the organisation.
pub(crate) fn remove(connection: &Connection, name: &str) -> SqlResult<()> {
    connection.execute("delete from places where name = ?1", values![name]).map(drop)
}

/// Says what people call the whole of it.
pub(crate) fn name_organisation(connection: &Connection, name: &str) -> SqlResult<()> {
    connection.execute("update server set organisation = ?1", values![name]).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree() -> Tree {
        let place = |name: &str, kind, within: Option<&str>| {
            (name.to_owned(), Place { kind, within: within.map(str::to_owned) })
        };
        Tree(BTreeMap::from([
            place("North", PlaceKind::Region, None),
            place("Coast", PlaceKind::Region, Some("North")),
            place("Quayside", PlaceKind::Store, Some("Coast")),
            place("Mill Lane", PlaceKind::Store, Some("North")),
            place("Bridge End", PlaceKind::Store, None),
        ]))
    }

    #[test]
    fn regions_around_a_store_come_nearest_first() {
        assert_eq!(tree().around("Quayside"), ["Coast", "North"]);
        assert!(tree().around("Bridge End").is_empty());
        assert!(tree().around("Atlantis").is_empty());
    }

    #[test]
    fn a_region_has_the_stores_of_the_regions_in_it_and_a_store_itself() {
        assert_eq!(tree().stores_in("North"), BTreeSet::from(["Mill Lane", "Quayside"]));
        assert_eq!(tree().stores_in("Bridge End"), BTreeSet::from(["Bridge End"]));
        assert!(tree().stores_in("Atlantis").is_empty());
        assert_eq!((tree().depth_below("North"), tree().depth_below("Quayside")), (2, 0));
    }

    #[test]
    fn a_circle_written_by_another_hand_is_walked_only_so_far() {
        let mut tree = tree();
        tree.0.get_mut("North").unwrap().within = Some("Coast".into());
        assert_eq!(tree.around("Quayside").len(), DEPTH_MAX);
    }
}
