//! The pages themselves: what keeps others out, the fleet as it is heard, a kiosk that is enrolled by one of them.

use std::sync::Arc;

use afterword_collector::{Collector, Config, DecidedFor};
use afterword_model::ports::Clock as _;
use afterword_model::response::{Answer, AnswerValue};
use afterword_model::settings::Settings;
use afterword_protocol::system::{SystemClock, SystemEntropy};
use rcgen::{CertificateParams, KeyPair};

use crate::browser::Browser;
use crate::support::{Device, PATIENCE, Server, client, rating};

#[tokio::test]
async fn every_answer_keeps_other_pages_out() {
    let server = Server::start().await;
    let mut browser = Browser::first(&server).await;
    for path in ["/", "/fleet", "/sign-in", "/nowhere", "/assets/none.css"] {
        let page = browser.get(path).await;
        let header =
            |name: &str| page.headers.get(name).map_or("", |value| value.to_str().unwrap()).to_owned();
        let policy = header("content-security-policy");
        assert!(
            policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self'"),
            "{path}: {policy}"
        );
        assert!(!policy.contains("unsafe") && policy.contains("frame-ancestors 'none'"), "{path}: {policy}");
        assert_eq!(
            (header("x-content-type-options"), header("cache-control")),
            ("nosniff".into(), "no-store".into())
        );
        assert!(
            !page.has("style=\"") && !page.has("<style") && !page.has("onclick"),
            "{path}: {}",
            page.text
        );
    }
    let page = browser.get("/fleet").await;
    let style = format!("/assets/{}", page.after("href=\"/assets/"));
    let sheet = browser.get(&style).await;
    assert_eq!(sheet.status, 200);
    let kept = sheet.headers.get("cache-control").unwrap().to_str().unwrap();
    assert!(kept.contains("immutable"), "{kept}");
    let font = format!(
        "/assets/{}.ttf",
        sheet.text.split_once("url(/assets/").unwrap().1.split_once(".ttf").unwrap().0
    );
    assert_eq!(browser.get(&font).await.headers.get("content-type").unwrap(), "font/ttf");
}

#[tokio::test]
async fn the_cookie_is_for_this_host_and_no_script() {
    let server = Server::start().await;
    let mut browser = Browser::first(&server).await;
    let page = browser.sign_in("ada@example.com", crate::browser::PASSWORD).await;
    let cookie = page.headers.get("set-cookie").unwrap().to_str().unwrap();
    assert!(cookie.starts_with("__Host-afterword="), "{cookie}");
    assert!(cookie.ends_with("; Path=/; Secure; HttpOnly; SameSite=Lax"), "{cookie}");
    let page = browser
        .post(
            "/sign-in",
            &[("login", "ada@example.com"), ("password", crate::browser::PASSWORD), ("to", "//evil.example")],
        )
        .await;
    assert_eq!(page.leads_to(), "/", "a link leads to our own pages alone");
}

