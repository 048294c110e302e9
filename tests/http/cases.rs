//! What the tests of http/ share: outcomes as one line of text, every way to cut bytes, a seeded generator.

use nanoserve::http::parse::{ParseError, Parsed, parse_head};
use nanoserve::http::request::{Head, Request};

/// The outcome of parsing `bytes`, after checking that every way to cut them gives the same: parsed at every prefix, as a
/// connection does that gets them in pieces, nothing changes once an outcome is there.
pub fn parse(bytes: &[u8]) -> Result<Parsed, ParseError> {
    parse_at(bytes, 0..=bytes.len())
}

/// `parse` for long inputs: only the prefixes of these lengths.
pub fn parse_at(
    bytes: &[u8],
    lengths: impl IntoIterator<Item = usize>,
) -> Result<Parsed, ParseError> {
    let whole = parse_head(bytes);
    let mut decided = false;
    for length in lengths {
        let outcome = parse_head(&bytes[..length]);
        if decided || outcome != Ok(Parsed::Partial) {
            decided = true;
            assert_eq!(
                outcome,
                whole,
                "the first {length} bytes of {}",
                bytes.escape_ascii()
            );
        }
    }
    whole
}

/// The outcome in one line: `more`, `400 at 17: expected …`, or `used 29`.
pub fn outcome(result: &Result<Parsed, ParseError>) -> String {
    match result {
        Ok(Parsed::Partial) => "more".to_owned(),
        Ok(Parsed::Complete { used, .. }) => format!("used {used}"),
        Err(error) => error_line(error),
    }
}

/// `400 at 17: expected …`
pub fn error_line(error: &ParseError) -> String {
    let code = error.problem.status.code();
    format!("{code} at {}: {}", error.offset, error.detail)
}

/// The head of bytes that hold one, and all of them.
pub fn head(bytes: &[u8]) -> Head {
    match parse(bytes) {
        Ok(Parsed::Complete { head, used }) if used == bytes.len() => head,
        other => panic!("{}: {}", bytes.escape_ascii(), outcome(&other)),
    }
}

/// Runs a check on the request that `bytes` are the head of.
pub fn with_request<T>(bytes: &[u8], check: impl FnOnce(Request<'_>) -> T) -> T {
    let head = head(bytes);
    check(Request::new(&head, bytes, b""))
}

/// Checks a table of inputs and outcomes; all that differ are shown at once.
pub fn check_table<'a>(
    rows: impl IntoIterator<Item = (&'a [u8], &'a str)>,
    run: impl Fn(&[u8]) -> String,
) {
    let wrong: Vec<String> = rows
        .into_iter()
        .filter_map(|(input, expected)| {
            let found = run(input);
            (found != expected).then(|| {
                let input = input.escape_ascii();
                format!("{input}\n  expected: {expected}\n  found:    {found}")
            })
        })
        .collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// Numbers from a seed (splitmix64): the same seed gives the same test.
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Dice {
        Dice(seed)
    }

    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// Below `bound`; 0 where that is 0.
    pub fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.roll() % bound.max(1) as u64).unwrap_or(0)
    }

    pub fn pick<'a, T: ?Sized>(&mut self, from: &[&'a T]) -> &'a T {
        from[self.below(from.len())]
    }

    /// A seed's bytes after one to four changes: bytes replaced, removed, put in, doubled, or the rest cut off.
    pub fn mutate(&mut self, seed: &[u8]) -> Vec<u8> {
        const SPICE: &[&[u8]] = &[
            b"\r",
            b"\n",
            b"\r\n",
            b"\r\n\r\n",
            b"\0",
            b" ",
            b"\t",
            b":",
            b",",
            b";",
            b"\"",
            b"\\",
            b"%",
            b"=",
            b"\x7f",
            b"\x80",
            b"\xff",
            b"0",
            b"f",
            b"chunked",
            b"Host: a\r\n",
            b"Content-Length: 1\r\n",
        ];
        let mut bytes = seed.to_vec();
        for _ in 0..=self.below(4) {
            let at = self.below(bytes.len() + 1);
            let end = (at + self.below(6)).min(bytes.len());
            match self.below(6) {
                0 => bytes.truncate(at),
                1 => drop(bytes.drain(at..end)),
                2 => {
                    let doubled = bytes[at..end].to_vec();
                    bytes.splice(at..at, doubled);
                }
                3 if at < bytes.len() => bytes[at] = self.roll().to_le_bytes()[0],
                _ => drop(bytes.splice(at..at, self.pick(SPICE).iter().copied())),
            }
        }
        bytes
    }
}

/// Runs `check` on `count` mutations of seeds from a list; on a failure the seed of the one that failed is printed.
pub fn mutations(count: u64, seeds: &[&[u8]], check: impl Fn(&[u8])) {
    // Every mutation has a seed of its own: a printed one, given here, is the first of the run that repeats it.
    let first = std::env::var("NANOSERVE_SEED").map_or(0, |seed| seed.parse().unwrap_or(0));
    for seed in first..first + count {
        let shown = Shown(seed);
        let mut dice = Dice::new(seed);
        let from = dice.pick(seeds);
        check(&dice.mutate(from));
        std::mem::forget(shown);
    }
}

/// Says on the way out of a panic which seed it was.
struct Shown(u64);

impl Drop for Shown {
    // Only dropped while a panic unwinds: the run that went well forgets it.
    fn drop(&mut self) {
        println!("mutation seed {}", self.0);
    }
}
