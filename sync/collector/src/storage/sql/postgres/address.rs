//! Where a PostgreSQL database is, as an operator writes it.

use std::fmt::{Display, Formatter};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use std::time::Duration;

use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode, TargetSessionAttrs};

/// A server that has not let a connection in by then, its greeting and its password included, is not there.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// A server that has not answered a statement by then answers none. Longer than one waits there for a lock.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);
/// Silence after which it is asked whether the server is still there, and the time it has to say so.
const SILENCE: Duration = Duration::from_secs(15);

/// A database of a PostgreSQL server.
#[derive(Clone)]
pub(crate) struct PostgresAddress {
    pub(super) config: Config,
    pub(super) trust: Trust,
    /// How long a server may be silent about a statement.
    pub(super) answer_timeout: Duration,
    /// The newest timeline that this process has met on it: a server on an older one is what a copy was promoted from.
    pub(super) newest_timeline: Arc<AtomicI64>,
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
    /// Reads a URL, with the parameters `sslmode` and `sslrootcert` as PostgreSQL's own programs have them, and one of our own,
    /// `answer_timeout`, in seconds. Says what is wrong with it, without its password.
    pub(crate) fn parse(url: &str) -> Result<Self, String> {
        let (bare, parameters) = url.split_once('?').unwrap_or((url, ""));
        let (mut mode, mut roots, mut others) = (None, None, Vec::new());
        let mut answer_timeout = ANSWER_TIMEOUT;
        for parameter in parameters.split('&').filter(|parameter| !parameter.is_empty()) {
            match parameter.split_once('=') {
                Some(("sslmode", value)) => mode = Some(value.to_owned()),
                Some(("sslrootcert", value)) => roots = Some(PathBuf::from(unescaped(value))),
                Some(("answer_timeout", value)) => {
                    let seconds = value.parse().ok().filter(|seconds| (1..=3_600).contains(seconds));
                    let wrong = || format!("its answer_timeout is `{value}`; 1 to 3600 seconds are possible");
                    answer_timeout = Duration::from_secs(seconds.ok_or_else(wrong)?);
                }
                // Several, as PostgreSQL's own programs read them.
                Some(("host", hosts)) => {
                    others.extend(hosts.split(',').map(|host| format!("host={host}")));
                }
                _ => others.push(parameter.to_owned()),
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
        Ok(Self { config, trust, answer_timeout, newest_timeline: Arc::default() })
    }

    /// Its servers in the order in which they are tried, each by itself, so that a silent one keeps nobody from the next.
    pub(super) fn servers(&self) -> Vec<Config> {
        (0..self.config.get_hosts().len()).map(|index| one_server(&self.config, index)).collect()
    }
}

/// All that is said of one of several servers.
fn one_server(all: &Config, index: usize) -> Config {
    let mut one = Config::new();
    match &all.get_hosts()[index] {
        Host::Tcp(name) => one.host(name),
        Host::Unix(folder) => one.host_path(folder),
    };
    if let Some(address) = all.get_hostaddrs().get(index) {
        one.hostaddr(*address);
    }
    if let Some(port) = all.get_ports().get(index).or(all.get_ports().first()) {
        one.port(*port);
    }
    if let Some(user) = all.get_user() {
        one.user(user);
    }
    if let Some(password) = all.get_password() {
        one.password(password);
    }
    if let Some(name) = all.get_dbname() {
        one.dbname(name);
    }
    if let Some(options) = all.get_options() {
        one.options(options);
    }
    if let Some(name) = all.get_application_name() {
        one.application_name(name);
    }
    if let Some(timeout) = all.get_connect_timeout() {
        one.connect_timeout(*timeout);
    }
    if let Some(timeout) = all.get_tcp_user_timeout() {
        one.tcp_user_timeout(*timeout);
    }
    if let Some(interval) = all.get_keepalives_interval() {
        one.keepalives_interval(interval);
    }
    if let Some(retries) = all.get_keepalives_retries() {
        one.keepalives_retries(retries);
    }
    one.keepalives(all.get_keepalives())
        .keepalives_idle(all.get_keepalives_idle())
        .ssl_mode(all.get_ssl_mode())
        .ssl_negotiation(all.get_ssl_negotiation())
        .channel_binding(all.get_channel_binding())
        .target_session_attrs(all.get_target_session_attrs());
    one
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
    fn each_of_several_servers_is_all_that_was_said_of_it() {
        let address = parsed("postgres://u:p@one:1,two:2/afterword?connect_timeout=3&keepalives_retries=4");
        let servers = address.servers();
        assert_eq!(servers.len(), 2);
        for (server, (name, port)) in servers.iter().zip([("one", 1), ("two", 2)]) {
            let said = parsed(&format!(
                "postgres://u:p@{name}:{port}/afterword?connect_timeout=3&keepalives_retries=4"
            ));
            assert_eq!(*server, said.config);
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
        assert_eq!(parsed("postgres://h/d?answer_timeout=7").answer_timeout, Duration::from_secs(7));
        assert!(PostgresAddress::parse("postgres://h/d?answer_timeout=0").is_err());
        let socket = parsed("postgres:///afterword?host=/run/postgresql&user=me");
        assert_eq!(socket.config.get_ssl_mode(), SslMode::Disable);
        assert_eq!(socket.to_string(), "postgres:///run/postgresql/afterword");
    }
}
