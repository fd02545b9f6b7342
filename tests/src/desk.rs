//! The three programs of a shop, each in its own process, in a folder of their own.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use afterword_model::record::Seq;
use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::program::{Output, Program, command, finish};
use crate::proxy::Proxy;
use crate::wait::until;

/// A desk; see the module.
pub struct Desk {
    folder: tempfile::TempDir,
    /// Ports of the collector's first start, so that it comes back where devices look for it.
    ports: Option<(SocketAddr, SocketAddr)>,
    /// Where devices are told to deliver, when it is not the collector's own port.
    advertised: Option<String>,
    /// The collector's database, when it is not the file in its folder.
    database: Option<String>,
    /// What the collector said when it was ready the last time.
    ready: Value,
    kiosk_starts: AtomicU32,
}

impl Desk {
    /// An empty desk.
    ///
    /// # Errors
    /// When no temporary folder can be made.
    pub fn new() -> Result<Self> {
        Self::in_folder(tempfile::tempdir()?)
    }

    /// An empty desk in memory, where the machine has such a folder: durable against the kill of a process, and fast
    /// where thousands of commits are only to be there.
    ///
    /// # Errors
    /// When no temporary folder can be made.
    pub fn in_memory() -> Result<Self> {
        Self::in_folder(folder_in_memory()?)
    }

    fn in_folder(folder: tempfile::TempDir) -> Result<Self> {
        Ok(Self {
            folder,
            ports: None,
            advertised: None,
            database: None,
            ready: Value::Null,
            kiosk_starts: AtomicU32::new(0),
        })
    }

    /// A path on the desk.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// From now on the collector and its commands use this database.
    pub fn keep_in(&mut self, url: &str) {
        self.database = Some(url.to_owned());
    }

    /// From its next start on, this desk's collector listens where the other one's did.
    ///
    /// # Errors
    /// Before that one's first start.
    pub fn answers_for(&mut self, other: &Self) -> Result<()> {
        self.ports = Some(other.ports.context("start that collector first")?);
        Ok(())
    }

    /// Devices that enrol from now on are told to deliver to this address. Counts from the collector's next start.
    pub fn advertise(&mut self, url: &str) {
        self.advertised = Some(url.to_owned());
    }

    /// Starts the collector with a line in front of it, through which devices deliver.
    ///
    /// # Errors
    /// When it does not get ready.
    pub fn collector_behind(&mut self, line: &Proxy) -> Result<Program> {
        self.advertise(&format!("https://localhost:{}", line.port()));
        let collector = self.collector()?;
        line.lead_to(self.device_address()?);
        Ok(collector)
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
        serve.args([
            "serve",
            "--json",
            "--listen",
            &devices,
            "--enrol-listen",
            &enrolment,
            "--web-listen",
            "127.0.0.1:0",
        ]);
        if let Some(url) = &self.advertised {
            serve.args(["--advertise", url]);
        }
        serve.arg("--data").arg(self.path("collector")).envs(self.database_variable());
        let collector = Program::start(serve)?;
        let ready: Value = collector.line(|line| serde_json::from_str(line).ok())?;
        let address =
            |name: &str| Ok::<SocketAddr, anyhow::Error>(ready[name].as_str().unwrap_or_default().parse()?);
        self.ports = Some((address("device_address")?, address("enrol_address")?));
        self.ready = ready;
        Ok(collector)
    }

    /// Where people come in.
    ///
    /// # Errors
    /// Before the collector's first start.
    pub fn web_url(&self) -> Result<&str> {
        self.ready["web_url"].as_str().context("start the collector first")
    }

    /// Where the first person of all makes their account.
    ///
    /// # Errors
    /// When there is somebody already, or before the collector's first start.
    pub fn first_link(&self) -> Result<&str> {
        self.ready["first_link"].as_str().context("the collector printed no link")
    }

    /// Where devices deliver, without a line in between.
    ///
    /// # Errors
    /// Before the collector's first start.
    pub fn device_address(&self) -> Result<SocketAddr> {
        Ok(self.ports.context("start the collector first")?.0)
    }

