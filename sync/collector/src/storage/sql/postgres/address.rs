//! Where a PostgreSQL database is, as an operator writes it.

use std::fmt::{Display, Formatter};
use std::path::PathBuf;
use std::time::Duration;

use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode, TargetSessionAttrs};

/// A server that does not answer by then is not there.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Silence after which it is asked whether the server is still there, and the time it has to say so.
const SILENCE: Duration = Duration::from_secs(15);

/// A database of a PostgreSQL server.
#[derive(Clone)]
pub(crate) struct PostgresAddress {
    pub(super) config: Config,
    pub(super) trust: Trust,
}

/// Which server is believed to be the right one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Trust {
    /// Whichever answers; TLS keeps others from listening, where it is used.
    Any,
    /// One with a certificate for the host's name, from an authority in this file, or from those that the machine trusts.
    Named(Option<PathBuf>),
}

impl PostgresAddress {
    /// Reads a URL, with the parameters `sslmode` and `sslrootcert` as PostgreSQL's own programs have them. Says what is wrong with
    /// it, without its password.
    pub(crate) fn parse(url: &str) -> Result<Self, String> {
        let (bare, parameters) = url.split_once('?').unwrap_or((url, ""));
        let (mut mode, mut roots, mut others) = (None, None, Vec::new());
        for parameter in parameters.split('&').filter(|parameter| !parameter.is_empty()) {
            match parameter.split_once('=') {
                Some(("sslmode", value)) => mode = Some(value.to_owned()),
                Some(("sslrootcert", value)) => roots = Some(PathBuf::from(unescaped(value))),
                _ => others.push(parameter),
            }
        }
        let rest = if others.is_empty() { bare.to_owned() } else { format!("{bare}?{}", others.join("&")) };
        let mut config: Config =
            rest.parse().map_err(|error: tokio_postgres::Error| match std::error::Error::source(&error) {
                Some(reason) => reason.to_string(),
                None => error.to_string(),
            })?;
        if config.get_hosts().is_empty() {
            return Err("it names no host".to_owned());
        }
        // Everything up to the first @ was taken for the password: what follows may be the rest of it.
        if config.get_hosts().iter().any(|host| matches!(host, Host::Tcp(name) if name.contains('@'))) {
            return Err("there is a second @ before the host: one in a password is written %40".to_owned());
        }
        let (mode, trust) = match mode.as_deref() {
            None | Some("prefer") => (SslMode::Prefer, Trust::Any),
            Some("disable") => (SslMode::Disable, Trust::Any),
            Some("require") if roots.is_none() => (SslMode::Require, Trust::Any),
            Some("require" | "verify-full") => (SslMode::Require, Trust::Named(roots)),
            Some(other) => {
                return Err(format!(
                    "its sslmode is `{other}`; disable, prefer, require and verify-full are known"
                ));
            }
        };
        let is_local = config.get_hosts().iter().all(|host| matches!(host, Host::Unix(_)));
        config
            .ssl_mode(if is_local { SslMode::Disable } else { mode })
            .application_name("afterword-collector")
            // Of several servers the one that takes what is written; the others are copies, or were promoted from.
            .target_session_attrs(TargetSessionAttrs::ReadWrite)
            .keepalives_idle(SILENCE)
            .tcp_user_timeout(SILENCE);
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT_TIMEOUT);
        }
        Ok(Self { config, trust })
    }
}

/// Without its password.
impl Display for PostgresAddress {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> std::fmt::Result {
        let hosts: Vec<String> = self
            .config
            .get_hosts()
            .iter()
            .map(|host| match host {
                Host::Tcp(name) => name.clone(),
                Host::Unix(folder) => folder.display().to_string(),
            })
            .collect();
        write!(formatter, "postgres://{}", hosts.join(","))?;
        for port in self.config.get_ports().iter().take(1) {
            write!(formatter, ":{port}")?;
        }
        write!(formatter, "/{}", self.config.get_dbname().unwrap_or_default())
    }
}

/// `%2F` and the like are the signs they stand for; what is no such sign stays.
fn unescaped(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let sign = tail
            .get(..2)
            .filter(|_| *first == b'%')
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        bytes.push(sign.unwrap_or(*first));
        rest = if sign.is_some() { &tail[2..] } else { tail };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(url: &str) -> PostgresAddress {
        PostgresAddress::parse(url).unwrap()
    }

    #[test]
    fn a_password_is_never_shown() {
        let address = parsed("postgres://collector:s3cret@db.example:5433/afterword?sslmode=require");
        assert_eq!(address.to_string(), "postgres://db.example:5433/afterword");
        for wrong in [
            "postgres://u:s3cret@h:port/db",
            "postgres://u:s3cret@h/db?sslmode=maybe",
            "postgres://u:p@s3cret@h/db",
            "u:s3cret",
        ] {
            let said = PostgresAddress::parse(wrong).err().unwrap();
            assert!(!said.contains("s3cret"), "{said}");
        }
    }

    #[test]
    fn the_ways_of_trust_are_those_of_postgresql() {
        let of = |query: &str| {
            let address = parsed(&format!("postgres://db.example/afterword{query}"));
            (address.config.get_ssl_mode(), address.trust)
        };
        assert_eq!(of(""), (SslMode::Prefer, Trust::Any));
        assert_eq!(of("?sslmode=require"), (SslMode::Require, Trust::Any));
        assert_eq!(of("?sslmode=verify-full"), (SslMode::Require, Trust::Named(None)));
        let file = Trust::Named(Some(PathBuf::from("/etc/a b.pem")));
        assert_eq!(of("?sslrootcert=/etc/a%20b.pem&sslmode=verify-full"), (SslMode::Require, file));
        let socket = parsed("postgres:///afterword?host=/run/postgresql&user=me");
        assert_eq!(socket.config.get_ssl_mode(), SslMode::Disable);
        assert_eq!(socket.to_string(), "postgres:///run/postgresql/afterword");
    }
}
