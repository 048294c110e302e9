//! What an operator can set: `Config`, its defaults from limits.rs, the command line, and the text of `--help`.

mod value;

pub use value::{duration_text, size_text};

use crate::limits;
use crate::log::Level;
use std::fmt::Write as _;
use std::net::{Ipv4Addr, SocketAddr};
use value::Place;

/// Whose key it is (N-15).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The Authorization field.
    Authorization,
    /// One scope for everybody.
    None,
    /// A field that a gateway sets; its name in lower case.
    Field(String),
}

/// What a duplicate of a request that is still running gets (N-22).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Duplicates {
    /// The 409, at once.
    Reject,
    /// The first one's answer, or the 409 after `--wait-timeout`.
    Wait,
}

/// How one server runs. `Config::default()` is what `nanoserve` without options does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// `--listen`
    pub listen: SocketAddr,
    /// `--admin`; none for `off`.
    pub admin: Option<SocketAddr>,
    /// `--workers`
    pub workers: usize,
    /// `--max-connections`
    pub connections_max: usize,
    /// `--ttl`
    pub ttl_ms: u64,
    /// `--max-keys`
    pub keys_max: usize,
    /// `--max-bytes`
    pub bytes_max: usize,
    /// `--max-stored-response`
    pub stored_response_max: usize,
    /// `--max-content`
    pub content_max: usize,
    /// `--max-inflight-content`
    pub inflight_content_max: usize,
    /// `--duplicates`
    pub duplicates: Duplicates,
    /// `--wait-timeout`
    pub wait_timeout_ms: u64,
    /// `--scope`
    pub scope: Scope,
    /// `--lab`
    pub lab: bool,
    /// `--log`
    pub log: Level,
    /// `--drain-timeout`
    pub drain_ms: u64,
    /// `--drain-on-stdin-close`
    pub drain_on_stdin_close: bool,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)),
            admin: Some(SocketAddr::from((Ipv4Addr::LOCALHOST, 8081))),
            workers: limits::WORKERS,
            connections_max: limits::CONNECTIONS_MAX,
            ttl_ms: limits::TTL_MS,
            keys_max: limits::KEYS_MAX,
            bytes_max: limits::BYTES_MAX,
            stored_response_max: limits::STORED_RESPONSE_MAX,
            content_max: limits::CONTENT_MAX,
            inflight_content_max: limits::INFLIGHT_CONTENT_MAX,
            duplicates: Duplicates::Reject,
            wait_timeout_ms: limits::WAIT_TIMEOUT_MS,
            scope: Scope::Authorization,
            lab: false,
            log: Level::Info,
            drain_ms: limits::DRAIN_MS,
            drain_on_stdin_close: false,
        }
    }
}

/// What the command line asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Serve.
    Run(Config),
    /// `--help`
    Help,
    /// `--version`
    Version,
}

/// A command line that cannot be followed: one plain line that names the option, and the nearest valid one or the range.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageError(pub String);

/// An option: parsing, `--help` and the nearest valid name all come from this.
struct Choice {
    name: &'static str,
    place: fn(&mut Config) -> Place<'_>,
    help: &'static str,
}

const fn choice(
    name: &'static str,
    help: &'static str,
    place: fn(&mut Config) -> Place<'_>,
) -> Choice {
    Choice { name, place, help }
}

