//! The kiosk's queue over its Unix socket, in the frames of [`afterword_protocol::local`].
//!
//! A connection serves one request at a time. Whatever goes wrong in one (an error, a time-out, the caller
//! dropping the future half-way) closes it, so that a late reply can never be taken for the next one; the next
//! request opens a new one. All failures are [`QueueError`]s that the loop outlives.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use afterword_model::record::StoreEpoch;
use afterword_protocol::case_steps::CaseSteps;
use afterword_protocol::changes::Changes;
use afterword_protocol::errand::{AgentStatus, Errand, ErrandId, ErrandResult};
use afterword_protocol::local::{
    FrameError, LOCAL_VERSION, LOCAL_VERSION_WITH_HEALTH, Reply, Request, decode_frame, encode_frame,
    frame_length,
};
use afterword_protocol::network_test::Step;
use afterword_protocol::queue::{
    Acceptance, BeginReason, Begun, Health, Position, Queue, QueueError, Run, Take,
};
use afterword_protocol::receipt::SignedReceipt;
use afterword_protocol::settings::SignedSettings;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::time::timeout;

/// To connect and be greeted. The kiosk answers in microseconds unless it hangs.
const CONNECT_MAX: Duration = Duration::from_secs(5);
/// For any reply, beyond the wait that was asked for. Storing a receipt may wait for a slow card.
const REPLY_MAX: Duration = Duration::from_secs(10);
/// To carry a month of records into a new epoch, on a slow card.
const CARRY_MAX: Duration = Duration::from_secs(300);

/// A queue at the other end of a socket.
#[derive(Debug)]
pub struct SocketQueue {
    path: PathBuf,
    /// Only between requests; taken out for the length of one.
    connection: Option<Greeted>,
    /// Which epoch the kiosk last said that it is in: the one that is meant when it shall begin anew.
    epoch: Option<StoreEpoch>,
}

/// A connection, and the version that the kiosk at its other end speaks.
#[derive(Debug)]
struct Greeted {
    stream: UnixStream,
    version: u16,
    errands: bool,
}

impl SocketQueue {
    /// Names the socket; it is opened with the first request.
    #[must_use]
    pub fn at(path: PathBuf) -> Self {
        Self { path, connection: None, epoch: None }
    }

    /// Another queue at the same socket, with a connection of its own.
    #[must_use]
    pub(crate) fn another(&self) -> Self {
        Self::at(self.path.clone())
    }

    async fn ask(&mut self, request: &Request, within: Duration) -> Result<Reply, QueueError> {
        let mut connection = self.greeted().await?;
        let reply = limited(within, exchange(&mut connection.stream, request)).await?;
        self.connection = Some(connection);
        match reply {
            Reply::Refused { detail } => Err(QueueError::Refused(detail)),
            reply => Ok(reply),
        }
    }

    /// As [`SocketQueue::ask`], when the kiosk speaks at least this version; `None` otherwise.
    async fn ask_since(
        &mut self,
        version: u16,
        request: &Request,
        within: Duration,
    ) -> Result<Option<Reply>, QueueError> {
        let connection = self.greeted().await?;
        let speaks = connection.version >= version;
        self.connection = Some(connection);
        if speaks { self.ask(request, within).await.map(Some) } else { Ok(None) }
    }

    async fn greeted(&mut self) -> Result<Greeted, QueueError> {
        match self.connection.take() {
            Some(connection) => Ok(connection),
            None => limited(CONNECT_MAX, self.connect()).await,
        }
    }

    async fn connect(&self) -> Result<Greeted, QueueError> {
        match self.greet_as(LOCAL_VERSION).await {
            // A kiosk of the version before knows no higher one than its own, and turns this program away that was
            // updated first. It answers whoever speaks as it does.
            Err(QueueError::Refused(detail)) => match self.greet_as(LOCAL_VERSION - 1).await {
                Err(QueueError::Refused(_)) => Err(QueueError::Refused(detail)),
                other => other,
            },
            other => other,
        }
    }

