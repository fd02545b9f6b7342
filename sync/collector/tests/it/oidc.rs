//! The organisation's own sign-in, with a small provider of the test's own on loopback.

mod provider;

use afterword_collector::{Collector, Config, Grant, OidcRole, OidcSettings, Role};
use afterword_protocol::system::{SystemClock, SystemEntropy};
use serde_json::{Value, json};

use self::provider::Provider;
use crate::jar::{Browser, PASSWORD, Page, between};
use crate::support::Server;

/// A provider, and a collector that knows it; groups have these roles.
async fn both(roles: &[&str]) -> (Server, Provider) {
    with(Provider::start().await, roles).await
}

async fn with(provider: Provider, roles: &[&str]) -> (Server, Provider) {
    let settings = OidcSettings {
        issuer: provider.url.clone(),
        client_id: provider::CLIENT.into(),
        client_secret: Some(provider::SECRET.into()),
        label: "Example".into(),
        groups_claim: "groups".into(),
        roles: roles.iter().map(|role| OidcRole::parse(role).unwrap()).collect(),
    };
    let server = Server::start_as(|clock, config| {
        provider.follow(clock.clone());
        Config { oidc: Some(settings), ..config }
    })
    .await;
    (server, provider)
}

/// Goes to the provider and back, and gives where that leads.
async fn come(browser: &mut Browser, provider: &Provider, path: &str) -> Page {
    let back = go(browser, provider, path).await;
    browser.get(&back).await
}

/// Goes to the provider, and gives the address that it sends back to.
async fn go(browser: &mut Browser, provider: &Provider, path: &str) -> String {
    let off = browser.get(path).await;
    assert_eq!(off.status, 303, "{}", off.text);
    provider.authorize(&off.location).await
}

fn invitation(server: &Server, login: &str, role: Role) -> String {
    let link = server.admin().person_invite(login, Grant { role, place: None }).unwrap();
    link.token.text().to_owned()
}

/// Deeds of the audit log about somebody, the oldest first.
fn deeds(server: &Server, login: &str) -> Vec<String> {
    let mut entries = server.admin().audit(None, 100).unwrap();
    entries.reverse();
    entries.into_iter().filter(|(_, entry)| entry.on == login).map(|(_, entry)| entry.what).collect()
}

fn is_signed_in(browser: &Browser) -> bool {
    browser.cookies.contains_key("__Host-afterword")
}

#[tokio::test]
async fn who_follows_a_link_comes_by_the_provider_and_later_without_a_link() {
    let (server, provider) = both(&[]).await;
    let token = invitation(&server, "ada@example.com", Role::Viewer);
    let mut ada = Browser::at(&server);
    assert!(ada.get("/sign-in").await.text.contains("Sign in with Example"));
    let welcome = ada.get(&format!("/welcome/{token}")).await;
    let way = format!("/sign-in/oidc?invitation={token}");
    assert!(welcome.text.contains(&way), "{}", welcome.text);
    // What the provider calls her is not what the link was made for; the link counts.
    provider.says(
        &json!({ "sub": "u-1", "email": "ada.l@example.com", "email_verified": true, "name": "Ada L." }),
    );
    let come_in = come(&mut ada, &provider, &way).await;
    assert_eq!((come_in.status, &*come_in.location), (303, "/"), "{}", come_in.text);
    assert!(is_signed_in(&ada) && !ada.cookies.contains_key("__Host-afterword-oidc"));
    assert!(ada.get("/fleet").await.text.contains("Ada L."));
    assert_eq!(ada.submit("/fleet", "/sign-out", &[]).await.location, "/sign-in");
    assert_eq!(ada.get("/fleet").await.status, 303);

    let again = come(&mut ada, &provider, "/sign-in/oidc?to=%2Ffleet%3Fstore%3DQuayside").await;
    assert_eq!(again.location, "/fleet?store=Quayside");
    assert_eq!(ada.get("/fleet").await.status, 200);
    assert_eq!(
        deeds(&server, "ada@example.com"),
        ["person.invited", "person.came", "person.let_in", "person.let_in"]
    );
    // A link is good once, also for somebody else's name there.
    provider.says(&json!({ "sub": "u-2", "email": "eve@example.com", "email_verified": true }));
    let eve = come(&mut Browser::at(&server), &provider, &way).await;
    assert!(eve.status == 403 && eve.text.contains("This link is not one of ours, was used"), "{}", eve.text);
    // And there is no password that would do as well.
    let typed = [("login", "ada@example.com"), ("password", PASSWORD)];
    assert_eq!(Browser::at(&server).post("/sign-in", &typed).await.status, 401);
}

