//! All that is done with a stick in one go, for whoever stands at the kiosk's screen: receipts that it brings back are taken first, so
//! that what they are for is not packed again, and then everything is packed that has none.

use afterword_protocol::queue::Queue;

use super::{AcceptError, Pack, PackError, Packed, accept, pack, read_receipt, receipts_in};

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Trip {
    /// Records that receipts on the stick were for, and that had none before.
    pub confirmed: u64,
    /// Receipts that could not be used and that packing again is no remedy for. The log says why.
    pub refused: u32,
    /// What was written.
    pub packed: Vec<Packed>,
}

/// Takes the receipts that lie in the folder, and packs the rest into it.
///
/// # Errors
/// [`PackError`]; receipts that had been taken by then are, and nothing is lost.
pub async fn take_and_pack<Q: Queue>(queue: &mut Q, order: Pack<'_>) -> Result<Trip, PackError> {
    if !order.out.is_dir() {
        return Err(PackError::NoFolder(order.out.to_owned()));
    }
    let before = queue.position().await?.acknowledged_seq;
    let mut refused = 0;
    match receipts_in(order.out) {
        Ok(receipts) => {
            for path in receipts {
                let taken = match read_receipt(&path) {
                    Ok(signed) => accept(queue, order.identity, &signed).await.map(drop),
                    Err(error) => Err(error),
                };
                match taken {
                    // Of the last two what they are for is packed again here and now.
                    Ok(())
                    | Err(AcceptError::OtherDevice(_) | AcceptError::FormerStore | AcceptError::Outdated) => {
                    }
                    Err(AcceptError::Kiosk(error)) => return Err(error.into()),
                    Err(error) => {
                        tracing::warn!(path = %path.display(), %error, "a receipt on a stick was not taken");
                        refused += 1;
                    }
                }
            }
        }
        Err(error) => {
            tracing::warn!(folder = %order.out.display(), %error, "the receipts on a stick cannot be looked for");
            refused += 1;
        }
    }
    let confirmed = queue.position().await?.acknowledged_seq.saturating_sub(before);
    Ok(Trip { confirmed, refused, packed: pack(queue, order).await? })
}
