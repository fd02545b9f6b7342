//! `POST /v1/batches`: a device's records in, a signed receipt out.
//!
//! The order of checks is the order of trust: who speaks, may it still, how much comes, what it is, who signed
//! it, what it says. The receipt is signed only after the transaction with the records is durable.

use std::sync::Arc;

use afterword_model::response::Response as Answers;
use afterword_protocol::batch::{BATCH_ENCODING, BATCH_MEDIA_TYPE, BatchHeader, decode};
use afterword_protocol::keys::VerifyingKey;
use afterword_protocol::limits::BATCH_BODY_MAX;
use afterword_protocol::receipt::{RECEIPT_MEDIA_TYPE, Receipt};
use axum::Extension;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use http::HeaderValue;
use http::header::CONTENT_TYPE;
use tokio::time::timeout;

use super::{App, body, expect_type};
use crate::limits::PLACE_TIMEOUT;
use crate::pki::Bearer;
use crate::problem_response::Refusal;
use crate::storage::devices::{Standing, standing};
use crate::storage::ingest::{Delivery, ingest};

/// Takes one batch.
pub(super) async fn receive(
    State(app): State<Arc<App>>,
    bearer: Option<Extension<Bearer>>,
    request: Request,
) -> Result<Response, Refusal> {
    let Some(Extension(bearer)) = bearer else {
        return Err(Refusal::not_authenticated("the certificate names no device; enrol the device anew"));
    };
    let key = app.compute(move |app| check_standing(app, &bearer)).await?;
    expect_type(request.headers(), BATCH_MEDIA_TYPE, Some(BATCH_ENCODING))?;
    let body = body::read(request.into_body(), BATCH_BODY_MAX, app.limits.body).await?;
    let _inside = app.load.enter();
    // In the order of coming; whoever waits here has been read and costs the collector nothing more.
    let _place = match timeout(PLACE_TIMEOUT, app.in_flight.acquire()).await {
        Ok(place) => place.expect("the semaphore is never closed"),
        Err(_) => return Err(Refusal::busy()),
    };
    let delivery = app.compute(move |app| examine(app, &bearer, &key, &body)).await?;
    let header = delivery.batch.header.clone();
    let outcome = app.writer.run(move |connection| ingest(connection, &delivery)).await?;
    let received_ms = Refusal::unless_held(outcome)?;
    Ok(receipt(&app, &header, received_ms))
}

/// The key of a device that may deliver now. Asked on every request, so that a revocation holds at once.
fn check_standing(app: &App, bearer: &Bearer) -> Result<VerifyingKey, Refusal> {
    if app.clock.wall_ms() > bearer.not_after_ms {
        return Err(Refusal::not_authenticated("the certificate has expired; renew it"));
    }
    match app.readers.read(|connection| standing(connection, &bearer.device))? {
        Standing::Active(key) if key == bearer.public_key => Ok(key),
        Standing::Revoked => Err(Refusal::revoked()),
        Standing::Active(_) | Standing::Unknown => Err(Refusal::unknown_key()),
    }
}

/// Everything that can be said of a batch without the database.
fn examine(app: &App, bearer: &Bearer, key: &VerifyingKey, body: &[u8]) -> Result<Delivery, Refusal> {
    let batch = decode(body)?;
    if batch.header.device != bearer.device {
        return Err(Refusal::other_device());
    }
    if !batch.header.is_signed_by(key) {
        return Err(Refusal::malformed("the batch is not signed with this device's key"));
    }
    let unreadable = (batch.header.first_seq..)
        .zip(&batch.records)
        .filter_map(|(seq, record)| Some((seq, Answers::from_bytes(seq, &record.bytes).err()?.to_string())))
        .collect();
    Ok(Delivery { batch, public_key: *key, unreadable, received_ms: app.clock.wall_ms() })
}

fn receipt(app: &App, header: &BatchHeader, received_ms: i64) -> Response {
    let receipt = Receipt {
        device: header.device,
        epoch: header.epoch,
        through_seq: header.last_seq(),
        head: header.last_head,
        server_epoch: app.server_epoch,
        nonce: header.nonce,
        received_ms,
    };
    let signed = receipt.sign(&app.pki.receipt_key);
    let body = serde_json::to_vec(&signed).expect("a receipt holds only texts and numbers");
    let mut response = Response::new(Body::from(body));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(RECEIPT_MEDIA_TYPE));
    response
}
