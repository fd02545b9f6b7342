//! A hand at the panel: what `afterword-sim kiosk --stay` does with the lines it reads.
//!
//! Each line is one thing that happens to the kiosk. It is carried out whole, the store's answer waited for, and
//! then told in one line: the page on the panel and the newest record's number. Whoever has read that line knows
//! that what the hand did before is on the disk. A line that says nothing known ends the program with an error.

use std::sync::Arc;

use afterword_model::ports::ManualClock;
use anyhow::{Context, Result};

use crate::play::{Act, Keys};
use crate::shopper::Crowd;
use crate::stage::Stage;

/// One thing that happens.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Deed {
    /// The next scripted shopper comes and goes.
    Shopper,
    /// A finger comes down and goes up again, as in a person's short tap.
    Tap(f32, f32),
    /// A finger comes down.
    Press(f32, f32),
    /// It moves.
    Slide(f32, f32),
    /// It goes up.
    Release(f32, f32),
    /// So many taps, one each millisecond.
    Storm(f32, f32, u32),
    /// A physical keyboard writes this.
    Type(String),
    /// Milliseconds pass.
    Wait(u64),
    /// Somebody sets the wall clock, to milliseconds since 1970.
    Clock(i64),
    /// A line of a script.
    Act(Act),
    /// Somebody reads the strip at the foot of the panel.
    Strip,
    /// Somebody reads the follow-up code on the thanks page.
    Code,
}

impl Deed {
    /// Reads a line.
    pub(super) fn parse(line: &str) -> Result<Self> {
        let (name, rest) = line.trim_end().split_once(' ').unwrap_or((line.trim_end(), ""));
        let unknown = || {
            format!(
                "`{}` is nothing that a hand can do here; see `afterword-sim kiosk --help`",
                line.trim_end().escape_debug()
            )
        };
        let deed = || -> Option<Self> {
            let mut words = rest.split(' ');
            let mut place = || Some((words.next()?.parse().ok()?, words.next()?.parse().ok()?));
            Some(match name {
                "shopper" => Self::Shopper,
                "tap" => place().map(|(x, y)| Self::Tap(x, y))?,
                "press" => place().map(|(x, y)| Self::Press(x, y))?,
                "slide" => place().map(|(x, y)| Self::Slide(x, y))?,
                "release" => place().map(|(x, y)| Self::Release(x, y))?,
                "storm" => {
                    let (x, y) = place()?;
                    Self::Storm(x, y, words.next()?.parse().ok()?)
                }
                "type" => Self::Type(serde_json::from_str(rest).ok()?),
                "wait" => Self::Wait(rest.parse().ok()?),
                "clock" => Self::Clock(rest.parse().ok()?),
                "strip" if rest.is_empty() => Self::Strip,
                "act" => Self::Act(Act::parse(rest).ok()?),
                "code" if rest.is_empty() => Self::Code,
                _ => return None,
            })
        };
        deed().with_context(unknown)
    }

    /// Does it.
    pub(super) fn carry_out(
        self,
        stage: &mut Stage,
        crowd: &mut Crowd,
        clock: &Arc<ManualClock>,
    ) -> Result<()> {
        match self {
            Self::Shopper => stage.serve(&crowd.next_shopper()),
            Self::Tap(x, y) => stage.touch(|panel| panel.tap(x, y)),
            Self::Press(x, y) => stage.touch(|panel| panel.press(x, y)),
            Self::Slide(x, y) => stage.touch(|panel| panel.slide(x, y)),
            Self::Release(x, y) => stage.touch(|panel| panel.release(x, y)),
            Self::Storm(x, y, taps) => (0..taps).try_for_each(|_| {
                stage.touch(|panel| {
                    panel.press(x, y);
                    panel.release(x, y);
                })?;
                stage.wait(1)
            }),
            Self::Type(text) => text
                .chars()
                .try_for_each(|letter| stage.touch(|panel| panel.strike(letter.encode_utf8(&mut [0; 4])))),
            Self::Wait(wait_ms) => stage.wait(wait_ms),
            Self::Clock(wall_ms) => {
                clock.jump_to(wall_ms);
                Ok(())
            }
            Self::Act(act) => {
                let keys = Keys(stage.ui());
                act.carry_out(stage, &keys, None)
            }
            Self::Strip => {
                println!(
                    "strip {}",
                    serde_json::json!(stage.strip().map(|note| [note.said, note.did, note.date]))
                );
                Ok(())
            }
            Self::Code => {
                println!("code {}", serde_json::json!(stage.follow_up_words()));
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_is_one_deed() {
        for (line, deed) in [
            ("shopper", Deed::Shopper),
            ("tap 154 476\n", Deed::Tap(154.0, 476.0)),
            ("storm 1 2 1000", Deed::Storm(1.0, 2.0, 1_000)),
            ("type \"a \\u0000\\u202e\"", Deed::Type("a \0\u{202e}".into())),
            ("clock -5", Deed::Clock(-5)),
            ("strip", Deed::Strip),
            ("act taps Poor. Change", Deed::Act(Act::Taps("Poor. Change".into()))),
            ("code", Deed::Code),
        ] {
            assert_eq!(Deed::parse(line).unwrap(), deed);
        }
        for wrong in ["", "tap", "tap 1", "tap x y", "type a", "wait -1", "fly 1 2", "act fly"] {
            let error = Deed::parse(wrong).unwrap_err().to_string();
            assert!(error.contains(wrong) && error.contains("--help"), "{error}");
        }
    }
}
