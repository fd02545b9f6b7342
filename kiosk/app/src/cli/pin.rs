//! `afterword-kiosk pin`: who gets in at the screen.

use std::io::{BufRead, IsTerminal};
use std::path::Path;

use afterword_kiosk_core::gate::Role;
use afterword_protocol::system::SystemEntropy;
use anyhow::{Context, Result, ensure};
use clap::{Args, Subcommand, ValueEnum};
use zeroize::Zeroizing;

use super::Places;
use crate::config::Config;
use crate::device::make_data_folder;
use crate::staff::pins::Pins;

/// Give and take the PINs that let staff in at the screen.
#[derive(Debug, Args)]
#[command(
    after_help = "A running kiosk takes on what is set here at the next PIN that is typed.\n\n  afterword-kiosk pin set manager            asks for the PIN, and once more\n  echo 314159 | afterword-kiosk pin set staff\n\nExit codes: 0 done, 1 failed, 2 wrong use."
)]
pub(super) struct PinCommand {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Give a role its PIN: six figures, typed or from the standard input. It also ends a lock.
    Set {
        /// Whose.
        role: RoleName,
        #[command(flatten)]
        places: Places,
    },
    /// Take a role's PIN away.
    Remove {
        /// Whose.
        role: RoleName,
        #[command(flatten)]
        places: Places,
    },
    /// Name the roles that have a PIN.
    List {
        #[command(flatten)]
        places: Places,
    },
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum RoleName {
    Staff,
    Manager,
    Technician,
}

impl From<RoleName> for Role {
    fn from(name: RoleName) -> Self {
        match name {
            RoleName::Staff => Self::Staff,
            RoleName::Manager => Self::Manager,
            RoleName::Technician => Self::Technician,
        }
    }
}

impl PinCommand {
    pub(super) fn run(self) -> Result<()> {
        match self.what {
            What::Set { role, places } => {
                let role = Role::from(role);
                let data = data(&places)?;
                make_data_folder(&data)?;
                Pins::of(&data).set(role, &asked(role)?, &SystemEntropy)?;
                println!("the {} has a new PIN", role.name());
            }
            What::Remove { role, places } => {
                let role = Role::from(role);
                let had = Pins::of(&data(&places)?).remove(role)?;
                println!(
                    "the {} {} PIN any more",
                    role.name(),
                    if had { "has no" } else { "had no PIN, and has no" }
                );
            }
            What::List { places } => {
                for role in Pins::of(&data(&places)?).roles()? {
                    println!("{}", role.name());
                }
            }
        }
        Ok(())
    }
}

fn data(places: &Places) -> Result<std::path::PathBuf> {
    // A folder that is named needs no configuration.
    if let Some(data) = &places.data {
        return Ok(data.clone());
    }
    let config = Config::read(Path::new(&places.config))?;
    Ok(places.data(Some(&config)))
}

/// The PIN, without a trace of it on the terminal.
fn asked(role: Role) -> Result<Zeroizing<String>> {
    if std::io::stdin().is_terminal() {
        let ask = |what: &str| {
            rpassword::prompt_password(format!("{what} for the {}: ", role.name())).map(Zeroizing::new)
        };
        let pin = ask("PIN").context("the terminal gives no PIN")?;
        ensure!(
            *pin == *ask("The same once more").context("the terminal gives no PIN")?,
            "the two differ; try again"
        );
        return Ok(pin);
    }
    let mut line = Zeroizing::new(String::new());
    std::io::stdin().lock().read_line(&mut line).context("the standard input gives no PIN")?;
    Ok(Zeroizing::new(line.trim().to_owned()))
}
