//! The adapter of the page from which answers go onto a stick.

use slint::{ComponentHandle, SharedString};

use crate::generated::{ExportAdapter, ExportOutcome, Shell, StickKind};
use crate::intent::{ExportIntent, Intent, StaffIntent};
use crate::intents::Intents;
use crate::view::export::{ExportFailure, ExportPage, ExportSaid, StickState};

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
    adapter.set_file(file);
    adapter.set_count(count.to_string().into());
    adapter.set_more(if more == 0 { SharedString::new() } else { more.to_string().into() });
    adapter.set_confirmed(if confirmed == 0 { SharedString::new() } else { confirmed.to_string().into() });
    adapter.set_refused(refused);
    adapter.set_detail(detail.into());
    adapter.set_outcome(outcome);
}
