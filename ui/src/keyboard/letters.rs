//! Where the letters are: three rows for each language, from left to right on the glass.
//!
//! Sources: the national arrangements that people know from their phones; Arabic is the arrangement of Windows "Arabic
//! (101)" and of phones, whose keys are not mirrored although the writing is.

use super::language::Language;

/// The three rows, a space between letters.
pub(super) const fn rows(language: Language) -> [&'static str; 3] {
    match language {
        Language::English | Language::Polish => ["q w e r t y u i o p", "a s d f g h j k l", "z x c v b n m"],
        Language::German => ["q w e r t z u i o p ü", "a s d f g h j k l ö ä", "y x c v b n m ß"],
        // The apostrophe has the place it has on French phones: every third sentence needs one.
        Language::French => ["a z e r t y u i o p", "q s d f g h j k l m", "w x c v b n '"],
        Language::Spanish => ["q w e r t y u i o p", "a s d f g h j k l ñ", "z x c v b n m"],
        // Arabic has no capitals, so the last row needs no shift and takes ten letters beside backspace.
        Language::Arabic => ["ض ص ث ق ف غ ع ه خ ح ج", "ش س ي ب ل ا ت ن م ك ط", "ذ ء ؤ ر ى ة و ز ظ د"],
    }
}