#[tokio::test]
async fn a_kiosk_is_enrolled_by_the_code_on_the_page_and_shows_in_the_fleet() {
    let server = Server::start().await;
    let mut browser = Browser::first(&server).await;
    assert!(browser.get("/fleet").await.has("No kiosk is enrolled yet"));
    let form = browser.get("/fleet/enrol").await;
    assert_eq!(form.status, 200);
    let bad = browser.post("/fleet/enrol", &[("name", " "), ("store", "Quayside")]).await;
    assert!(bad.status == 422 && bad.has("A device's name has"), "{}", bad.text);
    let page = browser.post("/fleet/enrol", &[("name", "HS-0012 <b>"), ("store", "Quayside")]).await;
    assert!(page.has("HS-0012 &lt;b&gt;") && !page.has("HS-0012 <b>"), "{}", page.text);
    let code = page.after("id=\"code\">").to_owned();
    assert!(page.has(&format!("--code {code}")) && page.has("<svg width=\"196\""), "{}", page.text);
    assert!(browser.get("/fleet").await.has("code waits"));

    let device =
        Device::enrol("HS-0012", &server.enrolment_url(), &server.ca_pem(), &code).await.with_records(3);
    let mut said = device.heartbeat(3, server.clock.wall_ms());
    said.certificate_expires_ms += 90 * 24 * 60 * 60 * 1_000;
    device.beat(&said).await;
    let fleet = browser.get("/fleet").await;
    assert!(fleet.has("1 of 1 kiosk is well") && fleet.has("3 replies are on their way."), "{}", fleet.text);
    let id = device.enrolled.device;
    let one = browser.get(&format!("/devices/{id}")).await;
    assert!(one.has("<b>3</b> collected, <b>0</b> received") && one.has("number 1 to 3"), "{}", one.text);
    device.send(device.batch(1, 3)).await.receipt();
    let one = browser.get(&format!("/devices/{id}")).await;
    assert!(one.has("<b>3</b> collected, <b>3</b> received. Nothing is missing."), "{}", one.text);

    server.clock.advance_ms(26 * 60 * 60 * 1_000);
    browser.sign_in("ada@example.com", crate::browser::PASSWORD).await;
    assert!(one.has("href=\"/fleet\" aria-current=\"page\">Fleet</a>"), "nothing needs a look: {}", one.text);
    let fleet = browser.get("/fleet").await;
    assert!(
        fleet.has("Fleet <b>1</b><span class=\"hidden\"> kiosk needs a look</span></a>"),
        "{}",
        fleet.text
    );
    assert!(fleet.has("silent 26 h") && fleet.has("0 of 1 kiosk is well"), "{}", fleet.text);
    let page = browser.post(&format!("/devices/{id}/revoke"), &[("reason", "stolen")]).await;
    assert_eq!(page.status, 303);
    let one = browser.get(&format!("/devices/{id}")).await;
    assert!(one.has("revoked") && one.has("stolen"), "{}", one.text);
    assert_eq!(device.send(device.batch(1, 3)).await.status, 403, "at once");
}

#[tokio::test]
async fn a_code_is_for_the_kiosk_of_the_page_and_no_other_of_its_name() {
    let server = Server::start().await;
    let mut browser = Browser::first(&server).await;
    let old = server.device("HS-0012").await.enrolled.device;
    let mut operator = server.admin();
    operator.device_revoke("HS-0012", None).unwrap();
    let new = operator.device_add("HS-0012", Some("Quayside")).unwrap();
    Device::enrol("another", &server.enrolment_url(), &server.ca_pem(), &new.code.to_string()).await;
    browser.get(&format!("/devices/{old}")).await;
    let page = browser.post(&format!("/devices/{old}/code"), &[]).await;
    assert!(page.status == 409 && page.has("is the name of an enrolled device"), "{}", page.text);
    let device = new.device;
    browser.get(&format!("/devices/{device}")).await;
    let page = browser.post(&format!("/devices/{device}/code"), &[]).await;
    assert!(page.has("Code for HS-0012"), "{}", page.text);
    assert!(browser.get(&format!("/devices/{device}")).await.has("Quayside"), "it stands where it stood");
}

