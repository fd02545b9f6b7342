//! `afterword-kiosk moment`: a till or a sensor tells the running kiosk what brings the next shopper.

use std::collections::BTreeMap;
use std::path::PathBuf;

use afterword_model::moment::Moment;
use anyhow::{Context, Result};
use clap::Args;

use crate::ask::RunningKiosk;

/// Tell the running kiosk what brings the next shopper, for the till's own software to call.
#[derive(Debug, Args)]
#[command(
    after_help = "The next response begun within a minute carries it; a later moment replaces an earlier one.\n\n  afterword-kiosk moment checkout lane=3 receipt=0047-1183\n\nExit codes: 0 told, 1 failed, 2 wrong use."
)]
pub(super) struct MomentCommand {
    /// What happened: `checkout`, `returns`, `door`…
    name: String,
    /// What else is known of it, at most eight pairs.
    #[arg(value_name = "KEY=VALUE", value_parser = pair)]
    context: Vec<(String, String)>,
    /// The kiosk's socket.
    #[arg(long, value_name = "PATH", default_value = "/run/afterword/kiosk.sock")]
    socket: PathBuf,
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("write KEY=VALUE, as in lane=3")?;
    Ok((key.to_owned(), value.to_owned()))
}

impl MomentCommand {
    pub(super) fn run(self) -> Result<()> {
        let mut context = BTreeMap::new();
        for (key, value) in self.context {
            if context.insert(key.clone(), value).is_some() {
                anyhow::bail!("`{key}` is given twice; give each key once");
            }
        }
        let moment = Moment::new(&self.name, context).context("the kiosk was told nothing")?;
        RunningKiosk::connect(&self.socket)?.moment(moment)
    }
}
