//! Step 3. Request-targets (RFC 9112, section 3.2) and authorities (RFC 3986, section 3.2), and the percent-decoding of
//! what is in them (RFC 3986, section 2.1).

use crate::http::grammar::{DIGIT, REG_NAME, hex_value};
use crate::http::request::{Method, Span, Target};
use core::net::Ipv6Addr; // an address is a value; what this module may not know are std::net's sockets
use std::borrow::Cow;

/// Decodes `%XX`; `+` stays a plus sign.
///
/// # Errors
/// None where a `%` is not followed by two hex digits.
pub fn percent_decode(text: &[u8]) -> Option<Cow<'_, [u8]>> {
    if !text.contains(&b'%') {
        return Some(Cow::Borrowed(text));
    }
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&first, after)) = rest.split_first() {
        rest = match (first, after) {
            (b'%', [high, low, after @ ..]) => {
                decoded.push(hex_value(*high)? * 16 + hex_value(*low)?);
                after
            }
            (b'%', _) => return None,
            _ => {
                decoded.push(first);
                after
            }
        };
    }
    Some(Cow::Owned(decoded))
}

/// The `name=value` pairs of a query, not decoded, in order; a pair without `=` has an empty value; empty pairs are
/// skipped.
pub fn query_pairs(query: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    query
        .split(|&byte| byte == b'&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let equals = pair.iter().position(|&byte| byte == b'=');
            match equals.map(|at| pair.split_at(at)) {
                Some((name, value)) => (name, value.get(1..).unwrap_or_default()),
                None => (pair, &[][..]),
            }
        })
}

/// A target or an authority that is none: which byte of the text does not fit, and what would have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Misfit {
    pub(crate) at: usize,
    pub(crate) expected: &'static str,
}

/// A request-target in origin form, and the authority of one that came in absolute form. Both spans count from `base`,
/// where `text` starts in its head.
pub(crate) fn origin_form(
    method: Method,
    text: &[u8],
    base: usize,
) -> Result<(Target, Option<Span>), Misfit> {
    let path_from = |from: usize| {
        let mark = text.iter().position(|&byte| byte == b'?');
        let (path_end, end) = (base + mark.unwrap_or(text.len()), base + text.len());
        Target::Path {
            path: Span::new(base + from, path_end),
            query: mark.map(|_| Span::new(path_end + 1, end)),
        }
    };
    match (text, method) {
        (_, Method::Connect) => Ok((
            Target::Path {
                path: Span::new(base, base + text.len()),
                query: None,
            },
            None,
        )),
        ([b'/', ..], _) => Ok((path_from(0), None)),
        (b"*", Method::Options) => Ok((Target::Asterisk, None)),
        _ => {
            let start = scheme_len(text).ok_or(Misfit {
                at: 0,
                expected: "'/', 'http://', 'https://' or the '*' of OPTIONS",
            })?;
            let rest = text.get(start..).unwrap_or_default();
            let length = rest
                .iter()
                .position(|byte| matches!(byte, b'/' | b'?'))
                .unwrap_or(rest.len());
            let authority = rest.get(..length).unwrap_or_default();
            // RFC 9110, section 4.2.1: an http URI without a host is to be refused; userinfo fails as no host has an '@'.
            if matches!(authority, [] | [b':', ..]) {
                return Err(Misfit {
                    at: start,
                    expected: "a host",
                });
            }
            check_authority(authority).map_err(|misfit| Misfit {
                at: start + misfit.at,
                ..misfit
            })?;
            let authority = Span::new(base + start, base + start + length);
            Ok((path_from(start + length), Some(authority)))
        }
    }
}

/// The length of `http://` or `https://` at the start, in any case (RFC 3986, section 3.1).
fn scheme_len(text: &[u8]) -> Option<usize> {
    ["http://", "https://"].into_iter().find_map(|scheme| {
        text.get(..scheme.len())?
            .eq_ignore_ascii_case(scheme.as_bytes())
            .then_some(scheme.len())
    })
}

/// `Host = uri-host [ ":" port ]` (RFC 9110, section 7.2), `uri-host` a `reg-name`, which every IPv4 address is too, or
/// an IPv6 address in brackets.
///
/// Decision: an empty Host is grammatical, and what RFC 9112, section 3.2, has a client send whose target URI has no
/// authority, so it is accepted; as is an empty port. `IPvFuture` and zone identifiers are not: no address has one here.
pub(crate) fn check_authority(text: &[u8]) -> Result<(), Misfit> {
    let host_end = if text.first() == Some(&b'[') {
        ipv6_len(text)?
    } else {
        reg_name_len(text)?
    };
    let Some((colon, port)) = text.get(host_end..).and_then(<[u8]>::split_first) else {
        return Ok(());
    };
    let digits = DIGIT.run(port);
    if *colon != b':' {
        Err(Misfit {
            at: host_end,
            expected: "a character of a host, or ':' and a port",
        })
    } else if digits < port.len() {
        Err(Misfit {
            at: host_end + 1 + digits,
            expected: "a digit of a port",
        })
    } else {
        Ok(())
    }
}

/// `"[" IPv6address "]"` (RFC 3986, section 3.2.2).
fn ipv6_len(text: &[u8]) -> Result<usize, Misfit> {
    let close = text.iter().position(|&byte| byte == b']');
    let inside = close.and_then(|close| text.get(1..close));
    inside
        .and_then(|inside| str::from_utf8(inside).ok())
        .and_then(|inside| inside.parse::<Ipv6Addr>().ok())
        .and(close)
        .map(|close| close + 1)
        .ok_or(Misfit {
            at: 1,
            expected: "an IPv6 address and ']'",
        })
}

/// `reg-name = *( unreserved / pct-encoded / sub-delims )` (RFC 3986, section 3.2.2), up to a byte that is of none.
fn reg_name_len(text: &[u8]) -> Result<usize, Misfit> {
    let mut length = 0;
    loop {
        let rest = text.get(length..).unwrap_or_default();
        length += REG_NAME.run(rest);
        match text.get(length..) {
            Some([b'%', high, low, ..])
                if hex_value(*high).is_some() && hex_value(*low).is_some() =>
            {
                length += 3;
            }
            Some([b'%', ..]) => {
                return Err(Misfit {
                    at: length,
                    expected: "'%' and two hex digits",
                });
            }
            _ => return Ok(length),
        }
    }
}
