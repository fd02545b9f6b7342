//! The adapter of the page with what shoppers wrote.

use slint::ComponentHandle;

use crate::generated::{Shell, WordsAdapter};
use crate::numbers::{rows, words};
use crate::rows::int;
use crate::view::words::{WORDS_ROWS, WordsFilter, WordsPage};

pub(crate) fn show(shell: &Shell, page: &WordsPage) {
    let adapter = shell.global::<WordsAdapter<'_>>();
    adapter.set_is_read(page.is_read);
    adapter.set_failed(page.failed);
    adapter.set_days(page.days.as_str().into());
    let chosen = WordsFilter::ALL.iter().position(|filter| *filter == page.filter);
    adapter.set_filter(int(chosen.unwrap_or_default()));
    adapter.set_flagged(page.flagged.to_string().into());
    adapter.set_without_flagged(page.without_flagged);
    adapter.set_rows(rows(page.rows.iter().take(WORDS_ROWS).map(words)));
    adapter.set_can_hide(page.can_hide);
    adapter.set_page(int(page.page));
    adapter.set_pages(int(page.pages));
    adapter.set_is_partial(page.is_partial);
}
