//! A JSON object of which one member is changed and all others stay byte for byte, in their order: what a later program wrote and this one
//! does not know is not lost, and a row is found by the beginning of what stands in it.

use std::fmt;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::{RawValue, to_raw_value};

/// Names and values, as they were written.
#[derive(Debug)]
pub(super) struct Object(Vec<(String, Box<RawValue>)>);

impl Object {
    /// What is written there.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.get())
    }

    /// Puts a value in the place of the one that stands there.
    pub(super) fn replace(&mut self, name: &str, by: &impl Serialize) {
        if let (Some((_, value)), Ok(new)) =
            (self.0.iter_mut().find(|(known, _)| known == name), to_raw_value(by))
        {
            *value = new;
        }
    }

    /// Takes the name and what stands there away.
    pub(super) fn remove(&mut self, name: &str) {
        self.0.retain(|(known, _)| known != name);
    }

    /// Its only name and what stands there, where that is an object.
    pub(super) fn only(&self) -> Option<(&str, Self)> {
        match &self.0[..] {
            [(name, value)] => Some((name, serde_json::from_str(value.get()).ok()?)),
            _ => None,
        }
    }
}

impl Serialize for Object {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = Object;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Object(members))
            }
        }
        deserializer.deserialize_map(Members)
    }
}
