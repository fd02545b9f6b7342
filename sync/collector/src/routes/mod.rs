//! What the two ports answer. Each address is a [`Request`]; here it gets its threads, its places and its time.

mod body;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use afterword_protocol::batch::BATCHES_PATH;
use afterword_protocol::enrolment::ENROLMENT_PATH;
use afterword_protocol::heartbeat::HEARTBEATS_PATH;
use afterword_protocol::limits::{BATCHES_IN_FLIGHT_MAX, PLACE_TIMEOUT};
use afterword_protocol::renewal::RENEWALS_PATH;
use axum::body::Body;
use axum::extract::State;
use axum::routing::{MethodRouter, post};
use axum::{Extension, Router};
use http::HeaderMap;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderName};
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout};

use crate::desk::Desk;
use crate::drawing::Drawing;
use crate::kept::KeptFigures;
use crate::limits::Limits;
use crate::listen::Source;
use crate::load::Load;
use crate::metrics::Metrics;
use crate::numbers::FollowUps;
use crate::oidc::Oidc;
use crate::pki::Bearer;
use crate::refusal::Refusal;
use crate::reply::Reply;
use crate::request_id::spawn_blocking;
use crate::requests::batches::Batch;
use crate::requests::enrolments::Enrolment;
use crate::requests::heartbeats::Beat;
use crate::requests::renewals::Renewal;
use crate::requests::{Caller, Context, Request, expect_type};
use crate::storage::StorageError;
use crate::storage::readers::Readers;
use crate::storage::sql::{Connection, SqlResult};
use crate::storage::writer::Writer;
use crate::webhooks::sender::Sender;

/// What the routes work with.
pub(crate) struct App {
    pub(crate) context: Arc<Context>,
    pub(crate) readers: Readers,
    pub(crate) writer: Writer,
    pub(crate) limits: Limits,
    /// Requests that wait for a place or have one.
    pub(crate) load: Load,
    /// Requests that are decoded, queued or being committed.
    pub(crate) in_flight: Semaphore,
    /// Decoding is work for the processor: more at once than it has cores only costs memory.
    pub(crate) cores: Semaphore,
    /// Where people's wishes are carried out.
    pub(crate) desk: Desk,
    /// What is reckoned from all kiosks and all cases, kept for a moment.
    pub(crate) kept: KeptFigures,
    /// Who draws what shoppers will see of a survey.
    pub(crate) drawing: Drawing,
    /// The organisation's own sign-in, where there is one.
    pub(crate) oidc: Option<Oidc>,
    /// The way out to other programs.
    pub(crate) hooks: Sender,
    /// What is counted for Prometheus.
    pub(crate) metrics: Metrics,
}

impl App {
    /// Runs a query that finds one row by its key: at once where the database is of this machine, since to wake another thread for it
    /// takes longer; else as work that waits for the network.
    async fn glance<T: Send + 'static>(
        self: &Arc<Self>,
        query: impl FnOnce(&Connection) -> SqlResult<T> + Send + 'static,
    ) -> Result<T, Refusal> {
        let look = |app: &Self| Ok(app.readers.read(query)?);
        if self.readers.are_near() { self.at_once(look) } else { self.compute(look).await }
    }

    /// Runs work that takes the processor for so short that to wait for another thread may take longer.
    fn at_once<T>(&self, work: impl FnOnce(&Self) -> Result<T, Refusal>) -> Result<T, Refusal> {
        // As of one on another thread: whoever asks is told, and the connection goes on.
        catch_unwind(AssertUnwindSafe(|| work(self)))
            .unwrap_or_else(|_| Err(Refusal::internal(&"the work panicked")))
    }

    /// Runs work that takes the processor or the disk for a while, away from the threads that serve connections.
    async fn compute<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Self) -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, Refusal> {
        let _core = self.cores.acquire().await.expect("the semaphore is never closed");
        let app = Arc::clone(self);
        match spawn_blocking(move || work(&app)).await {
            Ok(result) => result,
            Err(panicked) => Err(Refusal::internal(&panicked)),
        }
    }

    /// Runs a query for what is done beside the ports, away from the threads that serve connections.
    pub(crate) async fn looked_up<T: Send + 'static>(
        self: &Arc<Self>,
        query: impl FnOnce(&Connection) -> SqlResult<T> + Send + 'static,
    ) -> Result<T, StorageError> {
        let app = Arc::clone(self);
        match spawn_blocking(move || app.readers.read(query)).await {
            Ok(found) => found,
            Err(error) if error.is_panic() => Err(StorageError::Inconsistent(error.to_string())),
            // The runtime ends.
            Err(_) => Err(StorageError::NoWriter),
        }
    }

    /// Figures of follow-ups as of a moment ago.
    pub(crate) async fn follow_ups(self: &Arc<Self>) -> Result<Arc<FollowUps>, StorageError> {
        let wall_ms = self.context.clock.wall_ms();
        self.kept.follow_ups.or_reckon(self, move |reader| FollowUps::reckon(reader, wall_ms)).await
    }

    /// Whether batches are under way.
    pub(crate) fn is_busy(&self) -> bool {
        self.in_flight.available_permits() < self.limits.batches_in_flight.clamp(1, BATCHES_IN_FLIGHT_MAX)
    }
}

