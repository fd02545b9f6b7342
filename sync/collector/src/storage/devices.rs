//! The device table: who there is, who may deliver, and how a code becomes an identity.
//!
//! A device begins as a name with a one-time code, becomes active when somebody presents the code with a key,
//! and ends revoked. With another code it can be enrolled again under the id it has, from any of these: what is
//! in use stays good until that code is used, and is refused from then on. Retired is revoked for good.
//!
//! Invariants: a code is open until it is used or voided (`code_closed_ms`); a revoked device with an open code
//! keeps its name, because the code would bring it back; a retired device is revoked and has no open code. Rows are never deleted, so that an id is never used
//! for two devices. Only the code's digest is kept. On failure the transaction ends and nothing has changed.

use afterword_model::record::DeviceId;
use afterword_protocol::keys::VerifyingKey;

use super::sql::{Connection, HexColumn, Row, SqlResult, values};
use super::{StorageError, outbox};
use crate::webhooks::event::{Event, EventType, Kiosk};

/// What a device may do now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Enrolled with this key, and may deliver.
    Active(VerifyingKey),
    /// Was revoked, until it is enrolled anew.
    Revoked,
    /// Was taken away for good.
    Retired,
    /// Not in the table, or not enrolled yet.
    Unknown,
}

/// Who came out of a code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) device: DeviceId,
    pub(crate) name: String,
    pub(crate) certificate_pem: String,
}

/// What became of a code that was presented.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Claim {
    /// The code's device, enrolled now or by an earlier request of the same key.
    Enrolled(Identity),
    /// No device waits with this code, or it was voided.
    UnknownCode,
    /// The code's time is over.
    Expired,
    /// Another key has used it.
    Used,
}

/// A claim as it is presented.
pub(crate) struct Claimant {
    pub(crate) code_digest: [u8; 32],
    pub(crate) public_key: VerifyingKey,
    pub(crate) agent_version: String,
    pub(crate) now_ms: i64,
}

/// Everything the table says about one device.
pub(crate) struct Device {
    pub(crate) device: DeviceId,
    pub(crate) name: String,
    pub(crate) store: Option<String>,
    pub(crate) created_ms: i64,
    pub(crate) code_expires_ms: i64,
    /// Neither used nor voided; it may be too old all the same.
    pub(crate) code_is_open: bool,
    pub(crate) enrolled_ms: Option<i64>,
    pub(crate) agent_version: Option<String>,
    pub(crate) revoked_ms: Option<i64>,
    pub(crate) revoked_reason: Option<String>,
    pub(crate) retired_ms: Option<i64>,
}

impl Device {
    /// As other programs are told of it.
    pub(crate) fn kiosk(&self) -> Kiosk<'_> {
        Kiosk { device: &self.device, name: &self.name, store: self.store.as_deref() }
    }
}

/// What a device may do now.
pub(crate) fn standing(connection: &Connection, device: &DeviceId) -> SqlResult<Standing> {
    let row = connection.query_opt(
        "select public_key, revoked_ms, retired_ms is not null from devices where device_id = ?1",
        values![device.as_bytes()],
        |row| Ok((row.get::<Option<Vec<u8>>>(0)?, row.get::<Option<i64>>(1)?.is_some(), row.get::<bool>(2)?)),
    )?;
    Ok(match row {
        Some((_, _, true)) => Standing::Retired,
        Some((_, true, false)) => Standing::Revoked,
        Some((Some(key), false, false)) => {
            VerifyingKey::from_bytes(&key).map_or(Standing::Unknown, Standing::Active)
        }
        Some((None, false, false)) | None => Standing::Unknown,
    })
}

/// Turns a code into an identity, in the writer's transaction. `issue` makes the certificate of a new one.
pub(crate) fn claim(
    connection: &Connection,
    claimant: &Claimant,
    issue: impl FnOnce(&DeviceId) -> Result<String, StorageError>,
) -> Result<Claim, StorageError> {
    let by_code = "select device_id from devices where code_digest = ?1";
    let found = connection
        .query_opt(by_code, values![&claimant.code_digest], |row| Ok(row.get::<HexColumn<16, _>>(0)?.0))?;
    let Some(device) = found else { return Ok(Claim::UnknownCode) };
    // What is read below stays so until the code is used up.
    connection.own().lock(&[device])?;
    let row = connection.query_opt(
        "select device_id, name, code_expires_ms, public_key, certificate_pem, code_closed_ms is null
             from devices where code_digest = ?1 and (revoked_ms is null or code_closed_ms is null)",
        values![&claimant.code_digest],
        |row| {
            Ok((
                row.get::<HexColumn<16, _>>(0)?.0,
                row.get::<String>(1)?,
                row.get::<i64>(2)?,
                row.get::<Option<Vec<u8>>>(3)?,
                row.get::<Option<String>>(4)?,
                row.get::<bool>(5)?,
            ))
        },
    )?;
    let Some((device, name, expires_ms, key, certificate, is_open)) = row else {
        return Ok(Claim::UnknownCode);
    };
    if claimant.now_ms >= expires_ms {
        return Ok(Claim::Expired);
    }
    if is_open {
        let certificate_pem = issue(&device)?;
        // The key and certificate of an earlier enrolment end here, and so does a revocation. Of two copies of a card,
        // one goes on.
        connection.execute(
            "update devices set public_key = ?2, certificate_pem = ?3, agent_version = ?4, enrolled_ms = ?5,
                 code_closed_ms = ?5, revoked_ms = null, revoked_reason = null,
                 speaking_epoch = null, speaking_follows = null, returned_ms = null, clone_seen_ms = null
             where device_id = ?1",
            values![
                device.as_bytes(),
                claimant.public_key.as_bytes(),
                &certificate_pem,
                &claimant.agent_version,
                claimant.now_ms
            ],
        )?;
        let store: Option<String> = connection.query_one(
            "select store from devices where device_id = ?1",
            values![device.as_bytes()],
            |row| row.get(0),
        )?;
        let kiosk = Kiosk { device: &device, name: &name, store: store.as_deref() };
        outbox::tell(connection, &Event::of_kiosk(EventType::DeviceEnrolled, &kiosk, claimant.now_ms))?;
        return Ok(Claim::Enrolled(Identity { device, name, certificate_pem }));
    }
    match (key, certificate) {
        (Some(key), Some(certificate_pem)) if key == claimant.public_key.as_bytes() => {
            Ok(Claim::Enrolled(Identity { device, name, certificate_pem }))
        }
        _ => Ok(Claim::Used),
    }
}