    async fn greet_as(&self, version: u16) -> Result<Greeted, QueueError> {
        let mut connection = UnixStream::connect(&self.path).await.map_err(|error| {
            io::Error::new(
                error.kind(),
                format!("the socket {} cannot be opened ({error})", self.path.display()),
            )
        })?;
        let hello = Request::Hello { version, program: "afterword-sync".into() };
        match exchange(&mut connection, &hello).await? {
            // Its version less one is what it still answers; ours less one is what we still ask.
            Reply::Hello { version, errands, .. } if version.abs_diff(LOCAL_VERSION) <= 1 => {
                Ok(Greeted { stream: connection, version, errands })
            }
            Reply::Hello { version, program_version, .. } => Err(QueueError::Refused(format!(
                "it speaks version {version} of the socket ({program_version}), this program {LOCAL_VERSION}: update the older one"
            ))),
            Reply::Refused { detail } => Err(QueueError::Refused(detail)),
            other => Err(unexpected(&other)),
        }
    }
}

impl Queue for SocketQueue {
    async fn position(&mut self) -> Result<Position, QueueError> {
        match self.ask(&Request::Position, REPLY_MAX).await? {
            Reply::Position(position) => {
                self.epoch = Some(position.epoch);
                Ok(position)
            }
            other => Err(self.broken(&other)),
        }
    }

    async fn next(&mut self, take: Take) -> Result<Option<Run>, QueueError> {
        let within = Duration::from_millis(take.wait_ms).saturating_add(REPLY_MAX);
        match self.ask(&Request::Next(take), within).await? {
            Reply::Next { run } => run.map(Run::try_from).transpose().map_err(invalid),
            other => Err(self.broken(&other)),
        }
    }

    async fn accept(&mut self, receipt: &SignedReceipt) -> Result<Acceptance, QueueError> {
        match self.ask(&Request::Accept(receipt.clone()), REPLY_MAX).await? {
            Reply::Accepted { acceptance } => Ok(acceptance),
            other => Err(self.broken(&other)),
        }
    }

    async fn health(&mut self) -> Result<Option<Health>, QueueError> {
        match self.ask_since(LOCAL_VERSION_WITH_HEALTH, &Request::Health, REPLY_MAX).await? {
            Some(Reply::Health(health)) => {
                self.epoch = Some(health.position.epoch);
                Ok(Some(health))
            }
            None => Ok(None),
            Some(other) => Err(self.broken(&other)),
        }
    }

    async fn begin_anew(&mut self, reason: BeginReason) -> Result<Begun, QueueError> {
        let request = Request::BeginAnew { of: self.epoch, reason };
        match self.ask_since(LOCAL_VERSION_WITH_HEALTH, &request, CARRY_MAX).await? {
            Some(Reply::BegunAnew { begun }) => Ok(begun),
            None => Ok(Begun::Unsupported),
            Some(other) => Err(self.broken(&other)),
        }
    }

    async fn keep_changes(&mut self, changes: &Changes) -> Result<(), QueueError> {
        // Its health named what it keeps, so it knows this question.
        match self.ask(&Request::KeepChanges(changes.clone()), REPLY_MAX).await? {
            Reply::Kept => Ok(()),
            other => Err(self.broken(&other)),
        }
    }

    async fn keep_case_steps(&mut self, steps: &CaseSteps) -> Result<(), QueueError> {
        // Its health named its mark, so it knows this question.
        match self.ask(&Request::KeepCaseSteps(steps.clone()), REPLY_MAX).await? {
            Reply::Kept => Ok(()),
            other => Err(self.broken(&other)),
        }
    }

    async fn keep_settings(&mut self, settings: &SignedSettings) -> Result<(), QueueError> {
        // Its health named what it has of them, so it knows this question.
        match self.ask(&Request::KeepSettings(Box::new(settings.clone())), REPLY_MAX).await? {
            Reply::Kept => Ok(()),
            other => Err(self.broken(&other)),
        }
    }
}

