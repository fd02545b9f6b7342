//! A PostgreSQL server of the tests' own: made in a folder that goes with it, reached over a socket in that folder, and ended when the
//! test's process ends, however that happens.
//!
//! A small program of the shell looks after it. It reads from the test's process, and hears there that the process has ended.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use anyhow::{Context, Result, bail, ensure};

/// `$1` is the folder, `$2` the settings, `$3` the folder of the server that it is a copy of, the rest are words before each of the server's programs. Says `ready` when the server takes
/// connections. Then a line tells it what to do: `kill` ends the server as a crash would, `slay` without any signal that it could hear,
/// `start` starts it again, `promote` makes a copy the one that is written to.
const KEEPER: &str = r#"
folder=$1 settings=$2 of=$3; shift 3
if [ -z "$of" ]; then
    "$@" initdb -D "$folder/data" -A trust -U afterword -E UTF8 --locale=C --no-sync >"$folder/initdb.log" 2>&1 || exit 1
else
    "$@" pg_basebackup -D "$folder/data" -h "$of" -U afterword -R -c fast --no-sync >"$folder/initdb.log" 2>&1 || exit 1
fi
start() {
    "$@" postgres -D "$folder/data" -k "$folder" -c listen_addresses= $settings >>"$folder/server.log" 2>&1 &
    server=$!
    until pg_isready -q -h "$folder" -U afterword -d postgres; do
        kill -0 "$server" 2>/dev/null || exit 1
        sleep 0.05
    done
    echo ready
}
start "$@"
while read -r word; do
    case $word in
        kill) kill -QUIT "$server"; wait "$server"; server=; echo killed ;;
        start) start "$@" ;;
        slay) kill -KILL "$server"; wait "$server"; server=; echo slain ;;
        promote) "$@" pg_ctl promote -w -D "$folder/data" >>"$folder/server.log" 2>&1 && echo promoted || echo failed ;;
    esac
done
[ -z "$server" ] || { kill -QUIT "$server"; wait "$server"; }
rm -rf "$folder"
"#;

/// A server of its own.
pub struct Cluster {
    folder: PathBuf,
    keeper: Mutex<Keeper>,
    databases: AtomicU32,
}

struct Keeper {
    /// Its end is the server's end.
    words: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    shell: Child,
}

impl Cluster {
    /// The one that all tests of this process share. It makes nothing durable: what is killed here is never the machine.
    ///
    /// # Errors
    /// When there is none.
    pub fn shared() -> Result<&'static Self> {
        static SHARED: OnceLock<Result<Cluster>> = OnceLock::new();
        match SHARED.get_or_init(|| Self::start("-c fsync=off -c synchronous_commit=off")) {
            Ok(cluster) => Ok(cluster),
            Err(error) => bail!("no PostgreSQL server of the tests' own: {error:#}"),
        }
    }

    /// One for a single test, which wants to kill it. Dropping it ends it.
    ///
    /// # Errors
    /// When it does not start.
    pub fn alone() -> Result<Self> {
        // As a server may be set whose owner had other things in mind: a collector makes its own commits durable.
        Self::start("-c fsync=on -c synchronous_commit=off")
    }

    /// A copy of this server that follows it; from now on a commit here is not done before the copy has it.
    ///
    /// # Errors
    /// When it does not start, or does not follow.
    pub fn replica(&self) -> Result<Self> {
        let copy = Self::start_as("-c fsync=on", Some(&self.folder))?;
        let url = format!("postgres:///postgres?host={}&user=afterword", self.folder.display());
        psql(&url, "alter system set synchronous_standby_names = '*'")?;
        psql(&url, "select pg_reload_conf()")?;
        // Waits for the copy, as every commit does from now on.
        psql(&url, "create table followed ()")?;
        Ok(copy)
    }

    /// Ends the server with a signal that it cannot hear, and leaves everything as it is.
    ///
    /// # Errors
    /// When nobody looks after it any more.
    pub fn slay(&self) -> Result<()> {
        self.tell("slay", "slain")
    }

    /// Makes a copy the server that is written to.
    ///
    /// # Errors
    /// When it does not become that.
    pub fn promote(&self) -> Result<()> {
        self.tell("promote", "promoted")
    }

    /// The folder of its socket.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The number of the server's process, the parent of all of its others.
    ///
    /// # Errors
    /// When it does not run.
    pub fn server(&self) -> Result<u32> {
        let written = std::fs::read_to_string(self.folder.join("data/postmaster.pid"))?;
        Ok(written.lines().next().context("the server wrote no number")?.trim().parse()?)
    }

    fn start(settings: &str) -> Result<Self> {
        Self::start_as(settings, None)
    }

    fn start_as(settings: &str, of: Option<&Path>) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("afterword-pg").tempdir()?.keep();
        let as_server = words_before(&folder)?;
        let mut shell = Command::new("sh")
            .args(["-c", KEEPER, "sh"])
            .arg(&folder)
            .arg(settings)
            .arg(of.unwrap_or(Path::new("")))
            .args(as_server)
            .env("PATH", path())
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // It ends after the test's process, whose own it would keep open.
            .stderr(Stdio::null())
            .spawn()?;
        let words = shell.stdin.take();
        let answers = BufReader::new(shell.stdout.take().context("standard output was piped")?);
        let mut keeper = Keeper { words, answers, shell };
        if let Err(error) = keeper.hear("ready") {
            let said = ["initdb.log", "server.log"].map(|log| std::fs::read_to_string(folder.join(log)));
            bail!("{error}: {}", said.map(Result::unwrap_or_default).concat());
        }
        Ok(Self { folder, keeper: Mutex::new(keeper), databases: AtomicU32::new(0) })
    }

    /// A new database, as a URL.
    ///
    /// # Errors
    /// When the server refuses.
    pub fn database(&self) -> Result<String> {
        let name = format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        let url = |name: &str| format!("postgres:///{name}?host={}&user=afterword", self.folder.display());
        psql(&url("postgres"), &format!("create database {name}"))?;
        Ok(url(&name))
    }

    /// Ends the server as a crash would: its processes end at once, and what was not committed is gone.
    ///
    /// # Errors
    /// When nobody looks after it any more.
    pub fn kill(&self) -> Result<()> {
        self.tell("kill", "killed")
    }

    /// Starts it again after that.
    ///
    /// # Errors
    /// When it does not start.
    pub fn begin(&self) -> Result<()> {
        self.tell("start", "ready")
    }

    fn tell(&self, word: &str, answer: &str) -> Result<()> {
        let mut keeper = self.keeper.lock().unwrap_or_else(PoisonError::into_inner);
        let words = keeper.words.as_mut().context("nobody looks after the server")?;
        words.write_all(format!("{word}\n").as_bytes())?;
        words.flush()?;
        keeper.hear(answer)
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let keeper = self.keeper.get_mut().unwrap_or_else(PoisonError::into_inner);
        keeper.words = None;
        // The folder goes before it ends.
        let _ = keeper.shell.wait();
    }
}

