//! Every bound on a survey file, and why it is that number.
//!
//! Lengths of texts count grapheme clusters, which is what a reader counts. They are what the pages can hold
//! at their smallest panel; a longer text would be cut on the screen.

/// The `format` this code reads. It changes when an old program would misread a new file.
pub const FORMAT: i64 = 1;

/// Largest file, in bytes. A full survey in six languages is near 20 KiB; more than this is another kind of file.
pub const FILE_BYTES_MAX: usize = 256 * 1024;

/// At most this many mistakes and warnings are reported; nobody reads further, and memory stays bounded.
pub const DIAGNOSTICS_MAX: usize = 100;

/// Characters in an id. Ids stand in every record and in the columns of exports.
pub const ID_CHARS_MAX: usize = 40;

/// Languages of one survey. The language switch shows three and turns through the rest.
pub const LANGUAGES_MAX: usize = 12;

/// Characters of a language tag: the length RFC 5646 (4.4.1) asks every program to hold.
pub const LANGUAGE_TAG_CHARS_MAX: usize = 35;

/// A language's own name stands on a key of the header.
pub const LANGUAGE_NAME_GRAPHEMES_MAX: usize = 20;

/// Questions in a file, all branches together. Five steps after each of five faces need no more.
pub const QUESTIONS_MAX: usize = 25;

/// Steps a shopper can be asked for after the first tap. More, and people leave before the end.
pub const STEPS_AFTER_FIRST_MAX: usize = 5;

/// Options of a choices question: two rows of four keys on the widest panel, with targets of 15 mm.
pub const OPTIONS_MAX: usize = 8;

/// A question's title: two lines at 62 px on a 1280 px panel.
pub const TITLE_GRAPHEMES_MAX: usize = 120;

/// A question's hint: two lines under the title.
pub const HINT_GRAPHEMES_MAX: usize = 160;

/// The word under a face or a thumb, on one line of a key 228 px wide.
pub const FACE_WORD_GRAPHEMES_MAX: usize = 16;

/// A word at an end of a scale, which has half the width of the scale for itself.
pub const END_LABEL_GRAPHEMES_MAX: usize = 30;

/// What somebody agrees to who leaves a number: what for, who gets it, for how long. Four lines beside its key.
pub const CONSENT_GRAPHEMES_MAX: usize = 240;

/// An option's label: two lines on its key.
pub const LABEL_GRAPHEMES_MAX: usize = 40;

/// The title of the thanks page, at 136 px.
pub const THANKS_TITLE_GRAPHEMES_MAX: usize = 30;

/// The message of the thanks page, three lines beside a voucher.
pub const THANKS_MESSAGE_GRAPHEMES_MAX: usize = 160;

/// Notes under that message; there is room for two.
pub const NOTES_MAX: usize = 2;

/// Notes beside a follow-up code, which takes the place of the second.
pub const NOTES_BESIDE_CODE_MAX: usize = 1;

/// The line over a follow-up code, which is drawn smaller where it is long.
pub const FOLLOW_UP_GRAPHEMES_MAX: usize = 50;

/// A note, one line.
pub const NOTE_GRAPHEMES_MAX: usize = 80;

/// Longest comment, in grapheme clusters, and the default: three lines of the field hold all of it.
pub const COMMENT_GRAPHEMES_MAX: usize = 200;

/// Longest comment, in bytes. A grapheme cluster has no upper size of its own; 32 bytes hold the longest
/// emoji sequences in use, and with this a record stays far below `RECORD_BYTES_MAX`.
pub const COMMENT_BYTES_MAX: usize = COMMENT_GRAPHEMES_MAX * 32;

/// Variants of one survey. Each more of them needs more shoppers before it says anything, and a shop has few.
pub const VARIANTS_MAX: usize = 4;

/// How deep `all`, `any` and `not` stand in one another. Deeper ones are read by programs and by nobody else.
pub const CONDITION_DEPTH_MAX: usize = 4;

/// Single conditions in one `show_if`, for the same reason.
pub const CONDITION_PARTS_MAX: usize = 16;

/// Names or values in one list of a condition: all languages, and lanes of a large shop.
pub const CONDITION_LIST_MAX: usize = 32;

/// Steps of the search for the longest branch, some 0.1 s of work. Files written by hand need a few hundred.
pub const SEARCH_STEPS_MAX: usize = 50_000;
