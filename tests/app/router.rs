//! Claims about src/app/router.rs.

use crate::harness::Test;
use nanoserve::app::router::{Routed, params_fit, route};
use nanoserve::app::{App, Exec, KeyPolicy, Reply, Route};
use nanoserve::http::request::{Method, Request};
use nanoserve::http::response::Response;
use nanoserve::http::status::Status;

pub const TESTS: &[Test] = &[
    ("paths_match_byte_for_byte", paths_match_byte_for_byte),
    (
        "a_brace_takes_one_segment_that_is_not_empty",
        a_brace_takes_one_segment_that_is_not_empty,
    ),
    ("head_is_served_by_get", head_is_served_by_get),
    (
        "a_head_row_of_its_own_goes_first",
        a_head_row_of_its_own_goes_first,
    ),
    (
        "other_methods_are_listed_in_one_order",
        other_methods_are_listed_in_one_order,
    ),
    (
        "options_lists_what_a_path_has",
        options_lists_what_a_path_has,
    ),
    ("the_first_row_that_fits_wins", the_first_row_that_fits_wins),
    ("three_braces_never_match", three_braces_never_match),
];

fn handler(_: &App, _: &Request<'_>, _: &mut Exec<'_>) -> Reply {
    Reply::Done(Response::new(Status::OK))
}

const fn row(method: Method, path: &'static str) -> Route<App> {
    Route {
        method,
        path,
        key: KeyPolicy::Optional,
        handler,
    }
}

const TABLE: &[Route<App>] = &[
    row(Method::Post, "/things"),
    row(Method::Get, "/"),
    row(Method::Get, "/things"),
    row(Method::Get, "/things/{id}"),
    row(Method::Delete, "/things/{id}"),
    row(Method::Patch, "/things/{id}/parts/{part}"),
    row(Method::Get, "/things/best"),
];

/// What `route` says, in one line.
fn said(method: Method, path: &str) -> String {
    match route(TABLE, method, path.as_bytes()) {
        Routed::Found(route, params) => {
            let [a, b] = params.map(|param| String::from_utf8_lossy(param).into_owned());
            format!("{} {} [{a}] [{b}]", route.method.as_str(), route.path)
        }
        Routed::OtherMethods(methods) => format!("others: {methods}"),
        Routed::Options(methods) => format!("options: {methods}"),
        Routed::NotFound => "not found".to_owned(),
    }
}

// N-51
fn paths_match_byte_for_byte() {
    assert_eq!(said(Method::Get, "/"), "GET / [] []");
    assert_eq!(said(Method::Get, "/things"), "GET /things [] []");
    let others = [
        "",
        "things",
        "/Things",
        "/things/",
        "//things",
        "/thing",
        "/thingss",
        "/%74hings",
        "/things//",
        "*",
    ];
    for path in others {
        assert_eq!(said(Method::Get, path), "not found", "{path}");
    }
}

fn a_brace_takes_one_segment_that_is_not_empty() {
    assert_eq!(said(Method::Get, "/things/7"), "GET /things/{id} [7] []");
    assert_eq!(
        said(Method::Get, "/things/%2F"),
        "GET /things/{id} [%2F] []"
    );
    assert_eq!(
        said(Method::Patch, "/things/7/parts/b"),
        "PATCH /things/{id}/parts/{part} [7] [b]"
    );
    for path in [
        "/things//parts/b",
        "/things/7/parts/",
        "/things/7/parts",
        "/things/7/8",
    ] {
        assert_eq!(said(Method::Patch, path), "not found", "{path}");
    }
}

// N-51
fn head_is_served_by_get() {
    assert_eq!(said(Method::Head, "/things/7"), "GET /things/{id} [7] []");
    assert_eq!(
        said(Method::Head, "/things/7/parts/b"),
        "others: PATCH, OPTIONS"
    );
}

fn a_head_row_of_its_own_goes_first() {
    let table = [row(Method::Get, "/a"), row(Method::Head, "/a")];
    match route(&table, Method::Head, b"/a") {
        Routed::Found(route, _) => assert_eq!(route.method, Method::Head),
        _ => panic!("there is a row for it"),
    }
}

// N-51
fn other_methods_are_listed_in_one_order() {
    assert_eq!(
        said(Method::Put, "/things"),
        "others: GET, HEAD, POST, OPTIONS"
    );
    assert_eq!(
        said(Method::Trace, "/things/7"),
        "others: GET, HEAD, DELETE, OPTIONS"
    );
    assert_eq!(said(Method::Unknown, "/"), "others: GET, HEAD, OPTIONS");
    assert_eq!(said(Method::Put, "/nothing"), "not found");
}

// N-51
fn options_lists_what_a_path_has() {
    assert_eq!(
        said(Method::Options, "/things"),
        "options: GET, HEAD, POST, OPTIONS"
    );
    assert_eq!(
        said(Method::Options, "*"),
        "options: GET, HEAD, POST, PATCH, DELETE, OPTIONS"
    );
    assert_eq!(said(Method::Options, "/nothing"), "not found");
    assert!(matches!(
        route::<App>(&[], Method::Options, b"*"),
        Routed::Options(_)
    ));
}

fn the_first_row_that_fits_wins() {
    assert_eq!(
        said(Method::Get, "/things/best"),
        "GET /things/{id} [best] []"
    );
}

fn three_braces_never_match() {
    let table = [row(Method::Get, "/{a}/{b}/{c}")];
    assert!(!params_fit(&table));
    assert!(params_fit(TABLE));
    assert!(matches!(
        route(&table, Method::Get, b"/1/2/3"),
        Routed::NotFound
    ));
}
