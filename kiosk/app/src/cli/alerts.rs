//! `afterword-kiosk alerts`: the list of alerts.

use afterword_model::alerts::{Alert, Cause};
use afterword_model::metrics::control::Signal;
use afterword_model::response::{ClockQuality, Stamp};
use afterword_protocol::limits::ALERTS_LISTED_MAX;
use anyhow::Result;
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use clap::Args;

use super::{Places, source};
use crate::config::Config;

const HELP: &str = "\
An alert opens when many shoppers are unhappy just now, and closes by itself when they are not any more. Two rules, both in the \
configuration (what is left out is as here):

  [alerts]
  enabled = true          # false: none ever opens
  window_min = 15         # minutes that are looked back
  answers_min = 4         # with fewer ratings none opens
  unhappy_percent = 50    # opens when so many of a hundred are unhappy
  close_percent = 30      # closes below so many, or when nobody unhappy is left in the window
  hourly = true           # each hour is held against the four weeks before, too (p chart, Western Electric rules)
  command = [\"/usr/local/bin/lamp\", \"--red\"]

The first rating of a visit counts; taps that are flagged do not. Unhappy are the two lowest faces or stars, 0 to 6 of ten, 1 to 3 on \
the scale of effort, thumb down. The chart needs 300 ratings in the four weeks, and 8 in an hour.

The command is run when an alert opens and when it closes, without a shell, for at most ten seconds. It hears by its environment: \
AFTERWORD_ALERT (opened or closed), AFTERWORD_ALERT_ID, AFTERWORD_ALERT_RULE (unhappy_share or hourly_chart), \
AFTERWORD_ALERT_ANSWERS, AFTERWORD_ALERT_UNHAPPY, AFTERWORD_ALERT_TOUCHPOINT. What shoppers wrote is told to no program.

A sound when one opens, as an executable file:

  #!/bin/sh
  [ \"$AFTERWORD_ALERT\" = opened ] && exec aplay -q /usr/share/sounds/gong.wav   # paplay with PipeWire or PulseAudio

A lamp on a GPIO pin that the system shows as an LED (leds-gpio, `brightness` writable for the kiosk's user):

  #!/bin/sh
  case \"$AFTERWORD_ALERT\" in opened) on=1 ;; *) on=0 ;; esac
  echo $on > /sys/class/leds/alert/brightness

What it costs, measured on a made-up shop of 300 shoppers a day where nothing ever happens (the busiest hours of a larger one are no \
worse), as false alarms a week:

  usually unhappy        5 %    10 %    20 %    an incident (39 %) is told after
  4 within 15 minutes    4.7    15.3    54.1    14 minutes
  6 within 15 minutes    1.0     5.2    28.5    14 minutes
  8 within 30 minutes    0.1     0.8     9.8    47 minutes
  the chart, hourly      1.1     0.9     0.9    with the hour

Where more than one in twenty is unhappy as a rule, answers_min = 6 is the better choice.

Exit codes: 0 printed, 1 failed, 2 wrong use.";

/// Print the alerts, the newest first.
#[derive(Debug, Args)]
#[command(after_help = HELP, after_long_help = HELP)]
pub(super) struct AlertsCommand {
    /// Only those that are open.
    #[arg(long)]
    open: bool,
    /// So many at most.
    #[arg(long, value_name = "COUNT", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=i64::from(ALERTS_LISTED_MAX)))]
    newest: u32,
    /// Print one JSON array instead of lines for people.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    places: Places,
}

impl AlertsCommand {
    pub(super) fn run(self) -> Result<()> {
        let config = Config::read(&self.places.config)?;
        let alerts = source::read(
            &self.places,
            &config,
            |store| Ok(store.alerts(self.newest, self.open)?),
            |kiosk| kiosk.alerts(self.newest, self.open),
        )?;
        if self.json {
            println!("{}", serde_json::to_string(&alerts)?);
        } else if alerts.is_empty() {
            println!("no alerts{}", if self.open { " are open" } else { "" });
        } else {
            for alert in &alerts {
                println!("{}", line(alert, config.time_zone));
            }
        }
        Ok(())
    }
}

fn line(alert: &Alert, zone: Tz) -> String {
    let Alert { id, touchpoint, cause, count, opened, closed } = alert;
    let state = closed.as_ref().map_or("OPEN".into(), |closed| format!("closed {}", moment(closed, zone)));
    let at = if touchpoint.is_empty() { String::new() } else { format!("{touchpoint}: ") };
    let counted = format!("{} of {} unhappy", count.unhappy, count.answers);
    let why = match cause {
        Cause::UnhappyShare { window_min } => format!("{counted} within {window_min} minutes"),
        Cause::HourlyChart { signal, usual_permille } => format!(
            "{counted} in an hour, {}; usual are {}.{} %",
            in_words(*signal),
            usual_permille / 10,
            usual_permille % 10
        ),
    };
    format!("{id:>5}  {}  {at}{why}  {state}", moment(opened, zone))
}

fn in_words(signal: Signal) -> &'static str {
    match signal {
        Signal::BeyondLimits => "beyond the chart's limit",
        Signal::TwoOfThree => "the second of three hours that are high",
        Signal::FourOfFive => "the fourth of five hours that are raised",
        Signal::EightInARow => "the eighth hour in a row above what is usual",
    }
}

/// A moment for people, in the store's time; of a device that had no clock, it says so.
fn moment(stamp: &Stamp, zone: Tz) -> String {
    match DateTime::<Utc>::from_timestamp_millis(stamp.wall_ms) {
        Some(at) if stamp.clock != ClockQuality::Unset => {
            at.with_timezone(&zone).format("%Y-%m-%d %H:%M").to_string()
        }
        _ => "at an unknown time".into(),
    }
}

#[cfg(test)]
mod tests {
    use afterword_model::alerts::Count;

    use super::*;

    #[test]
    fn a_line_says_what_was_counted_where_and_whether_it_is_over() {
        let opened = Stamp {
            wall_ms: 1_795_876_200_000,
            offset_min: 0,
            boot: 1,
            mono_ms: 0,
            clock: ClockQuality::Synced,
        };
        let cause = Cause::UnhappyShare { window_min: 15 };
        let count = Count { answers: 6, unhappy: 4 };
        let alert = Alert { id: 3, touchpoint: "exit".into(), cause, count, opened, closed: None };
        let zone = Tz::Europe__London;
        assert_eq!(
            line(&alert, zone),
            "    3  2026-11-28 14:30  exit: 4 of 6 unhappy within 15 minutes  OPEN"
        );
        let cause = Cause::HourlyChart { signal: Signal::BeyondLimits, usual_permille: 112 };
        let closed = Some(Stamp { clock: ClockQuality::Unset, ..opened });
        let chart = Alert { touchpoint: String::new(), cause, closed, ..alert };
        assert_eq!(
            line(&chart, zone),
            "    3  2026-11-28 14:30  4 of 6 unhappy in an hour, beyond the chart's limit; usual are 11.2 %  closed at an unknown time"
        );
    }
}
