//! `afterword-collector device add|replace|list|revoke|retire`.

mod list;
mod owed;

use std::process::ExitCode;

use afterword_collector::{NewDevice, Retirement, Revocation};
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use self::list::{LIST_EXAMPLES, List};
use self::owed::{all_received, not_received, stay};
use super::{Data, moment, print_json};

const ADD_EXAMPLES: &str = "\
Examples:
  afterword-collector device add \"Exit, Main Street\" --store main-street --data /var/lib/afterword

The code can be used once, within 24 hours. Asking again for a device that has not enrolled yet gives a new
code and voids the old one. For a device that has enrolled, see `afterword-collector device replace`.

Exit codes: 0 the code is printed, 1 it failed (the reason is on standard error), 2 wrong use";

const REPLACE_EXAMPLES: &str = "\
Examples:
  # Other hardware in its place; or the same, after its identity was lost, expired or revoked.
  afterword-collector device replace \"Exit, Main Street\" --data /var/lib/afterword

The code can be used once, within 24 hours. Whoever enrols with it gets the id that the device has,
so that records which are sent again are known and not stored twice. The key and certificate there
are now stay good until the code is used, and are refused from then on; a revocation ends then too.

What the old device still owes is printed with the code. Keep the device until that has been
received: before the code is used it can deliver as ever.

Exit codes: 0 the code is printed, 1 it failed (the reason is on standard error), 2 wrong use";

const REVOKE_EXAMPLES: &str = "\
Examples:
  afterword-collector device revoke \"Exit, Main Street\" --reason stolen --data /var/lib/afterword

Holds at once, also on connections that are open. What the device delivered stays. The key it has can't be
allowed again; `afterword-collector device replace NAME` gives a code to enrol the device anew. A code it still
waits with is void.

Exit codes: 0 revoked, also when it had been before, 1 it failed (the reason is on standard error), 2 wrong use";

const RETIRE_EXAMPLES: &str = "\
Examples:
  afterword-collector device retire \"Exit, Main Street\" --reason \"shop closed\" --data /var/lib/afterword

  # Also when records on it were not received: it is broken, or was stolen.
  afterword-collector device retire \"Exit, Main Street\" --anyway --data /var/lib/afterword

For a device that is taken away for good. While it is known to have records that were not received,
it is not retired, and they are named; known is what its heartbeats said. Once retired it is refused
as a revoked one is, at once and also on connections that are open; no code brings it back, and its
name is free. What it delivered stays.

Exit codes: 0 retired, also when it had been before, 1 it failed or records are missing (the reason
is on standard error), 2 wrong use";

/// What can be done to devices.
#[derive(Subcommand)]
pub(super) enum DeviceCommand {
    /// Add a device and print its one-time enrolment code.
    #[command(after_help = ADD_EXAMPLES, after_long_help = ADD_EXAMPLES)]
    Add(Add),
    /// Print a code to enrol a device anew or other hardware in its place; it keeps its id.
    #[command(after_help = REPLACE_EXAMPLES, after_long_help = REPLACE_EXAMPLES)]
    Replace(Replace),
    /// List devices: state, records received, when the last ones came.
    #[command(after_help = LIST_EXAMPLES, after_long_help = LIST_EXAMPLES)]
    List(List),
    /// Take a device's right to deliver, until it is enrolled anew.
    #[command(after_help = REVOKE_EXAMPLES, after_long_help = REVOKE_EXAMPLES)]
    Revoke(Revoke),
    /// Take a device out of use for good; its name is free then.
    #[command(after_help = RETIRE_EXAMPLES, after_long_help = RETIRE_EXAMPLES)]
    Retire(Retire),
}

#[derive(Args)]
pub(super) struct Add {
    /// What people call the device.
    name: String,
    /// The store it stands in.
    #[arg(long)]
    store: Option<String>,
    #[command(flatten)]
    data: Data,
    /// Print one line of JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
pub(super) struct Replace {
    /// The name the device has.
    name: String,
    /// The store it stands in from now on, where that changes.
    #[arg(long)]
    store: Option<String>,
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

#[derive(Args)]
pub(super) struct Retire {
    /// Name or id of the device.
    device: String,
    /// Also when it has records that were not received.
    #[arg(long)]
    anyway: bool,
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
            Self::Replace(replace) => replace.run(),
            Self::Retire(retire) => retire.run(),
        }?;
        Ok(ExitCode::SUCCESS)
    }
}

impl Add {
    fn run(self) -> anyhow::Result<()> {
        let added = self.data.open()?.device_add(&self.name, self.store.as_deref())?;
        let added = with_absolute_path(added)?;
        if self.json {
            return print_json(&code_json(&added));
        }
        print_code(&added);
        Ok(())
    }
}

impl Replace {
    fn run(self) -> anyhow::Result<()> {
        let mut admin = self.data.open()?;
        let successor = with_absolute_path(admin.device_replace(&self.name, self.store.as_deref())?)?;
        let owed = admin.owed(&successor.device)?;
        if self.json {
            let mut json = code_json(&successor);
            json["owed"] = serde_json::to_value(&owed)?;
            return print_json(&json);
        }
        print_code(&successor);
        if owed.records == 0 {
            println!("\n{}", all_received("the old device", &owed));
        } else {
            println!("\nThe old device has {}; {}.", not_received(&owed), stay(&owed));
        }
        Ok(())
    }
}

/// The command is typed elsewhere than here, at the least in another folder.
fn with_absolute_path(mut added: NewDevice) -> anyhow::Result<NewDevice> {
    added.ca_file = std::path::absolute(&added.ca_file)?;
    Ok(added)
}

fn code_json(added: &NewDevice) -> Value {
    json!({
        "device": added.device,
        "name": added.name,
        "code": added.code.to_string(),
        "expires_ms": added.expires_ms,
        "enrol_url": added.enrol_url,
        "ca_file": added.ca_file,
        "command": enrol_command(added),
    })
}

fn print_code(added: &NewDevice) {
    println!("{} may enrol once, until {}, with the code\n", added.name, moment(added.expires_ms));
    println!("    {}\n", added.code);
    println!("Bring {} to the device (it is no secret)", added.ca_file.display());
    println!("and type there, in the folder with that file\n");
    println!("    {}", enrol_command(added));
}

/// What is typed on the device.
fn enrol_command(added: &NewDevice) -> String {
    let collector = added.enrol_url.as_deref().unwrap_or("https://HOST:8444");
    let ca_file = added.ca_file.file_name().unwrap_or_default().display();
    format!("afterword-sync enrol --collector {collector} --code {} --ca {ca_file}", added.code)
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

impl Retire {
    fn run(self) -> anyhow::Result<()> {
        let name = &self.device;
        let retirement = self.data.open()?.device_retire(name, self.anyway, self.reason.as_deref())?;
        let (device, owed, before) = match retirement {
            Retirement::Retired(device, owed) => (device, owed, false),
            Retirement::AlreadyRetired(device, owed) => (device, owed, true),
            Retirement::RecordsMissing(device, owed) => anyhow::bail!(
                "{name} ({device}) has {}; let it deliver them, or retire it without them by --anyway",
                not_received(&owed)
            ),
        };
        if self.json {
            return print_json(&json!({ "device": device, "already_retired": before, "owed": owed }));
        }
        if before {
            println!("{name} ({device}) had been retired before.");
        } else {
            println!("{name} ({device}) is retired: its next request is refused, and its name is free.");
        }
        if owed.records == 0 {
            println!("{}", all_received("it", &owed));
        } else {
            println!("It has {}; {}.", not_received(&owed), stay(&owed));
        }
        Ok(())
    }
}
