//! The three programs of a shop, each in its own process, in a folder of their own.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::program::{Output, Program, command, finish};

/// A desk; see the module.
pub struct Desk {
    folder: tempfile::TempDir,
    /// Ports of the collector's first start, so that it comes back where devices look for it.
    ports: Option<(SocketAddr, SocketAddr)>,
    kiosk_starts: AtomicU32,
}

impl Desk {
    /// An empty desk.
    ///
    /// # Errors
    /// When no temporary folder can be made.
    pub fn new() -> Result<Self> {
        Ok(Self { folder: tempfile::tempdir()?, ports: None, kiosk_starts: AtomicU32::new(0) })
    }

    /// A path on the desk.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Starts the collector and waits until it is ready.
    ///
    /// # Errors
    /// When it does not get ready.
    pub fn collector(&mut self) -> Result<Program> {
        let (devices, enrolment) = self.ports.map_or_else(
            || ("127.0.0.1:0".into(), "127.0.0.1:0".into()),
            |(devices, enrolment)| (devices.to_string(), enrolment.to_string()),
        );
        let mut serve = command("afterword-collector");
        serve.args(["serve", "--json", "--listen", &devices, "--enrol-listen", &enrolment]);
        serve.arg("--data").arg(self.path("collector"));
        let collector = Program::start(serve)?;
        let ready: Value = collector.line(|line| serde_json::from_str(line).ok())?;
        let address =
            |name: &str| Ok::<SocketAddr, anyhow::Error>(ready[name].as_str().unwrap_or_default().parse()?);
        self.ports = Some((address("device_address")?, address("enrol_address")?));
        Ok(collector)
    }

    /// Where devices deliver.
    ///
    /// # Errors
    /// Before the collector's first start.
    pub fn device_address(&self) -> Result<SocketAddr> {
        Ok(self.ports.context("start the collector first")?.0)
    }

    /// Makes the device known to the collector, with the commands a technician types.
    ///
    /// # Errors
    /// When one of them fails.
    pub fn enrol(&self) -> Result<()> {
        let added =
            self.run("afterword-collector", &["device", "add", "Exit", "--json", "--data", "collector"])?;
        ensure!(added.code == Some(0), "{}", added.everything());
        let added: Value = serde_json::from_str(&added.stdout)?;
        let code = added["code"].as_str().context("device add prints a code")?.to_owned();
        let url = format!("https://localhost:{}", self.ports.context("start the collector first")?.1.port());
        let enrol = [
            "enrol",
            "--collector",
            &url,
            "--code",
            &code,
            "--ca",
            "collector/pki/server-ca.pem",
            "--state",
            "sync",
        ];
        let enrolled = self.run("afterword-sync", &enrol)?;
        ensure!(enrolled.code == Some(0), "{}", enrolled.everything());
        Ok(())
    }

    /// Starts a kiosk on the simulated panel with so many shoppers, other ones at each start.
    ///
    /// # Errors
    /// When it does not get ready.
    pub fn kiosk(&self, shoppers: u32) -> Result<Program> {
        let seed = self.kiosk_starts.fetch_add(1, Ordering::SeqCst);
        let mut kiosk = command("afterword-sim");
        kiosk.args(["kiosk", "--stay", "--shoppers", &shoppers.to_string(), "--seed", &seed.to_string()]);
        kiosk.arg("--data").arg(self.path("kiosk")).arg("--socket").arg(self.socket());
        let kiosk = Program::start(kiosk)?;
        kiosk.line(|line| (line == "ready").then_some(()))?;
        Ok(kiosk)
    }

    /// Starts the agent between the two.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn agent(&self) -> Result<Program> {
        let mut agent = command("afterword-sync");
        agent
            .args(["run", "--brisk"])
            .arg("--state")
            .arg(self.path("sync"))
            .arg("--socket")
            .arg(self.socket());
        Program::start(agent)
    }

    /// Runs a program to its end in the desk's folder.
    ///
    /// # Errors
    /// When it cannot be started; an exit code is no error here.
    pub fn run(&self, name: &str, arguments: &[&str]) -> Result<Output> {
        let mut command = command(name);
        command.args(arguments).current_dir(self.folder.path());
        finish(command)
    }

    /// What `afterword-sync status` says.
    ///
    /// # Errors
    /// When it says nothing that can be read.
    pub fn agent_status(&self) -> Result<Value> {
        let status = self.run("afterword-sync", &["status", "--json", "--state", "sync"])?;
        serde_json::from_str(&status.stdout).with_context(|| status.everything())
    }

    /// Compares both ends' databases; the kiosk must have ended.
    ///
    /// # Errors
    /// When the comparison cannot be run.
    pub fn prove(&self) -> Result<Output> {
        self.run("afterword-sim", &["prove", "--kiosk", "kiosk", "--collector", "collector"])
    }

    /// Paths of Unix sockets must be short; the desk's folder is.
    fn socket(&self) -> PathBuf {
        Path::new(&self.path("kiosk.sock")).to_owned()
    }
}
