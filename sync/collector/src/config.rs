//! What an operator decides about a collector. Everything else is a constant in [`crate::limits`].

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use crate::limits::Limits;
use crate::listen::web::WebTlsError;
use crate::oidc::OidcSettings;
use crate::pki::{DEVICE_CERTIFICATE_LIFE_MS, check_names};
use crate::server::{StartError, urls};
use crate::storage::DatabaseUrl;
use crate::webhooks::address::PrivateNetworks;

/// Port on which enrolled devices deliver, where nothing else is asked for.
pub const DEVICE_PORT: u16 = 8443;
/// Port on which new devices enrol, where nothing else is asked for.
pub const ENROL_PORT: u16 = 8444;

/// Port on which people come in, where nothing else is asked for.
pub const WEB_PORT: u16 = 8445;

/// A collector's settings.
#[derive(Debug, Clone)]
pub struct Config {
    /// Folder with the keys and, unless `database` says where else, the database; created when it is missing.
    pub data: PathBuf,
    /// The database, where it is not the file in the folder.
    pub database: Option<DatabaseUrl>,
    /// Where enrolled devices deliver. Port 0 lets the system choose.
    pub device_listen: SocketAddr,
    /// Where new devices enrol. Port 0 lets the system choose.
    pub enrol_listen: SocketAddr,
    /// Where people come in. On a loopback address it is plain HTTP, for a browser on this machine or a forwarder that ends TLS; on
    /// any other it is TLS. Port 0 lets the system choose.
    pub web_listen: SocketAddr,
    /// `https://host` under which people reach it, when that isn't the first host name and the port.
    pub web_url: Option<String>,
    /// Certificate chain and private key, each in PEM, that people's browsers know. Without: the server's own, which they don't.
    pub web_certificate: Option<(PathBuf, PathBuf)>,
    /// The organisation's own sign-in, where there is one.
    pub oidc: Option<OidcSettings>,
    /// The kiosk's program, which draws what shoppers will see of a survey. Without: no pictures of it.
    pub kiosk_program: Option<PathBuf>,
    /// Networks of one's own that webhooks may go to; without any, only the internet.
    pub webhooks_allow_private: PrivateNetworks,
    /// `https://host:port` that devices are told to deliver to. Without it: the first host name and the
    /// port that `device_listen` came to.
    pub advertise: Option<String>,
    /// Names and addresses the server certificate is good for. Empty stands for this machine alone.
    pub host_names: Vec<String>,
    /// How long a device's certificate is good, in milliseconds. Meant to be left; a test may want to see one end.
    pub device_certificate_life_ms: i64,
    /// Time-outs and counts; the defaults are meant to be left.
    pub limits: Limits,
}

impl Config {
    /// The usual ports on all addresses, a certificate for this machine alone, default limits.
    #[must_use]
    pub fn new(data: impl Into<PathBuf>) -> Self {
        let any = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
        Self {
            data: data.into(),
            database: None,
            device_listen: SocketAddr::new(any, DEVICE_PORT),
            enrol_listen: SocketAddr::new(any, ENROL_PORT),
            web_listen: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), WEB_PORT),
            web_url: None,
            web_certificate: None,
            oidc: None,
            kiosk_program: None,
            webhooks_allow_private: PrivateNetworks::default(),
            advertise: None,
            host_names: Vec::new(),
            device_certificate_life_ms: DEVICE_CERTIFICATE_LIFE_MS,
            limits: Limits::default(),
        }
    }

    /// As [`Config::new`], but on loopback and on ports the system chooses: for a demo or a test.
    #[must_use]
    pub fn loopback(data: impl Into<PathBuf>) -> Self {
        let free_port = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
        Self { device_listen: free_port, enrol_listen: free_port, web_listen: free_port, ..Self::new(data) }
    }

    /// Whether a collector could be started so, as far as that can be said with the settings alone.
    ///
    /// # Errors
    /// What [`crate::Collector::start`] would say.
    pub fn check(&self) -> Result<(), StartError> {
        check_names(&self.certificate_names())?;
        urls(self, self.device_listen, self.enrol_listen, self.web_listen)?;
        if let Some(oidc) = &self.oidc {
            oidc.check()?;
        }
        for file in self.web_certificate.iter().flat_map(|(chain, key)| [chain, key]) {
            std::fs::File::open(file)
                .map_err(|reason| WebTlsError::File { path: file.clone(), reason: reason.to_string() })?;
        }
        Ok(())
    }

    /// The names the server certificate has to hold.
    pub(crate) fn certificate_names(&self) -> Vec<String> {
        if self.host_names.is_empty() {
            ["localhost", "127.0.0.1", "::1"].map(String::from).to_vec()
        } else {
            self.host_names.clone()
        }
    }
}

/// The database of a collector.
pub(crate) fn database_path(data: &Path) -> PathBuf {
    data.join("collector.db")
}

/// The folder with a collector's keys and certificates.
pub(crate) fn pki_path(data: &Path) -> PathBuf {
    data.join("pki")
}

/// `https://host:port`, with the brackets that an IPv6 address needs.
pub(crate) fn https_url(host: &str, port: u16) -> String {
    if host.contains(':') { format!("https://[{host}]:{port}") } else { format!("https://{host}:{port}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ipv6_address_stands_in_brackets() {
        assert_eq!(https_url("::1", 8443), "https://[::1]:8443");
        assert_eq!(https_url("collector.example", 8443), "https://collector.example:8443");
    }
}
