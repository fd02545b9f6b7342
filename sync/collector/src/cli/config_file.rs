//! Settings from a file: TOML with the names of `serve`'s options.
//!
//! The file says what the command line and the environment leave open: what it holds is put behind the command line as if it had been
//! typed, so that one reader judges both. On failure nothing is started, and the sentence names the line.

use std::ffi::OsString;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::exit;

use clap::builder::Resettable;
use clap::error::{ContextKind, ContextValue};
use clap::parser::ValueSource;
use clap::{ArgAction, ArgMatches, CommandFactory as _, FromArgMatches as _};
use toml::de::{DeTable, DeValue};

use super::{Command, CommandLine};

/// A hundred times what anybody writes, and no memory bomb.
const FILE_BYTES_MAX: u64 = 256 * 1_024;

/// Options that name a file or a folder: in the file they are meant from its own folder on.
const PATHS: [&str; 6] =
    ["data", "database-url-file", "web-certificate", "web-key", "kiosk-program", "oidc-client-secret-file"];

/// What a file says to every command: where the data is.
const FOR_ALL: [&str; 3] = ["data", "database-url", "database-url-file"];

/// Options that are nobody's setting.
const NOT_IN_THE_FILE: [&str; 2] = ["config", "help"];

/// How near a name has to be to be taken for what was meant.
const SIMILAR: f64 = 0.7;

/// A file of settings that cannot be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum ConfigError {
    #[error(
        "cannot read the configuration {path}: {reason}; write one (`afterword-collector config example` prints one) or name it with --config",
        path = .path.display()
    )]
    Read { path: PathBuf, reason: std::io::Error },
    #[error("{path}:{line}: {message}; correct the line and start again", path = .path.display())]
    Mistake { path: PathBuf, line: usize, message: String },
}

/// One setting of a file.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Setting {
    /// The option of that name.
    pub(super) name: String,
    pub(super) line: usize,
    /// One for each time that the option would be given; none where it is switched off.
    pub(super) values: Vec<String>,
}

/// Reads the command line with all that stands behind it. Ends the program where that cannot be used.
pub(super) fn command_line() -> CommandLine {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let matches = CommandLine::command().get_matches_from(&arguments);
    let told = leaf(&matches);
    // Not every command has it.
    let file =
        told.try_get_one::<PathBuf>("config").ok().flatten().filter(|path| !path.as_os_str().is_empty());
    let read = match file {
        None => CommandLine::from_arg_matches(&matches).map_err(Mishap::Usage),
        Some(path) => with_file(CommandLine::command(), &arguments, &matches, path),
    };
    read.unwrap_or_else(|mishap| match mishap {
        Mishap::Usage(error) => error.exit(),
        Mishap::File(error) => {
            eprintln!("afterword-collector: {error}");
            exit(1)
        }
    })
}

/// What a server would make of this file alone, with nothing from the environment.
pub(super) fn of_file(path: &Path) -> Result<(usize, super::serve::Serve), ConfigError> {
    let command = CommandLine::command().mut_subcommand("serve", |serve| {
        serve.mut_args(|option| option.env(Resettable::<clap::builder::OsStr>::Reset))
    });
    let arguments = ["afterword-collector", "serve"].map(OsString::from);
    let whole = |message: String| ConfigError::Mistake { path: path.to_owned(), line: 1, message };
    let matches =
        command.clone().try_get_matches_from(&arguments).map_err(|error| whole(error.to_string()))?;
    let count = settings(path)?.len();
    match with_file(command, &arguments, &matches, path) {
        Ok(CommandLine { command: Command::Serve(serve) }) => Ok((count, *serve)),
        Ok(_) => Err(whole("it is not read as a server's".to_owned())),
        Err(Mishap::File(error)) => Err(error),
        Err(Mishap::Usage(error)) => Err(whole(error.to_string())),
    }
}

enum Mishap {
    Usage(clap::Error),
    File(ConfigError),
}

/// Reads the command line again, with what the file says behind it.
fn with_file(
    mut command: clap::Command,
    arguments: &[OsString],
    matches: &ArgMatches,
    path: &Path,
) -> Result<CommandLine, Mishap> {
    let settings = settings(path).map_err(Mishap::File)?;
    let told = leaf(matches);
    let mut added = Vec::new();
    let serves = matches.subcommand_name() == Some("serve");
    for setting in settings.iter().filter(|setting| serves || FOR_ALL.contains(&&*setting.name)) {
        let Some(id) = id_of(&command, matches, &setting.name) else { continue };
        // A variable without a word, as a template leaves it, says nothing.
        let is_empty = told.get_raw(&id).is_none_or(|mut values| values.all(std::ffi::OsStr::is_empty));
        match told.value_source(&id) {
            Some(ValueSource::CommandLine) => continue,
            Some(ValueSource::EnvVariable) if !is_empty => continue,
            _ => {}
        }
        for value in &setting.values {
            let is_switch = value.is_empty() && is_switch(&setting.name);
            let option = format!("--{}", setting.name);
            added.push(OsString::from(if is_switch { option } else { format!("{option}={value}") }));
        }
    }
    let end = arguments.iter().position(|argument| argument == "--").unwrap_or(arguments.len());
    let all: Vec<OsString> =
        arguments[..end].iter().cloned().chain(added).chain(arguments[end..].iter().cloned()).collect();
    let read =
        command.try_get_matches_from_mut(all).and_then(|matches| CommandLine::from_arg_matches(&matches));
    // What was typed had been read without it.
    read.map_err(|error| Mishap::File(mistake_of(&error, &settings, path)))
}