impl SocketQueue {
    /// Whether the kiosk has errands. The connection to one that has none is given up, so that it is greeted anew.
    pub(crate) async fn has_errands(&mut self) -> Result<bool, QueueError> {
        let connection = self.greeted().await?;
        let has_errands = connection.errands;
        self.connection = Some(connection).filter(|connection| connection.errands);
        Ok(has_errands)
    }

    /// What the kiosk wants done, when it wants something within the wait. Only of a kiosk that has errands.
    pub(crate) async fn errand(
        &mut self,
        wait_ms: u64,
        agent: AgentStatus,
    ) -> Result<Option<Errand>, QueueError> {
        let within = Duration::from_millis(wait_ms).saturating_add(REPLY_MAX);
        match self.ask(&Request::Errand { wait_ms, agent: Box::new(agent) }, within).await? {
            Reply::Errand { errand } => Ok(errand),
            other => Err(self.broken(&other)),
        }
    }

    /// Tells the kiosk of a step of a network test.
    pub(crate) async fn errand_step(&mut self, id: ErrandId, step: Step) -> Result<(), QueueError> {
        self.tell(&Request::ErrandStep { id, step }).await
    }

    /// Tells the kiosk what became of an errand.
    pub(crate) async fn errand_done(&mut self, id: ErrandId, result: ErrandResult) -> Result<(), QueueError> {
        self.tell(&Request::ErrandDone { id, result: Box::new(result) }).await
    }

    async fn tell(&mut self, request: &Request) -> Result<(), QueueError> {
        match self.ask(request, REPLY_MAX).await? {
            Reply::Told => Ok(()),
            other => Err(self.broken(&other)),
        }
    }

    /// A reply to another question: question and reply no longer go in step.
    fn broken(&mut self, reply: &Reply) -> QueueError {
        self.connection = None;
        unexpected(reply)
    }
}

async fn exchange(connection: &mut UnixStream, request: &Request) -> Result<Reply, QueueError> {
    connection.write_all(&encode_frame(request).map_err(invalid)?).await?;
    let mut prefix = [0; 4];
    connection.read_exact(&mut prefix).await?;
    let mut json = vec![0; frame_length(prefix).map_err(invalid)?];
    connection.read_exact(&mut json).await?;
    decode_frame(&json).map_err(invalid)
}

async fn limited<T>(
    within: Duration,
    work: impl Future<Output = Result<T, QueueError>>,
) -> Result<T, QueueError> {
    let late = |_| io::Error::new(io::ErrorKind::TimedOut, format!("no reply within {} s", within.as_secs()));
    timeout(within, work).await.map_err(late)?
}

fn invalid(error: FrameError) -> QueueError {
    io::Error::new(io::ErrorKind::InvalidData, error).into()
}

fn unexpected(reply: &Reply) -> QueueError {
    let kind = match reply {
        Reply::Hello { .. } => "hello",
        Reply::Position(_) => "position",
        Reply::Next { .. } => "next",
        Reply::Accepted { .. } => "accepted",
        Reply::Health(_) => "health",
        Reply::BegunAnew { .. } => "begun_anew",
        Reply::Kept => "kept",
        Reply::Told => "told",
        Reply::Summary(_) => "summary",
        Reply::Alerts { .. } => "alerts",
        Reply::Errand { .. } => "errand",
        Reply::Device(_) => "device",
        Reply::FollowUps(_) => "follow_ups",
        Reply::HiddenWords { .. } => "hidden_words",
        Reply::Refused { .. } => "refused",
    };
    io::Error::new(io::ErrorKind::InvalidData, format!("the reply {kind:?} does not fit the request")).into()
}

#[cfg(test)]
mod tests {
    use afterword_model::record::Head;
    use tokio::net::UnixListener;

    use super::*;

    /// What a kiosk does with one connection.
    type Script = fn(&Request) -> Act;

    #[expect(clippy::large_enum_variant, reason = "a test has a handful of them")]
    enum Act {
        Reply(Reply),
        /// Half a reply, and the connection is closed.
        BreakOff,
        /// Nothing, for ever.
        Hang,
        /// These bytes.
        Raw(Vec<u8>),
    }

