//! The bundled fonts, laid out where Slint finds them.
//!
//! Slint looks for fonts through the system's fontconfig. A kiosk may have no font installed, or another one than ours,
//! and then Slint stops at start or Arabic vanishes without a trace. So the fonts travel inside the program, are laid
//! out in a directory of its own, and Slint is told to look there and nowhere else. Every machine draws the same.
//!
//! Failure: a directory that cannot be written is an error that names the file; nothing is pointed at until all files
//! are there. Files are replaced whole, so a second program sharing the directory never reads half a font.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

mod environment;

/// Calls from several threads at once, as in a program's tests, wait for each other.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

macro_rules! bundled {
    ($name:literal) => {
        ($name, include_bytes!(concat!("../fonts/", $name)))
    };
}

/// The fonts, the text face first: the order is the order of fallback.
const FONTS: [(&str, &[u8]); 7] = [
    bundled!("AtkinsonHyperlegibleNext_500Medium.ttf"),
    bundled!("AtkinsonHyperlegibleNext_400Regular.ttf"),
    bundled!("AtkinsonHyperlegibleNext_600SemiBold.ttf"),
    bundled!("AtkinsonHyperlegibleNext_700Bold.ttf"),
    bundled!("AtkinsonHyperlegibleNext_800ExtraBold.ttf"),
    bundled!("NotoSansArabic_500Medium.ttf"),
    bundled!("NotoSansArabic_700Bold.ttf"),
];

/// The licences travel with the fonts, as they ask.
const LICENCES: [(&str, &[u8]); 2] =
    [bundled!("OFL-AtkinsonHyperlegibleNext.txt"), bundled!("OFL-NotoSansArabic.txt")];

/// Lays the fonts out in `dir`, with a private fontconfig file, and points Slint at them.
///
/// `dir` is created if need be. Call this before anything of Slint starts and before the program starts a thread: it
/// sets environment variables of this process (`FONTCONFIG_FILE`, `SLINT_FONT_PATH`). Calling it again does no harm.
///
/// # Errors
/// If a file cannot be written; the message names it.
pub fn install(dir: &Path) -> io::Result<()> {
    // The lock guards no data that a panic could leave half-changed.
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    fs::create_dir_all(dir).map_err(|error| named(dir, &error))?;
    let dir = dir.canonicalize().map_err(|error| named(dir, &error))?;
    for (name, bytes) in FONTS.iter().chain(&LICENCES) {
        place(&dir.join(name), bytes)?;
    }
    let configuration = dir.join("fonts.conf");
    place(&configuration, fontconfig_file(&dir).as_bytes())?;

    let fonts: Vec<PathBuf> = FONTS.iter().map(|(name, _)| dir.join(name)).collect();
    // With libfontconfig on the machine the first one counts; the second one serves where there is none.
    environment::point_at(&configuration, &fonts);
    Ok(())
}

/// A configuration with our directory and no other, and a cache beside the fonts.
fn fontconfig_file(dir: &Path) -> String {
    let dir = escaped(&dir.to_string_lossy());
    format!(
        "<?xml version=\"1.0\"?>\n<!DOCTYPE fontconfig SYSTEM \"fonts.dtd\">\n<fontconfig>\n\
         <dir>{dir}</dir>\n<cachedir>{dir}/cache</cachedir>\n\
         <alias><family>sans-serif</family><prefer><family>Atkinson Hyperlegible Next</family>\
         <family>Noto Sans Arabic</family></prefer></alias>\n</fontconfig>\n"
    )
}

/// `text` as XML character data.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Writes a file unless it is there already with the same content.
fn place(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if fs::read(path).is_ok_and(|present| present == bytes) {
        return Ok(());
    }
    // The name carries our process id, so that two programs starting at once do not write the same file.
    let mut partial = path.as_os_str().to_owned();
    partial.push(format!(".{}.part", std::process::id()));
    let partial = PathBuf::from(partial);
    fs::write(&partial, bytes).map_err(|error| named(&partial, &error))?;
    fs::rename(&partial, path).map_err(|error| named(path, &error))
}

/// The same error with the file's name, and what to do about it.
fn named(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(
        error.kind(),
        format!(
            "cannot lay out the kiosk's fonts at {}: {error}; give it a directory it may write to",
            path.display()
        ),
    )
}

/// Where all of this crate's unit tests lay the fonts out. It stays: the variables that point at it are the whole
/// process's, and a test beside this one may be drawing from there.
#[cfg(test)]
pub(crate) fn test_directory() -> PathBuf {
    Path::new(env!("OUT_DIR")).join("fonts")
}

#[cfg(test)]
mod tests {
    use super::{FONTS, escaped, fontconfig_file, install, place};

    #[test]
    fn every_font_is_a_truetype_file() {
        for (name, bytes) in FONTS {
            assert_eq!(&bytes[..4], &[0, 1, 0, 0], "{name}");
        }
    }

    #[test]
    fn a_directory_with_an_ampersand_keeps_the_configuration_well_formed() {
        assert_eq!(escaped("Marks & <Co>"), "Marks &amp; &lt;Co&gt;");
        assert!(fontconfig_file("/tmp/a&b".as_ref()).contains("<dir>/tmp/a&amp;b</dir>"));
    }

    #[test]
    fn many_threads_may_lay_the_fonts_out_at_once() {
        let dir = super::test_directory();
        let threads: Vec<_> = (0..8)
            .map(|_| {
                std::thread::spawn({
                    let dir = dir.clone();
                    move || install(&dir)
                })
            })
            .collect();
        let outcomes: Vec<_> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
        assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
    }

    #[test]
    fn a_file_that_cannot_be_placed_is_named() {
        let error = place("/nonexistent/font.ttf".as_ref(), b"x").unwrap_err();
        assert!(error.to_string().contains("/nonexistent/font.ttf"), "{error}");
    }
}
