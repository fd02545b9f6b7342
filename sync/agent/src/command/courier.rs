//! `courier pack` and `courier accept`.

use std::path::{Path, PathBuf};

use afterword_agent::courier::{AcceptError, Pack, Packed, accept, pack, read_receipt, receipts_in};
use afterword_agent::{Identity, SocketQueue};
use afterword_model::record::Seq;
use afterword_protocol::queue::Acceptance;
use afterword_protocol::system::SystemEntropy;
use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use serde_json::json;

use super::{SOCKET, StateArgument};

#[derive(Debug, Subcommand)]
pub(super) enum CourierCommand {
    /// Write everything that has no receipt yet into a bundle on a stick
    #[command(after_help = "\
The bundle is sealed: nobody reads it but the collector. At head office,
`afterword-collector import BUNDLE` takes it in and writes a receipt beside it.
The records stay on the kiosk until that receipt is back. It may be run while
`afterword-sync run` works, as often as wanted.

Example:
  afterword-sync courier pack --out /media/stick

Exit codes: 0 written, or nothing to write, 1 failed, 2 wrong use.")]
    Pack(PackArguments),
    /// Take the receipts that a stick brings back
    #[command(after_help = "\
Of a folder, all files that end in .receipt are taken; those for other devices
are left for them.

Examples:
  afterword-sync courier accept /media/stick
  afterword-sync courier accept /media/stick/afterword-3f2a…c0-1-4812.receipt

Exit codes: 0 taken, also when they say nothing new, 1 one that is for this
device was refused, or none was for it, 2 wrong use.")]
    Accept(AcceptArguments),
}

#[derive(Debug, Args)]
pub(super) struct PlaceArguments {
    #[command(flatten)]
    state: StateArgument,
    /// The kiosk program's socket
    #[arg(long, value_name = "PATH", default_value = SOCKET)]
    socket: PathBuf,
    /// For programs: one JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub(super) struct PackArguments {
    /// The folder to write to, on a stick that is mounted
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Begin after this record instead of after the last receipt: a collector that was restored says where
    #[arg(long, value_name = "NUMBER")]
    after: Option<Seq>,
    #[command(flatten)]
    place: PlaceArguments,
}

#[derive(Debug, Args)]
pub(super) struct AcceptArguments {
    /// A receipt, or a folder with receipts
    #[arg(value_name = "FILE|DIR")]
    from: PathBuf,
    #[command(flatten)]
    place: PlaceArguments,
}

/// Does what was asked for.
pub(super) async fn execute(command: &CourierCommand) -> anyhow::Result<()> {
    match command {
        CourierCommand::Pack(arguments) => pack_command(arguments).await,
        CourierCommand::Accept(arguments) => accept_command(arguments).await,
    }
}

async fn pack_command(arguments: &PackArguments) -> anyhow::Result<()> {
    let (identity, mut queue) = arguments.place.open()?;
    let order = Pack {
        identity: &identity,
        entropy: &SystemEntropy,
        out: &arguments.out,
        after_seq: arguments.after,
        device: None,
    };
    let packed = pack(&mut queue, order).await?;
    if arguments.place.json {
        let bundle =
            |one: &Packed| json!({ "file": one.path, "first_seq": one.first_seq, "last_seq": one.last_seq });
        println!("{}", json!({ "bundles": packed.iter().map(bundle).collect::<Vec<_>>() }));
        return Ok(());
    }
    for Packed { path, first_seq, last_seq } in &packed {
        println!("{}: {} records, {first_seq} to {last_seq}.", path.display(), last_seq - first_seq + 1);
    }
    if packed.is_empty() {
        println!("Nothing is unsent; no bundle was written.");
    } else {
        println!(
            "They stay on the kiosk until their receipt is back. At head office: `afterword-collector import`."
        );
    }
    Ok(())
}

async fn accept_command(arguments: &AcceptArguments) -> anyhow::Result<()> {
    let (identity, mut queue) = arguments.place.open()?;
    let from = &arguments.from;
    let is_folder = from.is_dir();
    let receipts = if is_folder {
        receipts_in(from).with_context(|| format!("{} cannot be read", from.display()))?
    } else {
        vec![from.clone()]
    };
    let (mut told, mut ours, mut refused) = (Vec::new(), 0, 0);
    for path in &receipts {
        match take(&mut queue, &identity, path).await {
            Ok((through_seq, is_new)) => {
                ours += 1;
                told.push(json!({ "file": path, "through_seq": through_seq, "is_new": is_new }));
                if !arguments.place.json {
                    let news = if is_new { "received" } else { "received, as was known before" };
                    println!("{}: everything up to record {through_seq} is {news}.", path.display());
                }
            }
            Err(AcceptError::OtherDevice(device)) if is_folder => {
                if !arguments.place.json {
                    println!("{} is for another device ({device}) and is left for it.", path.display());
                }
            }
            Err(error) if is_folder => {
                refused += 1;
                eprintln!("afterword-sync: {} was not taken: {error}", path.display());
            }
            Err(error) => bail!("{} was not taken: {error}", path.display()),
        }
    }
    if arguments.place.json {
        println!("{}", json!({ "receipts": told }));
    }
    match (refused, ours) {
        (0, 0) => bail!(
            "no receipt in {} is for this device; `afterword-collector import` writes it beside the bundle",
            from.display()
        ),
        (0, _) => Ok(()),
        (1, _) => bail!("1 receipt was not taken; the reason is above"),
        _ => bail!("{refused} receipts were not taken; the reasons are above"),
    }
}

/// How far a receipt goes, and whether that was news.
async fn take(queue: &mut SocketQueue, identity: &Identity, path: &Path) -> Result<(Seq, bool), AcceptError> {
    let signed = read_receipt(path)?;
    let acceptance = accept(queue, identity, &signed).await?;
    Ok((signed.receipt.through_seq, acceptance == Acceptance::Stored))
}

impl PlaceArguments {
    fn open(&self) -> anyhow::Result<(Identity, SocketQueue)> {
        Ok((Identity::load(&self.state.state)?, SocketQueue::at(self.socket.clone())))
    }
}