/// The command that was called, however deep it lies.
fn leaf(matches: &ArgMatches) -> &ArgMatches {
    let mut told = matches;
    while let Some((_, within)) = told.subcommand() {
        told = within;
    }
    told
}

/// By which the called command knows an option of this name, where it has it.
fn id_of(command: &clap::Command, matches: &ArgMatches, name: &str) -> Option<String> {
    let (mut called, mut told) = (command, matches);
    while let Some((within, of_it)) = told.subcommand() {
        (called, told) = (called.find_subcommand(within)?, of_it);
    }
    let option = called.get_arguments().find(|option| option.get_long() == Some(name))?;
    Some(option.get_id().to_string())
}

fn mistake_of(error: &clap::Error, settings: &[Setting], path: &Path) -> ConfigError {
    let about = match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::String(option)) => option.clone(),
        _ => String::new(),
    };
    let name = about.trim_start_matches('-').split([' ', '=']).next().unwrap_or_default();
    let line = settings.iter().find(|setting| setting.name == name).map_or(1, |setting| setting.line);
    let invalid = match error.get(ContextKind::InvalidValue) {
        Some(ContextValue::String(value)) => Some(value.as_str()),
        _ => None,
    };
    let message = match (invalid, std::error::Error::source(error)) {
        (Some(value), Some(reason)) => format!("{name} cannot be `{value}`: {reason}"),
        (Some(value), None) => format!("{name} cannot be `{value}`{}", possible(error)),
        _ => error.to_string().lines().next().unwrap_or_default().to_owned(),
    };
    ConfigError::Mistake { path: path.to_owned(), line, message }
}

/// What it can be, where there are few.
fn possible(error: &clap::Error) -> String {
    match error.get(ContextKind::ValidValue) {
        Some(ContextValue::Strings(values)) => format!(", but one of {}", values.join(", ")),
        _ => String::new(),
    }
}

/// The options of `serve` that a file may set.
pub(super) fn options() -> Vec<clap::Arg> {
    let command = CommandLine::command();
    let serve = command.find_subcommand("serve").map(clap::Command::get_arguments);
    let may = |option: &&clap::Arg| option.get_long().is_some_and(|name| !NOT_IN_THE_FILE.contains(&name));
    serve.into_iter().flatten().filter(may).cloned().collect()
}

fn is_switch(name: &str) -> bool {
    let options = options();
    let option = options.iter().find(|option| option.get_long() == Some(name));
    option.is_some_and(|option| matches!(option.get_action(), ArgAction::SetTrue))
}

/// What stands in the file.
pub(super) fn settings(path: &Path) -> Result<Vec<Setting>, ConfigError> {
    let unreadable = |reason| ConfigError::Read { path: path.to_owned(), reason };
    let mut text = String::new();
    let file = std::fs::File::open(path).map_err(unreadable)?;
    file.take(FILE_BYTES_MAX + 1).read_to_string(&mut text).map_err(unreadable)?;
    if text.len() as u64 > FILE_BYTES_MAX {
        return Err(unreadable(std::io::Error::other("it is larger than 256 KiB")));
    }
    parse(&text, path).map_err(|(line, message)| ConfigError::Mistake {
        path: path.to_owned(),
        line,
        message,
    })
}

/// Checks the text of a file; relative paths in it begin where it lies. On failure the line, from 1, and what is wrong there.
fn parse(text: &str, path: &Path) -> Result<Vec<Setting>, (usize, String)> {
    let line_at =
        |at: usize| text.as_bytes()[..at.min(text.len())].iter().filter(|&&byte| byte == b'\n').count() + 1;
    let table = DeTable::parse(text).map_err(|error| {
        let line = line_at(error.span().map_or(0, |span| span.start));
        // A line with a secret may be the one that is wrong: its words are not quoted.
        (line, error.message().replace('\n', " "))
    })?;
    let options = options();
    let mut settings = Vec::new();
    for (key, value) in table.get_ref() {
        let (name, line) = (key.get_ref().as_ref(), line_at(key.span().start));
        let option = options.iter().find(|option| option.get_long() == Some(name));
        let option = option.ok_or_else(|| (line, unknown(name, &options)))?;
        let values = values(value.get_ref(), option).map_err(|wanted| (line, format!("{name} {wanted}")))?;
        let base = path.parent().unwrap_or(Path::new("."));
        let placed = |value: String| match PATHS.contains(&name) && !value.is_empty() {
            true => base.join(value).display().to_string(),
            false => value,
        };
        settings.push(Setting {
            name: name.to_owned(),
            line,
            values: values.into_iter().map(placed).collect(),
        });
    }
    settings.sort_by_key(|setting| setting.line);
    Ok(settings)
}

