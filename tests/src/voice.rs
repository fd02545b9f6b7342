//! A speech service: one that a test plays itself on a Unix socket, and the real speech-dispatcher with a voice that writes down
//! what it is to say.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result, bail, ensure};

use crate::program::Program;
use crate::wait::{PATIENCE, until};

/// What a service is told to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// The words.
    pub words: String,
    /// Their language.
    pub language: String,
    /// `message` or `important`.
    pub priority: String,
}

/// What a client does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// It came, and gave this name.
    Came(String),
    /// It wants this said.
    Said(Said),
    /// It wants nothing more said of what it wanted said before.
    Hushed,
    /// It went.
    Went,
}

/// A service that a test plays. Dropping it ends it as a kill would: the socket's file stays, and nobody listens at it.
pub struct Voice {
    heard: Receiver<Heard>,
    wire: Arc<Mutex<Vec<u8>>>,
    connections: Arc<Mutex<Vec<UnixStream>>>,
    is_over: Arc<AtomicBool>,
    path: PathBuf,
}

impl Voice {
    /// A service at this socket that does what it is told to.
    ///
    /// # Errors
    /// When the socket cannot be made.
    pub fn at(path: &Path) -> Result<Self> {
        Self::start(path, true)
    }

    /// A service that takes connections and never says a word.
    ///
    /// # Errors
    /// When the socket cannot be made.
    pub fn that_hangs(path: &Path) -> Result<Self> {
        Self::start(path, false)
    }

    fn start(path: &Path, answers: bool) -> Result<Self> {
        // What one before has left.
        let _ = std::fs::remove_file(path);
        let listener = UnixListener::bind(path).with_context(|| path.display().to_string())?;
        let (sender, heard) = channel();
        let voice = Self {
            heard,
            wire: Arc::default(),
            connections: Arc::default(),
            is_over: Arc::default(),
            path: path.to_owned(),
        };
        let (wire, connections) = (Arc::clone(&voice.wire), Arc::clone(&voice.connections));
        let is_over = Arc::clone(&voice.is_over);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if is_over.load(Ordering::SeqCst) {
                    return;
                }
                let (sender, wire) = (sender.clone(), Arc::clone(&wire));
                connections.lock().unwrap_or_else(PoisonError::into_inner).extend(stream.try_clone().ok());
                std::thread::spawn(move || {
                    let _broken =
                        if answers { serve(stream, &sender, &wire) } else { swallow(stream, &wire) };
                    // Nobody listens any more when the test is over.
                    let _ = sender.send(Heard::Went);
                });
            }
        });
        Ok(voice)
    }

    /// The next thing a client does.
    ///
    /// # Errors
    /// When it does nothing.
    pub fn next(&self) -> Result<Heard> {
        self.heard.recv_timeout(PATIENCE).context("waited in vain for a prompt")
    }

    /// What it wants said next.
    ///
    /// # Errors
    /// When it goes, or does nothing.
    pub fn said(&self) -> Result<Said> {
        loop {
            match self.next()? {
                Heard::Said(said) => return Ok(said),
                Heard::Came(_) | Heard::Hushed => {}
                Heard::Went => bail!("it went instead of saying something"),
            }
        }
    }

    /// What has come by now, if anything.
    #[must_use]
    pub fn so_far(&self) -> Option<Heard> {
        self.heard.try_recv().ok()
    }

    /// Every byte that clients have sent.
    #[must_use]
    pub fn wire(&self) -> String {
        String::from_utf8_lossy(&self.wire.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }
}

impl Drop for Voice {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::SeqCst);
        for connection in self.connections.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            // Gone already is as good.
            let _ = connection.shutdown(std::net::Shutdown::Both);
        }
        // The thread sits in `accept`; one last connection lets it see that it is over.
        drop(UnixStream::connect(&self.path));
    }
}

/// Speaks the protocol with one client, as its manual has it.
fn serve(stream: UnixStream, heard: &Sender<Heard>, wire: &Mutex<Vec<u8>>) -> Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?);
    let mut next = || -> Result<String> {
        let mut line = Vec::new();
        lines.read_until(b'\n', &mut line)?;
        wire.lock().unwrap_or_else(PoisonError::into_inner).extend(&line);
        let line = String::from_utf8(line)?;
        Ok(line.strip_suffix("\r\n").context("a line ends with CRLF")?.to_owned())
    };
    let mut answer = stream;
    let (mut language, mut priority) = (String::new(), String::new());
    let mut cancelled = false;
    loop {
        let line = next()?;
        let (command, rest) = line.split_once(' ').unwrap_or((&line, ""));
        let words = match (command, rest.split_once(' ')) {
            ("CANCEL", _) => {
                ensure!(rest == "self", "{line}");
                write!(answer, "213 OK CANCELED\r\n")?;
                cancelled = true;
                heard.send(Heard::Hushed)?;
                continue;
            }
            ("SPEAK", _) => {
                write!(answer, "230 OK RECEIVING DATA\r\n")?;
                let mut text = Vec::new();
                loop {
                    match next()? {
                        line if line == "." => break,
                        line => text.push(line.strip_prefix('.').unwrap_or(&line).to_owned()),
                    }
                }
                text.join("\n")
            }
            ("CHAR", _) => rest.to_owned(),
            ("SET", Some(("self", setting))) => {
                let (name, value) = setting.split_once(' ').context("a setting has a value")?;
                match name {
                    "CLIENT_NAME" => heard.send(Heard::Came(value.to_owned()))?,
                    "LANGUAGE" => value.clone_into(&mut language),
                    "PRIORITY" => value.clone_into(&mut priority),
                    _ => bail!("{line}"),
                }
                write!(answer, "200 OK {name} SET\r\n")?;
                continue;
            }
            ("LIST", _) => {
                write!(answer, "250-paper\r\n250 OK MODULE LIST SENT\r\n")?;
                continue;
            }
            _ => {
                write!(answer, "500 ERR INVALID COMMAND\r\n")?;
                continue;
            }
        };
        ensure!(std::mem::take(&mut cancelled), "a prompt takes the place of the one before");
        // First the answer, so that whoever hears of it may kill the service.
        write!(answer, "225-1\r\n225 OK MESSAGE QUEUED\r\n")?;
        heard.send(Heard::Said(Said { words, language: language.clone(), priority: priority.clone() }))?;
    }
}