    /// Where new devices enrol.
    ///
    /// # Errors
    /// Before the collector's first start.
    pub fn enrolment_url(&self) -> Result<String> {
        Ok(format!("https://localhost:{}", self.ports.context("start the collector first")?.1.port()))
    }

    /// Makes a name known to the collector; gives its one-time code and the CA file to bring along.
    ///
    /// # Errors
    /// When the command fails.
    pub fn add_device(&self, name: &str) -> Result<(String, PathBuf)> {
        let added =
            self.run("afterword-collector", &["device", "add", name, "--json", "--data", "collector"])?;
        ensure!(added.code == Some(0), "{}", added.everything());
        let added: Value = serde_json::from_str(&added.stdout)?;
        let says = |name: &str| added[name].as_str().with_context(|| format!("device add prints no {name}"));
        Ok((says("code")?.to_owned(), says("ca_file")?.into()))
    }

    /// Makes the device known to the collector, with the commands a technician types.
    ///
    /// # Errors
    /// When one of them fails.
    pub fn enrol(&self) -> Result<()> {
        let (code, ca_file) = self.add_device("Exit")?;
        self.enrol_with(&code, &ca_file)
    }

    /// Enrols the device with this code, as its technician does.
    ///
    /// # Errors
    /// When it is refused.
    pub fn enrol_with(&self, code: &str, ca_file: &Path) -> Result<()> {
        let url = self.enrolment_url()?;
        let ca_file = ca_file.to_str().context("a path of letters")?;
        let enrol = ["enrol", "--collector", &url, "--code", code, "--ca", ca_file, "--state", "sync"];
        let enrolled = self.run("afterword-sync", &enrol)?;
        ensure!(enrolled.code == Some(0), "{}", enrolled.everything());
        Ok(())
    }

    /// Starts a kiosk on the simulated panel with so many shoppers, other ones at each start.
    ///
    /// # Errors
    /// When it does not get ready.
    pub fn kiosk(&self, shoppers: u32) -> Result<Program> {
        let kiosk = Program::start(self.kiosk_command(shoppers))?;
        kiosk.line(|line| (line == "ready").then_some(()))?;
        Ok(kiosk)
    }

    /// The command of [`Self::kiosk`], for a start with more arguments, or for one that fails.
    #[must_use]
    pub fn kiosk_command(&self, shoppers: u32) -> Command {
        self.kiosk_command_at(&self.path("kiosk"), &self.socket(), shoppers)
    }

    /// The same for a kiosk in another place.
    #[must_use]
    pub fn kiosk_command_at(&self, data: &Path, socket: &Path, shoppers: u32) -> Command {
        let seed = self.kiosk_starts.fetch_add(1, Ordering::SeqCst);
        let mut kiosk = command("afterword-sim");
        kiosk.args(["kiosk", "--stay", "--shoppers", &shoppers.to_string(), "--seed", &seed.to_string()]);
        kiosk.arg("--data").arg(data).arg("--socket").arg(socket).current_dir(self.folder.path());
        kiosk
    }

