//! The program that is run when an alert opens or closes: a lamp, a sound, whatever the store has.
//!
//! It is run without a shell, one after the other, on a thread of its own, and hears by its environment what has happened:
//!
//! | variable | what it says |
//! |---|---|
//! | `AFTERWORD_ALERT` | `opened` or `closed` |
//! | `AFTERWORD_ALERT_ID` | the alert's number on this kiosk |
//! | `AFTERWORD_ALERT_RULE` | `unhappy_share` or `hourly_chart` |
//! | `AFTERWORD_ALERT_ANSWERS`, `AFTERWORD_ALERT_UNHAPPY` | what was counted when it opened |
//! | `AFTERWORD_ALERT_TOUCHPOINT` | where the kiosk stands; empty where nothing is configured |
//!
//! No word of a shopper is among them.
//!
//! Failure: one that is not there, fails or takes too long is logged, and the alert is in the list all the same. It is told at most
//! once: what happens while the kiosk is being killed may be told to nobody, and after a power cut an alert that is still open is
//! not told again.

use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::time::Duration;

use afterword_model::alerts::{Alert, Transition};
use rustix::process::{Pid, Signal, kill_process_group};

/// A lamp is switched in milliseconds, and a gong has sounded in seconds; what takes longer is stuck and is ended, with whatever it
/// has started in its process group.
pub const TIME_LIMIT: Duration = Duration::from_secs(10);

/// How often it is looked at whether it has ended.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// What waits to be told, at most: more alerts than that within two minutes are no alerts any more.
const WAITING_MAX: usize = 16;

/// Whoever is to tell it; see the module. Dropping it lets the thread end after what waits.
pub struct Hook {
    orders: SyncSender<Transition>,
}

impl Hook {
    /// Begins to listen for a command, its program first; none where it is empty.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(command: &[String], time_limit: Duration) -> io::Result<Option<Self>> {
        let Some((program, arguments)) = command.split_first() else { return Ok(None) };
        if let Some(fault) = fault(Path::new(program)) {
            tracing::error!("{fault}");
        }
        let (program, arguments) = (program.clone(), arguments.to_vec());
        let (orders, told) = sync_channel::<Transition>(WAITING_MAX);
        std::thread::Builder::new().name("alerts".into()).spawn(move || {
            while let Ok(transition) = told.recv() {
                let mut command = Command::new(&program);
                command.args(&arguments);
                run(&mut command, &transition, time_limit);
            }
        })?;
        Ok(Some(Self { orders }))
    }

    /// Has the program told of this. Does not wait.
    pub fn tell(&self, transition: &Transition) {
        if self.orders.try_send(transition.clone()).is_err() {
            tracing::error!(
                "the program of `alerts.command` is not told of an alert, because it is still busy with those before; make it quicker"
            );
        }
    }
}

/// Why a program cannot be run, in a sentence; none where it seems that it can.
#[must_use]
pub fn fault(program: &Path) -> Option<String> {
    let name = program.display();
    match std::fs::metadata(program) {
        Err(error) => Some(format!(
            "cannot find the program {name} of `alerts.command`: {error}; put it there or correct the line"
        )),
        Ok(found) if !found.is_file() || found.permissions().mode() & 0o111 == 0 => Some(format!(
            "{name} of `alerts.command` is no program that can be run; name one, or make it one with `chmod +x {name}`"
        )),
        Ok(_) => None,
    }
}

fn run(command: &mut Command, transition: &Transition, time_limit: Duration) {
    let (what, alert) = match transition {
        Transition::Opened(alert) => ("opened", alert),
        Transition::Closed(alert) => ("closed", alert),
    };
    let Alert { id, touchpoint, cause, count, .. } = alert;
    command
        .env("AFTERWORD_ALERT", what)
        .env("AFTERWORD_ALERT_ID", id.to_string())
        .env("AFTERWORD_ALERT_RULE", cause.rule().name())
        .env("AFTERWORD_ALERT_ANSWERS", count.answers.to_string())
        .env("AFTERWORD_ALERT_UNHAPPY", count.unhappy.to_string())
        .env("AFTERWORD_ALERT_TOUCHPOINT", touchpoint)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0);
    let program = command.get_program().to_string_lossy().into_owned();
    match command.spawn().and_then(|child| ended(child, time_limit)) {
        Ok(Some(status)) if status.success() => tracing::info!(program, alert = id, what, "told of an alert"),
        Ok(Some(status)) => {
            tracing::warn!(program, alert = id, what, %status, "the program of `alerts.command` failed; run it by hand to see why");
        }
        Ok(None) => {
            tracing::warn!(
                program,
                alert = id,
                what,
                limit_s = time_limit.as_secs_f64(),
                "the program of `alerts.command` took too long and was ended; let it do its work in less"
            );
        }
        Err(error) => {
            tracing::error!(program, alert = id, what, %error, "the program of `alerts.command` could not be run; see `afterword-kiosk doctor`");
        }
    }
}

