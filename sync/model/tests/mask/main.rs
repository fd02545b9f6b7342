//! What a shopper must not leave behind: the corpus, and what holds for any text.

mod corpus;
mod properties;
