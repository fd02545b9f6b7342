//! The body of an answer on its way out, which tells where the connection stands: at the next part, which may take its time, or at sending,
//! for which the peer has to read.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes};
use hyper::body::{Body as HttpBody, Frame, SizeHint};

use super::deadline::{Progress, Stage};

/// A body, and what the connection does after it.
pub(super) struct Outgoing {
    body: Body,
    progress: Arc<Progress>,
    after: Stage,
}

impl Outgoing {
    pub(super) fn new(body: Body, progress: Arc<Progress>, after: Stage) -> Self {
        progress.enter(Stage::Sending);
        Self { body, progress, after }
    }
}

impl HttpBody for Outgoing {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        self.progress.enter(if polled.is_pending() { Stage::Making } else { Stage::Sending });
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Outgoing {
    fn drop(&mut self) {
        self.progress.enter(self.after);
    }
}
