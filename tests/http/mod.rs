//! Claims about src/http/, a file each; `cases` is what they share.

#[rustfmt::skip] // a grammar: one rule a line
mod abnf;
pub mod body;
mod cases;
#[rustfmt::skip] // tables: one case a line
mod chunked;
pub mod date;
pub mod fields;
#[rustfmt::skip] // tables: one case a line
mod framing;
pub mod grammar;
pub mod json_text;
#[rustfmt::skip] // tables: one case a line
pub mod key_field;
mod key_grammar;
pub mod parse;
#[rustfmt::skip] // tables: one case a line
mod parse_lines;
pub mod problem;
pub mod request;
pub mod response;
#[rustfmt::skip] // tables: one case a line
pub mod sf_string;
pub mod snapshot;
pub mod status;
pub mod target;