/// Waits for it; none when it had to be ended.
fn ended(mut child: Child, time_limit: Duration) -> io::Result<Option<ExitStatus>> {
    let mut waited = Duration::ZERO;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if waited >= time_limit {
            break;
        }
        // Nobody wakes this thread, so the time is over when this returns.
        std::thread::park_timeout(LOOK_EVERY);
        waited += LOOK_EVERY;
    }
    // It has not been waited for yet, so the number is still its own.
    let group = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    if group.is_none_or(|group| kill_process_group(group, Signal::KILL).is_err()) {
        child.kill()?;
    }
    child.wait().map(|_| None)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::PathBuf;

    use afterword_model::alerts::{Cause, Count};
    use afterword_model::response::{ClockQuality, Stamp};

    use super::*;

    fn opened(id: u64) -> Transition {
        let opened = Stamp { wall_ms: 0, offset_min: 0, boot: 1, mono_ms: 0, clock: ClockQuality::Synced };
        Transition::Opened(Alert {
            id,
            touchpoint: "exit".into(),
            cause: Cause::UnhappyShare { window_min: 15 },
            count: Count { answers: 6, unhappy: 3 },
            opened,
            closed: None,
        })
    }

    /// Shells read it: a file that was just written may not be run while another test starts a program with it still open.
    const SHELL: &str = "/bin/sh";

    fn script(folder: &Path, lines: &str) -> PathBuf {
        let path = folder.join("lamp");
        fs::write(&path, format!("#!/bin/sh\n{lines}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path
    }

    fn command(path: &Path, time_limit: Duration) -> Option<ExitStatus> {
        ended(Command::new(SHELL).arg(path).process_group(0).spawn().unwrap(), time_limit).unwrap()
    }

    #[test]
    fn the_program_hears_what_has_happened_and_runs_without_a_shell() {
        let folder = tempfile::tempdir().unwrap();
        let told = folder.path().join("told");
        let lines = format!(
            "echo \"$1 $AFTERWORD_ALERT $AFTERWORD_ALERT_ID $AFTERWORD_ALERT_RULE $AFTERWORD_ALERT_ANSWERS $AFTERWORD_ALERT_UNHAPPY $AFTERWORD_ALERT_TOUCHPOINT\" >> {}",
            told.display()
        );
        let program = script(folder.path(), &lines);
        let mut command = Command::new(SHELL);
        command.arg(&program).arg("$HOME; false");
        run(&mut command, &opened(7), TIME_LIMIT);
        let told = fs::read_to_string(told).unwrap();
        assert_eq!(told, "$HOME; false opened 7 unhappy_share 6 3 exit\n");
    }

    #[test]
    fn one_that_takes_too_long_is_ended_with_what_it_has_started() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("held");
        // The grandchild holds the file locked for as long as it lives.
        let lines = format!("exec 9> {0}\nflock 9\nsleep 600 &\nsleep 600", pipe.display());
        let program = script(folder.path(), &lines);
        assert_eq!(command(&program, Duration::from_millis(300)), None);
        let free = Command::new("flock").arg("--timeout").arg("60").arg(&pipe).arg("true").status().unwrap();
        assert!(free.success(), "nobody holds it any more");
    }

    #[test]
    fn one_that_fails_has_its_status_and_one_that_is_missing_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let program = script(folder.path(), "exit 3");
        assert_eq!(command(&program, TIME_LIMIT).unwrap().code(), Some(3));
        assert_eq!(fault(&program), None);
        fs::set_permissions(&program, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(fault(&program).unwrap().contains("chmod +x"));
        let missing = fault(&folder.path().join("gone")).unwrap();
        assert!(missing.contains("cannot find the program") && missing.contains("gone"), "{missing}");
        assert!(fault(folder.path()).is_some());
    }

    #[test]
    fn whoever_tells_it_never_waits() {
        let folder = tempfile::tempdir().unwrap();
        let program = script(folder.path(), "sleep 600");
        let command = [SHELL.to_owned(), program.to_string_lossy().into_owned()];
        let hook = Hook::start(&command, Duration::from_millis(100)).unwrap().unwrap();
        for id in 0..100 {
            hook.tell(&opened(id));
        }
        assert!(Hook::start(&[], TIME_LIMIT).unwrap().is_none());
    }
}
