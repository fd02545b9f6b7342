//! The way out: a name is resolved here, all it resolves to is looked at, and the connection goes to just those addresses. Nothing resolves it a
//! second time, so that a name that changes its mind changes nothing.
//!
//! Over plain HTTP only networks are reached that whoever runs the collector named: what is said is somebody's words.

use std::error::Error;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::address::PrivateNetworks;

/// Characters of an address at most.
pub(crate) const URL_CHARS_MAX: usize = 500;

/// Why an address is none that messages can go to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadUrl {
    /// Nobody can read it, or it is none of a host.
    #[error("`{0}` is no address of a receiver; write one as in https://hooks.example/afterword")]
    Unreadable(String),
    /// Another way than the web's.
    #[error(
        "a receiver's address begins with https:// (or with http:// in a network that serve --webhooks-allow-private names); `{0}` does not"
    )]
    Scheme(String),
    /// It holds a password, which would stand in lists.
    #[error(
        "a receiver's address has no user, password or fragment in it; leave them out, messages are signed"
    )]
    Extras,
    /// Nobody types such a one.
    #[error("a receiver's address has at most {URL_CHARS_MAX} characters; give a shorter one")]
    Long,
}

/// Reads an address to which messages are to go.
pub(crate) fn parse(text: &str) -> Result<Url, BadUrl> {
    if text.chars().count() > URL_CHARS_MAX {
        return Err(BadUrl::Long);
    }
    let url = Url::parse(text).map_err(|_| BadUrl::Unreadable(text.to_owned()))?;
    if !matches!(url.scheme(), "https" | "http") {
        return Err(BadUrl::Scheme(text.to_owned()));
    }
    if url.host_str().is_none_or(str::is_empty) {
        return Err(BadUrl::Unreadable(text.to_owned()));
    }
    if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
        return Err(BadUrl::Extras);
    }
    Ok(url)
}

/// No connection was opened, because of where it would have gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refused {
    /// The address is not the internet's, and nobody allowed it.
    Private(IpAddr),
    /// Plain HTTP to somewhere that nobody allowed.
    Plain(IpAddr),
}

impl Refused {
    /// What is kept and shown: without the address, since who may see what became of messages need not know what names inside resolve to.
    pub(crate) fn said(&self) -> &'static str {
        match self {
            Self::Private(_) => {
                "its address is not an address of the internet (the collector's log names it); where messages are meant to go there, start \
                 the collector with --webhooks-allow-private and its network"
            }
            Self::Plain(_) => {
                "nothing is sent there over plain HTTP; use https://, or name its network with --webhooks-allow-private"
            }
        }
    }
}

/// For the log, with the address.
impl fmt::Display for Refused {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Private(address) => write!(
                formatter,
                "{address} is not an address of the internet; where messages are meant to go there, start the collector with \
                 --webhooks-allow-private and its network"
            ),
            Self::Plain(address) => write!(
                formatter,
                "nothing is sent to {address} over plain HTTP; use https://, or name its network with --webhooks-allow-private"
            ),
        }
    }
}

impl Error for Refused {}

/// Whether messages may go to an address.
#[derive(Debug, Clone)]
pub(crate) struct Guard {
    own: Arc<PrivateNetworks>,
    is_plain: bool,
}

impl Guard {
    /// For connections with TLS, and for those without.
    pub(crate) fn new(own: Arc<PrivateNetworks>, is_plain: bool) -> Self {
        Self { own, is_plain }
    }

    /// Goes on only where it may.
    fn expect(&self, address: IpAddr) -> Result<(), Refused> {
        match (self.is_plain, self.own.hold(address), self.own.allow(address)) {
            (_, true, _) | (false, _, true) => Ok(()),
            (true, _, true) => Err(Refused::Plain(address)),
            (_, _, false) => Err(Refused::Private(address)),
        }
    }

    /// An address that is written out is resolved by nobody, so it is looked at here.
    pub(crate) fn expect_written(&self, url: &Url) -> Result<(), Refused> {
        let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
        host.parse().map_or(Ok(()), |address| self.expect(address))
    }