impl Keeper {
    fn hear(&mut self, wanted: &str) -> Result<()> {
        let mut line = String::new();
        self.answers.read_line(&mut line)?;
        ensure!(line.trim() == wanted, "the server did not become `{wanted}`");
        Ok(())
    }
}

/// What a database answers to a statement: a line for each row, with `|` between columns.
///
/// # Errors
/// When it refuses.
pub fn psql(url: &str, statement: &str) -> Result<String> {
    let output = Command::new("psql")
        .args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", url, "-c", statement])
        .env("PATH", path())
        .output()
        .context("psql")?;
    ensure!(output.status.success(), "{statement}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?)
}

/// A connection of somebody else, as of a program that makes a copy.
pub struct Session {
    psql: Child,
    words: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Session {
    /// Opens one.
    ///
    /// # Errors
    /// When `psql` does not start.
    pub fn open(url: &str) -> Result<Self> {
        let mut psql = Command::new("psql")
            .args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", url])
            .env("PATH", path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let answers = BufReader::new(psql.stdout.take().context("standard output was piped")?);
        Ok(Self { words: psql.stdin.take(), answers, psql })
    }

    /// Runs a statement that gives no rows.
    ///
    /// # Errors
    /// When the server refuses.
    pub fn say(&mut self, statement: &str) -> Result<()> {
        let words = self.words.as_mut().context("it is open")?;
        words.write_all(format!("{statement};\n\\echo done\n").as_bytes())?;
        words.flush()?;
        let mut line = String::new();
        self.answers.read_line(&mut line)?;
        ensure!(line.trim() == "done", "{statement}: `{line}`");
        Ok(())
    }
}

impl Drop for Session {
    /// Ends it, and what it held, before anything else is done.
    fn drop(&mut self) {
        self.words = None;
        let _ = self.psql.wait();
    }
}

/// Where programs are found: Debian keeps the server's out of the way.
fn path() -> String {
    let mut folders: Vec<String> = std::env::var("PATH").into_iter().collect();
    for version in std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten() {
        folders.push(version.path().join("bin").display().to_string());
    }
    folders.join(":")
}

/// The server refuses to run as root; then the folder is given to its own user, and it runs as that one.
fn words_before(folder: &Path) -> Result<Vec<String>> {
    let number = |option: &str, user: Option<&str>| -> Result<u32> {
        let output = Command::new("id").arg(option).args(user).output()?;
        Ok(String::from_utf8(output.stdout)?.trim().parse()?)
    };
    if number("-u", None)? != 0 {
        return Ok(Vec::new());
    }
    let mut users = ["postgres", "nobody"].into_iter();
    let found = users.find_map(|user| Some((number("-u", Some(user)).ok()?, number("-g", Some(user)).ok()?)));
    let (user, group) = found.context("root, and there is no user to run a server as")?;
    std::os::unix::fs::chown(folder, Some(user), Some(group))?;
    let words = [
        "setpriv".to_owned(),
        format!("--reuid={user}"),
        format!("--regid={group}"),
        "--clear-groups".to_owned(),
    ];
    Ok(words.to_vec())
}
