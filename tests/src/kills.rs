//! A hand on the plug: one program of a shop after another is killed while shoppers come, and started again.

use afterword_model::record::Seq;
use anyhow::{Result, bail};

use crate::desk::Desk;
use crate::program::Program;

/// Lets shoppers come until so many more were thanked; the number of the last one's record.
fn thanked(kiosk: &Program, count: u32) -> Result<Seq> {
    let mut last = 0;
    for _ in 0..count {
        last = kiosk.line(|line| line.strip_prefix("thanked ")?.parse().ok())?;
    }
    Ok(last)
}

/// Has the desk's programs killed in this order (`kiosk`, `agent`, `collector`), waits until everything is received, and ends all
/// of them. The number of the last record that somebody was thanked for.
///
/// # Errors
/// When one of them does not come back, or not everything is received.
pub async fn kill_in_turn(desk: &mut Desk, victims: &[&str]) -> Result<Seq> {
    let mut collector = desk.collector()?;
    desk.enrol()?;
    let mut kiosk = desk.kiosk(u32::MAX)?;
    let mut agent = desk.agent()?;
    let mut promised = 0;
    for (round, victim) in victims.iter().enumerate() {
        // The moment is another one in each round, somewhere within the next shopper.
        promised = promised.max(thanked(&kiosk, 1 + u32::try_from(round % 3)?)?);
        match *victim {
            "kiosk" => {
                kiosk.kill()?;
                kiosk = desk.kiosk(u32::MAX)?;
            }
            "agent" => {
                agent.kill()?;
                agent = desk.agent()?;
            }
            "collector" => {
                collector.kill()?;
                collector = desk.collector()?;
            }
            other => bail!("no program of a shop is called {other}"),
        }
    }
    promised = promised.max(thanked(&kiosk, 1)?);
    kiosk.kill()?;
    let kiosk = desk.kiosk(0)?;
    desk.everything_received(promised).await?;
    kiosk.end_of_input()?;
    agent.kill()?;
    collector.kill()?;
    Ok(promised)
}
