//! Asking the running kiosk from the command line, over the device's own socket.

use std::collections::HashSet;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use afterword_model::alerts::Alert;
use afterword_model::carried::Origin;
use afterword_model::case::{CasesAsk, Overview};
use afterword_model::moment::Moment;
use afterword_model::summary::{Ask, Summary};
use afterword_protocol::device_facts::DeviceFacts;
use afterword_protocol::local::{LOCAL_VERSION, LOCAL_VERSION_WITH_HEALTH, Reply, Request};
use afterword_protocol::queue::{Health, Position, Run, Take};
use anyhow::{Context, Result, bail};

use crate::socket::{read_frame, write_frame};

/// A kiosk that is up answers in milliseconds; a person at the command line should not wait longer for one that is not.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);

/// A connection to the running kiosk.
pub struct RunningKiosk {
    stream: UnixStream,
    /// The version of the socket's protocol that it speaks.
    version: u16,
    /// Whether it has errands, and says how the device is.
    errands: bool,
}

impl RunningKiosk {
    /// Connects and says hello.
    ///
    /// # Errors
    /// When nobody answers at `socket`, or it is a kiosk of a version too far away.
    pub fn connect(socket: &Path) -> Result<Self> {
        let stream = UnixStream::connect(socket).with_context(|| {
            format!(
                "no kiosk answers at {}; start `afterword-kiosk run`, or name its socket with --socket",
                socket.display()
            )
        })?;
        stream.set_read_timeout(Some(ANSWER_TIMEOUT))?;
        stream.set_write_timeout(Some(ANSWER_TIMEOUT))?;
        let mut kiosk = Self { stream, version: LOCAL_VERSION, errands: false };
        let hello = Request::Hello { version: LOCAL_VERSION, program: "afterword-kiosk command line".into() };
        match kiosk.ask(&hello)? {
            Reply::Hello { version, errands, .. } => Ok(Self { version, errands, ..kiosk }),
            other => bail!("the kiosk answered {other:?} to a hello; update the older of the two programs"),
        }
    }

    /// The numbers of a range of days.
    ///
    /// # Errors
    /// When the kiosk does not answer or cannot read its database.
    pub fn summary(&mut self, ask: Ask) -> Result<Summary> {
        match self.ask(&Request::Summary(ask))? {
            Reply::Summary(summary) => Ok(*summary),
            other => bail!("the kiosk answered {other:?} when asked for a summary; restart it and ask again"),
        }
    }

    /// The newest alerts, the newest first; with `open_only` those that are not closed.
    ///
    /// # Errors
    /// When the kiosk does not answer, cannot read its database, or is of the version before, which knows no alerts.
    pub fn alerts(&mut self, newest: u32, open_only: bool) -> Result<Vec<Alert>> {
        match self.ask(&Request::Alerts { newest, open_only })? {
            Reply::Alerts { alerts } => Ok(alerts),
            other => bail!("the kiosk answered {other:?} when asked for alerts; update and restart it"),
        }
    }

    /// What has to be done for shoppers who were not content.
    ///
    /// # Errors
    /// When the kiosk does not answer, cannot read its database, or is of a version that knows no follow-ups.
    pub fn follow_ups(&mut self, ask: &CasesAsk) -> Result<Overview> {
        match self.ask(&Request::FollowUps(ask.clone()))? {
            Reply::FollowUps(overview) => Ok(*overview),
            other => {
                bail!("the kiosk answered {other:?} when asked for follow-ups; update and restart it")
            }
        }
    }

    /// Responses whose words are hidden, by the place that each first had.
    ///
    /// # Errors
    /// When the kiosk does not answer, cannot read its database, or is of a version that hides no words.
    pub fn hidden_words(&mut self) -> Result<HashSet<Origin>> {
        match self.ask(&Request::HiddenWords)? {
            Reply::HiddenWords { origins } => Ok(origins.into_iter().collect()),
            other => bail!("the kiosk answered {other:?} when asked for hidden words; update and restart it"),
        }
    }

    /// The records after one; none where there are none.
    ///
    /// # Errors
    /// When the kiosk does not answer or cannot read its database.
    pub fn next(&mut self, take: Take) -> Result<Option<Run>> {
        match self.ask(&Request::Next(take))? {
            Reply::Next { run } => Ok(run.map(TryInto::try_into).transpose()?),
            other => bail!("the kiosk answered {other:?} when asked for records; restart it and ask again"),
        }
    }

    /// Tells what brings the next shopper.
    ///
    /// # Errors
    /// When the kiosk does not answer or is of the version before, which knows no moments.
    pub fn moment(&mut self, moment: Moment) -> Result<()> {
        match self.ask(&Request::Moment { moment })? {
            Reply::Told => Ok(()),
            other => bail!("the kiosk answered {other:?} when told of a moment; update and restart it"),
        }
    }

    /// How far the store has come.
    ///
    /// # Errors
    /// When the kiosk does not answer or cannot read its database.
    pub fn position(&mut self) -> Result<Position> {
        match self.ask(&Request::Position)? {
            Reply::Position(position) => Ok(position),
            other => {
                bail!("the kiosk answered {other:?} when asked for its position; restart it and ask again")
            }
        }
    }

    /// How the store is; `None` from a kiosk that is too old to say.
    ///
    /// # Errors
    /// When the kiosk does not answer or cannot read its database.
    pub fn health(&mut self) -> Result<Option<Health>> {
        if self.version < LOCAL_VERSION_WITH_HEALTH {
            return Ok(None);
        }
        match self.ask(&Request::Health)? {
            Reply::Health(health) => Ok(Some(health)),
            other => {
                bail!("the kiosk answered {other:?} when asked how it is; restart it and ask again")
            }
        }
    }

    /// What the kiosk knows of the device; `None` from one that is too old to say.
    ///
    /// # Errors
    /// When the kiosk does not answer or cannot read its database.
    pub fn device(&mut self) -> Result<Option<DeviceFacts>> {
        if !self.errands {
            return Ok(None);
        }
        match self.ask(&Request::Device)? {
            Reply::Device(facts) => Ok(Some(*facts)),
            other => {
                bail!("the kiosk answered {other:?} when asked how the device is; restart it and ask again")
            }
        }
    }

    /// Has the network tested; [`Self::device`] says how far that is.
    ///
    /// # Errors
    /// When the kiosk does not answer or is too old to have it done.
    pub fn test_network(&mut self) -> Result<()> {
        if !self.errands {
            bail!(
                "the running kiosk is too old to have the network tested; restart it, or run `afterword-sync network-test`"
            );
        }
        match self.ask(&Request::TestNetwork)? {
            Reply::Told => Ok(()),
            other => bail!("the kiosk answered {other:?} when asked to have the network tested; restart it"),
        }
    }

    fn ask(&mut self, request: &Request) -> Result<Reply> {
        let answered = write_frame(&mut self.stream, request).and_then(|()| read_frame(&mut self.stream));
        match answered.context("the running kiosk broke off; see its log and ask again")? {
            Reply::Refused { detail } => bail!("the running kiosk refused: {detail}"),
            reply => Ok(reply),
        }
    }
}