    fn hello() -> Act {
        Act::Reply(Reply::Hello { version: LOCAL_VERSION, program_version: "test".into(), errands: false })
    }

    fn position() -> Position {
        Position {
            epoch: StoreEpoch::new([1; 16]),
            last_seq: 7,
            head: Head::new([2; 32]),
            acknowledged_seq: 3,
            server_epoch: None,
        }
    }

    /// A kiosk that treats its first connection by the first script, the second by the second, and so on.
    fn kiosk(scripts: &'static [Script]) -> (tempfile::TempDir, SocketQueue) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("kiosk.sock");
        let listener = UnixListener::bind(&path).unwrap();
        tokio::spawn(async move {
            for script in scripts {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(serve(stream, *script));
            }
        });
        (dir, SocketQueue::at(path))
    }

    async fn serve(mut stream: UnixStream, script: Script) {
        let mut prefix = [0; 4];
        while stream.read_exact(&mut prefix).await.is_ok() {
            let mut json = vec![0; frame_length(prefix).unwrap()];
            stream.read_exact(&mut json).await.unwrap();
            let bytes = match script(&decode_frame(&json).unwrap()) {
                Act::Reply(reply) => encode_frame(&reply).unwrap(),
                Act::Raw(bytes) => bytes,
                Act::Hang => return std::future::pending().await,
                Act::BreakOff => {
                    let _ = stream.write_all(&[0, 0, 0, 50, b'{']).await;
                    return;
                }
            };
            stream.write_all(&bytes).await.unwrap();
        }
    }

    fn honest(request: &Request) -> Act {
        match request {
            Request::Hello { .. } => hello(),
            Request::Position => Act::Reply(Reply::Position(position())),
            Request::Next(take) => {
                let run = Run {
                    epoch: position().epoch,
                    first_seq: take.after_seq + 1,
                    previous_head: position().head,
                    records: vec![vec![0xff, b'\n']; take.records_max],
                };
                Act::Reply(Reply::Next { run: Some(run.into()) })
            }
            Request::Accept(_)
            | Request::Health
            | Request::BeginAnew { .. }
            | Request::KeepChanges(_)
            | Request::KeepCaseSteps(_)
            | Request::KeepSettings(_)
            | Request::FollowUps(_)
            | Request::Alerts { .. }
            | Request::HiddenWords
            | Request::Moment { .. }
            | Request::Errand { .. }
            | Request::ErrandStep { .. }
            | Request::ErrandDone { .. }
            | Request::Device
            | Request::TestNetwork
            | Request::Summary(_) => Act::Reply(Reply::Refused { detail: "disk full".into() }),
        }
    }

    fn breaks_off(request: &Request) -> Act {
        if matches!(request, Request::Hello { .. }) { hello() } else { Act::BreakOff }
    }

    fn hangs(request: &Request) -> Act {
        if matches!(request, Request::Hello { .. }) { hello() } else { Act::Hang }
    }

    fn sends_a_gigabyte(request: &Request) -> Act {
        if matches!(request, Request::Hello { .. }) { hello() } else { Act::Raw(vec![0x40, 0, 0, 0]) }
    }

    fn answers_another_question(request: &Request) -> Act {
        match request {
            Request::Next(_) => Act::Reply(Reply::Position(position())),
            other => honest(other),
        }
    }

    fn is_from_the_future(_: &Request) -> Act {
        Act::Reply(Reply::Hello { version: LOCAL_VERSION + 2, program_version: "9.0".into(), errands: false })
    }

    /// The kiosk of the version before, which knows no higher one.
    fn is_from_before(request: &Request) -> Act {
        const BEFORE: u16 = LOCAL_VERSION - 1;
        match request {
            Request::Hello { version: BEFORE, .. } => {
                Act::Reply(Reply::Hello { version: BEFORE, program_version: "0.0".into(), errands: false })
            }
            Request::Hello { version, .. } => Act::Reply(Reply::Refused {
                detail: format!("version {version}, this kiosk {BEFORE}; update the older one"),
            }),
            other => honest(other),
        }
    }