#[tokio::test]
async fn a_link_binds_the_account_it_was_made_for_and_an_address_alone_binds_none() {
    let (server, provider) = both(&[]).await;
    let _admin = Browser::of_admin(&server).await;
    provider.says(&json!({ "sub": "u-1", "email": "root@example.com", "email_verified": true }));
    let mut browser = Browser::at(&server);
    let stranger = come(&mut browser, &provider, "/sign-in/oidc").await;
    assert_eq!(stranger.status, 403);
    assert!(stranger.text.contains("this collector does not; ask an admin for a link"), "{}", stranger.text);
    assert!(!is_signed_in(&browser));
    assert_eq!(deeds(&server, "root@example.com").last().unwrap(), "person.not_let_in");

    let token = server.admin().person_renew("root@example.com").unwrap().token.text().to_owned();
    let bound = come(&mut browser, &provider, &format!("/sign-in/oidc?invitation={token}")).await;
    assert_eq!(bound.location, "/", "{}", bound.text);
    assert_eq!(browser.get("/people").await.status, 200, "it is the admin's own account");
    // Nobody else at the provider gets an account that is bound, even with a link.
    let token = server.admin().person_renew("root@example.com").unwrap().token.text().to_owned();
    provider.says(&json!({ "sub": "u-2" }));
    let other =
        come(&mut Browser::at(&server), &provider, &format!("/sign-in/oidc?invitation={token}")).await;
    assert!(other.status == 403 && other.text.contains("login already"), "{}", other.text);

    let token = invitation(&server, "ada@example.com", Role::Viewer);
    provider.says(&json!({ "sub": "u-3" }));
    let mut ada = Browser::at(&server);
    come(&mut ada, &provider, &format!("/sign-in/oidc?invitation={token}")).await;
    server.admin().person_disable("ada@example.com", true).unwrap();
    assert_eq!(ada.get("/fleet").await.status, 303, "she is out at once");
    assert_eq!(come(&mut ada, &provider, "/sign-in/oidc").await.status, 403);
}

#[tokio::test]
async fn a_token_is_believed_only_as_it_has_to_be() {
    let (server, provider) = both(&[]).await;
    let token = invitation(&server, "ada@example.com", Role::Viewer);
    let mut ada = Browser::at(&server);
    come(&mut ada, &provider, &format!("/sign-in/oidc?invitation={token}")).await;
    assert!(is_signed_in(&ada));
    for (what, wrong) in [
        ("another nonce", json!({ "nonce": "AAAA" })),
        ("no nonce", json!({ "nonce": Value::Null })),
        ("for another client", json!({ "aud": "others" })),
        ("for no client", json!({ "aud": [] })),
        ("of another provider", json!({ "iss": "https://evil.example" })),
        ("over", json!({ "exp": 1_795_000_000 })),
        ("without an end", json!({ "exp": Value::Null })),
        ("without a name", json!({ "sub": Value::Null })),
        ("changed after it was signed", json!({ "!": "changed" })),
        ("signed by nobody", json!({ "!": "none" })),
        ("signed with our own secret", json!({ "!": "HS256" })),
        ("signed with another key", json!({ "!": "stranger" })),
    ] {
        provider.says(&wrong);
        // As many at once are stopped by themselves.
        server.clock.advance_ms(61_000);
        let mut browser = Browser::at(&server);
        let page = come(&mut browser, &provider, "/sign-in/oidc").await;
        assert_eq!(page.status, 401, "{what}: {}", page.text);
        assert!(page.text.contains("cannot be believed"), "{what}");
        assert!(browser.cookies.is_empty(), "{what}: {:?}", browser.cookies);
    }
    provider.says(&json!({}));
    let mut browser = Browser::at(&server);
    assert_eq!(come(&mut browser, &provider, "/sign-in/oidc").await.location, "/", "it was for these alone");
    provider.rotate();
    assert_eq!(come(&mut browser, &provider, "/sign-in/oidc").await.location, "/", "new keys are asked for");
}

