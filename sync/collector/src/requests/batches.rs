//! `POST /v1/batches`: a device's records in, a signed receipt out.
//!
//! The order of checks is the order of trust: who speaks, may it still, how much comes, what it is, who signed
//! it, what it says. The receipt leaves only after the transaction with the records is durable.

use afterword_model::readable;
use afterword_model::record::{Seq, ServerEpoch};
use afterword_protocol::batch::{self, BATCH_ENCODING, BATCH_MEDIA_TYPE, BatchHeader, decode};
use afterword_protocol::keys::{SigningKey, VerifyingKey};
use afterword_protocol::limits::BATCH_BODY_MAX;
use afterword_protocol::receipt::{RECEIPT_MEDIA_TYPE, Receipt, SignedReceipt};

use super::{Caller, Context, Request, admit_device};
use crate::pki::Bearer;
use crate::refusal::Refusal;
use crate::reply::Reply;
use crate::storage::StorageError;
use crate::storage::carried::CarriedRecord;
use crate::storage::devices::Standing;
use crate::storage::ingest::{Delivery, Ingested, Way, ingest};
use crate::storage::retention::reduce::mark_of;
use crate::storage::sql::Connection;

/// A batch that has been read, checked and found to be the caller's own.
pub(crate) struct Batch(Delivery);

impl Request for Batch {
    const NAME: &'static str = "batch";
    const MEDIA_TYPE: &'static str = BATCH_MEDIA_TYPE;
    const ENCODING: Option<&'static str> = Some(BATCH_ENCODING);
    const BODY_MAX: usize = BATCH_BODY_MAX;
    /// Some eighty ratings, as a rule: a fraction of a millisecond, most of it for two signatures. On a busy machine another thread may wait for the
    /// processor for longer.
    const AT_ONCE_BYTES_MAX: usize = 2 * 1024;
    type Admitted = (Bearer, VerifyingKey);
    type Outcome = Ingested;

    fn admit(context: &Context, caller: &Caller, standing: Standing) -> Result<Self::Admitted, Refusal> {
        admit_device(context, caller, standing)
    }

    fn prepare(
        context: &Context,
        _: &Caller,
        (bearer, key): Self::Admitted,
        body: &[u8],
    ) -> Result<Self, Refusal> {
        let batch = decode(body)?;
        if batch.header.device != bearer.device {
            return Err(Refusal::other_device());
        }
        if !batch.header.is_signed_by(&key) {
            return Err(Refusal::malformed("the batch is not signed with this device's key"));
        }
        // Signing takes longer than inserting a row, and the writer is one thread.
        let pki = context.keys.now();
        let signer = Signer { server_epoch: context.server_epoch, key: &pki.receipt_key };
        Ok(Self(delivery(batch, key, Way::Network, context.clock.wall_ms(), &signer)))
    }

    fn commit(&self, _: &Context, writer: &Connection) -> Result<Ingested, StorageError> {
        ingest(writer, &self.0)
    }

    fn records(&self, outcome: &Ingested) -> Option<(u64, bool)> {
        match outcome {
            Ingested::Held { received_ms } => {
                Some((self.0.batch.header.count as u64, *received_ms == self.0.received_ms))
            }
            _ => None,
        }
    }

    fn answer(self, context: &Context, _: &Caller, outcome: Ingested) -> Result<Reply, Refusal> {
        let Delivery { batch, received_ms, receipt: prepared, .. } = self.0;
        let held_since_ms = Refusal::unless_held(outcome)?;
        let signed = if held_since_ms == received_ms {
            prepared
        } else {
            let pki = context.keys.now();
            let signer = Signer { server_epoch: context.server_epoch, key: &pki.receipt_key };
            signer.receipt(&batch.header, held_since_ms)
        };
        Ok(Reply::json(200, RECEIPT_MEDIA_TYPE, &signed))
    }
}

/// A batch whose sender, signature and chain have been checked, made ready to be stored, with the receipt it will get.
pub(crate) fn delivery(
    batch: batch::Batch,
    public_key: VerifyingKey,
    way: Way,
    received_ms: i64,
    signer: &Signer<'_>,
) -> Delivery {
    let (unreadable, carried) = sort_out(&batch);
    let receipt = signer.receipt(&batch.header, received_ms);
    Delivery { batch, public_key, unreadable, carried, way, received_ms, receipt }
}

/// Why a record that says of itself that it was reduced is kept, and made nothing of.
const NO_KIOSK_REDUCES: &str = "it says that something was taken of it, which no kiosk does";

/// The records that can't be read, with the reason, and those that were carried.
fn sort_out(batch: &batch::Batch) -> (Vec<(Seq, String)>, Vec<CarriedRecord>) {
    let (mut unreadable, mut carried) = (Vec::new(), Vec::new());
    for (seq, record) in (batch.header.first_seq..).zip(&batch.records) {
        // Nearly all are responses, and are asked nothing more.
        // Only a collector takes something of a record and says so; a kiosk that claims it is believed nothing.
        let claims = mark_of(&record.bytes).map(|_| NO_KIOSK_REDUCES.to_owned());
        // Nearly all are responses, and are asked nothing more.
        if claims.is_none() && readable::is_certain(seq, &record.bytes) {
            continue;
        }
        let reason = match CarriedRecord::read(seq, &record.bytes) {
            Some((read, reason)) => {
                carried.push(read);
                claims.or(reason)
            }
            None => {
                claims.or_else(|| readable::check(seq, &record.bytes).err().map(|reason| reason.to_string()))
            }
        };
        unreadable.extend(reason.map(|reason| (seq, reason)));
    }
    (unreadable, carried)
}

/// What receipts are given with.
pub(crate) struct Signer<'a> {
    /// This life of the database.
    pub(crate) server_epoch: ServerEpoch,
    /// The collector's key.
    pub(crate) key: &'a SigningKey,
}

impl Signer<'_> {
    /// The receipt for a batch that is held since then.
    pub(crate) fn receipt(&self, header: &BatchHeader, received_ms: i64) -> SignedReceipt {
        let receipt = Receipt {
            device: header.device,
            epoch: header.epoch,
            through_seq: header.last_seq(),
            head: header.last_head,
            server_epoch: self.server_epoch,
            nonce: header.nonce,
            received_ms,
        };
        receipt.sign(self.key)
    }
}
