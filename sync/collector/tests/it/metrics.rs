//! `/metrics`, as Prometheus reads it: with a token, by the grammar of OpenMetrics 1.0, and never who it was.

use std::collections::BTreeMap;

use afterword_collector::Scope;
use afterword_model::ports::Clock as _;
use afterword_protocol::problem::ProblemType;

use crate::api::Program;
use crate::support::{Answer, Server, client, request_enrolment};

/// Samples by their name and labels, as they are written.
type Samples = BTreeMap<String, f64>;

/// Reads OpenMetrics 1.0 as its grammar has it. It knows nothing of who wrote it.
fn parse(text: &str) -> Samples {
    let (mut samples, mut types) = (Samples::new(), BTreeMap::<String, String>::new());
    let (body, end) = text.split_at(text.len() - "# EOF\n".len());
    assert_eq!(end, "# EOF\n");
    let mut current = String::new();
    for line in body.lines() {
        if let Some(about) = line.strip_prefix("# ") {
            let [what, name, rest] = about.splitn(3, ' ').collect::<Vec<_>>()[..] else { panic!("{line}") };
            match what {
                "HELP" => assert!(!rest.is_empty(), "{line}"),
                "TYPE" => {
                    assert!(["counter", "gauge", "histogram", "info"].contains(&rest), "{line}");
                    assert!(types.insert(name.to_owned(), rest.to_owned()).is_none(), "{name} comes twice");
                }
                other => panic!("{other}"),
            }
            name.clone_into(&mut current);
            continue;
        }
        let (series, value) = line.rsplit_once(' ').unwrap();
        let (name, labels) = series.split_once('{').map_or((series, ""), |(name, rest)| {
            (name, rest.strip_suffix('}').unwrap_or_else(|| panic!("{line}")))
        });
        assert!(name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_'));
        let suffixes: &[&str] = match types[&current].as_str() {
            "counter" => &["_total"],
            "gauge" => &[""],
            "info" => &["_info"],
            _ => &["_bucket", "_sum", "_count"],
        };
        let ending = name.strip_prefix(&current).unwrap_or_else(|| panic!("{line} is not of {current}"));
        assert!(suffixes.contains(&ending), "{line}");
        for label in labels.split("\",").filter(|label| !label.is_empty()) {
            let (key, value) = label.split_once("=\"").unwrap_or_else(|| panic!("{line}"));
            assert!(key.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{line}");
            assert!(!value.trim_end_matches('"').contains(['"', '\n', '\\']), "{line}");
        }
        let value: f64 = value.parse().unwrap_or_else(|_| panic!("{line}"));
        assert!(samples.insert(series.to_owned(), value).is_none(), "{series} comes twice");
    }
    for (series, value) in &samples {
        // Buckets hold all that is in those below, and the last one all there are.
        if let Some((name, labels)) = series.split_once("_bucket{")
            && let Some(labels) = labels.strip_suffix("le=\"+Inf\"}")
        {
            let labels = labels.trim_end_matches(',');
            let count =
                if labels.is_empty() { format!("{name}_count") } else { format!("{name}_count{{{labels}}}") };
            assert_eq!(samples[&count], *value, "{series}");
        }
    }
    samples
}

struct Scraper<'s> {
    server: &'s Server,
    client: reqwest::Client,
}

impl<'s> Scraper<'s> {
    fn of(server: &'s Server) -> Self {
        Self { server, client: client("", None) }
    }

    async fn get(&self, token: Option<&str>) -> Answer {
        let request = self.client.get(format!("{}/metrics", self.server.collector().web_url()));
        let accepted =
            "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.2";
        let request = request.header("accept", accepted);
        Answer::of(match token {
            Some(token) => request.bearer_auth(token),
            None => request,
        })
        .await
    }

    async fn samples(&self, token: &str) -> Samples {
        let answer = self.get(Some(token)).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(answer.media_type, "application/openmetrics-text; version=1.0.0; charset=utf-8");
        parse(std::str::from_utf8(&answer.body).unwrap())
    }
}

#[tokio::test]
async fn counters_rise_by_what_was_really_sent() {
    let server = Server::start().await;
    let token = Program::of(&server, &[Scope::MetricsRead], None).secret;
    let scraper = Scraper::of(&server);
    let before = scraper.samples(&token).await;
    assert_eq!(before.get("afterword_records_received_total{came=\"new\"}"), None);
    assert_eq!(before["afterword_records_held"], 0.0);
    assert_eq!(before["afterword_database_up"], 1.0);

    let device = server.device("Exit").await.with_records(9);
    server.device("Till 7").await;
    device.send(device.batch(1, 4)).await.receipt();
    device.send(device.batch(5, 7)).await.receipt();
    server.clock.advance_ms(1);
    device.send(device.batch(5, 7)).await.receipt();
    device.send(device.batch(9, 9)).await.problem(ProblemType::NotContiguous);
    device.send(b"nonsense".to_vec()).await.problem(ProblemType::Malformed);
    let wrong = request_enrolment(&server.enrolment_url(), &server.ca_pem(), "0000-0000", "").await;
    assert!(wrong.status >= 400);
    let mut said = device.heartbeat(9, server.clock.wall_ms());
    said.health.oldest_unsent_ms = Some(server.clock.wall_ms() - 2 * 3_600_000);
    assert_eq!(device.beat(&said).await.status, 200);
    for _ in 0..3 {
        let url = format!("{}/stores/Harbour-{}", server.collector().web_url(), server.clock.wall_ms());
        Answer::of(scraper.client.get(url)).await;
    }
    // What is read of the database is read again only after a while.
    server.clock.advance_ms(10_000);
    let after = scraper.samples(&token).await;
    let sent: usize =
        [(1, 4), (5, 7), (5, 7), (9, 9)].iter().map(|(first, last)| device.batch(*first, *last).len()).sum();
    for (series, value) in [
        ("afterword_records_received_total{came=\"new\"}", 7.0),
        ("afterword_records_received_total{came=\"again\"}", 3.0),
        ("afterword_device_requests_total{request=\"batch\",outcome=\"ok\"}", 3.0),
        ("afterword_device_requests_total{request=\"batch\",outcome=\"not-contiguous\"}", 1.0),
        ("afterword_device_requests_total{request=\"batch\",outcome=\"malformed\"}", 1.0),
        ("afterword_device_requests_total{request=\"enrolment\",outcome=\"ok\"}", 2.0),
        ("afterword_device_requests_total{request=\"heartbeat\",outcome=\"ok\"}", 1.0),
        ("afterword_device_request_seconds_count{request=\"batch\"}", 5.0),
        ("afterword_device_request_bytes_total{request=\"batch\"}", (sent + "nonsense".len()) as f64),
        ("afterword_records_held", 7.0),
        ("afterword_records_waiting", 2.0),
        ("afterword_devices{state=\"stuck\"}", 1.0),
        ("afterword_devices{state=\"well\"}", 1.0),
        ("afterword_http_requests_total{method=\"GET\",route=\"/metrics\",status=\"200\"}", 1.0),
    ] {
        assert_eq!(after.get(series), Some(&value), "{series} of {after:#?}");
    }
    assert!(after["afterword_oldest_unsent_age_seconds"] >= 7_200.0);
    let transactions = after["afterword_database_transaction_seconds_count"];
    assert!(transactions >= 6.0 && after["afterword_database_transaction_jobs_total"] >= transactions);
    let ends = after["afterword_certificate_expiry_timestamp_seconds{certificate=\"server\"}"];
    assert!(ends * 1_000.0 > server.clock.wall_ms() as f64);
    for measured in
        ["process_resident_memory_bytes", "process_open_fds", "process_max_fds", "process_cpu_seconds_total"]
    {
        assert!(after[measured] > 0.0, "{measured}");
    }
    // Alerts hang on names; `internal` is a reason as any other, which nothing here had.
    let alerts = include_str!("../../operations/alerts.yml");
    let named = alerts.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
    for name in named.filter(|word| word.starts_with("afterword_")) {
        assert!(after.keys().any(|series| series.split('{').next() == Some(name)), "{name} is no series");
    }
    assert!(after.keys().all(|series| !series.contains("Harbour") && !series.contains("Till")), "{after:#?}");
}

#[tokio::test]
async fn without_the_right_token_there_are_no_numbers() {
    let server = Server::start().await;
    server.admin().place_put("North", afterword_collector::PlaceKind::Region, None).unwrap();
    let scraper = Scraper::of(&server);
    let others: Vec<Scope> = Scope::ALL.into_iter().filter(|scope| *scope != Scope::MetricsRead).collect();
    let good = Program::of(&server, &[Scope::MetricsRead], None).secret;
    assert_eq!(scraper.get(Some(&good)).await.status, 200);
    let wrong = format!("awt_{}", "A".repeat(43));
    assert_eq!(scraper.get(None).await.status, 401);
    assert_eq!(scraper.get(Some(&wrong)).await.status, 401);
    assert_eq!(scraper.get(Some(&Program::of(&server, &others, None).secret)).await.status, 403);
    let of_north = Program::of(&server, &[Scope::MetricsRead], Some("North")).secret;
    assert_eq!(scraper.get(Some(&of_north)).await.status, 403, "the numbers are about everything");
    server.clock.advance_ms(8 * 86_400_000);
    assert_eq!(scraper.get(Some(&good)).await.status, 401, "it has ended");
}