#[rustfmt::skip] // in the order of `--help`
const CHOICES: &[Choice] = &[
    choice("--listen", "where clients connect; port 0 takes a free one",
        |c| Place::Address(&mut c.listen)),
    choice("--admin", "health, metrics, key look-up, drain",
        |c| Place::AddressOrOff(&mut c.admin)),
    choice("--workers", "threads that serve requests",
        |c| Place::Count(&mut c.workers, 1, limits::WORKERS_MAX)),
    choice("--max-connections", "open at once; more get 503",
        |c| Place::Count(&mut c.connections_max, 1, limits::CONNECTIONS_MAX_MAX)),
    choice("--ttl", "how long an answer can be replayed",
        |c| Place::Duration(&mut c.ttl_ms, 1, limits::TTL_MS_MAX)),
    choice("--max-keys", "keys held; more get 503",
        |c| Place::Count(&mut c.keys_max, 1, limits::KEYS_MAX_MAX)),
    choice("--max-bytes", "memory for keys and answers; more get 503",
        |c| Place::Size(&mut c.bytes_max, limits::BYTES_MAX_MIN, limits::BYTES_MAX_MAX)),
    choice("--max-stored-response", "a larger one is sent but not kept",
        |c| Place::Size(&mut c.stored_response_max, 0, limits::STORED_RESPONSE_MAX_MAX)),
    choice("--max-content", "content of one request; more gets 413",
        |c| Place::Size(&mut c.content_max, 0, limits::CONTENT_MAX_MAX)),
    choice("--max-inflight-content", "content being received; more gets 503",
        |c| Place::Size(&mut c.inflight_content_max, 0, limits::INFLIGHT_CONTENT_MAX_MAX)),
    choice("--duplicates", "while the first runs: 409, or wait for it",
        |c| Place::Duplicates(&mut c.duplicates)),
    choice("--wait-timeout", "how long a duplicate waits; then 409",
        |c| Place::Duration(&mut c.wait_timeout_ms, 1, limits::WAIT_TIMEOUT_MS_MAX)),
    choice("--scope", "what tells two callers' equal keys apart",
        |c| Place::Scope(&mut c.scope)),
    choice("--lab", "serve /lab: handlers that count, sleep, panic",
        |c| Place::Switch(&mut c.lab)),
    choice("--log", "lines on stderr",
        |c| Place::Level(&mut c.log)),
    choice("--drain-timeout", "how long a drain waits for what runs",
        |c| Place::Duration(&mut c.drain_ms, 1, limits::DRAIN_MS_MAX)),
    choice("--drain-on-stdin-close", "drain and exit when stdin ends",
        |c| Place::Switch(&mut c.drain_on_stdin_close)),
    choice("--help", "this text",
        |_| Place::Instead),
    choice("--version", "the version",
        |_| Place::Instead),
];

/// Reads the arguments after the program's name: `--name VALUE` or `--name=VALUE`, each option once.
///
/// `--help` wins wherever it stands, whatever stands beside it: who asks for help may have got the rest wrong. Then
/// `--version`, in the same way.
///
/// # Errors
/// An unknown option (with the nearest valid one), a value outside its range (with the range), options that contradict.
pub fn parse_args(args: &[String]) -> Result<Command, UsageError> {
    for (name, command) in [("--help", Command::Help), ("--version", Command::Version)] {
        if args.iter().any(|arg| arg == name) {
            return Ok(command);
        }
    }
    let mut config = Config::default();
    let mut given: Vec<&str> = Vec::new();
    let mut rest = args.iter();
    while let Some(arg) = rest.next() {
        let (typed, joined) = match arg.split_once('=') {
            Some((typed, value)) => (typed, Some(value)),
            None => (arg.as_str(), None),
        };
        let choice = find(typed)?;
        if given.contains(&choice.name) {
            return Err(UsageError(format!("{}: given twice", choice.name)));
        }
        given.push(choice.name);
        let mut place = (choice.place)(&mut config);
        let value = match (&place, joined) {
            (Place::Switch(_) | Place::Instead, None) => "",
            (Place::Switch(_) | Place::Instead, Some(_)) => {
                return Err(UsageError(format!("{}: takes no value", choice.name)));
            }
            (_, Some(value)) => value,
            // No value begins with two dashes, so the next option is not taken for one.
            (_, None) => rest
                .next()
                .filter(|next| !next.starts_with("--"))
                .ok_or_else(|| {
                    let shape = place.shape();
                    UsageError(format!("{}: needs a value, {shape}", choice.name))
                })?,
        };
        place.set(value).map_err(|wanted| {
            let value = value.escape_debug(); // what was typed cannot break the line or the terminal
            UsageError(format!("{} {value}: {wanted}", choice.name))
        })?;
    }
    refuse_contradictions(&config)?;
    Ok(Command::Run(config))
}

