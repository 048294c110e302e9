//! What a case says of an answer. A claim that does not hold is a text, never a panic: `expected …, found …`.

use crate::support::{Json, Response};
use std::fmt::{Debug, Display};

/// What a check returns: why its claim is broken, if it is.
pub(super) type Kept = Result<(), String>;

/// The marker of N-21.
const REPLAYED: &str = "Idempotent-Replayed";

pub(super) fn differ<T>(expected: impl Display, found: impl Display) -> Result<T, String> {
    Err(format!("expected {expected}, found {found}"))
}

pub(super) fn ensure(holds: bool, expected: impl Display, found: impl Display) -> Kept {
    if holds {
        return Ok(());
    }
    differ(expected, found)
}

/// Puts the variant of a case before what was found of it.
pub(super) fn each<V: Debug>(
    variants: impl IntoIterator<Item = V>,
    check: impl Fn(&V) -> Kept,
) -> Kept {
    variants
        .into_iter()
        .try_for_each(|variant| check(&variant).map_err(|why| format!("{variant:?}: {why}")))
}

/// Claims about one answer, chained with `?`.
pub(super) trait Expect: Sized {
    fn must_be(self, status: u16) -> Result<Self, String> {
        self.must_be_one_of(&[status])
    }
    fn must_be_one_of(self, statuses: &[u16]) -> Result<Self, String>;
    /// An answer of the handler's, of now: 2xx without the marker.
    fn must_be_first(self) -> Result<Self, String>;
    /// A replay of that one (N-21).
    fn repeats(&self, first: &Response) -> Kept;
    /// The first line of a field.
    fn first_of(&self, name: &str) -> Option<&str>;
    fn has(&self, name: &str, value: &str) -> Kept;
    fn stays_open(&self) -> Kept;
    /// The JSON value behind these names.
    fn member(&self, path: &[&str]) -> Result<Json, String>;
    fn number(&self, path: &[&str]) -> Result<i64, String>;
    fn words(&self, path: &[&str]) -> Result<String, String>;
}

impl Expect for Response {
    fn must_be_one_of(self, statuses: &[u16]) -> Result<Self, String> {
        if statuses.contains(&self.status) {
            return Ok(self);
        }
        let expected: Vec<_> = statuses.iter().map(u16::to_string).collect();
        differ(expected.join(" or "), self.status)
    }

    fn must_be_first(self) -> Result<Self, String> {
        ensure(
            (200..300).contains(&self.status),
            "a status 2xx",
            self.status,
        )?;
        let marker = self.first_of(REPLAYED);
        ensure(marker.is_none(), "an answer of now", "a replay")?;
        Ok(self)
    }

    fn repeats(&self, first: &Response) -> Kept {
        ensure(
            self.status == first.status,
            first.status,
            format!("{} to the retry", self.status),
        )?;
        let marker = self.first_of(REPLAYED);
        let found = marker.map_or("none".to_owned(), |value| format!("{REPLAYED}: {value}"));
        ensure(marker == Some("true"), format!("{REPLAYED}: true"), found)?;
        let (_, fields, content) = self.recorded();
        let (_, first_fields, first_content) = first.recorded();
        ensure(
            content == first_content,
            "the same content",
            "another content",
        )?;
        let difference = fields.iter().zip(&first_fields).find(|(a, b)| a != b);
        let found = difference.map_or("more or fewer".to_owned(), |(a, _)| format!("{a:?}"));
        ensure(fields == first_fields, "the same fields", found)
    }

    fn first_of(&self, name: &str) -> Option<&str> {
        self.values(name).first().copied()
    }

    fn has(&self, name: &str, value: &str) -> Kept {
        let found = self.first_of(name);
        ensure(
            found.is_some_and(|found| found.eq_ignore_ascii_case(value)),
            format!("{name}: {value}"),
            found.unwrap_or("none"),
        )
    }

    fn stays_open(&self) -> Kept {
        let closes = self
            .first_of("Connection")
            .is_some_and(|value| value.eq_ignore_ascii_case("close"));
        ensure(
            !closes,
            "a connection that stays",
            format!("{} with Connection: close", self.status),
        )
    }

    fn member(&self, path: &[&str]) -> Result<Json, String> {
        let missing = || format!("expected a member {}, found none", path.join("."));
        let none = |_| format!("expected JSON, found {:.40?}", self.text());
        let mut value = Json::read(&self.content).map_err(none)?;
        for name in path {
            value = value.find(name).ok_or_else(missing)?.clone();
        }
        Ok(value)
    }

    fn number(&self, path: &[&str]) -> Result<i64, String> {
        match self.member(path)? {
            Json::Number(number) => Ok(number),
            other => differ("a number", format!("{other:?}")),
        }
    }

    fn words(&self, path: &[&str]) -> Result<String, String> {
        match self.member(path)? {
            Json::Text(text) => Ok(text),
            other => differ("a string", format!("{other:?}")),
        }
    }
}
