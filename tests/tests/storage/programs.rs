//! What programs ask for, and who comes by the organisation's own sign-in, on every database.

use std::sync::Arc;

use afterword_collector::{
    AdminError, Collector, Config, DatabaseUrl, Grant, Identity, PersonRefusal, Role, Scope, TokenRefusal,
    TokenWish,
};
use afterword_model::carried::{Origin, wrap};
use afterword_model::record::StoreEpoch;
use afterword_protocol::system::SystemEntropy;
use afterword_tests::cluster::Cluster;
use anyhow::{Context as _, Result};
use serde_json::Value;

use super::place::Place;

/// A collector with its ports, and a program with a token.
struct Program<'p> {
    runtime: tokio::runtime::Runtime,
    collector: Collector,
    client: reqwest::Client,
    secret: &'p str,
}

impl<'p> Program<'p> {
    fn at(place: &Place, secret: &'p str) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let config = Config { database: place.database.clone(), ..Config::loopback(place.folder.path()) };
        let (clock, entropy) = (place.clock.clone(), Arc::new(SystemEntropy));
        let collector = runtime.block_on(Collector::start(config, clock, entropy))?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls =
            rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
        let tls = tls.with_root_certificates(rustls::RootCertStore::empty()).with_no_client_auth();
        let client = reqwest::Client::builder().no_proxy().tls_backend_preconfigured(tls).build()?;
        Ok(Self { runtime, collector, client, secret })
    }

    /// The collector's numbers about itself, with this token.
    fn scrape(&self, secret: &str) -> Result<(u16, String)> {
        let url = format!("{}/metrics", self.collector.web_url());
        self.runtime.block_on(async {
            let answer = self.client.get(url).bearer_auth(secret).send().await?;
            Ok((answer.status().as_u16(), answer.text().await?))
        })
    }

    fn get(&self, path: &str) -> Result<(u16, Value)> {
        let url = format!("{}/api/v1{path}", self.collector.web_url());
        self.runtime.block_on(async {
            let answer = self.client.get(url).bearer_auth(self.secret).send().await?;
            let status = answer.status().as_u16();
            Ok((status, serde_json::from_slice(&answer.bytes().await?)?))
        })
    }
}

fn wish(name: &str, scopes: &[Scope]) -> TokenWish {
    TokenWish { name: name.into(), scopes: scopes.iter().copied().collect(), place: None, days: 1 }
}

/// A token opens what it is for, is noted when it is used, and opens nothing once it is revoked.
pub(crate) fn a_token_opens_until_it_is_revoked(place: &mut Place) -> Result<()> {
    let mut till = place.device("Exit", 4)?;
    place.receipt(&till, 1, 3)?;
    let former = till.epoch;
    let carry = |at, seq: u64| -> Result<Vec<u8>> {
        let bytes = &till.records[usize::try_from(seq)? - 1];
        wrap(at, Origin { epoch: former, seq }, bytes).context("a record can be carried")
    };
    let carried = vec![carry(1, 1)?, carry(2, 4)?];
    till.records = carried;
    for epoch in [8, 9] {
        till.epoch = StoreEpoch::new([epoch; 16]);
        place.receipt(&till, 1, 2)?;
    }
    let mut admin = place.admin()?;
    let secret =
        admin.token_add(&wish("Warehouse", &[Scope::ResponsesRead, Scope::FleetRead]))?.secret.text();
    let taken = admin.token_add(&wish("Warehouse", &[Scope::FleetRead])).err();
    assert!(matches!(taken, Some(AdminError::Token(TokenRefusal::NameTaken(_)))), "{taken:?}");
    let program = Program::at(place, &secret)?;
    let (mut found, mut next) = (Vec::new(), Some(String::new()));
    while let Some(cursor) = next {
        let query = if cursor.is_empty() { String::new() } else { format!("&cursor={cursor}") };
        let (status, page) = program.get(&format!("/responses?limit=2{query}"))?;
        assert_eq!(status, 200, "{page}");
        let items = page["items"].as_array().context("a page has items")?;
        found.extend(items.iter().filter_map(|item| Some(item["id"].as_str()?.to_owned())));
        next = page["next"].as_str().map(str::to_owned);
    }
    found.sort();
    let device = till.enrolled()?.device;
    assert_eq!(found, [1, 2, 3, 4].map(|seq| format!("{device}/{former}/{seq}")));
    assert_eq!(program.get("/devices")?.1["items"][0]["name"], "Exit");
    assert_eq!(program.get("/places")?.0, 403);
    assert!(place.admin()?.token_list()?[0].last_used_ms.is_some());
    admin.token_revoke("Warehouse")?;
    assert_eq!(program.get("/devices")?.0, 401);
    let again = admin.token_revoke("Warehouse").err();
    assert!(matches!(again, Some(AdminError::Token(TokenRefusal::NoSuchToken(_)))), "{again:?}");
    admin.token_add(&wish("Warehouse", &[Scope::FleetRead]))?;
    assert_eq!(admin.token_list()?.len(), 2, "the old one is still told of");
    Ok(())
}

