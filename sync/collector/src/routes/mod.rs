//! What the two ports answer: one file for each address. Everything else is a problem.

mod batches;
mod body;
mod enrolments;

use std::sync::Arc;

use afterword_model::ports::{Clock, Entropy};
use afterword_model::record::ServerEpoch;
use afterword_protocol::batch::BATCHES_PATH;
use afterword_protocol::enrolment::ENROLMENT_PATH;
use axum::Router;
use axum::routing::post;
use http::HeaderMap;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderName};
use tokio::sync::Semaphore;

use crate::limits::Limits;
use crate::load::Load;
use crate::pki::Pki;
use crate::problem_response::Refusal;
use crate::storage::readers::Readers;
use crate::storage::writer::Writer;
use crate::throttle::Throttle;

/// What the routes work with.
pub(crate) struct App {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) pki: Arc<Pki>,
    pub(crate) readers: Readers,
    pub(crate) writer: Writer,
    pub(crate) throttle: Throttle,
    pub(crate) server_epoch: ServerEpoch,
    /// Where enrolled devices deliver.
    pub(crate) device_url: String,
    pub(crate) limits: Limits,
    /// Batches that wait for a place or have one.
    pub(crate) load: Load,
    /// Batches that are decoded, queued or being committed.
    pub(crate) in_flight: Semaphore,
    /// Decoding is work for the processor: more at once than it has cores only costs memory.
    pub(crate) cores: Semaphore,
}

impl App {
    /// Runs work that takes the processor or the disk for a while, away from the threads that serve connections.
    async fn compute<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Self) -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, Refusal> {
        let _core = self.cores.acquire().await.expect("the semaphore is never closed");
        let app = Arc::clone(self);
        match tokio::task::spawn_blocking(move || work(&app)).await {
            Ok(result) => result,
            Err(panicked) => Err(Refusal::internal(&panicked)),
        }
    }
}

/// The addresses of the device port.
pub(crate) fn device_port(app: Arc<App>) -> Router {
    closed(Router::new().route(BATCHES_PATH, post(batches::receive))).with_state(app)
}

/// The addresses of the enrolment port.
pub(crate) fn enrol_port(app: Arc<App>) -> Router {
    closed(Router::new().route(ENROLMENT_PATH, post(enrolments::enrol))).with_state(app)
}

fn closed(router: Router<Arc<App>>) -> Router<Arc<App>> {
    router
        .fallback(|| async { Refusal::not_found() })
        .method_not_allowed_fallback(|| async { Refusal::method_not_allowed() })
}

/// Refuses a body that is not of this media type and encoding.
fn expect_type(headers: &HeaderMap, media_type: &str, encoding: Option<&str>) -> Result<(), Refusal> {
    let value = |name: &HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    let essence = value(&CONTENT_TYPE).and_then(|value| value.split(';').next()).map(str::trim);
    if !essence.is_some_and(|essence| essence.eq_ignore_ascii_case(media_type)) {
        return Err(Refusal::unsupported("Content-Type", media_type));
    }
    match (value(&CONTENT_ENCODING), encoding) {
        (None, None) => Ok(()),
        (Some(is), Some(wanted)) if is.eq_ignore_ascii_case(wanted) => Ok(()),
        (_, wanted) => Err(Refusal::unsupported("Content-Encoding", wanted.unwrap_or("none"))),
    }
}
