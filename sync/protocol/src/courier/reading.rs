//! Reading a bundle: one batch at a time, each bounded, opened, decoded and found to be its device's own.

use std::io::{self, Read};

use afterword_model::record::{DeviceId, Head, Seq, StoreEpoch};
use hpke::kem::X25519HkdfSha256;
use hpke::{Deserializable as _, Kem, OpModeR, setup_receiver};
use sha2::{Digest as _, Sha256};

use super::{
    CourierOpeningKey, DEVICE_BYTES, FRAME_BYTES_MAX, HEAD_BYTES, INFO, MAGIC, Opening, SIGNATURE_BYTES,
    bound_to, signed_text,
};
use crate::batch::{Batch, BatchError, decode};
use crate::keys::{Signature, VerifyingKey};
use crate::limits::COURIER_BATCHES_MAX;
use crate::seal::{KEY_ID_BYTES, KeyId, TAG_BYTES};

/// Why a file is not taken for a bundle.
#[derive(Debug, thiserror::Error)]
pub enum CourierError {
    /// It begins otherwise.
    #[error(
        "it is no courier bundle of a version that this program reads; a file of `afterword-sync courier pack` is meant"
    )]
    NotABundle,
    /// Sealed to somebody else.
    #[error("it is sealed to another collector's key ({0}), and only that collector can open it")]
    OtherCollector(KeyId),
    /// It ends too early.
    #[error("it breaks off in the middle; copy it again, or pack it again on the device")]
    Truncated,
    /// More follows than a bundle has.
    #[error(
        "something follows on its end, which no device writes; copy it again, or pack it again on the device"
    )]
    Trailing,
    /// More than a bundle may have.
    #[error("it has more than {what}, which no device writes")]
    TooLarge {
        /// The limit it broke, in words.
        what: &'static str,
    },
    /// A frame does not open in its place.
    #[error(
        "its batch {0} was changed or moved since it was sealed; copy it again, or pack it again on the device"
    )]
    Changed(u32),
    /// What a frame holds is no batch.
    #[error("its batch {0} cannot be read ({1}); pack it again on the device")]
    Batch(u32, BatchError),
    /// A batch is not what follows on the one before, or not of the device that the head names.
    #[error("its batch {0} is not {1}; pack it again on the device")]
    Foreign(u32, &'static str),
    /// The whole is not signed by the device.
    #[error(
        "it was changed since its device signed it, or another device signed it; copy it again, or pack it again on the device"
    )]
    Unsigned,
    /// The file cannot be read.
    #[error("it cannot be read ({0}); check the stick")]
    Io(io::Error),
}

/// A bundle that is being read.
pub struct CourierReader<R> {
    from: R,
    opening: Opening,
    digest: Sha256,
    device: DeviceId,
    frames: u32,
    /// Where the next batch has to begin.
    follows: Option<(StoreEpoch, Seq, Head)>,
}

