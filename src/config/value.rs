//! How the values of options are written: addresses, numbers, durations, sizes, scopes, levels.
//!
//! Invariant: what `show` writes, `set` reads as the same value.

use super::{Duplicates, Scope};
use crate::log::Level;
use std::net::SocketAddr;

/// Where an option's value goes, which also says how it is written and, for numbers, the least and the most.
pub(super) enum Place<'c> {
    Address(&'c mut SocketAddr),
    AddressOrOff(&'c mut Option<SocketAddr>),
    Count(&'c mut usize, usize, usize),
    Duration(&'c mut u64, u64, u64),
    Size(&'c mut usize, usize, usize),
    Duplicates(&'c mut Duplicates),
    Scope(&'c mut Scope),
    Level(&'c mut Level),
    Switch(&'c mut bool),
    /// Nothing is set: this is done in place of serving.
    Instead,
}

impl Place<'_> {
    /// How a value is written; empty for options that take none.
    pub(super) fn shape(&self) -> &'static str {
        match self {
            Place::Address(_) => "ADDR:PORT",
            Place::AddressOrOff(_) => "ADDR:PORT|off",
            Place::Count(..) => "N",
            Place::Duration(..) => "DURATION",
            Place::Size(..) => "SIZE",
            Place::Duplicates(_) => "reject|wait",
            Place::Scope(_) => "authorization|none|field:NAME",
            Place::Level(_) => "off|info|access",
            Place::Switch(_) | Place::Instead => "",
        }
    }

    /// The value that stands there, as it would be typed.
    pub(super) fn show(&self) -> String {
        match self {
            Place::Address(address) => address.to_string(),
            Place::AddressOrOff(Some(address)) => address.to_string(),
            Place::AddressOrOff(None) | Place::Level(Level::Off) => "off".to_owned(),
            Place::Count(n, ..) => n.to_string(),
            Place::Duration(ms, ..) => duration_text(**ms),
            Place::Size(bytes, ..) => size_text(**bytes),
            Place::Duplicates(Duplicates::Reject) => "reject".to_owned(),
            Place::Duplicates(Duplicates::Wait) => "wait".to_owned(),
            Place::Scope(Scope::Authorization) => "authorization".to_owned(),
            Place::Scope(Scope::None) => "none".to_owned(),
            Place::Scope(Scope::Field(name)) => format!("field:{name}"),
            Place::Level(Level::Info) => "info".to_owned(),
            Place::Level(Level::Access) => "access".to_owned(),
            Place::Switch(on) => if **on { "on" } else { "off" }.to_owned(),
            Place::Instead => String::new(),
        }
    }

    /// Puts a value there, or says what was wanted.
    pub(super) fn set(&mut self, value: &str) -> Result<(), String> {
        match self {
            Place::Address(address) => **address = read_address(value)?,
            Place::AddressOrOff(address) if value == "off" => **address = None,
            Place::AddressOrOff(address) => {
                let read = read_address(value).map_err(|wanted| format!("{wanted}, or off"))?;
                **address = Some(read);
            }
            Place::Count(n, least, most) => {
                let wanted = || format!("give a number from {least} to {most}");
                **n = read_usize(value, &[("", 1)], *least, *most).ok_or_else(wanted)?;
            }
            Place::Duration(ms, least, most) => {
                let wanted = || {
                    let (least, most) = (duration_text(*least), duration_text(*most));
                    format!("give a duration from {least} to {most}, such as 500ms, 2s, 15m or 24h")
                };
                **ms = read(value, &DURATION_UNITS, *least, *most).ok_or_else(wanted)?;
            }
            Place::Size(bytes, least, most) => {
                let wanted = || {
                    let (least, most) = (size_text(*least), size_text(*most));
                    format!("give a size from {least} to {most}, such as 512, 64KiB or 2GiB")
                };
                **bytes = read_usize(value, &SIZE_UNITS, *least, *most).ok_or_else(wanted)?;
            }
            Place::Duplicates(duplicates) => {
                **duplicates = match value {
                    "reject" => Duplicates::Reject,
                    "wait" => Duplicates::Wait,
                    _ => return Err("give reject or wait".to_owned()),
                }
            }
            Place::Scope(scope) => **scope = read_scope(value)?,
            Place::Level(level) => **level = read_level(value)?,
            Place::Switch(on) => **on = true,
            Place::Instead => {}
        }
        Ok(())
    }
}

/// Milliseconds as `--ttl` takes them, in the largest unit that leaves no fraction.
pub fn duration_text(ms: u64) -> String {
    in_largest_unit(ms, &DURATION_UNITS)
}

/// Bytes as `--max-bytes` takes them, in the largest unit that leaves no fraction.
pub fn size_text(bytes: usize) -> String {
    in_largest_unit(bytes as u64, &SIZE_UNITS)
}

/// A name and how many of the smallest unit it is.
type Unit = (&'static str, u64);

#[rustfmt::skip] // the smallest first
const DURATION_UNITS: [Unit; 4] = [("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000)];
#[rustfmt::skip]
const SIZE_UNITS: [Unit; 4] = [("", 1), ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30)];

fn in_largest_unit(n: u64, units: &[Unit; 4]) -> String {
    let fits = |(_, size): &&Unit| n >= *size && n.is_multiple_of(*size);
    let (name, size) = units.iter().rev().find(fits).unwrap_or(&units[0]); // 0 is 0 of the smallest
    format!("{}{name}", n / size)
}

/// Fields that say something about a message, a connection or a key, and so nothing about who is calling.
const NO_CALLER: &[&str] = &[
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "date",
    "expect",
    "idempotency-key",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "x-idempotency-key",
];

fn read_address(value: &str) -> Result<SocketAddr, String> {
    value
        .parse()
        .map_err(|_| "give an address and a port, such as 127.0.0.1:8080 or [::1]:8080".to_owned())
}

/// A number and its unit. `str::parse` alone would take `+5`.
fn read(value: &str, units: &[Unit], least: u64, most: u64) -> Option<u64> {
    let digits = value.bytes().take_while(u8::is_ascii_digit).count();
    let (number, name) = value.split_at(digits);
    let (_, size) = units.iter().find(|(unit, _)| *unit == name)?;
    let n = number.parse::<u64>().ok()?.checked_mul(*size)?;
    (least..=most).contains(&n).then_some(n)
}

fn read_usize(value: &str, units: &[Unit], least: usize, most: usize) -> Option<usize> {
    usize::try_from(read(value, units, least as u64, most as u64)?).ok()
}

fn read_scope(value: &str) -> Result<Scope, String> {
    match value {
        "authorization" => return Ok(Scope::Authorization),
        "none" => return Ok(Scope::None),
        _ => {}
    }
    let Some(name) = value.strip_prefix("field:") else {
        return Err("give authorization, none or field:NAME".to_owned());
    };
    // RFC 9110, section 5.6.2: token. This file knows nothing of http/, so it stands here too.
    let is_token_byte = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    if name.is_empty() || !name.bytes().all(is_token_byte) {
        return Err("NAME is a field name: letters, digits and !#$%&'*+-.^_`|~".to_owned());
    }
    let name = name.to_ascii_lowercase();
    if NO_CALLER.contains(&name.as_str()) {
        return Err("this field does not say who is calling".to_owned());
    }
    Ok(Scope::Field(name))
}

fn read_level(value: &str) -> Result<Level, String> {
    match value {
        "off" => Ok(Level::Off),
        "info" => Ok(Level::Info),
        "access" => Ok(Level::Access),
        _ => Err("give off, info or access".to_owned()),
    }
}
