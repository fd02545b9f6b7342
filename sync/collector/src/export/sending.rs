//! A table as the body of an answer, sent while it is being made.
//!
//! Whoever reads slowly holds the making up, and no connection to the database: that is given back after each page. When the making fails the
//! connection is broken off, so that nobody takes a part for the whole.

use std::io::{self, Write};
use std::sync::Arc;

use afterword_model::response::Response as Given;
use axum::body::Body;
use axum::response::{IntoResponse as _, Response};
use bytes::{Bytes, BytesMut};
use futures_util::stream::unfold;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use tokio::sync::{OwnedSemaphorePermit, mpsc};

use super::{ExportError, Format, PAGE_ROWS, write};
use crate::given::moment;
use crate::request_id::spawn_blocking;
use crate::routes::App;
use crate::storage::StorageError;
use crate::storage::selection::Selection;

/// Bytes that are sent at once.
const CHUNK_BYTES: usize = 64 * 1024;
/// Chunks that may wait to be sent.
const CHUNKS_WAITING: usize = 4;

/// Which responses, and as what.
pub(crate) struct Wish {
    pub(crate) selection: Selection,
    /// Which of them, by what is in them.
    pub(crate) fits: Box<dyn Fn(&Given) -> bool + Send>,
    pub(crate) format: Format,
    /// Whether a CSV begins with a byte order mark.
    pub(crate) with_mark: bool,
}

impl Wish {
    /// What is handed out, for the audit log; nothing of a shopper.
    pub(crate) fn words(&self) -> String {
        let since = match self.selection.since_ms {
            i64::MIN => "the beginning".to_owned(),
            since_ms => moment(since_ms),
        };
        let device = self.selection.device.map(|device| format!(", kiosk {device}")).unwrap_or_default();
        format!("{}, {since} to {}{device}", self.format.name(), moment(self.selection.until_ms))
    }
}

/// The answer. The place is given back when all is sent or nobody reads any more.
pub(crate) fn answer(app: &Arc<App>, place: OwnedSemaphorePermit, wish: Wish) -> Response {
    let name = format!("attachment; filename=\"responses.{}\"", wish.format.name());
    let headers = [(CONTENT_TYPE, wish.format.media_type().to_owned()), (CONTENT_DISPOSITION, name)];
    (headers, body(app, place, wish)).into_response()
}

fn body(app: &Arc<App>, place: OwnedSemaphorePermit, wish: Wish) -> Body {
    let (sender, receiver) = mpsc::channel(CHUNKS_WAITING);
    let app = Arc::clone(app);
    spawn_blocking(move || {
        let _place = place;
        let Wish { selection, fits, format, with_mark } = wish;
        let mut to = Chunks { sender: sender.clone(), waiting: BytesMut::with_capacity(CHUNK_BYTES) };
        let reader = sender.clone();
        let made = write(format, with_mark, &mut to, |after| {
            // Where little fits, nothing may be sent for long; whoever has gone is not looked for any further.
            if reader.is_closed() {
                return Err(StorageError::NoWriter);
            }
            let (mut found, next) = app.readers.read(|reader| selection.page(reader, after, PAGE_ROWS))?;
            found.retain(|found| fits(&found.response));
            Ok((found, next))
        });
        let end = match made.and_then(|_| Ok(to.send()?)) {
            Ok(()) => Sent::Whole,
            Err(error) => {
                // That nobody reads any more is theirs to decide.
                if !sender.is_closed() {
                    tracing::error!(%error, "an export broke off");
                }
                Sent::Broken(error)
            }
        };
        // Where nobody reads any more, nobody hears of it.
        let _ = sender.blocking_send(end);
    });
    whole_or_broken(receiver)
}

/// What the maker sends, which ends well only where it says that it was all.
fn whole_or_broken(receiver: mpsc::Receiver<Sent>) -> Body {
    Body::from_stream(unfold(Some(receiver), |receiver| async move {
        let mut receiver = receiver?;
        match receiver.recv().await {
            Some(Sent::Chunk(chunk)) => Some((Ok(chunk), Some(receiver))),
            Some(Sent::Whole) => None,
            Some(Sent::Broken(error)) => Some((Err(error), None)),
            // The maker is gone without a word; what was sent is not the whole.
            None => Some((Err(ExportError::Write(io::ErrorKind::UnexpectedEof.into())), None)),
        }
    }))
}

/// What comes from the maker.
enum Sent {
    Chunk(Bytes),
    /// That was all.
    Whole,
    /// There is more, and it will not come.
    Broken(ExportError),
}

/// Sends what is written, in chunks.
struct Chunks {
    sender: mpsc::Sender<Sent>,
    waiting: BytesMut,
}

impl Write for Chunks {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.waiting.extend_from_slice(bytes);
        if self.waiting.len() >= CHUNK_BYTES {
            self.send()?;
        }
        Ok(bytes.len())
    }

    /// A part that is not a full chunk waits for more.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Chunks {
    fn send(&mut self) -> io::Result<()> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        let chunk = self.waiting.split().freeze();
        self.sender.blocking_send(Sent::Chunk(chunk)).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;

    use super::*;

    /// What a reader gets of this, where the maker is gone afterwards.
    async fn read(sent: Vec<Sent>) -> Result<Bytes, axum::Error> {
        let (sender, receiver) = mpsc::channel(CHUNKS_WAITING);
        for one in sent {
            sender.send(one).await.unwrap();
        }
        drop(sender);
        Ok(whole_or_broken(receiver).collect().await?.to_bytes())
    }

    #[tokio::test]
    async fn a_part_is_never_taken_for_the_whole() {
        let part = || Sent::Chunk(Bytes::from_static(b"id,device"));
        assert_eq!(read(vec![part(), part(), Sent::Whole]).await.unwrap().len(), 18);
        assert!(read(vec![part()]).await.is_err(), "the maker fell");
        let full = ExportError::Write(io::ErrorKind::StorageFull.into());
        assert!(read(vec![part(), Sent::Broken(full)]).await.is_err());
    }
}
