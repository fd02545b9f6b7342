//! A made-up year of a chain of stores at head office: for each kiosk the traffic of `afterword_sim`, written straight into a
//! collector's database, with true chains, many times faster than devices could send it.
//!
//! All is decided by the seed. Stores differ: in the last one some twelve visits of a hundred that would have been otherwise are as
//! unhappy as can be, in the first one none, in those between so many between. The second and every other kiosk of a store stands at its
//! entrance.

use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use afterword_collector::{Admin, Config, DatabaseUrl, InProcess};
use afterword_model::ports::{Clock as _, Entropy as _, ManualClock, SeededEntropy};
use afterword_model::record::{DeviceId, Head, StoreEpoch, genesis, next_head};
use afterword_model::response::{AnswerValue, RESPONSE_VERSION, Response};
use afterword_protocol::system::SystemEntropy;
use afterword_sim::traffic::shape::{Shape, Visits};
use anyhow::{Context as _, Result, ensure};
use chrono::NaiveDate;
use rusqlite::{Connection, params};

use crate::cluster::psql;

/// Visits of the last store that are made unhappy.
const SPOILED_SHARE: f64 = 0.12;

/// From the answer to the collector, in milliseconds.
const UNDER_WAY_MS: i64 = 60_000;

/// Which stores, and what happens in them.
#[derive(Debug, Clone)]
pub struct Chain {
    /// How many.
    pub stores: u32,
    /// Kiosks of each.
    pub kiosks: u32,
    /// The last local day.
    pub until: NaiveDate,
    /// How many days in all.
    pub days: u64,
    /// Responses of all of it, about.
    pub responses: f64,
    /// Decides all that is left to chance.
    pub seed: u64,
}

/// A collector's folder with that year in its database.
pub struct Filled {
    /// The folder.
    pub data: PathBuf,
    /// The database, where it is not in the folder.
    pub database: Option<DatabaseUrl>,
    /// Responses that are held.
    pub responses: u64,
}

impl Chain {
    /// What a store is called; they are counted from 0.
    pub fn store_name(number: u32) -> String {
        format!("Store {number:02}")
    }

    /// The responses of one kiosk, counted from 0 over all stores, with the numbers they have there.
    pub fn responses_of(&self, kiosk: u32) -> Vec<Response> {
        let shape = Shape {
            until: self.until,
            days: self.days,
            per_day: self.responses / f64::from(self.stores * self.kiosks) / self.days as f64,
            seed: self.seed * 10_007 + u64::from(kiosk),
            zone: chrono_tz::Europe::London,
        };
        let spoiled = SPOILED_SHARE * f64::from(kiosk / self.kiosks) / f64::from(self.stores);
        let dice = SeededEntropy::new(shape.seed + 1);
        let is_entrance = !(kiosk % self.kiosks).is_multiple_of(2);
        let visits = (1..).zip(Visits::of(&shape));
        let responses = visits.map(|(seq, visit)| {
            let mut draft = visit.draft;
            if is_entrance {
                draft.touchpoint = Some("entrance".into());
            }
            if (dice.next_u64() % 1_000_000) as f64 / 1e6 < spoiled
                && let Some(first) = draft.answers.first_mut()
            {
                first.value = AnswerValue::Face(1);
            }
            Response { v: RESPONSE_VERSION, seq, draft, outcome: visit.outcome, took_ms: visit.took_ms }
        });
        responses.collect()
    }

    /// Makes a collector's folder with this year in it, not counted yet; in the PostgreSQL database of this URL, where one is given.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn fill(&self, data: &Path, url: Option<&str>) -> Result<Filled> {
        let clock = Arc::new(ManualClock::at(
            self.until.and_hms_opt(23, 0, 0).context("a time")?.and_utc().timestamp_millis(),
        ));
        let database = url.map(DatabaseUrl::parse).transpose()?;
        let config = Config { database: database.clone(), ..Config::loopback(data) };
        drop(InProcess::open_with(&config, clock.clone(), Arc::new(SystemEntropy))?);
        let mut admin = Admin::open_with(data, database.as_ref(), clock.clone(), Arc::new(SystemEntropy))?;
        let mut rows = match url {
            None => Rows::file(&data.join("collector.db"))?,
            Some(url) => Rows::postgres(url)?,
        };
        let mut responses = 0;
        for kiosk in 0..self.stores * self.kiosks {
            let store = Self::store_name(kiosk / self.kiosks);
            let name = format!("{store}, kiosk {}", kiosk % self.kiosks);
            let device = admin.device_add(&name, Some(&store))?.device;
            responses += rows.write(device, &self.responses_of(kiosk), clock.wall_ms())?;
        }
        rows.end()?;
        Ok(Filled { data: data.to_owned(), database, responses })
    }
}

