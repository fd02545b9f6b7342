//! `afterword-collector device add|list|revoke`.

use std::process::ExitCode;

use afterword_collector::{DeviceRow, DeviceState, NewDevice, Revocation, StoreRow};
use afterword_protocol::queue::SeqRange;
use clap::{Args, Subcommand};
use comfy_table::{ColumnConstraint, ContentArrangement, Table, Width, presets};
use serde_json::json;

use super::{Data, moment, print_json};

const ADD_EXAMPLES: &str = "\
Examples:
  afterword-collector device add \"Exit, Main Street\" --store main-street --data /var/lib/afterword

  # The same device after its system was set up anew, or its identity was lost or revoked.
  afterword-collector device add \"Exit, Main Street\" --again --data /var/lib/afterword

The code can be used once, within 24 hours. Asking again for a device that has not enrolled yet gives a new
code and voids the old one.

With --again the device keeps its id, so that records it sends again are known and not stored twice. What it has
now stays good until the new code is used, and is refused from then on; a revocation ends then too.

Exit codes: 0 the code is printed, 1 it failed (the reason is on standard error), 2 wrong use";

const LIST_EXAMPLES: &str = "\
Examples:
  afterword-collector device list --data /var/lib/afterword
  afterword-collector device list --data /var/lib/afterword --json

\"Records\" are by the device's own word, as of its last heartbeat, and by what is held; a number counts as received also
when it was carried into a later store. \"Last records\" is when the last new records came; a device with nothing to send
stays at its last ones. \"A copy of it may be at work\": a store is heard of that the device had left, or what came
contradicts what is held; see which of the two devices is the right one and revoke the other.

Exit codes: 0 listed, 1 it failed (the reason is on standard error), 2 wrong use";

const REVOKE_EXAMPLES: &str = "\
Examples:
  afterword-collector device revoke \"Exit, Main Street\" --reason stolen --data /var/lib/afterword

Holds at once, also on connections that are open. What the device delivered stays. The key it has can't be
allowed again; `afterword-collector device add NAME --again` gives a code to enrol the device anew. A code it still
waits with is void.

Exit codes: 0 revoked, also when it had been before, 1 it failed (the reason is on standard error), 2 wrong use";

/// Characters of a line of the table: it shall be readable in a terminal that is not the widest.
const TABLE_WIDTH: u16 = 100;

/// Of them, for the records and for a moment, with a space on either side.
const RECORDS_WIDTH: u16 = 34;
const MOMENT_WIDTH: u16 = 22;
/// Ranges of numbers named in a line of the table.
const RANGES_SHOWN: usize = 4;

/// What can be done to devices.
#[derive(Subcommand)]
pub(super) enum DeviceCommand {
    /// Add a device and print its one-time enrolment code.
    #[command(after_help = ADD_EXAMPLES, after_long_help = ADD_EXAMPLES)]
    Add(Add),
    /// List devices: state, records received, when the last ones came.
    #[command(after_help = LIST_EXAMPLES, after_long_help = LIST_EXAMPLES)]
    List(List),
    /// Take a device's right to deliver, until it is enrolled anew.
    #[command(after_help = REVOKE_EXAMPLES, after_long_help = REVOKE_EXAMPLES)]
    Revoke(Revoke),
}

#[derive(Args)]
pub(super) struct Add {
    /// What people call the device.
    name: String,
    /// The store it stands in.
    #[arg(long)]
    store: Option<String>,
    /// Enrol a device anew that has been enrolled (also one that was revoked): it keeps its id.
    #[arg(long)]
    again: bool,
    #[command(flatten)]
    data: Data,
    /// Print one line of JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
pub(super) struct List {
    #[command(flatten)]
    data: Data,
    /// Print one line of JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
pub(super) struct Revoke {
    /// Name or id of the device.
    device: String,
    /// Why, for the list.
    #[arg(long)]
    reason: Option<String>,
    #[command(flatten)]
    data: Data,
    /// Print one line of JSON.
    #[arg(long)]
    json: bool,
}

impl DeviceCommand {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        match self {
            Self::Add(add) => add.run(),
            Self::List(list) => list.run(),
            Self::Revoke(revoke) => revoke.run(),
        }?;
        Ok(ExitCode::SUCCESS)
    }
}

impl Add {
    fn run(self) -> anyhow::Result<()> {
        let (mut admin, store) = (self.data.open()?, self.store.as_deref());
        let mut added = if self.again {
            admin.device_add_again(&self.name, store)?
        } else {
            admin.device_add(&self.name, store)?
        };
        // The command is typed elsewhere than here, at the least in another folder.
        added.ca_file = std::path::absolute(&added.ca_file)?;
        let command = enrol_command(&added);
        if self.json {
            return print_json(&json!({
                "device": added.device,
                "name": added.name,
                "code": added.code.to_string(),
                "expires_ms": added.expires_ms,
                "enrol_url": added.enrol_url,
                "ca_file": added.ca_file,
                "command": command,
            }));
        }
        println!("{} may enrol once, until {}, with the code\n", added.name, moment(added.expires_ms));
        println!("    {}\n", added.code);
        println!("Bring {} to the device (it is no secret)", added.ca_file.display());
        println!("and type there, in the folder with that file\n");
        println!("    {command}");
        Ok(())
    }
}

/// What is typed on the device.
fn enrol_command(added: &NewDevice) -> String {
    let collector = added.enrol_url.as_deref().unwrap_or("https://HOST:8444");
    format!("afterword-sync enrol --collector {collector} --code {} --ca server-ca.pem", added.code)
}

impl List {
    fn run(self) -> anyhow::Result<()> {
        let devices = self.data.open()?.device_list()?;
        if self.json {
            return print_json(&devices);
        }
        if devices.is_empty() {
            println!("No devices yet; `afterword-collector device add NAME` adds one.");
            return Ok(());
        }
        let mut table = Table::new();
        table.load_preset(presets::UTF8_FULL_CONDENSED);
        table.set_header(["name", "id", "state", "records by store", "last records"]);
        table.set_content_arrangement(ContentArrangement::Dynamic).set_width(TABLE_WIDTH);
        // Sentences get the room that moments leave.
        for (column, width) in [(3, RECORDS_WIDTH), (4, MOMENT_WIDTH)] {
            if let Some(column) = table.column_mut(column) {
                column.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(width)));
            }
        }
        for device in &devices {
            table.add_row([
                device.name.clone(),
                format!("{}…", &device.device.to_string()[..8]),
                state(device),
                records(device),
                device.last_received_ms.map_or_else(|| "never".into(), moment),
            ]);
        }
        println!("{table}");
        Ok(())
    }
}

