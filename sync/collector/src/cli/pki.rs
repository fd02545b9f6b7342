//! `afterword-collector pki status|rotate`.

use std::process::ExitCode;

use afterword_collector::{KeyRing, ServerAuthority};
use anyhow::bail;
use clap::{Args, Subcommand};

use super::{Data, moment, ports, print_json};

const ROTATE_EXAMPLES: &str = "\
Examples:
  # Another authority signs devices' certificates from now on; the ones given before stay good.
  afterword-collector pki rotate device-ca --data /var/lib/afterword

  # Another authority of the collector's own: first it is handed out, days later it is used.
  afterword-collector pki rotate server-ca --data /var/lib/afterword
  afterword-collector pki rotate server-ca --finish --data /var/lib/afterword

  # A new key and certificate for the server.
  afterword-collector pki rotate server --data /var/lib/afterword

A running server notices within seconds and needs no restart. --finish refuses while devices have not said that they
trust the next authority: they could not connect any more and would have to be enrolled anew.

Exit codes: 0 done, 1 it failed or was refused (the reason is on standard error), 2 wrong use";

/// What can be done to keys and certificates.
#[derive(Subcommand)]
pub(super) enum PkiCommand {
    /// Show the collector's authorities, and which devices do not trust the newest yet.
    Status(Status),
    /// Replace an authority or the server's certificate, also while the server runs.
    #[command(subcommand, after_help = ROTATE_EXAMPLES, after_long_help = ROTATE_EXAMPLES)]
    Rotate(Rotate),
}

#[derive(Args)]
pub(super) struct Status {
    #[command(flatten)]
    data: Data,
    /// Print one line of JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Subcommand)]
pub(super) enum Rotate {
    /// The authority that signs devices' certificates.
    DeviceCa(Data),
    /// The authority that devices trust: hand the next one out, or with --finish use it.
    ServerCa(ServerCa),
    /// The server's own key and certificate.
    Server(Data),
}

#[derive(Args)]
pub(super) struct ServerCa {
    /// Use the authority that was handed out.
    #[arg(long)]
    finish: bool,
    /// Also when devices do not trust it yet; they have to be enrolled anew.
    #[arg(long, requires = "finish")]
    anyway: bool,
    #[command(flatten)]
    data: Data,
}

impl PkiCommand {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        match self {
            Self::Status(status) => status.run(),
            Self::Rotate(Rotate::DeviceCa(data)) => {
                let number = ring(&data)?.rotate_device_authority()?;
                println!(
                    "Device authority {number} signs from now on; certificates given before stay good until their end."
                );
                Ok(())
            }
            Self::Rotate(Rotate::ServerCa(server_ca)) => server_ca.run(),
            Self::Rotate(Rotate::Server(data)) => {
                ring(&data)?.rotate_server_certificate()?;
                println!("The server gets a new key and certificate within seconds, or when it starts.");
                Ok(())
            }
        }?;
        Ok(ExitCode::SUCCESS)
    }
}

/// Only of a folder that is a collector's.
fn ring(data: &Data) -> anyhow::Result<KeyRing> {
    data.open()?;
    let (clock, entropy) = ports();
    Ok(KeyRing::of(&data.data, clock, entropy))
}

impl Status {
    fn run(self) -> anyhow::Result<()> {
        let authorities = ring(&self.data)?.server_authorities()?;
        let admin = self.data.open()?;
        let unaware = match authorities.last() {
            Some(newest) => admin.active_devices_without(&newest.fingerprint)?,
            None => Vec::new(),
        };
        if self.json {
            return print_json(
                &serde_json::json!({ "server_authorities": authorities, "devices_without_newest": unaware }),
            );
        }
        let mut is_past = true;
        for authority in &authorities {
            is_past &= !authority.in_use;
            let standing = match (authority.in_use, is_past) {
                (true, _) => "in use",
                (false, true) => "no longer used",
                (false, false) => "handed out, not used yet",
            };
            println!(
                "Server authority {}: {standing}, good until {}\n    {}",
                authority.generation,
                moment(authority.expires_ms),
                authority.fingerprint
            );
        }
        if unaware.is_empty() {
            println!("Every active device has said that it trusts the newest.");
        } else {
            println!("Active devices that have not said that they trust the newest: {}", unaware.join("; "));
        }
        Ok(())
    }
}

impl ServerCa {
    fn run(self) -> anyhow::Result<()> {
        let ring = ring(&self.data)?;
        if !self.finish {
            let number = ring.prepare_server_authority()?;
            println!(
                "Server authority {number} is handed out with the next heartbeats and not used yet. When `pki status` \
                 names no device any more, `pki rotate server-ca --finish` uses it."
            );
            return Ok(());
        }
        let Some(next) = prepared(ring.server_authorities()?) else {
            bail!(
                "no server authority is prepared; `afterword-collector pki rotate server-ca` hands one out first"
            );
        };
        let unaware = self.data.open()?.active_devices_without(&next.fingerprint)?;
        if !unaware.is_empty() && !self.anyway {
            bail!(
                "{} active devices have not said that they trust server authority {}, and could not connect any more: \
                 {}; wait for their heartbeats, revoke what is gone, or give --anyway and enrol them anew",
                unaware.len(),
                next.generation,
                unaware.join("; ")
            );
        }
        ring.use_prepared_server_authority()?;
        println!(
            "Server authority {} is in use: the server's certificate is from it within seconds.",
            next.generation
        );
        Ok(())
    }
}

/// The authority that follows the one in use.
fn prepared(authorities: Vec<ServerAuthority>) -> Option<ServerAuthority> {
    authorities.into_iter().next_back().filter(|newest| !newest.in_use)
}