#[tokio::test]
async fn replies_are_read_one_by_one_the_newest_first() {
    let server = Server::start().await;
    let mut browser = Browser::first(&server).await;
    let enrol = async |name: &str, store: &str| {
        let code = server.admin().device_add(name, Some(store)).unwrap().code.to_string();
        Device::enrol(name, &server.enrolment_url(), &server.ca_pem(), &code).await
    };
    let (quay, mill) = (enrol("HS-0012", "Quayside").await, enrol("HS-0033", "Mill Lane").await);
    let (mut quay, mut mill) = (quay.with_records(70), mill.with_records(2));
    let told = |seq: u64, face: u8, words: &str| {
        let mut response = rating(seq);
        response.draft.answers[0].value = AnswerValue::Face(face);
        let answer = |question: &str, value| Answer { question: question.into(), value, at_ms: 5 };
        response.draft.answers.push(answer("words", AnswerValue::Comment(words.into())));
        response.to_bytes()
    };
    quay.records[0] = told(1, 1, "No <salt> anywhere");
    mill.records[1] = told(2, 5, "Lovely bread");
    quay.send(quay.batch(1, 70)).await.receipt();
    server.clock.advance_ms(60_000);
    mill.send(mill.batch(1, 2)).await.receipt();

    let page = browser.get("/responses").await;
    assert_eq!(page.text.matches("<tr><th scope=\"row\">").count(), 50);
    assert!(page.text.find("Lovely bread").unwrap() < page.text.find("HS-0012").unwrap(), "the newest first");
    let older = page.after("<a href=\"/responses?").replace("&amp;", "&");
    let page = browser.get(&format!("/responses?{older}")).await;
    assert_eq!(page.text.matches("<tr><th scope=\"row\">").count(), 22, "each of them once");
    assert!(page.has("No &lt;salt&gt; anywhere") && !page.has("Older"), "{}", page.text);

    let page = browser.get("/responses?only=comment").await;
    assert_eq!(page.text.matches("<tr><th scope=\"row\">").count(), 2);
    let page = browser.get("/responses?only=unhappy").await;
    assert!(page.has("Awful") && !page.has("Lovely"), "{}", page.text);
    let page = browser.get("/responses?words=BREAD").await;
    assert!(page.has("Lovely bread") && !page.has("salt"), "{}", page.text);
    assert!(browser.get("/responses?words=cheese").await.has("There is none of this kind."));
    assert!(browser.get("/responses?place=Mill+Lane").await.has("Lovely bread"));
    assert_eq!(browser.get("/responses?before=1/2").await.status, 400);

    server.admin().erase("HS-0033", (mill.epoch, 2)).unwrap();
    assert!(!browser.get("/responses?only=comment").await.has("Lovely bread"));
    let mut manager = Browser::invited(&server, "bob@example.com", "viewer", "Mill Lane").await;
    let page = manager.get("/responses").await;
    assert!(page.has("HS-0033") && !page.has("HS-0012"), "{}", page.text);
}

#[tokio::test]
async fn a_roll_out_is_seen_paused_and_taken_back_on_the_fleet_s_page() {
    let server = Server::start().await;
    let mut browser = Browser::first(&server).await;
    server.device("HS-0012").await;
    assert!(!browser.get("/fleet").await.has("Settings, version"), "nothing ever went out");
    let mut operator = server.admin();
    let named = Settings { store_name: Some("Quayside".into()), ..Settings::default() };
    operator.settings_set(DecidedFor::Organisation, &named, None).unwrap();
    operator.rollout_start(&[], 24, false, None).unwrap();
    let fleet = browser.get("/fleet").await;
    assert!(fleet.has("Settings, version 1") && fleet.has("goes out in stages"), "{}", fleet.text);
    assert!(fleet.has("<b>Canary</b> <span class=\"quiet\">0 of 1</span>"), "{}", fleet.text);
    assert_eq!(browser.post("/fleet/rollout", &[("deed", "pause")]).await.status, 303);
    assert!(browser.get("/fleet").await.has("is paused"));
    assert_eq!(browser.post("/fleet/rollout", &[("deed", "pause")]).await.status, 409, "it is already");
    assert_eq!(browser.post("/fleet/rollout", &[("deed", "rollback")]).await.status, 303);
    assert!(browser.get("/fleet").await.has("everybody gets version 0 again"));
    let mut viewer = Browser::invited(&server, "bob@example.com", "viewer", "").await;
    let page = viewer.get("/fleet").await;
    assert!(page.has("Settings, version 1") && !page.has("/fleet/rollout"), "{}", page.text);
    assert_eq!(viewer.post("/fleet/rollout", &[("deed", "rollback")]).await.status, 404);
}