#[tokio::test]
async fn a_provider_that_signs_with_rsa_is_believed_as_well_and_no_further() {
    let (server, provider) = with(Provider::with_rsa().await, &["cx=lead"]).await;
    let _admin = Browser::of_admin(&server).await;
    let ada = json!({ "sub": "u-2", "preferred_username": "ada", "groups": "cx" });
    for wish in ["changed", "none", "HS256", "stranger"] {
        let mut says = ada.clone();
        says["!"] = wish.into();
        provider.says(&says);
        let mut browser = Browser::at(&server);
        assert_eq!(come(&mut browser, &provider, "/sign-in/oidc").await.status, 401, "{wish}");
        assert!(!is_signed_in(&browser), "{wish}");
    }
    provider.says(&ada);
    let mut browser = Browser::at(&server);
    let come_in = come(&mut browser, &provider, "/sign-in/oidc").await;
    assert_eq!(come_in.location, "/", "{}", come_in.text);
    assert!(is_signed_in(&browser));
}

#[tokio::test]
async fn an_answer_is_good_once_and_only_where_it_was_asked_for() {
    let (server, provider) = both(&[]).await;
    let token = invitation(&server, "ada@example.com", Role::Viewer);
    let mut ada = Browser::at(&server);
    let back = go(&mut ada, &provider, &format!("/sign-in/oidc?invitation={token}")).await;
    let attempt = ada.cookies["__Host-afterword-oidc"].clone();
    let mut victim = Browser::at(&server);
    let elsewhere = victim.get(&back).await;
    assert_eq!(elsewhere.status, 403);
    assert!(elsewhere.text.contains("was not begun in this browser"), "{}", elsewhere.text);
    go(&mut victim, &provider, "/sign-in/oidc").await;
    assert_eq!(victim.get(&back).await.status, 403, "the state is another's");
    assert!(!is_signed_in(&victim));

    assert_eq!(ada.get(&back).await.location, "/");
    assert_eq!(ada.get(&back).await.status, 403, "what belonged to it is gone");
    // Even with all that belonged to it the code is used up, and the provider says so.
    let mut thief = Browser::at(&server);
    thief.cookies.insert("__Host-afterword-oidc".into(), attempt);
    assert_eq!(thief.get(&back).await.status, 401);
    assert!(!is_signed_in(&thief));

    // Nor does anybody try codes for long.
    let mut guesser = Browser::at(&server);
    let tries = async |browser: &mut Browser| {
        let back = go(browser, &provider, "/sign-in/oidc").await;
        browser.get(&back.replace("code=", "code=x")).await.status
    };
    for _ in 0..20 {
        assert!(matches!(tries(&mut guesser).await, 401 | 429));
    }
    assert_eq!(tries(&mut guesser).await, 429);
    server.clock.advance_ms(61_000);

    let mut late = Browser::at(&server);
    let back = go(&mut late, &provider, "/sign-in/oidc").await;
    server.clock.advance_ms(10 * 60 * 1_000);
    assert_eq!(late.get(&back).await.status, 403);
    let mut refused = Browser::at(&server);
    let back = go(&mut refused, &provider, "/sign-in/oidc").await;
    let state = back.split("state=").nth(1).unwrap();
    let page = refused.get(&format!("/sign-in/oidc/answer?error=access_denied&state={state}")).await;
    assert!(page.status == 401 && page.text.contains("did not let you in"), "{}", page.text);
    // Nobody is led away from here by it.
    let off = go(&mut refused, &provider, "/sign-in/oidc?to=https%3A%2F%2Fevil.example").await;
    assert_eq!(refused.get(&off).await.location, "/");
}