    fn is_a_device(request: &Request) -> Act {
        match request {
            Request::Hello { .. } => {
                let program_version = "test".into();
                Act::Reply(Reply::Hello { version: LOCAL_VERSION, program_version, errands: true })
            }
            Request::Errand { .. } => Act::Reply(Reply::Errand { errand: None }),
            other => honest(other),
        }
    }

    #[tokio::test]
    async fn a_kiosk_of_before_has_no_errands_and_may_be_updated_meanwhile() {
        let (_dir, mut queue) = kiosk(&[honest, is_a_device]);
        assert!(!queue.has_errands().await.unwrap());
        assert!(queue.has_errands().await.unwrap(), "it was greeted anew");
        assert_eq!(queue.errand(5, AgentStatus::default()).await.unwrap(), None);
    }

    fn take() -> Take {
        Take { after_seq: 4, records_max: 2, wait_ms: 0 }
    }

    #[tokio::test]
    async fn questions_and_replies_go_in_step_over_one_connection() {
        let (_dir, mut queue) = kiosk(&[honest]);
        assert_eq!(queue.position().await.unwrap(), position());
        let run = queue.next(take()).await.unwrap().unwrap();
        assert_eq!((run.first_seq, run.records), (5, vec![vec![0xff, b'\n']; 2]));
        assert_eq!(queue.position().await.unwrap(), position());
    }

    #[tokio::test]
    async fn a_connection_that_breaks_is_opened_again() {
        let (_dir, mut queue) = kiosk(&[breaks_off, sends_a_gigabyte, honest]);
        assert!(matches!(queue.position().await, Err(QueueError::Unreachable(_))));
        assert!(matches!(queue.position().await, Err(QueueError::Unreachable(_))));
        assert_eq!(queue.position().await.unwrap(), position());
    }

    #[tokio::test(start_paused = true)]
    async fn a_question_given_up_half_way_does_not_leave_its_reply_to_the_next() {
        let (_dir, mut queue) = kiosk(&[hangs, honest]);
        assert!(timeout(Duration::from_millis(50), queue.next(take())).await.is_err());
        assert_eq!(queue.position().await.unwrap(), position());
    }

    #[tokio::test(start_paused = true)]
    async fn a_kiosk_that_hangs_is_given_up() {
        let (_dir, mut queue) = kiosk(&[hangs]);
        let Err(QueueError::Unreachable(error)) = queue.position().await else { panic!("it hangs") };
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test]
    async fn a_reply_to_another_question_closes_the_connection() {
        let (_dir, mut queue) = kiosk(&[answers_another_question, honest]);
        assert!(matches!(queue.next(take()).await, Err(QueueError::Unreachable(_))));
        assert!(queue.next(take()).await.unwrap().is_some());
    }

    #[tokio::test]
    async fn a_version_too_far_off_is_named() {
        let (_dir, mut queue) = kiosk(&[is_from_the_future, is_from_the_future]);
        let Err(QueueError::Refused(detail)) = queue.position().await else { panic!("it is refused") };
        assert!(detail.contains("update"), "{detail}");
    }

    #[tokio::test]
    async fn the_kiosk_of_the_version_before_is_spoken_to_as_it_speaks() {
        let (_dir, mut queue) = kiosk(&[is_from_before, is_from_before]);
        assert_eq!(queue.position().await.unwrap(), position());
        assert!(queue.health().await.unwrap().is_none(), "which it knows nothing of");
        assert!(queue.next(take()).await.unwrap().is_some());
    }

    #[tokio::test]
    async fn a_missing_socket_is_named() {
        let error = SocketQueue::at("/nonexistent/kiosk.sock".into()).position().await.unwrap_err();
        assert!(error.to_string().contains("/nonexistent/kiosk.sock"), "{error}");
    }
}
