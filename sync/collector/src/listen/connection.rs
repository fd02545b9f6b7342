//! One connection from handshake to close.
//!
//! It ends when the peer closes, when a stage's deadline passes (without a word: whoever dribbles isn't
//! listening), or at shutdown after the request under way. Who the peer is stands in each request's extensions.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use afterword_protocol::limits::{CROWDED_TURN_BYTES_MAX, HEADER_BYTES_MAX, HEADER_FIELDS_MAX};
use axum::body::Body;
use axum::response::{IntoResponse as _, Response};
use http::header::{CONNECTION, HeaderValue};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{sleep_until, timeout};
use tower::ServiceExt as _;

use super::deadline::{Progress, Stage, Watched};
use super::outgoing::Outgoing;
use super::{Shared, Source, ended};
use crate::pki::{Bearer, read_bearer};
use crate::refusal::Refusal;

/// How a connection ended.
enum End {
    /// By the peer, or after its last request.
    Closed(hyper::Result<()>),
    /// A deadline passed.
    Late(Stage),
}

/// Serves one accepted connection; `place` is given back when it is over.
pub(super) async fn serve(
    shared: Arc<Shared>,
    place: OwnedSemaphorePermit,
    stream: TcpStream,
    source: SocketAddr,
) {
    // Answers are one packet each; waiting to fill it would only delay them.
    let _ = stream.set_nodelay(true);
    let end = match shared.tls.as_ref().map(|tls| tls.borrow().clone()) {
        None => serve_requests(&shared, stream, source, None).await,
        Some(tls) => {
            let (turnstile, limit) = (Arc::clone(&shared.turnstile), shared.limits.handshake);
            let handshake = async move { timeout(limit, turnstile.pass(tls.accept(stream))).await };
            match shared.door.work(handshake).await {
                None => return tracing::error!(%source, "dropped: its handshake broke down"),
                Some(Err(_)) => return tracing::debug!(%source, "dropped: no handshake in time"),
                Some(Ok(Err(error))) => return tracing::info!(%source, %error, "refused in the handshake"),
                Some(Ok(Ok(stream))) => {
                    let chain = stream.get_ref().1.peer_certificates();
                    let bearer = chain.and_then(|chain| read_bearer(chain.first()?));
                    serve_requests(&shared, stream, source, bearer).await
                }
            }
        }
    };
    match end {
        End::Closed(Ok(())) => {}
        End::Closed(Err(error)) => tracing::debug!(%source, %error, "connection broke off"),
        End::Late(stage) => tracing::debug!(%source, ?stage, "dropped: too slow"),
    }
    drop(place);
}

async fn serve_requests(
    shared: &Arc<Shared>,
    stream: impl AsyncRead + AsyncWrite + Unpin,
    source: SocketAddr,
    bearer: Option<Bearer>,
) -> End {
    let progress = Progress::new(shared.limits.clone());
    let service = service_fn(|request| {
        progress.enter(Stage::Request);
        let (shared, progress) = (Arc::clone(shared), Arc::clone(&progress));
        async move {
            let mut response = answer(&shared, request, source, bearer).await;
            let is_crowded = shared.is_crowded();
            if is_crowded && progress.bytes() > CROWDED_TURN_BYTES_MAX {
                response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            }
            let after = if is_crowded { Stage::WaitingInACrowd } else { Stage::Waiting };
            Ok::<_, Infallible>(response.map(|body| Outgoing::new(body, progress, after)))
        }
    });
    let io = TokioIo::new(Watched { stream, progress: Arc::clone(&progress) });
    let mut builder = http1::Builder::new();
    builder.header_read_timeout(None).max_header_size(HEADER_BYTES_MAX).max_headers(HEADER_FIELDS_MAX);
    let mut connection = pin!(builder.serve_connection(io, service));
    let mut late = pin!(sleep_until(progress.deadline()));
    let mut ending = shared.ending.clone();
    let mut ending = pin!(ended(&mut ending));
    let mut is_ending = false;

    std::future::poll_fn(|context| {
        if !is_ending && ending.as_mut().poll(context).is_ready() {
            is_ending = true;
            connection.as_mut().graceful_shutdown();
        }
        if let Poll::Ready(result) = connection.as_mut().poll(context) {
            return Poll::Ready(End::Closed(result));
        }
        // The stage changes only in the poll above, so this is the moment to look at it again.
        let deadline = progress.deadline();
        if late.deadline() != deadline {
            late.as_mut().reset(deadline);
        }
        late.as_mut().poll(context).map(|()| End::Late(progress.stage()))
    })
    .await
}

async fn answer(
    shared: &Shared,
    mut request: http::Request<Incoming>,
    source: SocketAddr,
    bearer: Option<Bearer>,
) -> Response {
    request.extensions_mut().insert(Source(source));
    if let Some(bearer) = bearer {
        request.extensions_mut().insert(bearer);
    }
    let id = shared.ids.of(request.headers(), source);
    let routed = shared.router.clone().oneshot(request.map(Body::new));
    let answered = async {
        match timeout(shared.limits.request, routed).await {
            Ok(Ok(response)) => response,
            Ok(Err(never)) => match never {},
            Err(_) => Refusal::timed_out("the request").into_response(),
        }
    };
    id.answered(answered).await
}