/// Reads and never answers.
fn swallow(mut stream: UnixStream, wire: &Mutex<Vec<u8>>) -> Result<()> {
    let mut bytes = [0; 1024];
    loop {
        let count = stream.read(&mut bytes)?;
        if count == 0 {
            return Ok(());
        }
        wire.lock().unwrap_or_else(PoisonError::into_inner).extend(&bytes[..count]);
    }
}

/// The real service in a folder of its own, with a voice that writes what it is to say into a file.
pub struct SpeechDispatcher {
    service: Option<Program>,
    folder: PathBuf,
}

impl SpeechDispatcher {
    /// Starts it in this folder.
    ///
    /// # Errors
    /// When it is not installed, or does not get ready.
    pub async fn start(folder: &Path) -> Result<Self> {
        let modules = folder.join("conf/modules");
        std::fs::create_dir_all(&modules)?;
        std::fs::write(
            folder.join("conf/speechd.conf"),
            "LogLevel 0\nAudioOutputMethod \"alsa\"\nAudioALSADevice \"null\"\n\
             AddModule \"paper\" \"sd_generic\" \"paper.conf\"\nDefaultModule paper\nDefaultLanguage en\n",
        )?;
        let voices: String = ["en", "de", "ar"]
            .map(|tag| {
                format!(
                    "GenericLanguage \"{tag}\" \"{tag}\" \"utf-8\"\nAddVoice \"{tag}\" \"MALE1\" \"{tag}\"\n"
                )
            })
            .concat();
        let paper = format!(
            "GenericExecuteSynth \"printf '\\\\036%s %s' '$LANGUAGE' '$DATA' >> {}\"\n{voices}",
            folder.join("heard").display()
        );
        std::fs::write(modules.join("paper.conf"), paper)?;
        std::fs::write(folder.join("heard"), "")?;
        let mut dispatcher = Self { service: None, folder: folder.to_owned() };
        dispatcher.begin().await?;
        Ok(dispatcher)
    }

    /// Where it listens.
    #[must_use]
    pub fn socket(&self) -> PathBuf {
        self.folder.join("speechd.sock")
    }

    /// Starts it, where it does not run.
    ///
    /// # Errors
    /// When it does not get ready.
    pub async fn begin(&mut self) -> Result<()> {
        let mut command = Command::new("speech-dispatcher");
        command.args(["--run-single", "--timeout", "0", "--communication-method", "unix_socket"]);
        command.arg("--config-dir").arg(self.folder.join("conf"));
        command.arg("--socket-path").arg(self.socket()).arg("--pid-file").arg(self.folder.join("pid"));
        command.arg("--log-dir").arg(&self.folder);
        // What a kill has left.
        let _ = std::fs::remove_file(self.socket());
        let service = Program::start(command)?;
        until("speech-dispatcher listens", || {
            UnixStream::connect(self.socket()).with_context(|| service.errors()).map(Some)
        })
        .await?;
        self.service = Some(service);
        Ok(())
    }

    /// Ends it as a power cut would.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn kill(&mut self) -> Result<()> {
        self.service.take().context("it does not run")?.kill()
    }

    /// What the voice has been given to say in this language so far, without the spaces: it takes a text apart.
    fn heard(&self, language: &str) -> Result<String> {
        let heard = std::fs::read_to_string(self.folder.join("heard"))?;
        let in_language = heard.split('\x1e').filter_map(|said| said.strip_prefix(language));
        Ok(without_spaces(&in_language.collect::<String>()))
    }

    /// Waits until the voice has said this in this language.
    ///
    /// # Errors
    /// When it does not; with what it said.
    pub async fn says(&self, said: &Said) -> Result<()> {
        let words = without_spaces(&said.words);
        let look = || {
            let heard = self.heard(&said.language)?;
            ensure!(heard.contains(&words), "{heard}");
            Ok(Some(()))
        };
        until(&said.words, look).await
    }

    /// Everything the voice has been given to say.
    ///
    /// # Errors
    /// When the file is gone.
    pub fn everything(&self) -> Result<String> {
        Ok(std::fs::read_to_string(self.folder.join("heard"))?)
    }
}

fn without_spaces(text: &str) -> String {
    text.split_whitespace().collect()
}