/// Adds a device that waits for its enrolment.
pub(crate) fn add(
    connection: &Connection,
    device: &DeviceId,
    name: &str,
    store: Option<&str>,
    code_digest: &[u8; 32],
    (now_ms, expires_ms): (i64, i64),
) -> SqlResult<()> {
    let insert = "insert into devices (device_id, name, store, created_ms, code_digest, code_expires_ms)
                  values (?1, ?2, ?3, ?4, ?5, ?6)";
    connection
        .execute(insert, values![device.as_bytes(), name, store, now_ms, code_digest, expires_ms])
        .map(drop)
}

/// Gives a device another code; the old one is void. A key it has stays good until the code is used.
pub(crate) fn renew_code(
    connection: &Connection,
    device: &DeviceId,
    store: Option<&str>,
    code_digest: &[u8; 32],
    expires_ms: i64,
) -> SqlResult<()> {
    let update = "update devices set code_digest = ?2, code_expires_ms = ?3, code_closed_ms = null,
                      store = coalesce(?4, store) where device_id = ?1";
    connection.execute(update, values![device.as_bytes(), code_digest, expires_ms, store]).map(drop)
}

/// From now on the device may do nothing; a code it still waits with is void. Of a device that had been revoked
/// before, only the code changes.
pub(crate) fn revoke(
    connection: &Connection,
    device: &DeviceId,
    reason: Option<&str>,
    now_ms: i64,
) -> SqlResult<()> {
    let update = "update devices set code_closed_ms = coalesce(code_closed_ms, ?2),
                      revoked_reason = case when revoked_ms is null then ?3 else revoked_reason end,
                      revoked_ms = coalesce(revoked_ms, ?2)
                  where device_id = ?1";
    connection.execute(update, values![device.as_bytes(), now_ms, reason]).map(drop)
}

/// From now on the device may do nothing, and no code brings it back. A reason replaces that of a revocation before.
pub(crate) fn retire(
    connection: &Connection,
    device: &DeviceId,
    reason: Option<&str>,
    now_ms: i64,
) -> SqlResult<()> {
    let update = "update devices set code_closed_ms = coalesce(code_closed_ms, ?2),
                      revoked_reason = coalesce(?3, revoked_reason), revoked_ms = coalesce(revoked_ms, ?2),
                      retired_ms = ?2
                  where device_id = ?1";
    connection.execute(update, values![device.as_bytes(), now_ms, reason]).map(drop)
}

/// Notes which version of the program the device runs now.
pub(crate) fn note_agent_version(
    connection: &Connection,
    device: &DeviceId,
    agent_version: &str,
) -> SqlResult<()> {
    connection.execute(
        "update devices set agent_version = ?2 where device_id = ?1 and agent_version is distinct from ?2",
        values![device.as_bytes(), agent_version],
    )
        .map(drop)
}

/// The columns of a device, and those it is to have.
macro_rules! select_device {
    ($rest:literal) => {
        concat!(
            "select device_id, name, store, created_ms, code_expires_ms, enrolled_ms, agent_version,
                 revoked_ms, revoked_reason, code_closed_ms is null, retired_ms from devices ",
            $rest
        )
    };
}

/// All devices, by name, the ones in use first, retired ones last.
pub(crate) fn list(connection: &Connection) -> SqlResult<Vec<Device>> {
    connection.query_all(
        select_device!("order by revoked_ms is not null, retired_ms is not null, name, created_ms"),
        &[],
        device,
    )
}

/// Devices with this id or this name, the ones in use first, retired ones last.
pub(crate) fn find(connection: &Connection, id_or_name: &str) -> SqlResult<Vec<Device>> {
    let id = DeviceId::parse(id_or_name).map(|id| id.as_bytes().to_vec()).unwrap_or_default();
    connection.query_all(
        select_device!(
            "where device_id = ?1 or name = ?2 order by revoked_ms is not null, retired_ms is not null"
        ),
        values![&id, id_or_name],
        device,
    )
}

fn device(row: &Row<'_>) -> SqlResult<Device> {
    Ok(Device {
        device: row.get::<HexColumn<16, _>>(0)?.0,
        name: row.get(1)?,
        store: row.get(2)?,
        created_ms: row.get(3)?,
        code_expires_ms: row.get(4)?,
        enrolled_ms: row.get(5)?,
        agent_version: row.get(6)?,
        revoked_ms: row.get(7)?,
        revoked_reason: row.get(8)?,
        code_is_open: row.get(9)?,
        retired_ms: row.get(10)?,
    })
}