#[tokio::test]
async fn groups_decide_at_each_sign_in_what_somebody_may_do() {
    let (server, provider) = both(&["cx=lead", "it=admin", "gone=lead@Atlantis"]).await;
    let _admin = Browser::of_admin(&server).await;
    let ada = |groups: &Value| {
        provider.says(
            &json!({ "sub": "u-1", "email": "ada@example.com", "email_verified": true, "groups": groups }),
        );
    };
    let role = || {
        let people = server.admin().person_list().unwrap();
        let ada = people.into_iter().find(|person| person.login == "ada@example.com");
        ada.map(|ada| ada.grants.iter().map(|grant| grant.role).collect::<Vec<_>>())
    };
    let mut browser = Browser::at(&server);
    ada(&json!(["others", "gone"]));
    assert_eq!(come(&mut browser, &provider, "/sign-in/oidc").await.status, 403);
    ada(&json!([]));
    let none = come(&mut browser, &provider, "/sign-in/oidc").await;
    assert!(none.status == 403 && none.text.contains("None of your groups has a role here"), "{}", none.text);
    ada(&json!(["others", "cx"]));
    assert_eq!(come(&mut browser, &provider, "/sign-in/oidc").await.location, "/");
    assert_eq!(role(), Some(vec![Role::Lead]));
    assert_eq!(browser.get("/people").await.status, 404);
    ada(&json!("it"));
    come(&mut browser, &provider, "/sign-in/oidc").await;
    assert_eq!((role(), browser.get("/people").await.status), (Some(vec![Role::Admin]), 200));
    ada(&json!(["others"]));
    assert_eq!(come(&mut browser, &provider, "/sign-in/oidc").await.status, 403);
    assert_eq!(role(), Some(vec![]), "what was taken stays taken");
    assert_eq!(browser.get("/fleet").await.status, 303, "and who was in is out");
    let done = deeds(&server, "ada@example.com");
    assert_eq!(done.last().unwrap(), "person.not_let_in");
    assert!(done.contains(&"person.withdrawn".to_owned()), "{done:?}");
    // An address that nobody has verified is nobody's login; what they are called there is.
    provider.says(&json!({ "sub": "u-9", "email": "root@example.com", "email_verified": false, "preferred_username": "Bob", "groups": ["cx"] }));
    come(&mut browser, &provider, "/sign-in/oidc").await;
    assert!(server.admin().person_list().unwrap().iter().any(|person| person.login == "bob"));
    // And one that is somebody's login makes no second account.
    provider.says(
        &json!({ "sub": "u-8", "email": "root@example.com", "email_verified": true, "groups": ["cx"] }),
    );
    assert_eq!(come(&mut Browser::at(&server), &provider, "/sign-in/oidc").await.status, 403);
}

#[tokio::test]
async fn the_last_admin_stays_one_whatever_groups_say() {
    let (server, provider) = both(&["cx=lead"]).await;
    let link = server.collector().first_link().unwrap().to_owned();
    let token = link.rsplit('/').next().unwrap();
    provider.says(&json!({ "sub": "u-1", "preferred_username": "root", "groups": ["cx"] }));
    let mut root = Browser::at(&server);
    let come_in = come(&mut root, &provider, &format!("/sign-in/oidc?invitation={token}")).await;
    assert_eq!(come_in.location, "/", "{}", come_in.text);
    assert_eq!(root.get("/people").await.status, 200);
}

