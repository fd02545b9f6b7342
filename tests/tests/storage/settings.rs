//! Head office's settings: layers, what a device is sent of them, and how a version goes out.

use afterword_collector::{Admin, AdminError, DecidedFor, PlaceKind, RolloutState};
use afterword_model::response::Outcome;
use afterword_model::settings::Settings;
use afterword_protocol::settings::{
    EnvelopeError, NO_SETTINGS, SettingsHeld, SettingsRefused, SettingsVersion, SignedSettings,
};
use anyhow::{Context as _, Result, ensure};

use crate::place::{NOW_MS, Place, Till, rating};

const SURVEY: &str = include_str!("../../../kiosk/app/surveys/pharmacy-nps.toml");
const MINUTE_MS: u64 = 60_000;
const HOUR_MS: u64 = 60 * MINUTE_MS;

fn named(name: &str) -> Settings {
    Settings { store_name: Some(name.to_owned()), ..Settings::default() }
}

/// A device, and what it keeps and runs.
struct Kiosk {
    till: Till,
    held: SettingsVersion,
    refuses: Option<&'static str>,
    /// What it has to say was not taken.
    refused: Option<SettingsRefused>,
}

impl Kiosk {
    fn new(till: Till) -> Self {
        Self { till, held: NO_SETTINGS, refuses: None, refused: None }
    }

    /// One heartbeat; what comes with the answer.
    fn beat(&mut self, place: &Place) -> Result<Option<SignedSettings>> {
        let mut said = place.heartbeat(&self.till, 0)?;
        said.health.settings = Some(SettingsHeld { kept: self.held, runs: self.held });
        said.settings_refused = self.refused.clone();
        Ok(place.beat(&self.till, &said)?.settings)
    }

    /// The same, and what came is taken as an agent and a kiosk take it; then what it has from now on.
    fn turn(&mut self, place: &Place) -> Result<SettingsVersion> {
        if let Some(signed) = self.beat(place)? {
            let enrolled = self.till.enrolled()?;
            signed.verify(&enrolled.receipt_key, &enrolled.device)?;
            signed.envelope.open()?;
            let version = signed.envelope.version;
            match self.refuses {
                Some(reason) => self.refused = Some(SettingsRefused::of(version, reason)),
                None => self.held = version,
            }
        }
        Ok(self.held)
    }

    fn runs(&self, place: &Place) -> Result<Option<String>> {
        let found = place.admin()?.settings_of(&self.till.enrolled()?.device.to_string())?;
        ensure!(found.said.as_ref().is_some_and(|said| said.held.runs == self.held));
        Ok(found.now.settings.store_name)
    }
}

fn refusal<T>(result: Result<T, AdminError>) -> String {
    result.err().map(|error| error.to_string()).unwrap_or_default()
}