    /// Starts the agent between the two, with short waits.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn agent(&self) -> Result<Program> {
        let mut agent = self.agent_command();
        agent.arg("--brisk");
        Program::start(agent)
    }

    /// The command of an agent with the waits of a real device.
    #[must_use]
    pub fn agent_command(&self) -> Command {
        self.agent_command_at(&self.path("sync"), &self.socket())
    }

    /// The same for an agent in another place.
    #[must_use]
    pub fn agent_command_at(&self, state: &Path, socket: &Path) -> Command {
        let mut agent = command("afterword-sync");
        agent.arg("run").arg("--state").arg(state).arg("--socket").arg(socket);
        agent
    }

    /// Runs a program to its end in the desk's folder.
    ///
    /// # Errors
    /// When it cannot be started; an exit code is no error here.
    pub fn run(&self, name: &str, arguments: &[&str]) -> Result<Output> {
        let mut command = command(name);
        command.args(arguments).current_dir(self.folder.path()).envs(self.database_variable());
        finish(command)
    }

    /// What a command that has to succeed prints as JSON.
    ///
    /// # Errors
    /// When it does not; says everything that it printed.
    pub fn told(&self, name: &str, arguments: &[&str]) -> Result<Value> {
        let output = self.run(name, arguments)?;
        ensure!(output.code == Some(0), "{}", output.everything());
        serde_json::from_str(&output.stdout).with_context(|| output.everything())
    }

    fn database_variable(&self) -> Option<(&str, &str)> {
        self.database.as_deref().map(|url| ("AFTERWORD_DATABASE_URL", url))
    }

    /// What `afterword-sync status` says.
    ///
    /// # Errors
    /// When it says nothing that can be read.
    pub fn agent_status(&self) -> Result<Value> {
        let status = self.run("afterword-sync", &["status", "--json", "--state", "sync"])?;
        serde_json::from_str(&status.stdout).with_context(|| status.everything())
    }

    /// Waits until the agent says something that `wanted` takes something from.
    ///
    /// # Errors
    /// When it does not in time; says what it said last.
    pub async fn agent_says<T>(&self, what: &str, mut wanted: impl FnMut(&Value) -> Option<T>) -> Result<T> {
        let look = || {
            let status = self.agent_status()?;
            wanted(&status).with_context(|| status.to_string()).map(Some)
        };
        until(what, look).await
    }

    /// Waits until the agent reports that nothing is left to send, at `last_seq` or beyond.
    ///
    /// # Errors
    /// When it does not in time; says what it said last.
    pub async fn everything_received(&self, last_seq: Seq) -> Result<()> {
        let received = |status: &Value| {
            let acknowledged = status["acknowledged_seq"].as_u64().unwrap_or(0);
            (status["unsent"] == 0 && acknowledged >= last_seq).then_some(())
        };
        self.agent_says("everything is received", received).await
    }

    /// Waits until the agent names a problem with these words in it, and gives the status.
    ///
    /// # Errors
    /// When it does not in time; says what it said last.
    pub async fn agent_complains(&self, words: &str) -> Result<Value> {
        let complains = |status: &Value| {
            status["problem"].as_str().is_some_and(|problem| problem.contains(words)).then(|| status.clone())
        };
        self.agent_says(&format!("a problem with `{words}`"), complains).await
    }

    /// Compares both ends' databases; the kiosk must have ended.
    ///
    /// # Errors
    /// When the comparison cannot be run.
    pub fn prove(&self) -> Result<Output> {
        self.run("afterword-sim", &["prove", "--kiosk", "kiosk", "--collector", "collector"])
    }

    /// Compares both ends' databases, and gives the number of records that both hold.
    ///
    /// # Errors
    /// When they are not the same on both ends.
    pub fn proven(&self) -> Result<u64> {
        let proof = self.prove()?;
        ensure!(proof.code == Some(0), "{}", proof.everything());
        ensure!(proof.last_line().ends_with("received, chain verified"), "{}", proof.everything());
        Ok(proof.last_line().split(' ').next().unwrap_or_default().parse()?)
    }

    /// Ends a shop in order, once all is received, and proves that both ends hold the same, up to `last_seq`.
    ///
    /// # Errors
    /// When something is missing or does not end.
    pub async fn close(
        &self,
        kiosk: Program,
        agent: Program,
        collector: Program,
        last_seq: Seq,
    ) -> Result<()> {
        self.everything_received(last_seq).await?;
        kiosk.end_of_input()?;
        agent.terminate()?;
        collector.terminate()?;
        let proven = self.proven()?;
        ensure!(proven == last_seq, "{proven} records instead of {last_seq}");
        Ok(())
    }

    /// Paths of Unix sockets must be short; the desk's folder is.
    #[must_use]
    pub fn socket(&self) -> PathBuf {
        self.path("kiosk.sock")
    }
}

/// A folder in memory, where the machine has such; else on its disk.
///
/// # Errors
/// When it cannot be made.
pub fn folder_in_memory() -> Result<tempfile::TempDir> {
    let memory = Path::new("/dev/shm");
    Ok(tempfile::tempdir_in(memory).or_else(|_| tempfile::tempdir())?)
}