impl Filled {
    /// What an operator has of it.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub fn admin(&self) -> Result<Admin> {
        let clock = Arc::new(ManualClock::at(0));
        Ok(Admin::open_with(&self.data, self.database.as_ref(), clock, Arc::new(SystemEntropy))?)
    }
}

/// Whoever takes rows.
enum Rows {
    File(Connection),
    Postgres { url: String },
}

impl Rows {
    fn file(path: &Path) -> Result<Self> {
        let connection = Connection::open(path)?;
        connection.busy_timeout(std::time::Duration::from_secs(10))?;
        // What is made here can be made again.
        connection.execute_batch("pragma synchronous = off")?;
        Ok(Self::File(connection))
    }

    fn postgres(url: &str) -> Result<Self> {
        Ok(Self::Postgres { url: url.to_owned() })
    }

    /// One device's store.
    fn write(&mut self, device: DeviceId, responses: &[Response], now_ms: i64) -> Result<u64> {
        let epoch = StoreEpoch::new(SeededEntropy::new(u64::from_le_bytes(half(&device))).bytes());
        let Some(last) = responses.last() else { return Ok(0) };
        let mut head: Head = genesis(&epoch);
        let rows = responses.iter().map(|response| {
            let bytes = response.to_bytes();
            head = next_head(&head, &bytes);
            let received_ms = response.draft.started.wall_ms + UNDER_WAY_MS;
            (response.seq.cast_signed(), received_ms, head, bytes)
        });
        let seq = last.seq.cast_signed();
        match self {
            Self::File(connection) => {
                let transaction = connection.transaction()?;
                {
                    let mut insert = transaction.prepare_cached(
                        "insert into records (device_id, epoch, seq, received_ms, head, bytes) values (?1, ?2, ?3, ?4, ?5, ?6)",
                    )?;
                    for (seq, received_ms, head, bytes) in rows {
                        insert.execute(params![
                            device.as_bytes(),
                            epoch.as_bytes(),
                            seq,
                            received_ms,
                            head.as_bytes(),
                            bytes
                        ])?;
                    }
                }
                transaction.execute(
                    "insert into stores (device_id, epoch, mark, head, first_received_ms, last_received_ms) values (?1, ?2, ?3, ?4, ?5, ?5)",
                    params![device.as_bytes(), epoch.as_bytes(), seq, head.as_bytes(), now_ms],
                )?;
                transaction.commit()?;
            }
            Self::Postgres { url } => {
                let copy = "copy records (device_id, epoch, seq, received_ms, head, bytes) from stdin";
                let mut child = Command::new("psql")
                    .args(["-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", url, "-c", copy])
                    .stdin(Stdio::piped())
                    .spawn()
                    .context("psql")?;
                let mut into = BufWriter::new(child.stdin.take().context("standard input was piped")?);
                for (seq, received_ms, head, bytes) in rows {
                    let bytes = hex(&bytes);
                    writeln!(
                        into,
                        "\\\\x{device}\t\\\\x{epoch}\t{seq}\t{received_ms}\t\\\\x{head}\t\\\\x{bytes}"
                    )?;
                }
                into.flush()?;
                drop(into);
                ensure!(child.wait()?.success(), "psql did not take the rows");
                psql(
                    url,
                    &format!(
                        "insert into stores (device_id, epoch, mark, head, first_received_ms, last_received_ms)
                         values ('\\x{device}', '\\x{epoch}', {seq}, '\\x{head}', {now_ms}, {now_ms})"
                    ),
                )?;
            }
        }
        Ok(last.seq)
    }

    fn end(self) -> Result<()> {
        match self {
            Self::File(connection) => {
                connection.close().map_err(|(_, error)| error)?;
            }
            Self::Postgres { url } => {
                psql(&url, "analyze")?;
            }
        }
        Ok(())
    }
}

fn half(device: &DeviceId) -> [u8; 8] {
    let mut half = [0; 8];
    half.copy_from_slice(&device.as_bytes()[..8]);
    half
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