pub(crate) fn layers_are_merged_for_a_device_and_sent_until_it_has_them(place: &mut Place) -> Result<()> {
    let mut exit = Kiosk::new(place.device_in("Mill Lane", "Exit", 0)?);
    let mut door = Kiosk::new(place.device_in("Quayside", "Door", 0)?);
    let mut admin = place.admin()?;
    admin.place_put("North", PlaceKind::Region, None)?;
    admin.place_put("Coast", PlaceKind::Region, Some("North"))?;
    admin.place_put("Mill Lane", PlaceKind::Store, Some("Coast"))?;
    let mut everywhere = Settings { survey: Some(SURVEY.to_owned()), ..named("A shop") };
    everywhere.alerts.window_min = Some(20);
    everywhere.follow_ups.act_h = Some(48);
    admin.settings_set(DecidedFor::Organisation, &everywhere, Some("Ana"))?;
    let mut north = Settings::default();
    north.alerts.window_min = Some(25);
    north.alerts.hourly = Some(false);
    admin.settings_set(DecidedFor::Region("North"), &north, None)?;
    let mut coast = Settings::default();
    coast.alerts.window_min = Some(30);
    admin.settings_set(DecidedFor::Region("Coast"), &coast, None)?;
    admin.settings_set(DecidedFor::Store("Mill Lane"), &named("Mill Lane"), None)?;
    let mut exits = Settings::default();
    exits.follow_ups.act_h = Some(12);
    let newest = admin.settings_set(DecidedFor::Device("Exit"), &exits, None)?;

    let preview = admin.settings_of("Exit")?;
    assert_eq!((preview.version, preview.now.settings.is_empty()), (0, true), "nothing is sent yet");
    let next = &preview.next;
    assert_eq!(next.settings.store_name.as_deref(), Some("Mill Lane"));
    assert_eq!((next.settings.alerts.window_min, next.settings.follow_ups.act_h), (Some(30), Some(12)));
    let from = |field: &str| format!("{:?}", preview.next_layers[next.from[field]]);
    assert_eq!(from("alerts.window_min"), "Region(\"Coast\")");
    assert_eq!(from("alerts.hourly"), "Region(\"North\")");
    assert_eq!((from("survey"), from("store_name")), ("Organisation".into(), "Store(\"Mill Lane\")".into()));
    assert_eq!(exit.beat(place)?, None, "nothing is sent before a roll-out");
    admin.rollout_start(&[], 24, true, None)?;
    drop(admin);
    place.restart()?;

    let signed = exit.beat(place)?.context("there are settings for it")?;
    assert_eq!(signed.envelope.open()?, next.settings);
    let (own, other) = (exit.till.enrolled()?, door.till.enrolled()?);
    assert_eq!(signed.verify(&own.receipt_key, &own.device), Ok(()));
    let others = EnvelopeError::OtherDevice(own.device);
    assert_eq!(signed.verify(&own.receipt_key, &other.device), Err(others));
    assert!(exit.beat(place)?.is_some(), "until it has them");
    assert_eq!(exit.turn(place)?, signed.envelope.version);
    assert_eq!(exit.beat(place)?, None, "it has them");
    door.turn(place)?;
    door.beat(place)?;
    assert_eq!(door.runs(place)?.as_deref(), Some("A shop"));

    // A store that moves has what its new regions say, without a roll-out.
    place.admin()?.place_put("Mill Lane", PlaceKind::Store, None)?;
    let moved = exit.beat(place)?.context("it lies elsewhere")?.envelope.open()?;
    assert_eq!(moved.alerts.window_min, Some(20));
    let history = place.admin()?.settings_history()?;
    assert_eq!((history.len(), history[0].version), (5, newest));
    assert_eq!(history[4].by_whom.as_deref(), Some("Ana"));
    Ok(())
}

pub(crate) fn what_no_kiosk_can_go_by_is_not_kept(place: &mut Place) -> Result<()> {
    place.device("Exit", 0)?;
    let mut admin = place.admin()?;
    let broken = Settings { survey: Some(SURVEY.replacen("format", "formt", 1)), ..Settings::default() };
    let said = refusal(admin.settings_set(DecidedFor::Organisation, &broken, None));
    assert!(said.contains("survey: mistakes in it: ") && said.contains("format: missing"), "{said}");
    let said = refusal(admin.settings_set(DecidedFor::Store("Atlantis"), &named("A"), None));
    assert!(said.contains("no store `Atlantis`"), "{said}");
    let said = refusal(admin.settings_set(DecidedFor::Region("Harbour Street"), &named("A"), None));
    assert!(said.contains("no region `Harbour Street`"), "{said}");
    assert!(refusal(admin.settings_set(DecidedFor::Device("Door"), &named("A"), None)).contains("`Door`"));
    assert!(admin.settings_history()?.is_empty());
    assert!(refusal(admin.rollout_start(&[], 0, false, None)).contains("no device would get anything else"));

    // Each layer is sound, and for this store they do not go together.
    let mut low = Settings::default();
    low.alerts.unhappy_percent = Some(30);
    admin.settings_set(DecidedFor::Organisation, &low, None)?;
    let mut high = Settings::default();
    high.alerts.close_percent = Some(40);
    admin.settings_set(DecidedFor::Store("Harbour Street"), &high, None)?;
    let said = refusal(admin.rollout_start(&[], 0, false, None));
    assert!(said.contains("the device `Exit` cannot be used") && said.contains("close_percent"), "{said}");
    assert!(admin.rollouts()?.is_empty());
    Ok(())
}

