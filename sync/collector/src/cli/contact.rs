//! `afterword-collector contact new-key|key|list`.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use afterword_collector::{OpenedContact, SealedContact};
use afterword_protocol::seal::OpeningKey;
use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::{Data, moment, ports, print_json, shown};

const NEW_KEY_EXAMPLES: &str = "\
Example:
  afterword-collector contact new-key --out contact-key.pem

Prints a line for the configuration of the kiosks; from then on they seal what shoppers leave for a reply to this
key, and nobody without the file can read it: not the kiosks, not the collector. Keep the file away from both (`contact
list` reads a backup as well), and a copy of it in a safe: what was sealed to a lost key is lost. The file is PKCS#8, as
OpenSSL reads it.

Exit codes: 0 the file is written, 1 it failed (the reason is on standard error), 2 wrong use";

const LIST_EXAMPLES: &str = "\
Examples:
  # On another machine than the collector's: its backup, put into a folder of its own.
  afterword-collector restore --from collector-backup.db --data ./copy
  afterword-collector contact list --key contact-key.pem --data ./copy
  afterword-collector contact list --key contact-key.pem --data ./copy --json

Shows phone numbers and addresses in the clear, on standard output alone. What was sealed to another key is named and
stays closed. Each one that is shown stands in the audit log first, with who opened it and of which record; where that
cannot be written nothing is opened. What is opened in a copy stands in the log of the copy alone.

Exit codes: 0 all are shown, 1 it failed or some could not be opened (the reason is on standard error), 2 wrong use";

/// What can be done with what shoppers leave for a reply.
#[derive(Subcommand)]
pub(super) enum ContactCommand {
    /// Make the key that opens what shoppers leave for a reply, and print the line for the kiosks.
    #[command(after_help = NEW_KEY_EXAMPLES, after_long_help = NEW_KEY_EXAMPLES)]
    NewKey(NewKey),
    /// Print the line for the kiosks once more.
    Key(Key),
    /// Open and show what shoppers left for a reply.
    #[command(after_help = LIST_EXAMPLES, after_long_help = LIST_EXAMPLES)]
    List(List),
}

#[derive(Args)]
pub(super) struct NewKey {
    /// The file for the key; it must not be there yet.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

#[derive(Args)]
pub(super) struct Key {
    /// The key's file.
    #[arg(value_name = "FILE")]
    key: PathBuf,
}

#[derive(Args)]
pub(super) struct List {
    /// The key's file.
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    #[command(flatten)]
    data: Data,
    /// Print JSON, a line for each.
    #[arg(long)]
    json: bool,
}

impl ContactCommand {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        match self {
            Self::NewKey(command) => command.run(),
            Self::Key(command) => {
                print_line(&read_key(&command.key)?);
                Ok(ExitCode::SUCCESS)
            }
            Self::List(command) => command.run(),
        }
    }
}

impl NewKey {
    fn run(self) -> anyhow::Result<ExitCode> {
        let key = OpeningKey::generate(&ports().1);
        let mut file = create_private(&self.out)?;
        let written = file.write_all(key.to_pem().as_bytes()).and_then(|()| file.sync_all());
        written.with_context(|| format!("cannot write {}; choose another place", self.out.display()))?;
        print_line(&key);
        eprintln!(
            "The key is in {}. Keep it away from the kiosks and the collector, and a copy in a safe.",
            self.out.display()
        );
        Ok(ExitCode::SUCCESS)
    }
}

impl List {
    fn run(self) -> anyhow::Result<ExitCode> {
        let key = read_key(&self.key)?;
        let contacts = self.data.open()?.contacts_opened(&key)?;
        let mut closed = 0;
        for OpenedContact { sealed: contact, details } in &contacts {
            match details {
                Ok(details) if self.json => print_json(&line(contact, details))?,
                Ok(details) => println!("{}", sentence(contact, details)),
                Err(error) => {
                    closed += 1;
                    eprintln!(
                        "afterword-collector: record {} of {} ({}): {error}",
                        contact.seq,
                        shown(&contact.device_name),
                        contact.epoch
                    );
                }
            }
        }
        if contacts.is_empty() && !self.json {
            println!("Nobody has asked for a reply yet.");
        }
        Ok(if closed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

fn line(contact: &SealedContact, details: &str) -> Value {
    json!({
        "device": contact.device,
        "device_name": contact.device_name,
        "epoch": contact.epoch,
        "seq": contact.seq,
        "started_ms": contact.started_ms,
        "survey": contact.survey,
        "survey_version": contact.survey_version,
        "question": contact.question,
        "consent": contact.contact.consent,
        "channel": contact.contact.channel,
        "details": details,
    })
}

fn sentence(contact: &SealedContact, details: &str) -> String {
    format!(
        "{}  {}  {}  (record {} of {}, consent {} of {} {})",
        moment(contact.started_ms),
        contact.contact.channel.name(),
        shown(details),
        contact.seq,
        shown(&contact.device_name),
        contact.contact.consent,
        shown(&contact.survey),
        contact.survey_version,
    )
}

fn print_line(key: &OpeningKey) {
    println!("contact_key = \"{}\"", key.public());
}

pub(super) fn read_key(path: &Path) -> anyhow::Result<OpeningKey> {
    let text = std::fs::read_to_string(path);
    let text = text.with_context(|| {
        format!("cannot read {}; name the file that `contact new-key` wrote", path.display())
    })?;
    OpeningKey::from_pem(&text).with_context(|| format!("{} cannot be used", path.display()))
}

/// Nobody else may read it, and nothing is ever overwritten: what was sealed to an older key needs that one.
fn create_private(path: &Path) -> anyhow::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            bail!(
                "{} is there already and may hold a key that is needed; choose another name",
                path.display()
            )
        }
        file => file.with_context(|| format!("cannot create {}; choose another place", path.display())),
    }
}
