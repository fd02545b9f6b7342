//! `afterword-collector subject find|export|erase`.

use std::fs::OpenOptions;
use std::io::{BufRead as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;
use std::process::ExitCode;

use afterword_collector::{Admin, Subject};
use afterword_model::follow_up::FollowUpCode;
use afterword_model::record::{Seq, StoreEpoch};
use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use serde_json::json;

use super::contact::read_key;
use super::erase::record;
use super::{Data, moment, print_json, shown};

const EXAMPLES: &str = "\
Examples:
  afterword-collector subject find --code \"harbor maple tide\" --data /var/lib/afterword
  afterword-collector subject export --code \"harbor maple tide\" --out answer.json --data /var/lib/afterword
  afterword-collector subject export --device Exit --record 3f2a…c0/4812 --contact-key contact-key.pem --data /var/lib/afterword
  afterword-collector subject erase --code \"harbor maple tide\" --data /var/lib/afterword

Nobody's name is held, so that a shopper proves with the three words which answer is theirs. Two may have been given the same
words, which is rare: then all are shown by day and store, and --device with --record says which is meant. An export holds all there is of
the answer; what was left for a reply stays sealed in it unless the key is given. `erase` asks before it does anything: the content goes
for good, from copies too, its place in the chain stays, it is counted no more, and a kiosk that sends it again is thanked
and nothing is stored. Exports, openings and erasures stand in the audit log first.

Exit codes: 0 done, 1 not found, not confirmed or failed (the reason is on standard error), 2 wrong use";

/// What can be done for a shopper who asks about their answer.
#[derive(Subcommand)]
#[command(after_help = EXAMPLES, after_long_help = EXAMPLES)]
pub(super) enum SubjectCommand {
    /// Show what is held of an answer, without its content.
    #[command(after_help = EXAMPLES, after_long_help = EXAMPLES)]
    Find(Find),
    /// Give out everything that is held of an answer, as one JSON document.
    #[command(after_help = EXAMPLES, after_long_help = EXAMPLES)]
    Export(Export),
    /// Erase an answer for good.
    #[command(after_help = EXAMPLES, after_long_help = EXAMPLES)]
    Erase(Erase),
}

/// Which answer.
#[derive(Args)]
struct Which {
    /// The three words that the shopper was given.
    #[arg(long, value_name = "WORDS", required_unless_present = "record", value_parser = FollowUpCode::parse)]
    code: Option<FollowUpCode>,
    /// Name or id of the device.
    #[arg(long, value_name = "NAME", requires = "record")]
    device: Option<String>,
    /// The record: its store epoch and its number.
    #[arg(long, value_name = "EPOCH/NUMBER", requires = "device", value_parser = record)]
    record: Option<(StoreEpoch, Seq)>,
    #[command(flatten)]
    data: Data,
}

#[derive(Args)]
pub(super) struct Find {
    #[command(flatten)]
    which: Which,
    /// Print JSON, a line for each.
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
pub(super) struct Export {
    #[command(flatten)]
    which: Which,
    /// The file of the key that opens what was left for a reply.
    #[arg(long, value_name = "FILE")]
    contact_key: Option<PathBuf>,
    /// Write to this file, for its owner alone; it must not be there yet. Without it: standard output.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(Args)]
pub(super) struct Erase {
    #[command(flatten)]
    which: Which,
    /// Do not ask.
    #[arg(long)]
    yes: bool,
    /// Print one line of JSON.
    #[arg(long)]
    json: bool,
}

impl SubjectCommand {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        match self {
            Self::Find(command) => command.run(),
            Self::Export(command) => command.run(),
            Self::Erase(command) => command.run(),
        }
    }
}

impl Which {
    /// Those that could be meant; at least one.
    fn found(&self, admin: &Admin) -> anyhow::Result<Vec<Subject>> {
        let mut found = match &self.code {
            Some(code) => admin.subjects(code)?,
            None => Vec::new(),
        };
        if let (Some(device), Some(record)) = (&self.device, self.record) {
            match &self.code {
                // Both say it: the words narrow nothing down any more.
                Some(_) => found.retain(|subject| stands(subject, record)),
                None => found.extend(admin.subject(device, record)?),
            }
        }
        if found.is_empty() {
            bail!(
                "no such answer is held; its kiosk may not have delivered it yet, or it was erased: its record says so, `afterword-collector verify --json` lists what there is"
            );
        }
        Ok(found)
    }

    /// The one that is meant.
    fn one(&self, admin: &Admin) -> anyhow::Result<Subject> {
        let mut found = self.found(admin)?;
        match (found.pop(), found.len()) {
            (Some(one), 0) => Ok(one),
            _ => bail!(
                "{} answers have these words; `subject find` shows day and store of each, name the one that is meant with --device and --record",
                found.len() + 1
            ),
        }
    }
}

fn stands(subject: &Subject, (epoch, seq): (StoreEpoch, Seq)) -> bool {
    subject.rows.iter().any(|row| (row.epoch, row.seq) == (epoch, seq))
}

/// The row that its deeds go by.
fn place(subject: &Subject) -> anyhow::Result<(String, (StoreEpoch, Seq))> {
    let row = subject.rows.iter().find(|row| !row.kept_aside).context("the record has a row")?;
    Ok((subject.device.to_string(), (row.epoch, row.seq)))
}

impl Find {
    fn run(self) -> anyhow::Result<ExitCode> {
        for subject in self.which.found(&self.which.data.open()?)? {
            if self.json {
                print_json(&summary(&subject))?;
            } else {
                println!("{}", sentence(&subject));
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Export {
    fn run(self) -> anyhow::Result<ExitCode> {
        let key = self.contact_key.as_deref().map(read_key).transpose()?;
        let mut admin = self.which.data.open()?;
        let (device, record) = place(&self.which.one(&admin)?)?;
        // The file first: what cannot be written is not given out.
        let file = self.out.as_deref().map(|path| {
            let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
            file.with_context(|| format!("cannot create {}; choose another name or place", path.display()))
        });
        let file = file.transpose()?;
        let export = admin.subject_export(&device, record, key.as_ref())?.context("it was there just now")?;
        let closed =
            export.contacts.iter().filter_map(|contact| contact.closed.as_deref()).collect::<Vec<_>>();
        let text = serde_json::to_string_pretty(&export)?;
        match (file, &self.out) {
            (Some(mut file), Some(path)) => {
                let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
                written.with_context(|| format!("cannot write {}; choose another place", path.display()))?;
                eprintln!("Everything that is held of it is in {}.", path.display());
            }
            _ => println!("{text}"),
        }
        if !closed.is_empty() {
            bail!("what was left for a reply stays sealed: {}", closed.join("; "));
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Erase {
    fn run(self) -> anyhow::Result<ExitCode> {
        let mut admin = self.which.data.open()?;
        let subject = self.which.one(&admin)?;
        let (device, record) = place(&subject)?;
        if !self.yes {
            eprintln!("{}", sentence(&subject));
            eprint!(
                "It is erased for good and cannot be brought back. Type its number, {}, to erase it: ",
                record.1
            );
            let mut answer = String::new();
            std::io::stdin()
                .lock()
                .read_line(&mut answer)
                .context("nobody answered; give --yes to be asked nothing")?;
            if answer.trim() != record.1.to_string() {
                bail!("it was not confirmed, and nothing was erased");
            }
        }
        let erasure = admin.erase(&device, record)?;
        if self.json {
            print_json(
                &json!({ "epoch": record.0, "seq": record.1, "rows": subject.rows.len(), "already_erased": subject.is_erased() }),
            )?;
        } else if erasure == afterword_collector::Erasure::AlreadyErased {
            println!("It had been erased before.");
        } else {
            println!("It is erased, copies included. Its place in the chain stays.");
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// What is held, without what it says.
fn summary(subject: &Subject) -> serde_json::Value {
    let (began_ms, offset_min) = subject.began();
    json!({
        "device": subject.device,
        "device_name": subject.device_name,
        "store": subject.store,
        "epoch": subject.first.epoch,
        "seq": subject.first.seq,
        "began_ms": began_ms,
        "offset_min": offset_min,
        "received_ms": subject.received_ms,
        "comment": subject.has_comment(),
        "contact": subject.has_contact(),
        "taken": subject.taken,
        "erased": subject.is_erased(),
        "rows": subject.rows,
    })
}

fn sentence(subject: &Subject) -> String {
    let (began_ms, offset_min) = subject.began();
    let local = began_ms.saturating_add(i64::from(offset_min) * 60_000);
    let day = moment(local).split('T').next().unwrap_or_default().to_owned();
    let holds = if subject.is_erased() {
        "erased".to_owned()
    } else {
        let parts = [
            ("an answer", true),
            ("a comment", subject.has_comment()),
            ("a sealed contact", subject.has_contact()),
        ];
        parts.into_iter().filter(|(_, held)| *held).map(|(name, _)| name).collect::<Vec<_>>().join(", ")
    };
    format!(
        "{day}  {}  {holds}  (record {}/{} of {}, in {} rows)",
        shown(subject.store.as_deref().unwrap_or("no store")),
        subject.first.epoch,
        subject.first.seq,
        shown(&subject.device_name),
        subject.rows.len(),
    )
}