/// Whom a provider vouches for needs a link or a group, and is the same person from then on.
pub(crate) fn who_is_vouched_for_needs_a_link_or_a_group(place: &mut Place) -> Result<()> {
    let identity = |subject: &str, grants| Identity {
        issuer: "https://login.example".into(),
        subject: subject.into(),
        login: format!("{subject}@example.com"),
        name: "Somebody".into(),
        grants,
    };
    let lead = || vec![Grant { role: Role::Lead, place: None }];
    let mut admin = place.admin()?;
    let refused = |result: Result<_, AdminError>| match result {
        Err(AdminError::Person(refusal)) => Some(refusal),
        _ => None,
    };
    let stranger = admin.identity_sign_in(&identity("ada", None), None).map(drop);
    assert_eq!(refused(stranger), Some(PersonRefusal::Stranger));
    let link = admin.person_invite("ada@example.com", Grant { role: Role::Viewer, place: None })?;
    admin.identity_sign_in(&identity("ada", None), Some(&link.token))?;
    let used = admin.identity_sign_in(&identity("eve", None), Some(&link.token)).map(drop);
    assert_eq!(refused(used), Some(PersonRefusal::NoInvitation));
    admin.identity_sign_in(&identity("ada", None), None)?;
    admin.identity_sign_in(&identity("bob", Some(lead())), None)?;
    let none = admin.identity_sign_in(&identity("bob", Some(Vec::new())), None).map(drop);
    assert_eq!(refused(none), Some(PersonRefusal::NoGroup));
    let people = admin.person_list()?;
    let held: Vec<(&str, usize)> =
        people.iter().map(|person| (&*person.login, person.grants.len())).collect();
    assert_eq!(held, [("ada@example.com", 1), ("bob@example.com", 0)]);
    assert_eq!(admin.audit_check()?.first_break, None);
    Ok(())
}

/// Prometheus hears of a database that is away from whom it can still ask: a token that was good is believed, and no other.
#[test]
#[cfg_attr(not(has_postgres), ignore = "needs PostgreSQL's server (apt-get install postgresql)")]
fn numbers_are_told_while_the_database_is_away() -> Result<()> {
    let cluster = Cluster::alone()?;
    let place = Place::on(Some(DatabaseUrl::parse(&cluster.database()?)?))?;
    let token = |name| -> Result<String> {
        Ok(place.admin()?.token_add(&wish(name, &[Scope::MetricsRead]))?.secret.text())
    };
    let (used, unused) = (token("Prometheus")?, token("Another")?);
    let program = Program::at(&place, &used)?;
    let (status, text) = program.scrape(&used)?;
    assert!(status == 200 && text.contains("\nafterword_database_up 1\n"), "{status} {text}");
    cluster.kill()?;
    place.clock.advance_ms(60_000);
    let (status, text) = program.scrape(&used)?;
    assert!(status == 200 && text.contains("\nafterword_database_up 0\n"), "{status} {text}");
    assert!(
        text.contains("afterword_database_failures_total{work=\"read\"")
            && !text.contains("afterword_devices{"),
        "{text}"
    );
    assert_eq!(program.scrape(&unused)?.0, 500, "nobody knows whether it is good");
    place.clock.advance_ms(60 * 60 * 1_000);
    assert_eq!(program.scrape(&used)?.0, 500, "nor this one, after an hour");
    cluster.begin()?;
    let (status, text) = program.scrape(&used)?;
    assert!(status == 200 && text.contains("\nafterword_database_up 1\n"), "{status} {text}");
    Ok(())
}
