//! The end of step 3. What the head of a request asks for, and everything that it alone can refuse: route, method, key, caller.
//!
//! Invariant: nothing here has an effect, and no key is claimed; so no refusal here uses one up (N-32).

use super::Lifecycle;
use crate::app::router::{Routed, route};
use crate::app::{KeyPolicy, Route};
use crate::config::Scope;
use crate::contract_page::{self, ContractPage};
use crate::http::fields::{FieldName, FieldValue};
use crate::http::key_field::request_key;
use crate::http::problem::{self, Problem};
use crate::http::request::{Expect, Method, Request};
use crate::idempotency::scope::ScopeDigest;
use crate::server::service::Refusal;
use std::borrow::Cow;

/// What the head of a request asks for.
pub(super) enum Plan<'r, 'p, S: 'static> {
    /// The methods of a path.
    Options(String),
    /// The contract page.
    Page(&'r Route<ContractPage>),
    /// A handler without the guard: a safe method, or no key where none is required.
    Run(&'r Route<S>, [&'p [u8]; 2]),
    /// A handler behind the guard.
    RunOnce(&'r Route<S>, [&'p [u8]; 2], ScopeDigest, Cow<'p, [u8]>),
}

impl<S: Send + Sync + 'static> Lifecycle<S> {
    /// What the head alone decides: asked for early where content is still to come, and again when the request is whole. The
    /// order of the checks is that of `problem::PRECEDENCE`.
    pub(super) fn plan<'r, 'p>(
        &'r self,
        request: &Request<'p>,
    ) -> Result<Plan<'r, 'p, S>, Refusal> {
        let method = request.method();
        if matches!(method, Method::Unknown | Method::Connect) {
            let detail = "this server has GET, HEAD, POST, PUT, PATCH, DELETE and OPTIONS";
            return Err(Problem::new(&problem::METHOD_NOT_IMPLEMENTED, detail).into());
        }
        let plan = self.find(method, request.path())?;
        if request.head().expect == Expect::Unknown {
            let detail = "expected '100-continue' or no Expect field";
            return Err(Problem::new(&problem::EXPECTATION_FAILED, detail).into());
        }
        match plan {
            Plan::Run(route, params) if method.is_guarded() => {
                self.plan_guarded(route, params, request)
            }
            plan => Ok(plan),
        }
    }

    fn find<'r, 'p>(&'r self, method: Method, path: &'p [u8]) -> Result<Plan<'r, 'p, S>, Refusal> {
        let methods = match route(&self.routes, method, path) {
            Routed::Found(route, params) => return Ok(Plan::Run(route, params)),
            Routed::Options(methods) => return Ok(Plan::Options(methods)),
            Routed::OtherMethods(methods) => methods,
            Routed::NotFound => match route(contract_page::ROUTES, method, path) {
                Routed::Found(route, _) => return Ok(Plan::Page(route)),
                Routed::Options(methods) => return Ok(Plan::Options(methods)),
                Routed::OtherMethods(methods) => methods,
                Routed::NotFound => {
                    return Err(
                        Problem::new(&problem::NOT_FOUND, "no such path on this server").into(),
                    );
                }
            },
        };
        let problem = Problem::new(
            &problem::METHOD_NOT_ALLOWED,
            format!("this path has {methods}"),
        );
        Err(Refusal {
            problem,
            field: allow_field(methods),
        })
    }

    /// N-10 to N-16: everything about the key that the head can tell. The caller's field is looked at without a key too: a
    /// request that bypassed the gateway which sets it is not to run unnoticed (N-15).
    fn plan_guarded<'r, 'p>(
        &self,
        route: &'r Route<S>,
        params: [&'p [u8]; 2],
        request: &Request<'p>,
    ) -> Result<Plan<'r, 'p, S>, Refusal> {
        for name in ["Content-Type", "Content-Encoding"] {
            if request.single(name).is_err() {
                return Err(repeated(name));
            }
        }
        let scope = self.scope_of(request)?;
        let key = request_key(request)
            .map_err(|error| Problem::new(&problem::KEY_MALFORMED, error.detail))?;
        match key {
            Some(key) => Ok(Plan::RunOnce(route, params, scope, key)),
            None if route.key == KeyPolicy::Optional => Ok(Plan::Run(route, params)),
            None => {
                let detail = "this request moves something: send an Idempotency-Key of your own making, new for each \
                              request and the same for each retry of it";
                Err(Problem::new(&problem::KEY_MISSING, detail).into())
            }
        }
    }

    fn scope_of(&self, request: &Request<'_>) -> Result<ScopeDigest, Refusal> {
        let (source, required) = match &self.scope {
            Scope::None => return Ok(ScopeDigest::of("none", None)),
            Scope::Authorization => ("authorization", false),
            Scope::Field(name) => (name.as_str(), true),
        };
        let value = request.single(source).map_err(|_| repeated(source))?;
        // An empty value names nobody: all who send one would share their keys.
        if required && value.is_none_or(<[u8]>::is_empty) {
            let detail = format!(
                "keys belong to a caller here, and the field that names the caller is missing or empty: {source}"
            );
            return Err(Problem::new(&problem::SCOPE_MISSING, detail).into());
        }
        Ok(ScopeDigest::of(source, value))
    }
}

fn repeated(name: &str) -> Refusal {
    Problem::new(
        &problem::FIELD_REPEATED,
        format!("expected one field line of {name}, found more"),
    )
    .into()
}

pub(super) fn allow_field(methods: String) -> Option<(FieldName, FieldValue)> {
    FieldValue::new(methods).map(|value| (FieldName::from_static("Allow"), value))
}
