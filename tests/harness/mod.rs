//! The unit-test harness: what Unity, Check or CUnit do for C, in a few hundred lines of std.
//!
//! Rust comes with a test runner, and this project could use it. It has its own because a runner is worth reading once:
//!
//! | question | Unity | Check | CUnit | here |
//! |---|---|---|---|---|
//! | who lists the tests | `RUN_TEST` lines in `main` | suites built at run time | a registry at run time | a const table in main.rs |
//! | how does a false claim end its test | `longjmp` | exit of a child process | a count, the test runs on | a panic, caught where the thread began |
//! | what if it hangs | nothing | the child is killed | nothing | it is reported and its thread left behind |
//! | what if it leaves something open | nothing | the child's end cleans up | nothing | it fails: see leaks.rs |
//!
//! A process for each test (Check) is the stronger wall: it survives a crash and can be killed. A thread costs a
//! hundredth of that, and safe Rust has no wild pointer that could spoil the next test.
//!
//! How it is read: options.rs is the command line, run.rs the order of things, trial.rs one test on its thread, held.rs
//! what is kept back until a test fails, leaks.rs the count of what it left. The rest helps tests: expect.rs, random.rs,
//! exhaustive.rs, wire.rs, wait.rs,
//! stress.rs.
//!
//! Invariant: a test that passes prints nothing, so what is on the screen is about what failed.

pub mod exhaustive;
pub mod expect;
mod held;
mod leaks;
mod options;
pub mod random;
mod run;
pub mod stress;
mod trial;
mod wait;
pub mod wire;

pub use held::note;
pub use options::HIDDEN_FLAG;
pub use run::run;
pub use wait::wait_until;

/// One test: its name is a claim, its function panics when the claim is false.
pub type Test = (&'static str, fn());

/// The tests of one source file.
pub struct Suite {
    /// `http/parse`
    pub name: &'static str,
    /// In the order they stand in the file.
    pub tests: &'static [Test],
}