/// The addresses of the device port.
pub(crate) fn device_port(app: Arc<App>) -> Router {
    let addresses = Router::new()
        .route(BATCHES_PATH, taking::<Batch>())
        .route(HEARTBEATS_PATH, taking::<Beat>())
        .route(RENEWALS_PATH, taking::<Renewal>());
    closed(addresses).with_state(app)
}

/// The addresses of the enrolment port.
pub(crate) fn enrol_port(app: Arc<App>) -> Router {
    closed(Router::new().route(ENROLMENT_PATH, taking::<Enrolment>())).with_state(app)
}

fn closed(router: Router<Arc<App>>) -> Router<Arc<App>> {
    router
        .fallback(|| async { Refusal::not_found() })
        .method_not_allowed_fallback(|| async { Refusal::method_not_allowed() })
}

fn taking<R: Request>() -> MethodRouter<Arc<App>> {
    post(serve::<R>)
}

/// Takes one request through its steps, and counts how it ends.
async fn serve<R: Request>(
    State(app): State<Arc<App>>,
    Extension(Source(source)): Extension<Source>,
    bearer: Option<Extension<Bearer>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Reply, Refusal> {
    let caller = Caller { address: source.ip(), bearer: bearer.map(|Extension(bearer)| bearer) };
    let began = Instant::now();
    let answer = answer::<R>(&app, caller, &headers, body).await;
    let refused = answer.as_ref().err().map(Refusal::word);
    tracing::debug!(asked = R::NAME, refused, "answered");
    app.metrics.device_request(R::NAME, refused, began.elapsed());
    answer
}

async fn answer<R: Request>(
    app: &Arc<App>,
    caller: Caller,
    headers: &HeaderMap,
    body: Body,
) -> Result<Reply, Refusal> {
    let standing = app.glance(move |reader| caller.standing(reader)).await?;
    let admitted = R::admit(&app.context, &caller, standing)?;
    let header = |name: HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    expect_type::<R>(header(CONTENT_TYPE), header(CONTENT_ENCODING))?;
    let body = body::read(body, R::BODY_MAX, app.limits.body).await?;
    app.metrics.device_bytes(R::NAME, body.len());
    let _inside = app.load.enter();
    // In the order of coming; whoever waits here has been read and costs the collector nothing more.
    let _place = match timeout(PLACE_TIMEOUT, app.in_flight.acquire()).await {
        Ok(place) => place.expect("the semaphore is never closed"),
        Err(_) => return Err(Refusal::busy()),
    };
    let is_short = body.len() <= R::AT_ONCE_BYTES_MAX;
    let prepare = move |app: &App| R::prepare(&app.context, &caller, admitted, &body);
    let prepared = if is_short { app.at_once(prepare) } else { app.compute(prepare).await };
    let request = prepared.inspect_err(|refusal| R::refused(&app.context, &caller, refusal))?;
    let context = Arc::clone(&app.context);
    let stored =
        app.writer.run(caller.device(), move |writer| Ok((request.commit(&context, writer)?, request)));
    let (outcome, request) = stored.await?;
    if let Some((records, are_new)) = request.records(&outcome) {
        app.metrics.records(records, are_new);
    }
    let answer = request.answer(&app.context, &caller, outcome);
    answer.inspect_err(|refusal| R::refused(&app.context, &caller, refusal))
}
