//! docs/service-wrapper.sh, which the documents tell people to use: a signal becomes a drain.

use super::read::root;
use crate::harness::wait_until;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Killed where a claim about it fails; the server it held then sees its stdin close.
struct Wrapper(Child);

impl Drop for Wrapper {
    // After a claim that held both calls only find that the process has gone.
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

// N-63, N-92
pub fn a_signal_to_the_service_wrapper_is_a_drain() {
    for (signal, number) in [("-TERM", 15), ("-INT", 2), ("-HUP", 1)] {
        if is_ignored(number) {
            continue; // nohup and the like: what a shell was started without, its trap cannot bring back
        }
        let wrapper = Command::new(root().join("docs/service-wrapper.sh"))
            .arg(env!("CARGO_BIN_EXE_nanoserve"))
            .args(["--listen", "127.0.0.1:0", "--admin", "off", "--log", "off"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("docs/service-wrapper.sh is there and may be run");
        let mut wrapper = Wrapper(wrapper);
        let stdout = wrapper.0.stdout.take().expect("it is piped");
        let mut first = String::new();
        let read = BufReader::new(stdout).read_line(&mut first);
        assert!(
            read.is_ok() && first.starts_with("listening on http://"),
            "{first}"
        );
        // The shell's own kill: the program of that name is not on every machine.
        let kill = format!("kill {signal} {}", wrapper.0.id());
        let told = Command::new("sh").args(["-c", &kill]).status();
        assert!(told.is_ok_and(|told| told.success()), "{kill} failed");
        let mut ended = None;
        wait_until(Duration::from_secs(10), || {
            ended = wrapper.0.try_wait().ok().flatten();
            ended.is_some()
        });
        let code = ended.and_then(|ended| ended.code());
        assert_eq!(code, Some(0), "after {signal}");
    }
}

/// Whether this process, and so what it starts, was told to ignore a signal (proc(5), SigIgn).
fn is_ignored(number: u32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|hex| u64::from_str_radix(hex.trim(), 16).ok());
    mask.is_some_and(|mask| mask >> (number - 1) & 1 == 1)
}
