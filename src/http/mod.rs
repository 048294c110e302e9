//! HTTP/1.1 as bytes and values (RFC 9110, 9112): no sockets, no threads, no clock.
//!
//! In the order of a request's life: `grammar` and `request` say what a head is, `parse` makes one from bytes, `meaning`
//! and `target` judge what it says, `body` frames and decodes content; `key_field` and `sf_string` read the key's field;
//! `response`, `fields`, `status`, `date`, `json_text` and `snapshot` write answers; `problem` is every error that this
//! server words itself.

pub mod grammar;

pub mod request;

pub mod parse;

mod meaning;

pub mod body;

pub mod target;

pub mod sf_string;

pub mod key_field;

pub mod status;

pub mod fields;

pub mod response;

pub mod snapshot;

pub mod date;

pub mod json_text;

pub mod problem;
