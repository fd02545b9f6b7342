//! The parameters of a query. One that is not known is refused by its name: a filter that is misspelt would else give everything.

use std::collections::BTreeMap;

use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use chrono::DateTime;
use http::Uri;

use super::problem::Problem;

/// Items of a page where nothing else is asked for.
const LIMIT: usize = 100;
/// Items of a page at most.
pub(super) const LIMIT_MAX: usize = 500;

/// The parameters of one query.
pub(super) struct Asked(BTreeMap<String, String>);

impl Asked {
    /// Reads them; these are known.
    pub(super) fn of(uri: &Uri, known: &[&str]) -> Result<Self, Problem> {
        let mut found = BTreeMap::new();
        for (name, value) in form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()) {
            let name = name.into_owned();
            if !known.contains(&name.as_str()) {
                let detail = match known {
                    [] => "this address takes no parameters; leave it out".to_owned(),
                    _ => format!("this address takes {}; leave it out, or correct it", known.join(", ")),
                };
                return Err(Problem::unfit(&name, detail));
            }
            if found.contains_key(&name) {
                return Err(Problem::unfit(&name, "it is given twice; leave one out"));
            }
            found.insert(name, value.into_owned());
        }
        Ok(Self(found))
    }

    /// A text.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// One of two words.
    pub(super) fn flag(&self, name: &str) -> Result<bool, Problem> {
        match self.text(name) {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(_) => Err(Problem::unfit(name, "it is true or false; write one of them")),
        }
    }

    /// How many items a page has at most.
    pub(super) fn limit(&self) -> Result<usize, Problem> {
        let Some(text) = self.text("limit") else { return Ok(LIMIT) };
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let limit = text.parse().ok().filter(|limit| digits && (1..=LIMIT_MAX).contains(limit));
        limit
            .ok_or_else(|| Problem::unfit("limit", format!("it is a number from 1 to {LIMIT_MAX}; give one")))
    }

    /// A moment, in milliseconds since 1970-01-01T00:00:00Z.
    pub(super) fn moment(&self, name: &str) -> Result<Option<i64>, Problem> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let read = DateTime::parse_from_rfc3339(text).map(|moment| moment.timestamp_millis());
        read.map(Some).map_err(|_| {
            Problem::unfit(
                name,
                "it is a moment as in 2026-11-29T08:30:00Z (RFC 3339); write it so, with + as %2B",
            )
        })
    }

    /// What stands in the cursor that an answer gave, read by `read`.
    pub(super) fn cursor<T>(&self, read: impl FnOnce(&str) -> Option<T>) -> Result<Option<T>, Problem> {
        let Some(text) = self.text("cursor") else { return Ok(None) };
        let bytes = data_encoding::BASE64URL_NOPAD.decode(text.as_bytes()).ok();
        let place = bytes.and_then(|bytes| String::from_utf8(bytes).ok()).filter(|place| !place.is_empty());
        let found = place.and_then(|place| read(&place));
        let wrong =
            "it is no cursor of this list; take `next` of an answer as it stands, or begin without one";
        found.map(Some).ok_or_else(|| Problem::unfit("cursor", wrong))
    }

    /// The same query, going on at this cursor.
    pub(super) fn with_cursor(&self, cursor: &str) -> String {
        let others = self.0.iter().filter(|(name, _)| *name != "cursor");
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(others).append_pair("cursor", cursor);
        query.finish()
    }
}

/// What makes a cursor of where a list stands.
pub(super) fn cursor(place: &str) -> String {
    data_encoding::BASE64URL_NOPAD.encode(place.as_bytes())
}

/// The part of an address that names something. What cannot be read names nothing.
pub(super) fn named(path: Result<Path<String>, PathRejection>) -> Result<String, Problem> {
    path.map(|Path(name)| name).map_err(|_| Problem::NotFound)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(query: &str) -> Result<Asked, Problem> {
        Asked::of(&format!("/devices?{query}").parse().unwrap(), &["limit", "cursor", "since"])
    }

    #[test]
    fn what_is_unknown_or_given_twice_is_named() {
        let named = |query: &str| match asked(query) {
            Err(Problem::Unfit { parameter, .. }) => parameter.unwrap_or_default(),
            _ => String::new(),
        };
        assert_eq!(
            (named("limt=3"), named("limit=1&limit=2"), named("limit=1")),
            ("limt".into(), "limit".into(), String::new())
        );
    }

    #[test]
    fn a_cursor_is_read_back_and_other_letters_are_none() {
        let text = cursor("abc/7");
        let read =
            |text: &str| asked(&format!("cursor={text}")).unwrap().cursor(|place| Some(place.to_owned()));
        assert_eq!(read(&text).unwrap().as_deref(), Some("abc/7"));
        assert!(read("%00").is_err() && read("a").is_err() && read("").is_err());
        assert_eq!(asked("limit=3&cursor=x").unwrap().with_cursor("y"), "limit=3&cursor=y");
    }

    #[test]
    fn a_limit_is_within_its_bounds_and_a_moment_is_one() {
        assert_eq!(asked("").unwrap().limit().unwrap(), LIMIT);
        for wrong in ["0", "501", "+3", "x", ""] {
            assert!(
                asked(&format!(
                    "limit={}",
                    form_urlencoded::byte_serialize(wrong.as_bytes()).collect::<String>()
                ))
                .unwrap()
                .limit()
                .is_err(),
                "{wrong}"
            );
        }
        assert_eq!(asked("since=1970-01-01T00:00:01Z").unwrap().moment("since").unwrap(), Some(1_000));
        assert!(asked("since=yesterday").unwrap().moment("since").is_err());
    }
}