    /// Looks at all that a name resolved to. One that is also inside is not trusted at all.
    fn look(&self, found: Vec<SocketAddr>) -> Result<Vec<SocketAddr>, Refused> {
        found.iter().try_for_each(|address| self.expect(address.ip()))?;
        Ok(found)
    }
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = self.clone();
        Box::pin(async move {
            // The port is put in where the connection is made.
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let looked_at = guard.look(found.collect())?;
            Ok(Box::new(looked_at.into_iter()) as Addrs)
        })
    }
}

/// The refusal that an error came from, wherever in it that is.
pub(crate) fn refusal<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e Refused> {
    let mut at = Some(error);
    while let Some(error) = at {
        if let Some(refused) = error.downcast_ref() {
            return Some(refused);
        }
        at = error.source();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guard(own: &[&str], is_plain: bool) -> Guard {
        let own = own.iter().map(|network| network.parse().unwrap()).collect();
        Guard::new(Arc::new(PrivateNetworks::new(own)), is_plain)
    }

    #[test]
    fn an_address_is_looked_at_in_whichever_way_it_is_written() {
        for text in [
            "https://127.0.0.1/",
            "https://2130706433/",
            "https://0x7f.1/",
            "https://0177.0.0.1/",
            "https://127.1/",
            "https://127.0.0.1./",
            "https://[::1]/",
            "https://[::ffff:127.0.0.1]/",
            "https://[::ffff:7f00:1]/",
            "https://[0:0:0:0:0:0:0:1]:8443/",
            "https://[64:ff9b::127.0.0.1]/",
            "https://169.254.169.254/latest/meta-data",
            "https://１２７.０.０.１/",
            "https://0/",
        ] {
            let url = parse(text).unwrap();
            assert!(
                matches!(guard(&[], false).expect_written(&url), Err(Refused::Private(_))),
                "{text} is {url}"
            );
        }
        assert_eq!(guard(&[], false).expect_written(&parse("https://1.1.1.1/").unwrap()), Ok(()));
        let inside = parse("https://2130706433/").unwrap();
        assert_eq!(guard(&["127.0.0.0/8"], false).expect_written(&inside), Ok(()));
    }

    #[test]
    fn plain_http_goes_only_where_it_was_allowed() {
        let outside = parse("http://1.1.1.1/").unwrap();
        assert!(matches!(guard(&[], true).expect_written(&outside), Err(Refused::Plain(_))));
        let inside = parse("http://10.1.2.3:8080/").unwrap();
        assert!(matches!(guard(&[], true).expect_written(&inside), Err(Refused::Private(_))));
        assert_eq!(guard(&["10.1.0.0/16"], true).expect_written(&inside), Ok(()));
    }

    #[test]
    fn a_name_that_is_also_inside_is_not_trusted_at_all() {
        let addresses = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect::<Vec<_>>();
        let both = addresses(&["1.1.1.1:0", "10.0.0.1:0"]);
        assert_eq!(guard(&[], false).look(both.clone()), Err(Refused::Private("10.0.0.1".parse().unwrap())));
        assert_eq!(guard(&["10.0.0.0/8"], false).look(both.clone()), Ok(both));
    }

    #[test]
    fn what_is_no_receivers_address_is_refused_with_its_reason() {
        for (text, wrong) in [
            ("ftp://hooks.example/", "begins with https://"),
            ("file:///etc/passwd", "begins with https://"),
            ("hooks.example", "no address of a receiver"),
            ("https://", "no address of a receiver"),
            ("https://user:word@hooks.example/", "no user, password or fragment"),
            ("https://hooks.example/#top", "no user, password or fragment"),
        ] {
            let refused = parse(text).unwrap_err().to_string();
            assert!(refused.contains(wrong), "{text}: {refused}");
        }
        assert_eq!(parse(&format!("https://hooks.example/{}", "x".repeat(500))), Err(BadUrl::Long));
        assert!(parse("https://hooks.example/afterword?shop=1").is_ok());
    }

    #[tokio::test]
    async fn a_name_that_resolves_to_this_machine_is_refused() {
        let error = guard(&[], false).resolve("localhost".parse().unwrap()).await.err().unwrap();
        assert!(matches!(error.downcast_ref(), Some(Refused::Private(_))), "{error}");
        let own = guard(&["127.0.0.0/8", "::1/128"], true);
        assert!(own.resolve("localhost".parse().unwrap()).await.is_ok());
    }
}
