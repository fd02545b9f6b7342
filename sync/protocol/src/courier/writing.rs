//! Writing a bundle, batch by batch.

use std::io::{self, Write};

use afterword_model::ports::Entropy;
use afterword_model::record::DeviceId;
use hpke::kem::X25519HkdfSha256;
use hpke::{Deserializable as _, OpModeS, Serializable as _, setup_sender_with_rng};
use sha2::{Digest as _, Sha256};

use super::{CourierKey, FRAME_BYTES_MAX, HEAD_BYTES, INFO, MAGIC, Sealing, bound_to, signed_text};
use crate::keys::SigningKey;
use crate::limits::COURIER_BATCHES_MAX;
use crate::seal::{Dice, PublicKey};

/// A bundle that is being written. Until [`CourierWriter::finish`] it is no bundle.
pub struct CourierWriter<W> {
    out: W,
    sealing: Sealing,
    digest: Sha256,
    device: DeviceId,
    frames: u32,
}

impl<W: Write> CourierWriter<W> {
    /// Writes the head.
    ///
    /// # Errors
    /// What writing gives; [`io::ErrorKind::InvalidInput`] for one of the few byte strings that are no key.
    pub fn begin(
        mut out: W,
        device: DeviceId,
        sealed_to: &CourierKey,
        entropy: &dyn Entropy,
    ) -> io::Result<Self> {
        let no_key = |_| io::Error::new(io::ErrorKind::InvalidInput, "the collector's courier key is no key");
        let key = PublicKey::from_bytes(&sealed_to.0.bytes).map_err(no_key)?;
        let (enc, sealing) =
            setup_sender_with_rng::<_, _, X25519HkdfSha256>(&OpModeS::Base, &key, INFO, &mut Dice(entropy))
                .map_err(no_key)?;
        let mut head = Vec::with_capacity(HEAD_BYTES);
        head.extend_from_slice(MAGIC);
        head.extend_from_slice(device.as_bytes());
        head.extend_from_slice(&sealed_to.id().0);
        head.extend_from_slice(&enc.to_bytes());
        out.write_all(&head)?;
        let digest = Sha256::new_with_prefix(&head);
        Ok(Self { out, sealing, digest, device, frames: 0 })
    }

    /// Seals a batch's body and writes it.
    ///
    /// # Errors
    /// What writing gives; the bundle is not to be used then.
    ///
    /// # Panics
    /// When the body is longer than a batch may be, or the bundle is full: whoever packs is at fault.
    pub fn batch(&mut self, body: &[u8]) -> io::Result<()> {
        assert!(!self.is_full(), "a bundle holds at most {COURIER_BATCHES_MAX} batches");
        let bound_to = bound_to(self.device, self.frames);
        let sealed = self.sealing.seal(body, bound_to.as_bytes()).expect("HPKE counts further than a bundle");
        assert!(sealed.len() <= FRAME_BYTES_MAX, "a batch's body is bounded");
        let length = u32::try_from(sealed.len()).expect("a frame is bounded");
        self.write(&length.to_be_bytes())?;
        self.write(&sealed)?;
        self.frames += 1;
        Ok(())
    }

    /// Whether no further batch fits.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.frames == COURIER_BATCHES_MAX
    }

    /// Writes the end and the signature, and gives back what was written to, to be made durable.
    ///
    /// # Errors
    /// What writing gives.
    pub fn finish(mut self, key: &SigningKey) -> io::Result<W> {
        self.write(&0_u32.to_be_bytes())?;
        self.write(&self.frames.to_be_bytes())?;
        let text = signed_text(self.device, self.frames, self.digest.finalize().into());
        self.out.write_all(key.sign(text.as_bytes()).as_bytes())?;
        self.out.flush()?;
        Ok(self.out)
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.digest.update(bytes);
        self.out.write_all(bytes)
    }
}
