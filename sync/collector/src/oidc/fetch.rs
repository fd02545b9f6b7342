//! Requests to the provider: few, small, and never anywhere but where they were sent.

use std::pin::Pin;
use std::time::Duration;

use openidconnect::{AsyncHttpClient, HttpRequest, HttpResponse};

use crate::listen::tls;

/// A provider that takes longer is as good as not there.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Bytes of an answer at most; what providers publish takes some ten kilobytes.
const ANSWER_BYTES_MAX: usize = 1024 * 1024;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum FetchError {
    #[error(transparent)]
    Tls(#[from] rustls::Error),
    #[error(transparent)]
    Http(#[from] reqwest::Error),
    #[error("the answer has more than {ANSWER_BYTES_MAX} bytes")]
    Large,
    #[error("the answer cannot be read: {0}")]
    Answer(#[from] http::Error),
}

/// Fetches.
pub(super) struct Fetcher(reqwest::Client);

impl Fetcher {
    /// One that trusts the authorities that this machine trusts.
    pub(super) fn new() -> Result<Self, FetchError> {
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(tls::outward()?)
            // Where a provider sends us on to may be a machine of ours that nobody else reaches.
            .redirect(reqwest::redirect::Policy::none())
            .timeout(TIMEOUT)
            .build()?;
        Ok(Self(client))
    }

    async fn fetch(client: reqwest::Client, request: HttpRequest) -> Result<HttpResponse, FetchError> {
        let mut answer = client.execute(request.try_into()?).await?;
        let mut bytes = Vec::new();
        while let Some(chunk) = answer.chunk().await? {
            if bytes.len() + chunk.len() > ANSWER_BYTES_MAX {
                return Err(FetchError::Large);
            }
            bytes.extend_from_slice(&chunk);
        }
        let mut response = http::Response::builder().status(answer.status());
        for (name, value) in answer.headers() {
            response = response.header(name, value);
        }
        Ok(response.body(bytes)?)
    }
}

impl<'c> AsyncHttpClient<'c> for Fetcher {
    type Error = FetchError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, FetchError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(Self::fetch(self.0.clone(), request))
    }
}
