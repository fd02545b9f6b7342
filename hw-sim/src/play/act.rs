//! The lines of a script.

use std::path::PathBuf;

use anyhow::{Context, Result, bail, ensure};
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};

use super::kept::Kept;
use super::keys::Keys;
use crate::stage::Stage;

/// How long a person takes between two touches, in milliseconds: longer than a page is deaf.
const BREATH_MS: u64 = 700;

/// How long the corner is held, in milliseconds: a little longer than it has to be.
const CORNER_MS: u64 = 3_100;

/// How long a person waits for a page to say what they did to a stick, in milliseconds.
const SEEN_MS: u64 = 2_000;

/// The longest that anything of a visit lasts.
const UNTIL_GONE_MS: u64 = 900_000;

/// One thing that is seen or done.
#[derive(Debug, Clone, PartialEq)]
pub enum Act {
    /// `sees PAGE`: the page is on the glass.
    Sees(String),
    /// `taps NAME`: a finger taps the key of that name.
    Taps(String),
    /// `writes TEXT`: a finger taps a key for each character, `space` for a space.
    Writes(String),
    /// `strikes KEY [N times]`: a physical key: Tab, Backtab, Return, Space, Left, Right, Up, Down, Escape or what it writes.
    Strikes(String, u32),
    /// `ring NAME`: the ring of a keypad is around the key of that name.
    Ring(String),
    /// `moves to NAME`: Tab until the ring is around that key.
    MovesTo(String),
    /// `knocks`: a finger holds the corner, as staff do.
    Knocks,
    /// `hammers N`: so many taps anywhere, eleven a second.
    Hammers(u32),
    /// `waits SECONDS`.
    Waits(u64),
    /// `leaves`: nobody touches anything until the question is back and nothing is of anybody.
    Leaves,
    /// `picture NAME`: what is on the glass, as PNG.
    Picture(String),
    /// `kept N ANSWERS`: so many responses are kept (`any`: however many), the newest of which reads so.
    Kept(Option<u64>, Option<String>),
    /// `reads TEXT`: these words stand on the glass, alone or among others.
    Reads(String),
    /// `stick in NAME`, `stick out`, `stick locked`, `stick full` or `stick usable`: what a hand does at the slot, or how the sticks are
    /// from now on.
    Stick(Slide),
    /// `all low`: whatever can be touched lies in the lower three fifths of the glass, of a 7-inch one in the lower two thirds.
    AllLow,
}

/// What becomes of a stick.
#[derive(Debug, Clone, PartialEq)]
pub enum Slide {
    /// The stick of this name is put in.
    In(String),
    /// What is in is pulled.
    Out,
    /// Nothing can be written.
    Locked,
    /// There is no room.
    Full,
    /// Neither of these two.
    Usable,
}

impl Slide {
    fn parse(words: &str) -> Option<Self> {
        Some(match words {
            "out" => Self::Out,
            "locked" => Self::Locked,
            "full" => Self::Full,
            "usable" => Self::Usable,
            other => Self::In(other.strip_prefix("in ")?.into()),
        })
    }
}

impl Act {
    /// Reads a line.
    ///
    /// # Errors
    /// Names what can be said.
    pub(crate) fn parse(line: &str) -> Result<Self> {
        let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
        let act = || -> Option<Self> {
            Some(match verb {
                "sees" => Self::Sees(rest.into()),
                "taps" => Self::Taps(rest.into()),
                "writes" => Self::Writes(rest.into()),
                "strikes" => match rest.strip_suffix(" times").and_then(|rest| rest.rsplit_once(' ')) {
                    Some((key, times)) => Self::Strikes(key.into(), times.parse().ok()?),
                    None => Self::Strikes(rest.into(), 1),
                },
                "ring" => Self::Ring(rest.into()),
                "moves" => Self::MovesTo(rest.strip_prefix("to ")?.into()),
                "knocks" if rest.is_empty() => Self::Knocks,
                "hammers" => Self::Hammers(rest.parse().ok()?),
                "waits" => Self::Waits(rest.parse().ok()?),
                "leaves" if rest.is_empty() => Self::Leaves,
                "picture" => Self::Picture(rest.into()),
                "kept" => {
                    let (count, reads) =
                        rest.split_once(' ').map_or((rest, None), |(count, reads)| (count, Some(reads)));
                    let count = if count == "any" { None } else { Some(count.parse().ok()?) };
                    Self::Kept(count, reads.map(Into::into))
                }
                "reads" => Self::Reads(rest.into()),
                "stick" => Self::Stick(Slide::parse(rest)?),
                "all" if rest == "low" => Self::AllLow,
                _ => return None,
            })
        };
        act().context(
            "a script says: asked, sees, reads, taps, writes, strikes, moves to, ring, all low, knocks, hammers, stick, waits, leaves, picture or kept",
        )
    }