impl<R: Read> CourierReader<R> {
    /// Reads the head. Buffer what it is read from.
    ///
    /// # Errors
    /// [`CourierError::NotABundle`], [`CourierError::OtherCollector`], or what reading gives.
    pub fn open(mut from: R, key: &CourierOpeningKey) -> Result<Self, CourierError> {
        let mut head = [0; HEAD_BYTES];
        let (magic, rest) = head.split_at_mut(MAGIC.len());
        from.read_exact(magic).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => CourierError::NotABundle,
            _ => CourierError::Io(error),
        })?;
        if magic != MAGIC {
            return Err(CourierError::NotABundle);
        }
        from.read_exact(rest).map_err(ended)?;
        let (device, rest) = rest.split_at(DEVICE_BYTES);
        let device = DeviceId::from_slice(device).expect("so many bytes are a device's");
        let (key_id, enc) = rest.split_at(KEY_ID_BYTES);
        if key_id != key.public().id().0 {
            let mut id = [0; KEY_ID_BYTES];
            id.copy_from_slice(key_id);
            return Err(CourierError::OtherCollector(KeyId(id)));
        }
        let enc = <X25519HkdfSha256 as Kem>::EncappedKey::from_bytes(enc);
        let enc = enc.map_err(|_| CourierError::Changed(1))?;
        let opening = setup_receiver(&OpModeR::Base, &key.inner.private, &enc, INFO)
            .map_err(|_| CourierError::Changed(1))?;
        Ok(Self { from, opening, digest: Sha256::new_with_prefix(head), device, frames: 0, follows: None })
    }

    /// Whose it is, as it says itself.
    #[must_use]
    pub fn device(&self) -> DeviceId {
        self.device
    }

    /// The next batch, signed with this key as the whole has to be; `None` once the end has been reached and is as the device
    /// wrote it. Ask until then before any batch is believed to be all there is.
    ///
    /// # Errors
    /// [`CourierError`]; nothing further can be read then.
    pub fn next_batch(&mut self, key: &VerifyingKey) -> Result<Option<Batch>, CourierError> {
        let mut length = [0; 4];
        self.read(&mut length)?;
        let length = u32::from_be_bytes(length) as usize;
        if length == 0 {
            return self.check_end(key).map(|()| None);
        }
        if length > FRAME_BYTES_MAX {
            return Err(CourierError::TooLarge { what: "264 KiB in a batch" });
        }
        if self.frames == COURIER_BATCHES_MAX {
            return Err(CourierError::TooLarge { what: "8,192 batches" });
        }
        let number = self.frames + 1;
        if length <= TAG_BYTES {
            return Err(CourierError::Changed(number));
        }
        let mut sealed = vec![0; length];
        self.read(&mut sealed)?;
        let bound_to = bound_to(self.device, self.frames);
        let body = self.opening.open(&sealed, bound_to.as_bytes());
        let body = body.map_err(|_| CourierError::Changed(number))?;
        let batch = decode(&body).map_err(|error| CourierError::Batch(number, error))?;
        self.check(&batch, key).map_err(|what| CourierError::Foreign(number, what))?;
        self.frames = number;
        Ok(Some(batch))
    }

    fn check(&mut self, batch: &Batch, key: &VerifyingKey) -> Result<(), &'static str> {
        let header = &batch.header;
        if header.device != self.device {
            return Err("of the device that the bundle names");
        }
        if !header.is_signed_by(key) {
            return Err("signed with its device's key");
        }
        let begins = (header.epoch, header.first_seq, header.previous_head);
        if self.follows.is_some_and(|expected| expected != begins) {
            return Err("what follows on the one before");
        }
        self.follows = Some((header.epoch, header.last_seq() + 1, header.last_head));
        Ok(())
    }

    fn check_end(&mut self, key: &VerifyingKey) -> Result<(), CourierError> {
        let mut count = [0; 4];
        self.read(&mut count)?;
        let mut signature = [0; SIGNATURE_BYTES];
        self.from.read_exact(&mut signature).map_err(ended)?;
        let text = signed_text(self.device, self.frames, self.digest.clone().finalize().into());
        let is_signed = key.verifies(text.as_bytes(), &Signature::from_bytes(signature));
        if !is_signed || u32::from_be_bytes(count) != self.frames || self.frames == 0 {
            return Err(CourierError::Unsigned);
        }
        match self.from.read(&mut [0]).map_err(CourierError::Io)? {
            0 => Ok(()),
            _ => Err(CourierError::Trailing),
        }
    }

    fn read(&mut self, bytes: &mut [u8]) -> Result<(), CourierError> {
        self.from.read_exact(bytes).map_err(ended)?;
        self.digest.update(&*bytes);
        Ok(())
    }
}

fn ended(error: io::Error) -> CourierError {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => CourierError::Truncated,
        _ => CourierError::Io(error),
    }
}
