//! Spoken prompts: what a shopper who goes by a keypad hears, where the device has a speech service.
//!
//! | module | what is in it |
//! |---|---|
//! | [`prompts`] | what is said, and when |
//! | [`speaker`] | the thread that says it, and what becomes of a service that is away |
//! | [`ssip`] | what speech-dispatcher and its clients say to each other |
//!
//! Nobody who goes by the glass is spoken to: a kiosk that talks to each passer-by would be switched off. Prompts begin with
//! the first key that is struck and end with the first finger on the glass, or when the kiosk comes to rest.
//!
//! Invariants: the screen's thread never waits for the service; no word that a shopper has typed is spoken, and no prompt is
//! logged. The protocol is written here, not taken from a crate: `ssip-client` stuffs no dots, logs what is said, and waits for
//! ever to write.
//!
//! Failure: without the service the kiosk is silent, and otherwise the same.

use std::ffi::OsString;
use std::path::PathBuf;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

pub mod prompts;
pub mod speaker;
pub mod ssip;

/// `speech` in a configuration.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Speech {
    /// Where the service has its socket as a rule; silent where there is none.
    #[default]
    WhereItIs,
    /// Its socket is there.
    At(PathBuf),
    /// Silent.
    Off,
}

impl<'de> Deserialize<'de> for Speech {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match String::deserialize(deserializer)?.as_str() {
            "off" => Ok(Self::Off),
            path if path.starts_with('/') => Ok(Self::At(path.into())),
            _ => Err(D::Error::custom(
                "speech is \"off\" or the whole path of speech-dispatcher's socket, from / on",
            )),
        }
    }
}

/// Where the service is to be looked for, or why nowhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// At this socket.
    Socket(PathBuf),
    /// The configuration says so.
    Off,
    /// `SPEECHD_ADDRESS` names no Unix socket, and this program opens no network connection.
    NoSocket(String),
    /// Nothing says where this user's sockets are.
    Unknown,
}

impl Speech {
    /// Where the service is, by this process's environment.
    #[must_use]
    pub fn place(&self) -> Place {
        self.place_in(|name| std::env::var_os(name).filter(|value| !value.is_empty()))
    }

    /// As speech-dispatcher's own clients look for it.
    fn place_in(&self, variable: impl Fn(&str) -> Option<OsString>) -> Place {
        match self {
            Self::Off => return Place::Off,
            Self::At(path) => return Place::Socket(path.clone()),
            Self::WhereItIs => {}
        }
        if let Some(address) = variable("SPEECHD_ADDRESS") {
            let address = address.to_string_lossy().into_owned();
            match address.split_once(':') {
                Some(("unix_socket", path)) if !path.is_empty() => return Place::Socket(path.into()),
                _ if address == "unix_socket" => {}
                _ => return Place::NoSocket(address),
            }
        }
        let of_user = variable("XDG_RUNTIME_DIR")
            .or_else(|| variable("XDG_CACHE_HOME"))
            .map(PathBuf::from)
            .or_else(|| Some(PathBuf::from(variable("HOME")?).join(".cache")));
        of_user.map_or(Place::Unknown, |of_user| {
            Place::Socket(of_user.join("speech-dispatcher").join("speechd.sock"))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(variables: &[(&str, &str)]) -> Place {
        let variable = |name: &str| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| OsString::from(value))
        };
        Speech::WhereItIs.place_in(variable)
    }

    #[test]
    fn the_service_is_looked_for_where_its_own_clients_do() {
        let socket = |path: &str| Place::Socket(path.into());
        for (variables, found) in [
            (
                &[("XDG_RUNTIME_DIR", "/run/user/7"), ("HOME", "/home/kiosk")][..],
                socket("/run/user/7/speech-dispatcher/speechd.sock"),
            ),
            (&[("HOME", "/home/kiosk")], socket("/home/kiosk/.cache/speech-dispatcher/speechd.sock")),
            (&[("SPEECHD_ADDRESS", "unix_socket:/tmp/s"), ("HOME", "/home/kiosk")], socket("/tmp/s")),
            (
                &[("SPEECHD_ADDRESS", "unix_socket"), ("XDG_RUNTIME_DIR", "/r")],
                socket("/r/speech-dispatcher/speechd.sock"),
            ),
            (
                &[("SPEECHD_ADDRESS", "inet_socket:10.0.0.1:6560")],
                Place::NoSocket("inet_socket:10.0.0.1:6560".into()),
            ),
            (&[], Place::Unknown),
        ] {
            assert_eq!(place(variables), found, "{variables:?}");
        }
        assert_eq!(Speech::Off.place_in(|_| Some("/tmp".into())), Place::Off);
        assert_eq!(Speech::At("/s".into()).place_in(|_| Some("unix_socket:/t".into())), socket("/s"));
    }
}