    /// Sees or does it.
    ///
    /// # Errors
    /// Says what is there in its place.
    pub(crate) fn carry_out(&self, stage: &mut Stage, keys: &Keys, pictures: Option<&PathBuf>) -> Result<()> {
        match self {
            Self::Sees(page) => {
                ensure!(stage.page() == page, "the page is {}", stage.page());
                Ok(())
            }
            Self::Taps(name) => tap(stage, keys, name),
            Self::Writes(text) => text.chars().try_for_each(|letter| match letter {
                ' ' => tap(stage, keys, "space"),
                '.' => tap(stage, keys, "full stop"),
                letter => tap(stage, keys, letter.encode_utf8(&mut [0; 4])),
            }),
            Self::Strikes(key, times) => {
                let key = physical(key);
                (0..*times).try_for_each(|_| {
                    stage.touch(|panel| panel.strike(key))?;
                    stage.wait(BREATH_MS)
                })
            }
            Self::Ring(name) => {
                let ringed = keys.ringed();
                ensure!(ringed.as_ref() == Some(name), "the ring is around {ringed:?}");
                Ok(())
            }
            Self::MovesTo(name) => {
                let mut passed = Vec::new();
                while keys.ringed().as_ref() != Some(name) {
                    passed.extend(keys.ringed());
                    if passed.len() > 60 {
                        passed.dedup();
                        bail!("Tab never comes to it, only to: {}", passed.join(" | "));
                    }
                    stage.touch(|panel| panel.strike("\t"))?;
                    stage.wait(BREATH_MS)?;
                }
                Ok(())
            }
            Self::Knocks => {
                stage.touch(|panel| panel.press(20.0, 20.0))?;
                stage.wait(CORNER_MS)?;
                stage.touch(|panel| panel.release(20.0, 20.0))?;
                stage.wait(BREATH_MS)
            }
            Self::Hammers(taps) => {
                let mut hand = ChaCha8Rng::seed_from_u64(u64::from(*taps));
                let (width, height) = stage.size();
                (0..*taps).try_for_each(|_| {
                    let place = |random: u32, side: u32| f32::from(u16::try_from(random % side).unwrap_or(0));
                    let (x, y) = (place(hand.next_u32(), width), place(hand.next_u32(), height));
                    stage.touch(|panel| panel.tap(x, y))?;
                    stage.wait(90)
                })
            }
            Self::Waits(seconds) => stage.wait(seconds * 1_000),
            Self::Leaves => {
                let mut waited_ms = 0;
                while !stage.is_undisturbed() {
                    ensure!(waited_ms < UNTIL_GONE_MS, "after a quarter of an hour the kiosk is not at rest");
                    stage.wait(1_000)?;
                    waited_ms += 1_000;
                }
                Ok(())
            }
            Self::Picture(name) => match pictures {
                Some(folder) => stage.save_png(&folder.join(format!("{name}.png"))),
                None => Ok(()),
            },
            Self::Reads(words) => {
                let texts = keys.texts();
                ensure!(texts.iter().any(|text| text.contains(words)), "it reads: {}", texts.join(" | "));
                Ok(())
            }
            Self::Stick(slide) => {
                let slot = stage.slot().context("this device has no slot for sticks")?;
                match slide {
                    Slide::In(name) => slot.put_in(name)?,
                    Slide::Out => slot.pull()?,
                    Slide::Locked => slot.lock(true),
                    Slide::Full => slot.leave_room(Some(0)),
                    Slide::Usable => {
                        slot.lock(false);
                        slot.leave_room(None);
                    }
                }
                // Until the kiosk has seen it.
                stage.wait(SEEN_MS)
            }
            Self::AllLow => {
                let (wide, high) = stage.size();
                let from = if wide == 1_280 { high * 2 / 5 } else { high / 3 };
                let high = keys.above(f32::from(u16::try_from(from).unwrap_or(0)));
                ensure!(high.is_empty(), "out of reach are: {}", high.join(" | "));
                Ok(())
            }
            Self::Kept(count, reads) => {
                let kept = Kept::newest(stage.store())?;
                ensure!(count.is_none_or(|count| kept.count == count), "kept are {}", kept.count);
                if let Some(reads) = reads {
                    ensure!(kept.reads == *reads, "the newest reads: {}", kept.reads);
                }
                Ok(())
            }
        }
    }
}

fn tap(stage: &mut Stage, keys: &Keys, name: &str) -> Result<()> {
    let (x, y) = keys.middle_of(name)?;
    stage.touch(|panel| panel.tap(x, y))?;
    stage.wait(BREATH_MS)
}

/// What a physical key of that name sends.
fn physical(name: &str) -> &str {
    match name {
        "Tab" => "\t",
        "Backtab" => "\u{19}",
        "Return" => "\n",
        "Space" => " ",
        "Escape" => "\u{1b}",
        "Backspace" => "\u{8}",
        "Up" => "\u{F700}",
        "Down" => "\u{F701}",
        "Left" => "\u{F702}",
        "Right" => "\u{F703}",
        written => written,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_is_one_act() {
        for (line, act) in [
            ("sees question", Act::Sees("question".into())),
            ("taps Poor. Change", Act::Taps("Poor. Change".into())),
            ("strikes Tab 3 times", Act::Strikes("Tab".into(), 3)),
            ("strikes 4", Act::Strikes("4".into(), 1)),
            ("moves to Skip", Act::MovesTo("Skip".into())),
            ("kept 2 timed_out en face=1", Act::Kept(Some(2), Some("timed_out en face=1".into()))),
            ("kept 0", Act::Kept(Some(0), None)),
            ("stick in MY STICK", Act::Stick(Slide::In("MY STICK".into()))),
            ("stick out", Act::Stick(Slide::Out)),
            ("leaves", Act::Leaves),
        ] {
            assert_eq!(Act::parse(line).unwrap(), act);
        }
        for wrong in ["", "jumps", "waits soon", "moves Skip", "kept many", "strikes Tab many times", "stick"]
        {
            assert!(Act::parse(wrong).unwrap_err().to_string().contains("a script says"), "{wrong}");
        }
    }
}