#[tokio::test]
async fn what_is_asked_is_written_looked_at_kept_and_sent() {
    let server = Server::start().await;
    let mut browser = Browser::first(&server).await;
    server.device("HS-0012").await;
    let survey = include_str!("../../../../kiosk/app/surveys/pharmacy-nps.toml");
    browser.get("/questions").await;
    let broken = survey.replacen("[[questions]]", "[[questoins]]", 1);
    let page = browser.post("/questions", &[("survey", &broken), ("deed", "keep")]).await;
    assert!(
        page.status == 422 && page.has("mistakes in it") && page.has("Nothing was kept."),
        "{}",
        page.text
    );
    assert!(page.has("[[questoins]]"), "what was written is not lost");
    let page = browser.post("/questions", &[("settings", "store_nam = 1"), ("deed", "keep")]).await;
    assert!(page.status == 422 && page.has("Settings, line 1"), "{}", page.text);
    let page = browser.post("/questions", &[("survey", survey), ("deed", "look")]).await;
    assert!(page.status == 200 && page.has("pharmacy-nps, version 1"), "{}", page.text);
    assert!(page.has("no kiosk’s program to draw them"), "nobody draws here: {}", page.text);
    let part = browser.post("/questions/preview", &[("survey", &broken)]).await;
    assert!(part.status == 200 && part.has("mistakes in it") && !part.has("<html"), "{}", part.text);
    let part = browser.post("/questions/preview", &[("survey", survey), ("language", "de")]).await;
    assert!(part.has("<option value=\"de\" lang=\"de\" selected>") && !part.has("<html"), "{}", part.text);
    assert!(!browser.get("/questions").await.has("pharmacy"), "it was only looked at");

    let named = [("survey", survey), ("settings", "store_name = \"Quayside\"\n"), ("deed", "keep")];
    assert_eq!(browser.post("/questions", &named).await.leads_to(), "/questions?layer=");
    let page = browser.get("/questions").await;
    assert!(page.has("store_name = &quot;Quayside&quot;") && page.has("pharmacy"), "{}", page.text);
    let page = browser.post("/questions", &[("layer", "store:Nowhere"), ("deed", "keep")]).await;
    assert!(
        page.status == 422 && page.has("there is no store") | page.has("There is no store"),
        "{}",
        page.text
    );
    assert_eq!(browser.post("/questions/send", &[]).await.leads_to(), "/fleet");
    assert!(browser.get("/fleet").await.has("Settings, version 1"));
    let page = browser.post("/questions/send", &[]).await;
    assert!(page.status == 409 && page.has("see it through"), "{}", page.text);
    let mut manager = Browser::invited(&server, "bob@example.com", "manager", "").await;
    assert_eq!(manager.get("/questions").await.status, 404);
    assert_eq!(manager.post("/questions/preview", &[("survey", survey)]).await.status, 404);
    assert_eq!(manager.post("/questions/send", &[]).await.status, 404);
}

#[tokio::test]
async fn machines_that_watch_are_told_whether_it_can_work() {
    let server = Server::start().await;
    let mut nobody = Browser::at(&server);
    let (alive, ready) = (nobody.get("/healthz").await, nobody.get("/readyz").await);
    assert_eq!((alive.status, alive.text.as_str()), (200, "alive\n"));
    assert_eq!((ready.status, ready.text.as_str()), (200, "ready\n"));
    let database = rusqlite::Connection::open(server.folder.path().join("collector.db")).unwrap();
    database.execute("update server set server_epoch = zeroblob(16)", []).unwrap();
    let ready = nobody.get("/readyz").await;
    assert!(ready.status == 503 && ready.has("restart this collector"), "{}", ready.text);
    database.execute_batch("alter table server rename to gone").unwrap();
    let ready = nobody.get("/readyz").await;
    assert!(ready.status == 503 && ready.has("cannot be read"), "{}", ready.text);
    assert_eq!(nobody.get("/healthz").await.status, 200, "it still answers");
}

