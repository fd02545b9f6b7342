//! The adapter of the page from which answers go onto a stick.

use slint::{ComponentHandle, SharedString};

use crate::generated::{ExportAdapter, ExportOutcome, Shell, StickKind};
use crate::intent::{ExportIntent, Intent, StaffIntent};
use crate::intents::Intents;
use crate::view::export::{ExportFailure, ExportPage, ExportSaid, StickState};

/// Letters of a file's name that have room in one line. Its beginning says what it is, its end which days or entries it is of.
const NAME_LETTERS: (usize, usize) = (19, 26);

/// Sends the page's keys to `intents`.
pub(crate) fn connect(shell: &Shell, intents: &Intents) {
    let adapter = shell.global::<ExportAdapter<'_>>();
    let sends = |intent: ExportIntent| {
        let intents = intents.clone();
        move || intents.send(Intent::Staff(StaffIntent::Export(intent)))
    };
    adapter.on_table(sends(ExportIntent::Table));
    adapter.on_parcel(sends(ExportIntent::Parcel));
}

pub(crate) fn show(shell: &Shell, page: &ExportPage) {
    let adapter = shell.global::<ExportAdapter<'_>>();
    adapter.set_days(page.days.as_str().into());
    adapter.set_stick(match page.stick {
        StickState::Looking => StickKind::Looking,
        StickState::None => StickKind::None,
        StickState::Several => StickKind::Several,
        StickState::ReadOnly => StickKind::Readonly,
        StickState::Ready => StickKind::Ready,
    });
    adapter.set_name(page.name.as_str().into());
    adapter.set_free(page.free.as_str().into());
    adapter.set_busy(page.is_busy);
    let (mut file, mut count, mut more) = (SharedString::new(), 0, 0);
    let (mut confirmed, mut refused, mut detail) = (0, false, "");
    let outcome = match &page.said {
        ExportSaid::Nothing => ExportOutcome::Nothing,
        ExportSaid::Table { file: name, responses } => {
            (file, count) = (name.as_str().into(), *responses);
            ExportOutcome::Table
        }
        ExportSaid::Parcel { file: name, files, entries, confirmed: received, refused: unfit } => {
            (file, count, more) = (name.as_str().into(), *entries, files.saturating_sub(1));
            (confirmed, refused) = (*received, *unfit);
            if *files == 0 { ExportOutcome::Unsent } else { ExportOutcome::Parcel }
        }
        ExportSaid::Failed(failure) => match failure {
            ExportFailure::Gone => ExportOutcome::Gone,
            ExportFailure::Full => ExportOutcome::Full,
            ExportFailure::ReadOnly => ExportOutcome::Readonly,
            ExportFailure::AgentAway => ExportOutcome::Away,
            ExportFailure::NotEnrolled => ExportOutcome::Notenrolled,
            ExportFailure::NoKey => ExportOutcome::Nokey,
            ExportFailure::Unread => ExportOutcome::Unread,
            ExportFailure::Other(sentence) => {
                detail = sentence;
                ExportOutcome::Other
            }
        },
    };
    adapter.set_file(shortened(&file).into());
    adapter.set_count(count.to_string().into());
    adapter.set_more(if more == 0 { SharedString::new() } else { more.to_string().into() });
    adapter.set_confirmed(if confirmed == 0 { SharedString::new() } else { confirmed.to_string().into() });
    adapter.set_refused(refused);
    adapter.set_detail(detail.into());
    adapter.set_outcome(outcome);
}

/// The name with its middle left out, where it is too long for a line.
fn shortened(name: &str) -> String {
    let (first, last) = NAME_LETTERS;
    let letters: Vec<char> = name.chars().collect();
    if letters.len() <= first + last + 1 {
        return name.to_owned();
    }
    let part = |letters: &[char]| letters.iter().collect::<String>();
    format!("{}…{}", part(&letters[..first]), part(&letters[letters.len() - last..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_name_keeps_its_ends() {
        assert_eq!(shortened("afterword-exit-2026-11-28.csv"), "afterword-exit-2026-11-28.csv");
        assert_eq!(
            shortened("afterword-3f2a9c0d5b7e41f08c6d2a1b9e4f70c3-1183-7302.courier"),
            "afterword-3f2a9c0d5…9e4f70c3-1183-7302.courier"
        );
    }
}