#[tokio::test]
async fn a_provider_that_is_not_there_leaves_the_other_way_in() {
    let (server, provider) = both(&[]).await;
    let _admin = Browser::of_admin(&server).await;
    provider.stop();
    let mut browser = Browser::at(&server);
    let off = browser.get("/sign-in/oidc").await;
    assert_eq!(off.status, 502);
    assert!(off.text.contains("cannot be reached from here"), "{}", off.text);
    let typed = [("login", "root@example.com"), ("password", PASSWORD)];
    assert_eq!(browser.post("/sign-in", &typed).await.status, 303);
    let plain = Server::start().await;
    assert_eq!(Browser::at(&plain).get("/sign-in/oidc").await.status, 404);
    assert!(!Browser::at(&plain).get("/sign-in").await.text.contains("/sign-in/oidc"));
}

#[tokio::test]
async fn a_provider_without_tls_elsewhere_is_refused_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let settings = OidcSettings {
        issuer: "http://login.example".into(),
        client_id: "x".into(),
        client_secret: None,
        label: "Example".into(),
        groups_claim: "groups".into(),
        roles: Vec::new(),
    };
    let config = Config { oidc: Some(settings), ..Config::loopback(folder.path()) };
    let (clock, entropy) = (std::sync::Arc::new(SystemClock::start()), std::sync::Arc::new(SystemEntropy));
    let error = Collector::start(config, clock, entropy).await.err().unwrap().to_string();
    assert!(error.contains("is no address of a sign-in; give --oidc-issuer"), "{error}");
}

#[tokio::test]
async fn who_came_by_the_provider_is_signed_out_there_as_well() {
    let provider = Provider::start().await;
    provider.sign_people_out();
    let (server, provider) = with(provider, &["cx=lead"]).await;
    let _admin = Browser::of_admin(&server).await;
    let says = json!({ "sub": "u-1", "preferred_username": "ada", "groups": "cx" });
    provider.says(&says);
    let mut ada = Browser::at(&server);
    come(&mut ada, &provider, "/sign-in/oidc").await;
    let token = ada.cookies["__Secure-afterword-provider"].clone();
    let out = ada.submit("/fleet", "/sign-out", &[]).await;
    assert_eq!(out.status, 200, "{}", out.text);
    assert!(out.text.contains("signed out at Example as well"), "{}", out.text);
    assert!(ada.cookies.is_empty(), "{:?}", ada.cookies);
    assert_eq!(ada.get("/fleet").await.status, 303, "she is out here, whatever comes of it there");
    let way = between(&out.text, "http-equiv=\"refresh\" content=\"0;url=", "\"").replace("&amp;", "&");
    let (back, asked) = provider.sign_out(&way).await;
    assert_eq!(back, "/sign-in");
    let said = |name: &str| asked.get(name).map(String::as_str);
    assert_eq!(said("id_token_hint"), Some(&*token));
    assert_eq!((said("client_id"), said("realm")), (Some(provider::CLIENT), Some("shops")));
    assert_eq!(said("post_logout_redirect_uri"), Some(&*format!("{}/sign-in", server.collector().web_url())));

    // What is too long for a cookie is left out, and the provider asks.
    let mut long = says.clone();
    long["more"] = "x".repeat(4_000).into();
    provider.says(&long);
    come(&mut ada, &provider, "/sign-in/oidc").await;
    let out = ada.submit("/fleet", "/sign-out", &[]).await;
    let way = between(&out.text, "0;url=", "\"").replace("&amp;", "&");
    assert!(!provider.sign_out(&way).await.1.contains_key("id_token_hint"), "{way}");

    // Who has come by a password is not known there.
    let mut root = Browser::at(&server);
    let typed = [("login", "root@example.com"), ("password", PASSWORD)];
    root.post("/sign-in", &typed).await;
    assert_eq!(root.submit("/fleet", "/sign-out", &[]).await.location, "/sign-in");

    // Nobody stays signed in here because the provider is away.
    provider.says(&says);
    come(&mut ada, &provider, "/sign-in/oidc").await;
    provider.stop();
    server.clock.advance_ms(11 * 60 * 1_000);
    assert_eq!(ada.submit("/fleet", "/sign-out", &[]).await.location, "/sign-in");
    assert_eq!(ada.get("/fleet").await.status, 303);
}