/// Four devices of one store, heard once.
fn fleet(place: &Place) -> Result<Vec<Kiosk>> {
    let mut kiosks = ["Exit", "Door", "Till", "Lift"]
        .into_iter()
        .map(|name| Ok(Kiosk::new(place.device(name, 0)?)))
        .collect::<Result<Vec<_>>>()?;
    for kiosk in &mut kiosks {
        kiosk.turn(place)?;
    }
    Ok(kiosks)
}

/// All of them speak three times within three minutes: one takes something, says so, and is judged by it.
fn round(place: &Place, kiosks: &mut [Kiosk]) -> Result<()> {
    for _ in 0..3 {
        place.clock.advance_ms(MINUTE_MS + 1);
        for kiosk in &mut *kiosks {
            kiosk.turn(place)?;
        }
    }
    Ok(())
}

fn reached(kiosks: &[Kiosk]) -> usize {
    kiosks.iter().filter(|kiosk| kiosk.held != NO_SETTINGS).count()
}

pub(crate) fn a_roll_out_reaches_more_once_all_it_reached_are_well(place: &mut Place) -> Result<()> {
    let mut kiosks = fleet(place)?;
    let mut admin = place.admin()?;
    admin.settings_set(DecidedFor::Organisation, &named("A shop"), None)?;
    let begun = admin.rollout_start(&["Till".into()], 2, false, Some("Ana"))?;
    assert_eq!((begun.rollout.stage_name(), begun.health.devices, begun.health.healthy), ("canary", 1, 0));
    assert!(refusal(admin.rollout_start(&[], 2, false, None)).contains("is running; see it through"));
    drop(admin);
    round(place, &mut kiosks)?;
    assert_eq!((reached(&kiosks), kiosks[2].held == NO_SETTINGS), (1, false), "the one that was named");
    place.clock.advance_ms(HOUR_MS);
    round(place, &mut kiosks)?;
    assert_eq!(reached(&kiosks), 1, "an hour is not two");
    place.clock.advance_ms(HOUR_MS);
    place.restart()?;
    round(place, &mut kiosks[2..3])?;
    let half = place.admin()?.rollout_status()?;
    let stage = (half.rollout.stage_name(), half.health.devices);
    assert_eq!(stage, ("half", 2), "of four, the early ones are none");

    // One that is not heard is not well; whoever goes on all the same says so.
    place.clock.advance_ms(3 * HOUR_MS);
    round(place, &mut kiosks[2..3])?;
    let half = place.admin()?.rollout_status()?;
    assert_eq!((half.rollout.stage_name(), half.health.healthy), ("half", 1));
    let status = place.admin()?.rollout_next()?;
    assert_eq!((status.rollout.stage_name(), status.rollout.state), ("everyone", RolloutState::Running));
    round(place, &mut kiosks)?;
    assert_eq!(reached(&kiosks), 4);
    place.clock.advance_ms(2 * HOUR_MS);
    round(place, &mut kiosks)?;
    assert_eq!(place.admin()?.rollout_status()?.rollout.state, RolloutState::Done);

    // Who comes later has it at once.
    let mut late = Kiosk::new(place.device("Late", 0)?);
    assert_ne!(late.turn(place)?, NO_SETTINGS);
    Ok(())
}

