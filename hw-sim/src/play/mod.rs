//! A shopper's visit from a script: what they see, what they touch, and what is kept of it.
//!
//! A script names keys by what is written on them or a voice would say, never by their places, so one script runs on every
//! panel; the finger still comes down on the glass, in the middle of the key. A script that meets another page than it says,
//! or no such key, ends with the line it stands on.

mod act;
mod kept;
mod keys;

use std::path::PathBuf;
use std::sync::Arc;

use afterword_kiosk::config::Config;
use afterword_kiosk::device::Device;
use afterword_kiosk::staff::pins::Pins;
use afterword_kiosk_core::gate::Role;
use afterword_model::ports::{Clock, Entropy, ManualClock};
use afterword_protocol::seal::OpeningKey;
use afterword_protocol::system::{SystemClock, SystemEntropy};
use anyhow::{Context, Result};
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};

pub use act::{Act, Slide};
pub use kept::newest;
pub(crate) use keys::Keys;
pub use keys::is_key;

use crate::stage::Stage;
use crate::stick::Slot;

/// The scripts that come with the program, by name.
pub const SHIPPED: [(&str, &str); 12] = [
    ("happy", include_str!("../../scenarios/happy.txt")),
    ("angry-with-reply", include_str!("../../scenarios/angry-with-reply.txt")),
    ("walk-away", include_str!("../../scenarios/walk-away.txt")),
    ("child-hammering", include_str!("../../scenarios/child-hammering.txt")),
    ("arabic", include_str!("../../scenarios/arabic.txt")),
    ("keypad-only", include_str!("../../scenarios/keypad-only.txt")),
    ("in-reach", include_str!("../../scenarios/in-reach.txt")),
    ("manager", include_str!("../../scenarios/manager.txt")),
    ("follow-up", include_str!("../../scenarios/follow-up.txt")),
    ("device", include_str!("../../scenarios/device.txt")),
    ("export", include_str!("../../scenarios/export.txt")),
    ("second-thoughts", include_str!("../../scenarios/second-thoughts.txt")),
];

/// A visit from the first line to the last.
#[derive(Debug, Clone)]
pub struct Script {
    /// The survey that is asked, by the name of one that is shipped; the grocery survey where a script names none.
    pub survey: Option<String>,
    /// Line number from 1, the line, and what it says.
    acts: Vec<(usize, String, Act)>,
}

impl Script {
    /// Reads a script.
    ///
    /// # Errors
    /// Names the line that says nothing known, and what can be said.
    pub fn parse(text: &str) -> Result<Self> {
        let mut survey = None;
        let mut acts = Vec::new();
        for (index, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            if let Some(name) = line.strip_prefix("asked ") {
                survey = Some(name.to_owned());
                continue;
            }
            let act = Act::parse(line).with_context(|| format!("line {}: {line}", index + 1))?;
            acts.push((index + 1, line.to_owned(), act));
        }
        Ok(Self { survey, acts })
    }

    /// Plays it on the stage. With `pictures`, lines that say so leave a picture there.
    ///
    /// # Errors
    /// Names the line at which the screen, or what was kept, is not what the script says.
    pub fn play(&self, stage: &mut Stage, pictures: Option<&PathBuf>) -> Result<usize> {
        for (number, line, act) in &self.acts {
            let keys = Keys(stage.ui());
            act.carry_out(stage, &keys, pictures)
                .with_context(|| format!("line {number}: {line} (on the page {})", stage.page()))?;
        }
        Ok(self.acts.len())
    }
}

/// The PIN of the manager in scripts.
const MANAGER_PIN: &str = "314159";

/// A device for scripts: what it asks, with a key of a head office, so that a reply can be asked for, and with a slot for sticks.
///
/// # Errors
/// When the survey is none that is shipped, or the folder cannot be used.
pub fn device(
    script: &Script,
    panel: &str,
    folder: &std::path::Path,
) -> Result<(Device, Arc<ManualClock>, Slot)> {
    let shop = include_str!("../../../kiosk/app/examples/kiosk.toml");
    let entropy = Drawn::of_seed(1);
    let key = OpeningKey::generate(&entropy).public().to_string();
    let mut head = format!("panel = \"{panel}\"\ncontact_key = \"{key}\"\n");
    if let Some(name) = &script.survey {
        let text = shipped_survey(name)
            .with_context(|| format!("no shipped survey is called `{name}`; see kiosk/app/surveys"))?;
        std::fs::write(folder.join("survey.toml"), text)?;
        head.push_str("survey = \"survey.toml\"\n");
    }
    let config_path = folder.join("kiosk.toml");
    let config = Config::parse(&config_path, &format!("{head}{shop}"))?;
    let clock = Arc::new(ManualClock::at(SystemClock::start().wall_ms()));
    let mut device =
        Device::open(config, &config_path, &folder.join("data"), clock.clone(), Arc::new(entropy))?;
    Pins::of(&folder.join("data")).set(Role::Manager, MANAGER_PIN, &SystemEntropy)?;
    let slot = Slot::in_folder(&folder.join("sticks"))?;
    device.sticks = Arc::new(slot.clone());
    Ok((device, clock, slot))
}

fn shipped_survey(name: &str) -> Option<&'static str> {
    Some(match name {
        "grocery-exit" => include_str!("../../../kiosk/app/surveys/grocery-exit.toml"),
        "pharmacy-nps" => include_str!("../../../kiosk/app/surveys/pharmacy-nps.toml"),
        "returns-effort" => include_str!("../../../kiosk/app/surveys/returns-effort.toml"),
        "airport-washroom" => include_str!("../../../kiosk/app/surveys/airport-washroom.toml"),
        "fitting-room" => include_str!("../../../kiosk/app/surveys/fitting-room.toml"),
        "checkout-moment" => include_str!("../../../kiosk/app/surveys/checkout-moment.toml"),
        _ => return None,
    })
}

/// Randomness that a seed decides, so that a script meets the same survey every time.
struct Drawn(std::sync::Mutex<ChaCha8Rng>);

impl Drawn {
    fn of_seed(seed: u64) -> Self {
        Self(std::sync::Mutex::new(ChaCha8Rng::seed_from_u64(seed)))
    }
}

impl Entropy for Drawn {
    fn fill(&self, bytes: &mut [u8]) {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).fill_bytes(bytes);
    }
}
