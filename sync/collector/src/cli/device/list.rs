//! `afterword-collector device list`.

use afterword_collector::{DeviceRow, DeviceState, StoreRow};
use afterword_protocol::queue::SeqRange;
use clap::Args;
use comfy_table::{ColumnConstraint, ContentArrangement, Table, Width, presets};

use super::owed::{grouped, numbers, short};
use crate::cli::{Data, moment, print_json};

pub(super) const LIST_EXAMPLES: &str = "\
Examples:
  afterword-collector device list --data /var/lib/afterword
  afterword-collector device list --data /var/lib/afterword --json

\"Records\" are by the device's own word, as of its last heartbeat, and by what is held; a number counts as received also
when it was carried into a later store. \"Last records\" is when the last new records came; a device with nothing to send
stays at its last ones. \"A copy of it may be at work\": within a day it went back twice to a store that it had left, as two
devices do that speak in turns. See which is the right one and enrol it anew (`device replace`): the other one is refused
from then on, and this goes. It also goes when the device has spoken for one store alone for a week.

Exit codes: 0 listed, 1 it failed (the reason is on standard error), 2 wrong use";

/// Characters of a line of the table: it shall be readable in a terminal that is not the widest.
const TABLE_WIDTH: u16 = 100;

/// Of them, for the records and for a moment, with a space on either side.
const RECORDS_WIDTH: u16 = 34;
const MOMENT_WIDTH: u16 = 22;
/// Ranges of numbers named in a line of the table.
const RANGES_SHOWN: usize = 4;

#[derive(Args)]
pub(in crate::cli) struct List {
    #[command(flatten)]
    data: Data,
    /// Print one line of JSON.
    #[arg(long)]
    json: bool,
}

impl List {
    pub(super) fn run(self) -> anyhow::Result<()> {
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
        DeviceState::Revoked => with_reason("revoked", device),
        DeviceState::Retired => with_reason("retired", device),
    }
}

fn with_reason(standing: &str, device: &DeviceRow) -> String {
    match &device.revoked_reason {
        Some(reason) => format!("{standing} ({reason})"),
        None => standing.to_owned(),
    }
}

fn records(device: &DeviceRow) -> String {
    // A store that the device has left is of interest as long as something of it is missing.
    let is_shown = |store: &&StoreRow| {
        !store.is_former || !store.missing.is_empty() || !store.lost.is_empty() || device.stores.len() == 1
    };
    let shown: Vec<&StoreRow> = device.stores.iter().filter(is_shown).collect();
    // What a retired device still has does not come any more.
    let not_received = if device.state == DeviceState::Retired { "not received" } else { "not received yet" };
    let lines: Vec<String> = shown
        .iter()
        .map(|store| match shown.len() {
            1 => of_store(store, not_received),
            _ => format!("{} {}", short(&store.epoch), of_store(store, not_received)),
        })
        .collect();
    if lines.is_empty() { "none".into() } else { lines.join("\n") }
}

/// "4,812 collected, 4,790 received: 4,791–4,812 not received yet, the oldest since …".
fn of_store(store: &StoreRow, not_received: &str) -> String {
    let mut line = format!("{} collected, {} received", grouped(store.collected), grouped(store.received));
    let mut separator = ": ";
    if !store.missing.is_empty() {
        line += &format!("{separator}{} {not_received}", ranges(&store.missing));
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
    let mut texts: Vec<String> = ranges.iter().take(RANGES_SHOWN).map(numbers).collect();
    if ranges.len() > RANGES_SHOWN {
        texts.push(format!("and {} more (--json names all)", ranges.len() - RANGES_SHOWN));
    }
    texts.join(", ")
}