/// The text of `--help`: every option with its default.
pub fn help_text() -> String {
    let mut text = String::from(
        "nanoserve [options]\n\n\
         An HTTP/1.1 server with idempotency in its lifecycle: within --ttl a retry gets the recorded answer.\n\n",
    );
    let mut defaults = Config::default();
    let left = |choice: &Choice, place: &Place| format!("{} {}", choice.name, place.shape());
    let width = CHOICES
        .iter()
        .map(|choice| left(choice, &(choice.place)(&mut defaults)).len())
        .max()
        .unwrap_or(0);
    for choice in CHOICES {
        let place = (choice.place)(&mut defaults);
        let option = left(choice, &place);
        let default = match place {
            Place::Instead => String::new(),
            _ => format!(" [{}]", place.show()),
        };
        // Writing to a String cannot fail.
        let _ = writeln!(text, "  {option:width$}  {}{default}", choice.help);
    }
    text.push_str(
        "\nADDR is an IPv4 address or an IPv6 address in brackets. DURATION: 500ms, 2s, 15m, 24h.\n\
         SIZE: bytes, or 64KiB, 256MiB, 2GiB. In brackets: the default.\n",
    );
    text
}

/// Every option that sets something, and its value in this configuration, as it would be typed.
pub fn settings(config: &Config) -> Vec<(&'static str, String)> {
    let mut config = config.clone(); // a place is where a value can be put; nothing is put there
    let mut settings = Vec::new();
    for choice in CHOICES {
        match (choice.place)(&mut config) {
            Place::Instead => {}
            place => settings.push((choice.name, place.show())),
        }
    }
    settings
}

fn find(typed: &str) -> Result<&'static Choice, UsageError> {
    if let Some(choice) = CHOICES.iter().find(|choice| choice.name == typed) {
        return Ok(choice);
    }
    let shown = typed.escape_debug();
    if !typed.starts_with('-') {
        return Err(UsageError(format!(
            "{shown}: not an option; they begin with --"
        )));
    }
    let word = typed.trim_start_matches('-').to_ascii_lowercase();
    // A name that was not finished is nearer than any that was misspelt.
    let nearest = CHOICES
        .iter()
        .map(|choice| choice.name)
        .min_by_key(|name| {
            let name = name.trim_start_matches('-');
            (!name.starts_with(&word), distance(&word, name))
        })
        .unwrap_or("--help");
    Err(UsageError(format!(
        "{shown}: no such option; the nearest is {nearest}"
    )))
}

/// Levenshtein's: how many letters must be put in, taken out or changed to make one word of the other.
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    // One row of the table at a time: `row[j]` is the distance from what was read of `from` to the first j letters.
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (i, letter) in from.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for j in 1..row.len() {
            let changed = diagonal + usize::from(letter != to[j - 1]);
            diagonal = row[j];
            row[j] = changed.min(row[j] + 1).min(row[j - 1] + 1);
        }
    }
    row[to.len()]
}

/// Values that are good alone and not together.
fn refuse_contradictions(config: &Config) -> Result<(), UsageError> {
    if config.content_max > config.inflight_content_max {
        // Such content could never be received: the bound on all of it would refuse it alone.
        return Err(UsageError(format!(
            "--max-content {}: at most --max-inflight-content, which is {}",
            size_text(config.content_max),
            size_text(config.inflight_content_max)
        )));
    }
    if config.admin == Some(config.listen) && config.listen.port() != 0 {
        return Err(UsageError(format!(
            "--admin {}: --listen has the same address",
            config.listen
        )));
    }
    Ok(())
}