pub(crate) fn a_roll_out_stops_when_a_device_refuses_and_can_be_taken_back(place: &mut Place) -> Result<()> {
    let mut kiosks = fleet(place)?;
    let mut admin = place.admin()?;
    admin.settings_set(DecidedFor::Organisation, &named("First"), None)?;
    admin.rollout_start(&[], 0, true, None)?;
    round(place, &mut kiosks)?;
    round(place, &mut kiosks)?;
    assert_eq!(admin.rollout_status()?.rollout.state, RolloutState::Done);
    let first = kiosks[0].held;
    admin.settings_set(DecidedFor::Organisation, &named("Second"), None)?;
    admin.rollout_start(&["Door".into()], 0, false, None)?;
    drop(admin);
    kiosks[1].refuses = Some("its program is too old for them; update it");
    round(place, &mut kiosks)?;
    round(place, &mut kiosks)?;
    let stopped = place.admin()?.rollout_status()?;
    assert_eq!(stopped.rollout.state, RolloutState::Stopped, "{stopped:?}");
    assert!(
        stopped.rollout.reason.as_deref().is_some_and(|reason| reason.contains("1 refused it")),
        "{stopped:?}"
    );
    assert_eq!(stopped.stragglers[0].name, "Door");
    assert_eq!(stopped.stragglers[0].reason.as_deref(), Some("its program is too old for them; update it"));
    assert!(kiosks.iter().all(|kiosk| kiosk.held == first), "nobody else was given it");
    assert_eq!(kiosks[1].beat(place)?, None, "what was refused is not sent again");
    let said = place.admin()?.settings_of("Door")?.said.context("it has spoken")?;
    assert!(said.refused.is_some());
    // Its agent was started anew and has forgotten it; it is sent again, and the refusal is known meanwhile.
    kiosks[1].refused = None;
    assert!(kiosks[1].beat(place)?.is_some());
    assert!(place.admin()?.settings_of("Door")?.said.is_some_and(|said| said.refused.is_some()));

    // Its program is updated, and the roll-out is resumed; then somebody changes their mind.
    kiosks[1].refuses = None;
    place.admin()?.rollout_resume()?;
    for _ in 0..4 {
        round(place, &mut kiosks)?;
    }
    assert_eq!(place.admin()?.rollout_status()?.rollout.state, RolloutState::Done);
    assert!(kiosks.iter().all(|kiosk| kiosk.held != first));
    place.admin()?.rollout_rollback()?;
    round(place, &mut kiosks)?;
    assert!(kiosks.iter().all(|kiosk| kiosk.held == first), "the version before is back everywhere");
    assert_eq!(kiosks[0].runs(place)?.as_deref(), Some("First"));
    assert!(refusal(place.admin()?.rollout_resume()).contains("is rolled_back, so it cannot be resumed"));
    // What was taken back can go out again, corrected or not.
    place.admin()?.rollout_start(&[], 0, true, None)?;
    round(place, &mut kiosks)?;
    assert_eq!(kiosks[0].runs(place)?.as_deref(), Some("Second"));
    Ok(())
}

pub(crate) fn a_device_that_falls_silent_with_a_new_version_stops_it(place: &mut Place) -> Result<()> {
    let mut kiosks = fleet(place)?;
    let mut admin = place.admin()?;
    admin.settings_set(DecidedFor::Organisation, &named("A shop"), None)?;
    admin.rollout_start(&["Lift".into()], 1, false, None)?;
    // It is given the version, and the kiosk does not come back.
    assert!(kiosks[3].beat(place)?.is_some());
    place.clock.advance_ms(25 * HOUR_MS);
    round(place, &mut kiosks[..3])?;
    assert_eq!(admin.rollout_status()?.rollout.state, RolloutState::Running, "a night and a day");
    place.clock.advance_ms(2 * HOUR_MS);
    round(place, &mut kiosks[..3])?;
    let status = admin.rollout_status()?;
    assert_eq!((status.rollout.state, status.health.silent), (RolloutState::Stopped, 1));
    assert_eq!(reached(&kiosks), 0);

    // Somebody has seen to it: it takes the version, and falls over it an hour later.
    admin.rollout_resume()?;
    round(place, &mut kiosks)?;
    assert_eq!(admin.rollout_status()?.health.silent, 0);
    place.clock.advance_ms(27 * HOUR_MS);
    round(place, &mut kiosks[..3])?;
    assert_eq!(admin.rollout_status()?.rollout.state, RolloutState::Stopped);
    Ok(())
}