#[tokio::test]
async fn a_range_without_end_is_refused() {
    let server = Server::start().await;
    let mut browser = Browser::first(&server).await;
    for days in [
        "from=-262143-01-01&to=%2B262142-12-31",
        "from=0001-01-01&to=9999-12-31",
        "range=2001-01-01..2026-01-01",
    ] {
        for page in ["/?", "/stores?", "/store?store=&"] {
            let page = browser.get(&format!("{page}{days}")).await;
            assert_eq!(page.status, 409, "{days}: {}", page.text);
        }
    }
    assert_eq!(browser.get("/?from=2026-01-01&to=2026-11-01").await.status, 200);
}

#[tokio::test]
async fn news_of_the_fleet_come_while_its_page_is_open() {
    let server = Server::start().await;
    let browser = Browser::first(&server).await;
    let mut stream = browser.listen("/fleet/live?place=&page=0").await;
    assert_eq!(stream.headers().get("content-type").unwrap(), "text/event-stream");
    let mut heard = String::new();
    while !heard.contains("No kiosk is enrolled yet") {
        heard += &String::from_utf8_lossy(&stream.chunk().await.unwrap().expect("it goes on"));
    }
    assert!(heard.starts_with("event: part\n"), "{heard}");
    server.device("HS-0012").await;
    while !heard.contains("HS-0012") {
        heard += &String::from_utf8_lossy(&stream.chunk().await.unwrap().expect("it goes on"));
    }
    let stranger = Browser::at(&server);
    assert_eq!(stranger.listen("/fleet/live").await.status().as_u16(), 204);
}

#[tokio::test]
async fn a_certificate_for_browsers_is_read_again_when_it_changes() {
    let folder = tempfile::tempdir().unwrap();
    let (chain, key) = (folder.path().join("chain.pem"), folder.path().join("key.pem"));
    let make = || {
        let pair = KeyPair::generate().unwrap();
        let certificate =
            CertificateParams::new(["localhost".to_owned()]).unwrap().self_signed(&pair).unwrap();
        std::fs::write(&key, pair.serialize_pem()).unwrap();
        std::fs::write(&chain, certificate.pem()).unwrap();
        certificate.pem()
    };
    let old = make();
    let mut config = Config::loopback(folder.path().join("data"));
    config.web_listen = "0.0.0.0:0".parse().unwrap();
    config.web_certificate = Some((chain.clone(), key.clone()));
    let collector =
        Collector::start(config, Arc::new(SystemClock::start()), Arc::new(SystemEntropy)).await.unwrap();
    let address = format!("https://localhost:{}/sign-in", collector.web_address().port());
    let reads = |pem: String| {
        let address = address.clone();
        async move { client(&pem, None).get(address).send().await.is_ok_and(|answer| answer.status() == 200) }
    };
    assert!(reads(old.clone()).await);
    std::fs::write(&chain, "nothing of the kind").unwrap();
    let new = make();
    let shown = tokio::time::timeout(PATIENCE, async { while !reads(new.clone()).await {} });
    assert!(shown.await.is_ok(), "the new one is never shown");
    assert!(!reads(old).await, "the one before is not shown any more");
    collector.shutdown().await;
}

#[tokio::test]
async fn without_a_certificate_other_machines_are_served_with_the_server_s_own() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = Config::loopback(folder.path());
    config.web_listen = "0.0.0.0:0".parse().unwrap();
    let start = || Collector::start(config.clone(), Arc::new(SystemClock::start()), Arc::new(SystemEntropy));
    let collector = start().await.unwrap();
    assert!(collector.web_url().starts_with("https://localhost:"), "{}", collector.web_url());
    let own = std::fs::read_to_string(folder.path().join("pki/web.pem")).unwrap();
    let address = format!("{}/sign-in", collector.web_url());
    assert_eq!(client(&own, None).get(address).send().await.unwrap().status(), 200);
    collector.shutdown().await;
    start().await.unwrap().shutdown().await;
    assert_eq!(std::fs::read_to_string(folder.path().join("pki/web.pem")).unwrap(), own, "it is kept");
}
