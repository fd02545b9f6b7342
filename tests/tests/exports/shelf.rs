//! A collector at work beside a made-up month of a chain of stores, and a program that may ask it everything.

use std::path::PathBuf;
use std::sync::Arc;

use afterword_collector::{Admin, Collector, Config, DatabaseUrl, Scope, TokenWish};
use afterword_protocol::system::{SystemClock, SystemEntropy};
use afterword_tests::chain::Chain;
use anyhow::{Result, ensure};
use chrono::NaiveDate;
use serde_json::Value;

/// The last day of it.
pub(crate) fn until() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 11, 28).unwrap_or_default()
}

/// A chain with about so many responses in so many days.
pub(crate) fn chain(responses: f64, days: u64) -> Chain {
    Chain { stores: 3, kiosks: 2, until: until(), days, responses, seed: 5 }
}

/// The database that a collector keeps its data in: the file in its folder, where none is named.
pub(crate) type Url<'u> = Option<&'u str>;

/// The collector, its folder and the program's token.
pub(crate) struct Shelf {
    collector: Collector,
    pub(crate) data: PathBuf,
    pub(crate) secret: String,
    client: reqwest::Client,
    _folder: tempfile::TempDir,
}

impl Shelf {
    pub(crate) async fn open(chain: &Chain, url: Url<'_>) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let data = folder.path().join("collector");
        let mut admin = chain.fill(&data, url)?.admin()?;
        admin.count()?;
        let name = "Warehouse".to_owned();
        let wish = TokenWish { name, scopes: Scope::ALL.into(), place: None, days: 300 };
        let clock = Arc::new(SystemClock::start());
        let database = url.map(DatabaseUrl::parse).transpose()?;
        let mut admin = Admin::open_with(&data, database.as_ref(), clock.clone(), Arc::new(SystemEntropy))?;
        let secret = admin.token_add(&wish)?.secret.text();
        drop(admin);
        let config = Config { database, ..Config::loopback(&data) };
        let collector = Collector::start(config, clock, Arc::new(SystemEntropy)).await?;
        // Without TLS; a client without any is not built.
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(rustls::RootCertStore::empty())
            .with_no_client_auth();
        let client = reqwest::Client::builder().no_proxy().tls_backend_preconfigured(tls).build()?;
        Ok(Self { collector, data, secret, client, _folder: folder })
    }

    /// Where programs ask.
    pub(crate) fn url(&self) -> String {
        format!("{}/api/v1", self.collector.web_url())
    }

    /// An answer that is sent while it is made.
    pub(crate) async fn get(&self, path: &str) -> Result<reqwest::Response> {
        let request = self.client.get(format!("{}{path}", self.url())).bearer_auth(&self.secret);
        let answer = request.send().await?;
        ensure!(answer.status() == 200, "{path}: {}", answer.status());
        Ok(answer)
    }

    /// All items of a list.
    pub(crate) async fn all(&self, path: &str) -> Result<Vec<Value>> {
        let (mut items, mut cursor) = (Vec::new(), String::new());
        loop {
            let answer = self.get(&format!("{path}?limit=500{cursor}")).await?;
            let page: Value = serde_json::from_slice(&answer.bytes().await?)?;
            items.extend(page["items"].as_array().cloned().unwrap_or_default());
            match page["next"].as_str() {
                None => return Ok(items),
                Some(next) => cursor = format!("&cursor={next}"),
            }
        }
    }

    pub(crate) async fn close(self) {
        self.collector.shutdown().await;
    }
}