pub(crate) fn of_two_collectors_one_puts_a_roll_out_to_its_next_stage(place: &mut Place) -> Result<()> {
    let mut kiosks = fleet(place)?;
    place.admin()?.settings_set(DecidedFor::Organisation, &named("A shop"), None)?;
    place.admin()?.rollout_start(&[], 1, false, None)?;
    round(place, &mut kiosks)?;
    place.clock.advance_ms(2 * HOUR_MS);
    let other = place.another()?;
    let stage_of = |place: &Place| -> Result<i64> { Ok(place.admin()?.rollout_status()?.rollout.stage) };
    assert_eq!(stage_of(place)?, 0);
    let collectors = [&place.collector, &other];
    std::thread::scope(|scope| -> Result<()> {
        let speaking: Vec<_> = collectors
            .iter()
            .map(|collector| {
                let (kiosks, place) = (&kiosks, &*place);
                scope.spawn(move || -> Result<()> {
                    for kiosk in kiosks {
                        let mut said = place.heartbeat(&kiosk.till, 0)?;
                        said.health.settings = Some(SettingsHeld { kept: kiosk.held, runs: kiosk.held });
                        crate::place::beat_at(collector, &kiosk.till, &said)?;
                    }
                    Ok(())
                })
            })
            .collect();
        speaking.into_iter().try_for_each(|thread| thread.join().expect("it does not panic"))
    })?;
    assert_eq!(stage_of(place)?, 2, "one stage further, which is that of half, and not two");
    Ok(())
}

/// Visits of a kiosk on the day so many after the tests' own; so many of a hundred were completed, the others left.
fn visits(till: &mut Till, days: i64, count: u64, completed_percent: u64) {
    for nth in 0..count {
        let seq = till.records.len() as u64 + 1;
        let mut visit = rating(seq);
        visit.draft.started.wall_ms = NOW_MS + days * 24 * HOUR_MS as i64 + nth as i64 * 1_000;
        visit.outcome = if nth % 100 < completed_percent { Outcome::Completed } else { Outcome::TimedOut };
        till.records.push(visit.to_bytes());
    }
}

pub(crate) fn a_roll_out_stops_where_far_fewer_visits_are_completed_than_elsewhere_and_before(
    place: &mut Place,
) -> Result<()> {
    let mut kiosks = fleet(place)?;
    for kiosk in &mut kiosks {
        visits(&mut kiosk.till, -3, 200, 90);
    }
    let mut admin = place.admin()?;
    admin.settings_set(DecidedFor::Organisation, &named("A shop"), None)?;
    admin.rollout_start(&["Door".into()], 100, false, None)?;
    round(place, &mut kiosks)?;
    let sent = |place: &Place, kiosks: &[Kiosk], from: u64| -> Result<Admin> {
        for kiosk in kiosks {
            place.receipt(&kiosk.till, from, kiosk.till.records.len() as u64)?;
        }
        let mut admin = place.admin()?;
        admin.count()?;
        Ok(admin)
    };
    // The day of the roll-out itself says nothing, and a bad day for all says nothing of the version.
    for (at, kiosk) in kiosks.iter_mut().enumerate() {
        visits(&mut kiosk.till, 0, 100, if at == 1 { 10 } else { 90 });
        visits(&mut kiosk.till, 1, 100, 55);
    }
    let mut admin = sent(place, &kiosks, 1)?;
    ensure!(!admin.rollout_look_at_answers()?, "{:?}", admin.rollout_status()?);
    for (at, kiosk) in kiosks.iter_mut().enumerate() {
        visits(&mut kiosk.till, 2, 200, if at == 1 { 30 } else { 90 });
    }
    let mut admin = sent(place, &kiosks, 401)?;
    ensure!(admin.rollout_look_at_answers()?, "of Door's visits far fewer are completed");
    let stopped = admin.rollout_status()?.rollout;
    assert_eq!(stopped.state, RolloutState::Stopped);
    let reason = stopped.reason.context("it says why")?;
    ensure!(
        reason.starts_with("of 300 visits at kiosks that run version 1, 38 % were completed"),
        "{reason}"
    );
    ensure!(!admin.rollout_look_at_answers()?, "it has stopped already");
    // Whoever goes on all the same is not held to what is over.
    place.clock.advance_ms(3 * 24 * HOUR_MS);
    admin.rollout_resume()?;
    round(place, &mut kiosks)?;
    ensure!(!admin.rollout_look_at_answers()?, "{:?}", admin.rollout_status()?);
    Ok(())
}
