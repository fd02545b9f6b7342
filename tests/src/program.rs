//! Starting, watching and killing the project's programs.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Write as _};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

/// A line that has not come by then never will; generous, because a machine may build beside it.
const LINE_TIMEOUT: Duration = Duration::from_secs(120);

/// Lines of standard error that are kept for the message of a failed check.
const ERROR_LINES_KEPT: usize = 60;

/// What a program that ran to its end left behind.
#[derive(Debug)]
pub struct Output {
    /// Its exit code; `None` when a signal ended it.
    pub code: Option<i32>,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Output {
    /// The last line of standard output.
    #[must_use]
    pub fn last_line(&self) -> &str {
        self.stdout.lines().last().unwrap_or_default()
    }

    /// Whatever it said, for the message of a failed check.
    #[must_use]
    pub fn everything(&self) -> String {
        format!("exit {:?}\n{}\n{}", self.code, self.stdout, self.stderr)
    }
}

/// A command for one of the project's programs.
///
/// # Panics
/// When it has not been built: `cargo test --workspace` and `cargo build --workspace` build all of them.
#[must_use]
pub fn command(name: &str) -> Command {
    let path = built(name);
    assert!(path.exists(), "{} is missing: run `cargo build --workspace` first", path.display());
    let mut command = Command::new(path);
    // No display, no private settings: what the tests see is what a bare machine sees.
    let private = ["DISPLAY", "WAYLAND_DISPLAY", "RUST_LOG", "FONTCONFIG_FILE", "SLINT_FONT_PATH"];
    // No voice and no database server either, unless a test has one.
    let unless_asked = ["SPEECHD_ADDRESS", "XDG_RUNTIME_DIR", "AFTERWORD_DATABASE_URL", "AFTERWORD_CONFIG"];
    for variable in private.into_iter().chain(unless_asked) {
        command.env_remove(variable);
    }
    command
}

/// Runs a command to its end.
///
/// # Errors
/// When it cannot be started.
pub fn finish(mut command: Command) -> Result<Output> {
    let output = command.stdin(Stdio::null()).output().with_context(|| format!("{command:?}"))?;
    Ok(Output {
        code: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}

/// Test programs lie in `target/<profile>/deps`, the project's own one folder up.
fn built(name: &str) -> PathBuf {
    let mut path = std::env::current_exe().expect("a running test has a path");
    path.pop();
    if path.ends_with("deps") {
        path.pop();
    }
    path.join(name)
}

/// A program that runs beside the test. Dropping it kills it.
pub struct Program {
    child: Child,
    lines: Receiver<String>,
    errors: Arc<Mutex<VecDeque<String>>>,
    stdin: Option<ChildStdin>,
}

impl Program {
    /// Starts it; the end of what it says on standard error stands in the message of what fails.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(mut command: Command) -> Result<Self> {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().with_context(|| format!("{command:?}"))?;
        let stdout = child.stdout.take().context("standard output was piped")?;
        let stderr = child.stderr.take().context("standard error was piped")?;
        let stdin = child.stdin.take();
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        let errors = Arc::new(Mutex::new(VecDeque::new()));
        let kept = Arc::clone(&errors);
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                kept.push_back(line);
                if kept.len() > ERROR_LINES_KEPT {
                    kept.pop_front();
                }
            }
        });
        Ok(Self { child, lines, errors, stdin })
    }

    /// Its process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// The next line that `wanted` takes something from.
    ///
    /// # Errors
    /// When it does not come within two minutes, or the program ends before.
    pub fn line<T>(&self, mut wanted: impl FnMut(&str) -> Option<T>) -> Result<T> {
        loop {
            match self.lines.recv_timeout(LINE_TIMEOUT) {
                Ok(line) => {
                    if let Some(found) = wanted(&line) {
                        return Ok(found);
                    }
                }
                Err(RecvTimeoutError::Timeout) => {
                    bail!("the line that was waited for did not come:\n{}", self.errors())
                }
                Err(RecvTimeoutError::Disconnected) => {
                    bail!("the program ended before the line came:\n{}", self.errors())
                }
            }
        }
    }

    /// Every line it wrote that nobody has waited for yet.
    pub fn lines_so_far(&self) -> Vec<String> {
        self.lines.try_iter().collect()
    }

    /// The end of what it has said on standard error.
    #[must_use]
    pub fn errors(&self) -> String {
        let errors = self.errors.lock().unwrap_or_else(PoisonError::into_inner);
        errors.iter().map(|line| format!("{line}\n")).collect()
    }

    /// Writes a line to its standard input.
    ///
    /// # Errors
    /// When it no longer reads.
    pub fn say(&mut self, line: &str) -> Result<()> {
        let stdin = self.stdin.as_mut().context("its standard input is closed")?;
        stdin.write_all(format!("{line}\n").as_bytes())?;
        Ok(stdin.flush()?)
    }

    /// The most memory that was ever resident, in KiB (`VmHWM` of Linux).
    ///
    /// # Errors
    /// When the system does not say.
    pub fn peak_memory_kib(&self) -> Result<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.id()))?;
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no VmHWM")?;
        Ok(peak.trim().trim_end_matches(" kB").parse()?)
    }

    /// Ends it as a power cut would (SIGKILL), and waits until it is gone.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn kill(mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Asks it to end, as the system does when it shuts down (SIGTERM), and waits until it is gone.
    ///
    /// # Errors
    /// When it ends with an error.
    pub fn terminate(mut self) -> Result<()> {
        // The standard library only kills; every shell has `kill` built in.
        let order = format!("kill -TERM {}", self.id());
        ensure!(Command::new("sh").args(["-c", &order]).status()?.success(), "{order} failed");
        well(self.child.wait()?)
    }

    /// Closes its standard input, on which it ends in order, and waits for that.
    ///
    /// # Errors
    /// When it ends with an error.
    pub fn end_of_input(mut self) -> Result<()> {
        drop(self.stdin.take());
        well(self.child.wait()?)
    }
}

fn well(status: ExitStatus) -> Result<()> {
    ensure!(status.success(), "the program ended with {status}");
    Ok(())
}

impl Drop for Program {
    fn drop(&mut self) {
        // Gone already is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
