//! What speech-dispatcher and its clients say to each other: the Speech Synthesis Interface Protocol, over a Unix socket.
//!
//! A command is a line; its answer is lines that begin with three figures, the last of them with a space behind those. A text
//! follows its command as lines of its own and ends with a dot alone.
//!
//! Failure: nothing here waits for longer than it was told to. Whoever gets an error of the line drops the connection.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

/// The service's own clients call themselves `user:program:part`.
const CLIENT_NAME: &str = "afterword:afterword-kiosk:prompts";

/// The longest line of an answer. It names a module or a voice.
const LINE_BYTES_MAX: u64 = 4 * 1024;

/// The most lines of an answer. A list of modules has a dozen.
const ANSWER_LINES_MAX: usize = 256;

/// Something to be said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prompt {
    /// The words.
    pub words: String,
    /// Their language, by its BCP 47 tag.
    pub language: String,
    /// Whether it must be heard even if another program speaks just now.
    pub is_important: bool,
}

/// Why something was not said.
#[derive(Debug, thiserror::Error)]
pub enum SsipError {
    /// The line is broken, or nothing comes.
    #[error(transparent)]
    Line(#[from] io::Error),
    /// The service says no.
    #[error("it answers {0}")]
    Refused(u16),
}

/// A connection to the service.
pub struct Ssip(BufReader<UnixStream>);

impl Ssip {
    /// Connects, and says who is there. Each answer may take as long as `patience`.
    ///
    /// # Errors
    /// [`SsipError`] when nobody is there, or it is not the service.
    pub fn connect(path: &Path, patience: Duration) -> Result<Self, SsipError> {
        let stream = UnixStream::connect(path)?;
        stream.set_read_timeout(Some(patience))?;
        stream.set_write_timeout(Some(patience))?;
        let mut ssip = Self(BufReader::new(stream));
        ssip.ask(&format!("SET self CLIENT_NAME {CLIENT_NAME}"))?;
        Ok(ssip)
    }

    /// Says this, in place of whatever of ours is being said.
    ///
    /// # Errors
    /// [`SsipError`].
    pub fn say(&mut self, prompt: &Prompt) -> Result<(), SsipError> {
        self.hush()?;
        let priority = if prompt.is_important { "important" } else { "message" };
        self.ask(&format!("SET self PRIORITY {priority}"))?;
        self.ask(&format!("SET self LANGUAGE {}", language(&prompt.language)))?;
        let mut letters = prompt.words.chars();
        match (letters.next(), letters.next()) {
            // As a text of its own a voice would pass over a comma.
            (Some(letter), None) if !letter.is_whitespace() && !letter.is_control() => {
                self.ask(&format!("CHAR {letter}"))?;
            }
            _ => {
                self.ask("SPEAK")?;
                self.ask(&text(&prompt.words))?;
            }
        }
        Ok(())
    }

    /// Says nothing more of ours.
    ///
    /// # Errors
    /// [`SsipError`].
    pub fn hush(&mut self) -> Result<(), SsipError> {
        self.ask("CANCEL self").map(|_| ())
    }

    /// Which voices' programs the service has.
    ///
    /// # Errors
    /// [`SsipError`].
    pub fn output_modules(&mut self) -> Result<Vec<String>, SsipError> {
        self.ask("LIST OUTPUT_MODULES")
    }

    /// Sends a line, and gives what the lines of the answer say, the last one apart.
    fn ask(&mut self, line: &str) -> Result<Vec<String>, SsipError> {
        let stream = self.0.get_mut();
        stream.write_all(line.as_bytes())?;
        stream.write_all(b"\r\n")?;
        let mut said = Vec::new();
        for _ in 0..ANSWER_LINES_MAX {
            let line = self.line()?;
            let (code, rest) = line.split_at_checked(3).ok_or_else(nonsense)?;
            let code: u16 = code.parse().map_err(|_| nonsense())?;
            let is_event = (700..800).contains(&code);
            match rest.as_bytes().first() {
                Some(b' ') if is_event => {}
                Some(b' ') if (200..300).contains(&code) => return Ok(said),
                Some(b' ') => return Err(SsipError::Refused(code)),
                Some(b'-') if is_event => {}
                Some(b'-') => said.push(rest[1..].to_owned()),
                _ => return Err(nonsense().into()),
            }
        }
        Err(nonsense().into())
    }

    fn line(&mut self) -> io::Result<String> {
        let mut line = Vec::new();
        (&mut self.0).take(LINE_BYTES_MAX).read_until(b'\n', &mut line)?;
        if line.is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if line.pop() != Some(b'\n') {
            return Err(nonsense());
        }
        String::from_utf8(line).map(|line| line.trim_end().to_owned()).map_err(|_| nonsense())
    }
}

fn nonsense() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "what answers is not speech-dispatcher")
}

/// A tag, and nothing that would be a command of its own.
fn language(tag: &str) -> String {
    tag.chars().filter(|letter| letter.is_ascii_alphanumeric() || *letter == '-').collect()
}

/// The lines of a text and the dot that ends it. A dot at the beginning of a line is doubled.
fn text(words: &str) -> String {
    let mut text = String::new();
    for line in words.lines() {
        if line.starts_with('.') {
            text.push('.');
        }
        text.extend(line.chars().map(|letter| if letter.is_control() { ' ' } else { letter }));
        text.push_str("\r\n");
    }
    text.push('.');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_ends_where_it_ends_whatever_is_in_it() {
        assert_eq!(text("One.\nTwo"), "One.\r\nTwo\r\n.");
        assert_eq!(text(".\n..a\n\nQUIT"), "..\r\n...a\r\n\r\nQUIT\r\n.");
        assert_eq!(text("a\rSTOP all\u{0}"), "a STOP all \r\n.");
        assert_eq!(text(""), ".");
    }

    #[test]
    fn a_tag_cannot_be_a_command() {
        assert_eq!(language("de-AT"), "de-AT");
        assert_eq!(language("ar\r\nSTOP all"), "arSTOPall");
    }
}
