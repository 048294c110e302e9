//! Step 5. Which route a method and path lead to.
//!
//! Paths compare segment by segment, byte for byte: `/payments/` is another path than `/payments`, and `%61` is not
//! `a`. The first row of the table that fits wins. A query is no part of the path.

use crate::app::Route;
use crate::http::request::Method;

/// Braces that one route's path can have: what `Exec` keeps. A path with more never matches; see `params_fit`.
pub const PARAMS_MAX: usize = 2;

/// What a path led to.
pub enum Routed<'r, 'p, S: 'static> {
    /// A route, and the segments that stood for its braces, as sent.
    Found(&'r Route<S>, [&'p [u8]; 2]),
    /// The path exists with other methods: here they are, as an Allow field lists them (`GET, HEAD, OPTIONS`).
    OtherMethods(String),
    /// `OPTIONS` for a path that exists, or for `*`: the methods it has.
    Options(String),
    /// No route has the path.
    NotFound,
}

/// The order of an Allow field, whatever the order of the table.
const ALLOW_ORDER: [Method; 7] = [
    Method::Get,
    Method::Head,
    Method::Post,
    Method::Put,
    Method::Patch,
    Method::Delete,
    Method::Options,
];

/// Finds the route. HEAD is served by GET's. Segments compare byte for byte, without decoding.
pub fn route<'r, 'p, S>(
    routes: &'r [Route<S>],
    method: Method,
    path: &'p [u8],
) -> Routed<'r, 'p, S> {
    let everything = method == Method::Options && path == b"*";
    let mut allowed = [false; ALLOW_ORDER.len()];
    let mut exists = everything;
    let mut for_head = None;
    for route in routes {
        let params = match params(route.path, path) {
            Some(params) => params,
            None if everything => Default::default(),
            None => continue,
        };
        if route.method == method && !everything {
            return Routed::Found(route, params);
        }
        if method == Method::Head && route.method == Method::Get {
            for_head.get_or_insert((route, params)); // a HEAD row of its own, further down, would go first
        }
        exists = true;
        for (known, allowed) in ALLOW_ORDER.iter().zip(&mut allowed) {
            *allowed |= *known == route.method
                || (*known == Method::Head && route.method == Method::Get)
                || *known == Method::Options;
        }
    }
    match for_head {
        Some((route, params)) => Routed::Found(route, params),
        None if !exists => Routed::NotFound,
        None if method == Method::Options => Routed::Options(list(allowed)),
        None => Routed::OtherMethods(list(allowed)),
    }
}

/// Whether a path has no more braces than a handler can be given: for a const assert beside a routes table.
pub const fn params_fit<S>(routes: &[Route<S>]) -> bool {
    let mut row = 0;
    while row < routes.len() {
        let path = routes[row].path.as_bytes();
        let (mut at, mut braces) = (0, 0);
        while at < path.len() {
            if path[at] == b'{' {
                braces += 1;
            }
            at += 1;
        }
        if braces > PARAMS_MAX {
            return false;
        }
        row += 1;
    }
    true
}

/// The segments of `path` that stand for the braces of `pattern`; none where they differ elsewhere.
fn params<'p>(pattern: &str, path: &'p [u8]) -> Option<[&'p [u8]; PARAMS_MAX]> {
    let mut params: [&[u8]; PARAMS_MAX] = Default::default();
    let mut free = params.iter_mut();
    let mut sent = path.split(|&byte| byte == b'/');
    for expected in pattern.as_bytes().split(|&byte| byte == b'/') {
        let segment = sent.next()?;
        if expected.starts_with(b"{") && !segment.is_empty() {
            *free.next()? = segment;
        } else if expected != segment {
            return None;
        }
    }
    if sent.next().is_some() {
        return None;
    }
    Some(params)
}

fn list(allowed: [bool; ALLOW_ORDER.len()]) -> String {
    let names: Vec<&str> = ALLOW_ORDER
        .iter()
        .zip(allowed)
        .filter(|(_, allowed)| *allowed)
        .map(|(method, _)| method.as_str())
        .collect();
    names.join(", ")
}
