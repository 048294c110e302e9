//! What a server must have for a case to mean anything, and how that is found out: by asking it.

use super::expect::{Expect, Kept, ensure};
use super::target::Target;

/// A case whose need is not met is skipped, never broken.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Needs {
    /// HTTP, and a page at NANOSERVE_PAGE.
    Page,
    /// A path at NANOSERVE_RUN where a POST with a key runs something.
    Run,
    /// GET of that path tells how often it ran: `{"runs":1}`.
    Count,
    /// The query options of N-83 on that path.
    Lab,
    /// A path at NANOSERVE_ECHO where a POST gets its content back.
    Echo,
    /// The payments of N-80 and N-81.
    Payments,
    /// The page of N-60.
    Contract,
    /// A server that was started with these, which only our own can be.
    Options(&'static [&'static str]),
}

impl Needs {
    /// Why a case with this need would mean nothing there, if it would.
    pub(super) fn missing(self, target: &Target) -> Option<String> {
        let found = self.probe(target).err()?;
        Some(format!("needs {}: {found}", self.name()))
    }

    fn name(self) -> &'static str {
        match self {
            Needs::Page => "a page",
            Needs::Run => "a POST that takes a key (NANOSERVE_RUN)",
            Needs::Count => "a count of executions",
            Needs::Lab => "the lab's options",
            Needs::Echo => "a POST that echoes (NANOSERVE_ECHO)",
            Needs::Payments => "POST /payments",
            Needs::Contract => "GET /docs/idempotency",
            Needs::Options(_) => "options",
        }
    }

    fn probe(self, target: &Target) -> Kept {
        let name = Target::fresh("probe");
        match self {
            // That there is a page is what the first cases are about: whatever speaks no HTTP breaks them.
            Needs::Page => Ok(()),
            Needs::Run => target.send(&target.keyed(&name))?.must_be_first().map(drop),
            Needs::Count => {
                target.send(&target.keyed(&name))?.must_be_first()?;
                target.ran(&name, 1)
            }
            Needs::Lab => {
                let request = target.keyed(&format!("{name}?status=299"));
                target.send(&request)?.must_be(299).map(drop)
            }
            Needs::Echo => {
                let answer = target.send(&target.echo(&name))?.must_be(200)?;
                ensure(answer.text() == name, "its content", "another")
            }
            Needs::Payments => target
                .send(&target.payment(&name, 1))?
                .must_be(201)
                .map(drop),
            Needs::Contract => {
                let page = target.send(&target.contract_page())?.must_be(200)?;
                let speaks = page.text().contains("Idempotency-Key");
                ensure(speaks, "the contract", "another page")
            }
            Needs::Options(options) => Err(options.join(" ")),
        }
    }
}