/// What the option would be given. On failure, what it takes.
fn values(value: &DeValue<'_>, option: &clap::Arg) -> Result<Vec<String>, &'static str> {
    let many = matches!(option.get_action(), ArgAction::Append);
    match (value, option.get_action()) {
        (DeValue::Boolean(true), ArgAction::SetTrue) => Ok(vec![String::new()]),
        (DeValue::Boolean(false), ArgAction::SetTrue) => Ok(Vec::new()),
        (_, ArgAction::SetTrue) => Err("is true or false"),
        (DeValue::String(text), _) => Ok(vec![text.to_string()]),
        (DeValue::Array(list), _) if many => {
            let texts = list.iter().map(|one| one.get_ref().as_str().map(str::to_owned));
            texts.collect::<Option<_>>().ok_or("is a list of texts, each in quotes")
        }
        _ if many => Err("is a text in quotes or a list of them"),
        _ => Err("is a text in quotes"),
    }
}

fn unknown(name: &str, options: &[clap::Arg]) -> String {
    let names = options.iter().filter_map(clap::Arg::get_long);
    let near = names.map(|known| (strsim::jaro_winkler(&name.replace('_', "-"), known), known));
    match near.max_by(|one, other| one.0.total_cmp(&other.0)) {
        Some((how, known)) if how >= SIMILAR => {
            format!("there is no setting `{name}`, perhaps {known} is meant")
        }
        _ => format!("there is no setting `{name}`; `afterword-collector config example` names all"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXAMPLE: &str = include_str!("../../collector.example.toml");

    /// The example with each setting in force, whether or not it is shown as one.
    fn uncommented() -> String {
        let is_setting = |line: &str| {
            let name = line.split(" = ").next().unwrap_or_default();
            line.contains(" = ") && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-')
        };
        let lines = EXAMPLE.lines().map(|line| match line.strip_prefix('#') {
            Some(rest) if is_setting(rest) => rest,
            _ => line,
        });
        lines.collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn the_example_is_read_and_changes_nothing_as_it_is() {
        assert_eq!(parse(EXAMPLE, Path::new("/etc/collector.toml")), Ok(Vec::new()));
    }

    #[test]
    fn the_example_names_every_option_with_its_default() {
        let settings = parse(&uncommented(), Path::new("/etc/afterword/collector.toml")).unwrap();
        for option in options() {
            let name = option.get_long().unwrap();
            let setting = settings.iter().find(|setting| setting.name == name);
            let setting = setting.unwrap_or_else(|| panic!("the example lacks {name}"));
            let defaults: Vec<String> = match option.get_action() {
                ArgAction::SetTrue => Vec::new(),
                _ => option
                    .get_default_values()
                    .iter()
                    .map(|value| value.to_string_lossy().into_owned())
                    .collect(),
            };
            let is_open = defaults.is_empty() && !matches!(option.get_action(), ArgAction::SetTrue);
            // A folder that is not given lies where the program is started; in a file it lies beside the file.
            let shown = name == "data" || is_open || setting.values == defaults;
            assert!(shown, "{name}: {:?} is shown, {defaults:?} is the default", setting.values);
        }
    }

    #[test]
    fn paths_begin_where_the_file_lies() {
        let text = "data = 'here'\nweb-key = '/run/key'\nhost = ['a', 'b']\njson = true";
        let settings = parse(text, Path::new("/etc/afterword/collector.toml")).unwrap();
        let values: Vec<&[String]> = settings.iter().map(|setting| &*setting.values).collect();
        assert_eq!(values, [&["/etc/afterword/here"][..], &["/run/key"], &["a", "b"], &[""]]);
    }

    #[test]
    fn a_mistake_is_named_with_its_line_and_what_was_meant() {
        for (text, line, said) in [
            (
                "\nweb_listen = '1.2.3.4:5'",
                2,
                "there is no setting `web_listen`, perhaps web-listen is meant",
            ),
            ("cheese = 1", 1, "there is no setting `cheese`; `afterword-collector config example` names all"),
            ("listen = 8443", 1, "listen is a text in quotes"),
            ("#\n\nhost = [1]", 3, "host is a list of texts, each in quotes"),
            ("json = 'yes'", 1, "json is true or false"),
            ("data = 'a'\ndata = 'b'", 2, "duplicate key"),
            ("[serve]\nlisten = ''", 1, "there is no setting `serve`"),
        ] {
            let (at, what) = parse(text, Path::new("collector.toml")).unwrap_err();
            assert!(at == line && what.starts_with(said), "{text}: {at}: {what}");
        }
    }
}
