//! The runner's command line: the standard runner's words where it has them.
//!
//! Invariant: a word that is not understood ends the run. A misspelt `--exact` must not run other tests than asked for.

use std::time::Duration;

/// Runs the hidden suite that the harness tests itself with (tests/harness_itself.rs).
pub const HIDDEN_FLAG: &str = "--suite-of-bad-tests";

/// How long a test may take unless `--deadline-ms` says otherwise.
const DEADLINE: Duration = Duration::from_secs(30);

pub const USAGE: &str = "\
usage: cargo test --test unit -- [options] [filter]...

Runs the tests whose full name (suite::claim) contains one of the filters; all of them without a filter.

  --list             name the tests instead of running them
  --exact            filters and skips are full names
  --skip TEXT        leave out what contains TEXT; may be repeated
  --nocapture        show panics when they happen, not only those of tests that fail
  --quiet            a line only for tests that fail
  --jobs N           run N tests at a time; leaks are only looked for with 1, the default
  --deadline-ms N    how long one test may take (30000)

UPDATE=1 rewrites tests/expected/, SEED=n repeats a run's random values.
";

/// What a run was asked to do.
#[allow(clippy::struct_excessive_bools)] // each is one switch of the command line, and any two may be given together
pub struct Options {
    pub filters: Vec<String>,
    pub skips: Vec<String>,
    pub exact: bool,
    pub list: bool,
    pub help: bool,
    pub nocapture: bool,
    pub quiet: bool,
    pub hidden: bool,
    pub jobs: usize,
    pub deadline: Duration,
}

impl Options {
    /// Reads the words after the program's name.
    ///
    /// # Errors
    /// One line about the first word that is no option, or whose value is none.
    pub fn parse(words: impl Iterator<Item = String>) -> Result<Options, String> {
        let mut options = Options {
            filters: Vec::new(),
            skips: Vec::new(),
            exact: false,
            list: false,
            help: false,
            nocapture: false,
            quiet: false,
            hidden: false,
            jobs: 1,
            deadline: DEADLINE,
        };
        let mut words = words;
        while let Some(word) = words.next() {
            if !word.starts_with('-') {
                options.filters.push(word);
                continue;
            }
            let (name, joined) = match word.split_once('=') {
                Some((name, value)) => (name, Some(value.to_owned())),
                None => (word.as_str(), None),
            };
            let mut value = || {
                joined
                    .clone()
                    .or_else(|| words.next())
                    .ok_or_else(|| format!("{name} needs a value"))
            };
            match name {
                "--skip" => options.skips.push(value()?),
                "--jobs" => options.jobs = number(name, &value()?)?,
                "--deadline-ms" => {
                    options.deadline = Duration::from_millis(number(name, &value()?)? as u64);
                }
                // The standard runner's, which `cargo test` users type by habit and which change nothing here.
                "--test-threads" | "--color" => drop(value()?),
                _ if joined.is_some() => return Err(format!("{name} takes no value")),
                "--exact" => options.exact = true,
                "--list" => options.list = true,
                "--help" | "-h" => options.help = true,
                "--nocapture" | "--no-capture" => options.nocapture = true,
                "--quiet" | "-q" => options.quiet = true,
                "--show-output" => {}
                HIDDEN_FLAG => options.hidden = true,
                _ => return Err(format!("no such option: {name}")),
            }
        }
        Ok(options)
    }

    /// Whether a test of this full name is to run.
    pub fn selects(&self, full: &str) -> bool {
        let matches = |text: &String| {
            if self.exact {
                full == text
            } else {
                full.contains(text.as_str())
            }
        };
        (self.filters.is_empty() || self.filters.iter().any(matches))
            && !self.skips.iter().any(matches)
    }
}

fn number(name: &str, value: &str) -> Result<usize, String> {
    match value.parse() {
        Ok(n) if n > 0 => Ok(n),
        _ => Err(format!("{name} {value}: not a number from 1 up")),
    }
}
