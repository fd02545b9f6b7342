//! Every bound on a form, and why it is that number. Bounds on the survey are the model's.

/// Largest workbook, in bytes. Forms are 20 to 500 KiB; pictures within the sheets can add a few MiB.
pub const FILE_BYTES_MAX: u64 = 8 * 1024 * 1024;

/// Bytes of all parts of a workbook, unpacked. Eight times the largest file: XML of real sheets shrinks to an eighth, and
/// what shrinks to a thousandth is no form.
pub const UNPACKED_BYTES_MAX: u64 = 8 * FILE_BYTES_MAX;

/// Rows with something in them, in one sheet. Large national forms have some 3,000 questions, and lists of places some
/// 10,000 choices; a kiosk asks six questions of eight options.
pub const ROWS_MAX: usize = 20_000;

/// Bytes of text held from all cells together. Sheets share texts, so a few bytes of a file could stand for gigabytes.
pub const TEXT_BYTES_MAX: usize = 32 * 1024 * 1024;

/// Characters of a `relevant` or `constraint` that are looked at; with more than a few conditions it is beyond `show_if`.
pub const EXPRESSION_CHARS_MAX: usize = 2_000;

/// How deep brackets stand in one another in it. `show_if` goes four deep; what is deeper is refused before it costs stack.
pub const EXPRESSION_DEPTH_MAX: usize = 16;

/// Questions that are tried. Each try searches all branches of the survey so far, milliseconds as a rule and 0.1 s at
/// worst; whoever needs more than this for five steps picks them out of the form by hand.
pub const TRIES_MAX: usize = 400;

/// Groups within one another. Forms have three or four.
pub const GROUP_DEPTH_MAX: usize = 32;

/// Characters of a name or an expression quoted in a message, so that it stays one line.
pub const QUOTED_CHARS_MAX: usize = 60;
