//! Everything that has no receipt yet, in bundles on a stick.

use std::fs::File;
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};

use afterword_model::ports::Entropy;
use afterword_model::record::Seq;
use afterword_protocol::batch::encode;
use afterword_protocol::courier::{COURIER_EXTENSION, CourierKey, CourierWriter, courier_nonce};
use afterword_protocol::limits::BATCH_RECORDS_MAX;
use afterword_protocol::queue::{Position, Queue, QueueError, Run, Take};
use afterword_protocol::stick::Unfinished;

use super::not_asked;
use crate::identity::Identity;
use crate::plan::misfit;

/// What is to be packed, and where to.
#[derive(Clone, Copy)]
pub struct Pack<'a> {
    /// Who packs.
    pub identity: &'a Identity,
    /// For the sealing.
    pub entropy: &'a dyn Entropy,
    /// The folder on the stick.
    pub out: &'a Path,
    /// Where to begin, when not after the last receipt: a collector that was restored may lack more.
    pub after_seq: Option<Seq>,
    /// The file system that the folder is to be on, where that is known; see [`Unfinished::begin`].
    pub device: Option<u64>,
}

/// A bundle that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packed {
    /// The file.
    pub path: PathBuf,
    /// Number of its first record.
    pub first_seq: Seq,
    /// Number of its last record.
    pub last_seq: Seq,
}

/// Why there is no bundle. Every record is still on the kiosk.
#[derive(Debug, thiserror::Error)]
pub enum PackError {
    /// Nobody has told the device whom to seal for.
    #[error(
        "this device was not told yet what its collector can open: connect it to the network once, or enrol it anew, with a collector that takes bundles"
    )]
    NoKey,
    /// There is no such folder.
    #[error("there is no folder {}: check that the stick is in and mounted, and name its folder with --out", .0.display())]
    NoFolder(PathBuf),
    /// The stick does not take it.
    #[error("no bundle could be written to {} ({error}): make room on the stick or take another one; every record is still on the kiosk", .folder.display())]
    Write {
        /// Where.
        folder: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// The kiosk cannot be asked.
    #[error("{}", not_asked(.0))]
    Kiosk(#[from] QueueError),
    /// The store, or what has receipts in it, is another one than at the beginning.
    #[error("the kiosk's records changed while they were packed ({0}); run it again")]
    Changed(&'static str),
}

/// Writes what has no receipt, up to the newest record at this moment, into one bundle or, when there is a great deal, several; none
/// when there is nothing.
///
/// # Errors
/// [`PackError`]; bundles that had been finished by then stay, and are good.
pub async fn pack<Q: Queue>(queue: &mut Q, order: Pack<'_>) -> Result<Vec<Packed>, PackError> {
    let courier_key = order.identity.enrolled().courier_key.as_ref().ok_or(PackError::NoKey)?;
    if !order.out.is_dir() {
        return Err(PackError::NoFolder(order.out.to_owned()));
    }
    let position = queue.position().await?;
    let mut cursor = order.after_seq.unwrap_or(position.acknowledged_seq);
    let mut packed = Vec::new();
    while cursor < position.last_seq {
        let Some(run) = next(queue, cursor, &position).await? else { break };
        let bundle = one_bundle(queue, order, courier_key, &position, run).await?;
        cursor = bundle.last_seq;
        packed.push(bundle);
    }
    Ok(packed)
}

async fn one_bundle<Q: Queue>(
    queue: &mut Q,
    order: Pack<'_>,
    courier_key: &CourierKey,
    position: &Position,
    first: Run,
) -> Result<Packed, PackError> {
    let Pack { identity, entropy, out, device: file_system, .. } = order;
    let (device, key) = (identity.enrolled().device, identity.key());
    let failed = |error| PackError::Write { folder: out.to_owned(), error };
    let mut distinct = [0; 8];
    entropy.fill(&mut distinct);
    let distinct = format!("{:016x}", u64::from_be_bytes(distinct));
    let (unfinished, file) =
        Unfinished::begin(out, &format!("afterword-{device}-"), &distinct, file_system).map_err(failed)?;
    let mut writer =
        CourierWriter::begin(BufWriter::new(file), device, courier_key, entropy).map_err(failed)?;
    let first_seq = first.first_seq;
    let mut run = first;
    let last_seq = loop {
        let (last_seq, last_head) = (run.last_seq(), run.last_head());
        let nonce = courier_nonce(key, run.epoch, last_seq, last_head, position.server_epoch);
        writer.batch(&encode(&run, device, nonce, key).1).map_err(failed)?;
        if last_seq >= position.last_seq || writer.is_full() {
            break last_seq;
        }
        run = match next(queue, last_seq, position).await? {
            Some(run) if run.first_seq == last_seq + 1 => run,
            // The network was there after all, and its receipts let records go.
            Some(_) => return Err(PackError::Changed("some were received meanwhile")),
            None => break last_seq,
        };
    };
    let file: File = writer.finish(key).and_then(|buffered| Ok(buffered.into_inner()?)).map_err(failed)?;
    let name = format!("afterword-{device}-{first_seq}-{last_seq}.{COURIER_EXTENSION}");
    let path = unfinished.finish(&file, &name).map_err(failed)?;
    Ok(Packed { path, first_seq, last_seq })
}

async fn next<Q: Queue>(
    queue: &mut Q,
    after_seq: Seq,
    position: &Position,
) -> Result<Option<Run>, PackError> {
    let Some(run) = queue.next(Take { after_seq, records_max: BATCH_RECORDS_MAX, wait_ms: 0 }).await? else {
        return Ok(None);
    };
    if run.epoch != position.epoch {
        return Err(PackError::Changed("a new store has begun"));
    }
    match misfit(&run, after_seq) {
        None => Ok(Some(run)),
        Some(what) => {
            let problem = format!("its records do not fit ({what}); update the older program");
            Err(QueueError::Refused(problem).into())
        }
    }
}
