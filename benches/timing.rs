//! How time is counted where criterion's own loop will not do: on several threads, and on state that fills up.

use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

/// Time for `iterations` that leave something behind each, in rounds of at most `round_max`. `round` is told how many are
/// its own, begins with fresh state, and returns the time that counts.
pub fn in_rounds(
    iterations: u64,
    round_max: usize,
    mut round: impl FnMut(usize) -> Duration,
) -> Duration {
    let mut counted = Duration::ZERO;
    let mut left = iterations;
    while left > 0 {
        // What does not fit a usize is larger than any round.
        let now = usize::try_from(left).map_or(round_max, |left| left.min(round_max));
        counted += round(now);
        left -= now as u64;
    }
    counted
}

/// Time of `work` on one thread.
pub fn timed(work: impl FnOnce()) -> Duration {
    let began = Instant::now();
    work();
    began.elapsed()
}

/// Time of `work` on so many threads at once; each is told its number. It runs from the moment when the first of them
/// begins to the moment when the last is done; starting and joining threads is not in it.
///
/// If each thread does n operations and n is reported, a figure is the time in which every thread got one done. It stays
/// the same from 1 to 2 threads on 2 cores if nobody stands in anybody's way; with more threads than cores it grows by
/// as much as they have to share.
pub fn on_threads(threads: usize, work: impl Fn(usize) + Sync) -> Duration {
    let (start, work) = (&Barrier::new(threads), &work);
    let spans: Vec<(Instant, Instant)> = thread::scope(|scope| {
        let running: Vec<_> = (0..threads)
            .map(|number| {
                scope.spawn(move || {
                    start.wait();
                    let began = Instant::now();
                    work(number);
                    (began, Instant::now())
                })
            })
            .collect();
        running
            .into_iter()
            .map(|thread| thread.join().expect("no thread of a bench panics"))
            .collect()
    });
    let began = spans.iter().map(|(began, _)| *began).min();
    let ended = spans.iter().map(|(_, ended)| *ended).max();
    began
        .zip(ended)
        .map_or(Duration::ZERO, |(began, ended)| ended - began)
}