fn state(device: &DeviceRow) -> String {
    let enrolled = matches!(device.state, DeviceState::Active | DeviceState::Revoked);
    let mut standing = standing(device);
    if device.clone_suspected {
        standing += ", a copy of it may be at work";
    }
    if enrolled && device.code_waits {
        format!("{standing}, may enrol anew until {}", moment(device.code_expires_ms))
    } else {
        standing
    }
}

fn standing(device: &DeviceRow) -> String {
    match device.state {
        DeviceState::Waiting => format!("waiting for enrolment until {}", moment(device.code_expires_ms)),
        DeviceState::CodeExpired => "waiting for enrolment, its code is too old".into(),
        DeviceState::Active => "active".into(),
        DeviceState::Revoked => match &device.revoked_reason {
            Some(reason) => format!("revoked ({reason})"),
            None => "revoked".into(),
        },
    }
}

fn records(device: &DeviceRow) -> String {
    // A store that the device has left is of interest as long as something of it is missing.
    let is_shown = |store: &&StoreRow| {
        !store.is_former || !store.missing.is_empty() || !store.lost.is_empty() || device.stores.len() == 1
    };
    let shown: Vec<&StoreRow> = device.stores.iter().filter(is_shown).collect();
    let lines: Vec<String> = shown
        .iter()
        .map(|store| match shown.len() {
            1 => of_store(store),
            _ => format!("{}… {}", &store.epoch.to_string()[..8], of_store(store)),
        })
        .collect();
    if lines.is_empty() { "none".into() } else { lines.join("\n") }
}

/// "4,812 collected, 4,790 received: 4,791–4,812 not received yet, the oldest since …".
fn of_store(store: &StoreRow) -> String {
    let mut line = format!("{} collected, {} received", grouped(store.collected), grouped(store.received));
    let mut separator = ": ";
    if !store.missing.is_empty() {
        line += &format!("{separator}{} not received yet", ranges(&store.missing));
        if let Some(since_ms) = store.oldest_unsent_ms {
            line += &format!(", the oldest since {}", moment(since_ms));
        }
        separator = "; ";
    }
    if !store.lost.is_empty() {
        line += &format!("{separator}{} damaged on the device", ranges(&store.lost));
    }
    line
}

fn ranges(ranges: &[SeqRange]) -> String {
    let shown = ranges.iter().take(RANGES_SHOWN).map(|range| {
        if range.first == range.last {
            grouped(range.first)
        } else {
            format!("{}–{}", grouped(range.first), grouped(range.last))
        }
    });
    let mut texts: Vec<String> = shown.collect();
    if ranges.len() > RANGES_SHOWN {
        texts.push(format!("and {} more (--json names all)", ranges.len() - RANGES_SHOWN));
    }
    texts.join(", ")
}

/// A number with a comma after each three digits, as people read it.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

impl Revoke {
    fn run(self) -> anyhow::Result<()> {
        let revocation = self.data.open()?.device_revoke(&self.device, self.reason.as_deref())?;
        let (device, before) = match revocation {
            Revocation::Revoked(device) => (device, false),
            Revocation::AlreadyRevoked(device) => (device, true),
        };
        if self.json {
            return print_json(&json!({ "device": device, "already_revoked": before }));
        }
        let name = &self.device;
        if before {
            println!(
                "{name} ({device}) had been revoked before; a code to enrol it anew, had it one, is void."
            );
        } else {
            println!("{name} ({device}) is revoked: its next request is refused. What it delivered stays.");
        }
        Ok(())
    }
}
