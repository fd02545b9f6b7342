//! What is held of one shopper's answer: giving all of it out, and erasing it. Both stand in the audit log.

use std::collections::BTreeMap;
use std::sync::Arc;

use afterword_model::record::{DeviceId, SEQ_MAX, Seq, StoreEpoch};
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use super::answer;
use super::asked::Asked;
use super::caller::Caller;
use super::problem::Problem;
use crate::people::api_token::Scope;
use crate::routes::App;
use crate::storage::{Erasure, devices};

/// What became of a wish to erase.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Erased {
    /// The response's name.
    id: String,
    /// Rows that held it, copies included; 0 where it was erased before.
    rows: u64,
    /// Whether it had been erased before.
    already_erased: bool,
}

/// Everything that is held of one response: the record as it is, every row in which it stands, what was left for a reply as it is sealed, and
/// what was done about it. Members are those of `afterword-collector subject export`.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SubjectExport)]
pub(super) struct Held(BTreeMap<String, serde_json::Value>);

type Names = Result<Path<(String, String, String)>, PathRejection>;

/// Gives out everything that is held of one response, for whoever gave it.
#[utoipa::path(
    post, path = "/responses/{device}/{epoch}/{seq}/export", tag = "privacy", operation_id = "exportSubject",
    params(
        ("device" = String, Path, description = "The kiosk's id; with the next two it is the response's `id`.", pattern = "^[0-9a-f]{32}$"),
        ("epoch" = String, Path, description = "Its store of records.", pattern = "^[0-9a-f]{32}$"),
        ("seq" = u64, Path, description = "The number there."),
    ),
    responses((status = 200, description = "All of it.", body = Held), (status = 404, description = "There is none.")),
    security(("token" = ["privacy:write"])),
)]
pub(super) async fn export(
    State(app): State<Arc<App>>,
    caller: Caller,
    names: Names,
    request: Request,
) -> Result<Response, Problem> {
    caller.expect(Scope::PrivacyWrite)?;
    Asked::of(request.uri(), &[])?;
    let (device, record) = asked_for(&app, &caller, names).await?;
    let held = app
        .for_program(&caller, move |admin| admin.subject_export(&device.to_string(), record, None))
        .await?;
    let held = serde_json::to_value(held.ok_or(Problem::NotFound)?).and_then(serde_json::from_value);
    Ok(answer::changed(&Held(held.map_err(|_| Problem::Failed)?)))
}

/// Erases a response for good, with every copy of it. Its place among the kiosk's records stays, and a copy that is sent again stays erased.
/// A large database takes its time.
#[utoipa::path(
    delete, path = "/responses/{device}/{epoch}/{seq}", tag = "privacy", operation_id = "eraseResponse",
    params(
        ("device" = String, Path, description = "The kiosk's id; with the next two it is the response's `id`.", pattern = "^[0-9a-f]{32}$"),
        ("epoch" = String, Path, description = "Its store of records.", pattern = "^[0-9a-f]{32}$"),
        ("seq" = u64, Path, description = "The number there."),
    ),
    responses(
        (status = 200, description = "It is erased.", body = Erased),
        (status = 404, description = "There is none."),
        (status = 409, description = "It is erased, but another program reads the database, so that its log still holds it; ask again later."),
    ),
    security(("token" = ["privacy:write"])),
)]
pub(super) async fn erase(
    State(app): State<Arc<App>>,
    caller: Caller,
    names: Names,
    request: Request,
) -> Result<Response, Problem> {
    caller.expect(Scope::PrivacyWrite)?;
    Asked::of(request.uri(), &[])?;
    let (device, record) = asked_for(&app, &caller, names).await?;
    let erasure = app.for_program(&caller, move |admin| admin.erase(&device.to_string(), record)).await?;
    let rows = match erasure {
        Erasure::Erased { rows } => rows,
        Erasure::AlreadyErased => 0,
        Erasure::NoSuchRecord => return Err(Problem::NotFound),
    };
    let id = crate::storage::responses::name(&device, &record.0, record.1);
    Ok(answer::changed(&Erased { id, rows, already_erased: rows == 0 }))
}

/// Which response, where the token may see its kiosk's store.
async fn asked_for(
    app: &Arc<App>,
    caller: &Caller,
    names: Names,
) -> Result<(DeviceId, (StoreEpoch, Seq)), Problem> {
    let Path((device, epoch, seq)) = names.map_err(|_| Problem::NotFound)?;
    let device = DeviceId::parse(&device).map_err(|_| Problem::NotFound)?;
    let epoch = StoreEpoch::parse(&epoch).map_err(|_| Problem::NotFound)?;
    let seq = seq.parse().ok().filter(|seq| (1..=SEQ_MAX).contains(seq)).ok_or(Problem::NotFound)?;
    let found = app.look_up(move |reader| devices::find(reader, &device.to_string())).await?;
    let found = found.into_iter().find(|found| found.device == device).ok_or(Problem::NotFound)?;
    if !caller.stores.hold(found.store.as_deref()) {
        return Err(Problem::NotFound);
    }
    Ok((device, (epoch, seq)))
}
