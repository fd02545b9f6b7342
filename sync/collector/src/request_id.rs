//! The name of a request: in its answer, on the page or in the problem that says why something was not done, and in each line that the log
//! has of it, so that a person can tell whoever runs the collector which one they mean.
//!
//! A name is this start of the server, drawn once, and a number. What a client calls its request is not believed: two could have one name,
//! and lines of the log would be of whoever likes. A forwarder on this machine is believed, as it is about for whom it asks (see
//! `web::visitor`): its own log has that name then.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use afterword_model::ports::Entropy;
use http::{HeaderMap, HeaderName, HeaderValue, Response};
use tokio::task::JoinHandle;
use tracing::Instrument as _;

/// In which it is told, and taken from a forwarder.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Characters of a forwarder's name at most; a UUID has 36.
const CHARS_MAX: usize = 64;

tokio::task_local! {
    static NOW: RequestId;
}

/// Names requests, each once.
pub(crate) struct RequestIds {
    start: String,
    last: AtomicU64,
}

impl RequestIds {
    /// Those of this start.
    pub(crate) fn new(entropy: &dyn Entropy) -> Self {
        let mut start = [0; 4];
        entropy.fill(&mut start);
        Self { start: data_encoding::HEXLOWER.encode(&start), last: AtomicU64::new(0) }
    }

    /// The name of a request that came with these headers from there.
    pub(crate) fn of(&self, headers: &HeaderMap, source: SocketAddr) -> RequestId {
        let given = headers.get(REQUEST_ID).filter(|_| source.ip().is_loopback());
        let given = given.and_then(|given| given.to_str().ok()).filter(|given| is_name(given));
        RequestId(given.map_or_else(|| self.draw().into(), Arc::from))
    }

    fn draw(&self) -> String {
        format!("{}-{}", self.start, self.last.fetch_add(1, Ordering::Relaxed) + 1)
    }
}

/// The name of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RequestId(Arc<str>);

impl RequestId {
    /// That of the request which is being answered; none where nobody asked.
    pub(crate) fn now() -> Option<Self> {
        NOW.try_with(Clone::clone).ok()
    }

    /// As a person says it.
    pub(crate) fn text(&self) -> &str {
        &self.0
    }

    /// As a problem names what it is about (RFC 9457, 3.1.5).
    pub(crate) fn urn(&self) -> String {
        format!("urn:afterword:request:{}", self.0)
    }

    /// Answers under this name.
    pub(crate) async fn answered<B>(self, answer: impl Future<Output = Response<B>>) -> Response<B> {
        // Of the highest level, so that a log of errors alone has it as well.
        let span = tracing::error_span!("request", id = self.text());
        let mut response = NOW.scope(self.clone(), answer).instrument(span).await;
        let value = HeaderValue::try_from(self.text()).expect("a name has plain letters and digits");
        response.headers_mut().insert(REQUEST_ID, value);
        response
    }
}

/// Runs what blocks away from the threads that serve connections; what it logs is of the request that it is for.
pub(crate) fn spawn_blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> JoinHandle<T> {
    let span = tracing::Span::current();
    tokio::task::spawn_blocking(move || span.in_scope(work))
}

/// Whether it can stand in a log, in a header and on a page, and be read out.
fn is_name(text: &str) -> bool {
    let fits = |character: char| character.is_ascii_alphanumeric() || matches!(character, '-' | '_' | '.');
    (1..=CHARS_MAX).contains(&text.len()) && text.chars().all(fits)
}

#[cfg(test)]
mod tests {
    use std::io::{self, Write};
    use std::sync::{Mutex, PoisonError};

    use afterword_model::ports::SeededEntropy;
    use tracing::Dispatch;
    use tracing::dispatcher::with_default;
    use tracing_subscriber::fmt::layer;
    use tracing_subscriber::layer::SubscriberExt as _;

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn what_is_logged_of_a_request_has_its_name_on_whichever_thread() {
        let lines = Lines::default();
        let to = lines.clone();
        let log = layer().with_ansi(false).with_writer(move || to.clone());
        let dispatch = Dispatch::new(tracing_subscriber::registry().with(log));
        let elsewhere = dispatch.clone();
        let answer = async move {
            tracing::info!("here");
            // The default of a test's thread is none of the others'.
            spawn_blocking(move || with_default(&elsewhere, || tracing::info!("there"))).await.unwrap();
            Response::new(RequestId::now())
        };
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let id = RequestId("7f3a-1".into());
        let response = with_default(&dispatch, || runtime.block_on(id.clone().answered(answer)));
        assert_eq!(
            (response.headers()[REQUEST_ID].to_str().unwrap(), response.body()),
            (id.text(), &Some(id.clone()))
        );
        with_default(&dispatch, || tracing::info!("of nobody"));
        let said = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
        let named: Vec<bool> = said.lines().map(|line| line.contains("request{id=\"7f3a-1\"}")).collect();
        assert_eq!(named, [true, true, false], "{said}");
    }

    #[test]
    fn each_has_a_name_of_its_own_and_only_a_forwarder_here_may_give_one() {
        let ids = RequestIds::new(&SeededEntropy::new(1));
        let [here, there] = ["127.0.0.1:5", "192.0.2.7:5"].map(|text| text.parse::<SocketAddr>().unwrap());
        let name = |given: &str, source| {
            let headers = HeaderMap::from_iter([(REQUEST_ID, HeaderValue::try_from(given).unwrap())]);
            ids.of(&headers, source).text().to_owned()
        };
        let own = |number: u32| format!("{}-{number}", ids.start);
        assert_eq!(name("f3b1.7_A-2", here), "f3b1.7_A-2");
        assert_eq!(name("f3b1.7_A-2", there), own(1));
        for (number, unsound) in (2..).zip(["", "a b", "<b>", "\u{e9}", &"a".repeat(65)]) {
            assert_eq!(name(unsound, here), own(number), "{unsound}");
        }
        assert_eq!(ids.of(&HeaderMap::new(), there).text(), own(7));
        assert_eq!(RequestId::now(), None);
    }
}
