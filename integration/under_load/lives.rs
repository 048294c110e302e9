//! Handlers that last longer than an answer lives.

use super::length;
use crate::support::{Client, Request, Response, Server, at_once};
use serial_test::serial;
use std::time::{Duration, Instant};

const DELAY: Duration = Duration::from_millis(300);
const TTL: Duration = Duration::from_millis(20);
const KEYS: usize = 8;
/// That ask for one of these keys.
const CLIENTS: usize = 4 * KEYS;

/// A request and what came of it, as its client saw it.
struct Asked {
    sent: Instant,
    answered: Instant,
    /// The answer; none where it is that the first is still in flight.
    answer: Option<Response>,
}

// N-5, N-21, N-22, N-40 to N-42: each handler lasts fifteen times as long as an answer does, and the sweeper never rests. Were a
// record forgotten while its handler runs, another execution would be answered before two of them fit one after the other.
#[test]
#[serial]
fn handlers_that_outlast_the_ttl_run_one_after_the_other() {
    let length = length(Duration::from_secs(2));
    let server = Server::lab(&["--ttl", "20ms", "--log=off"]);
    let end = Instant::now() + length;
    let asked = at_once(CLIENTS + KEYS, |number| {
        let client = server.connect();
        if number < CLIENTS {
            keep_asking(client, number % KEYS, end)
        } else {
            make_work_for_the_sweeper(client, number, end);
            Vec::new()
        }
    });
    let mut of_key: Vec<Vec<Asked>> = (0..KEYS).map(|_| Vec::new()).collect();
    for (number, asked) in asked.into_iter().enumerate() {
        of_key[number % KEYS].extend(asked);
    }
    for (key, asked) in of_key.iter().enumerate() {
        let name = format!("long-{key}");
        lives_follow_each_other(&name, asked, server.runs(&name));
    }
}

fn keep_asking(mut client: Client, key: usize, end: Instant) -> Vec<Asked> {
    let target = format!("long-{key}?delay_ms={}", DELAY.as_millis());
    let request = Request::lab(&target).key(format!("long-{key}"));
    let mut asked = Vec::new();
    while Instant::now() < end {
        let sent = Instant::now();
        let answer = client.exchange(&request);
        let answered = Instant::now();
        let answer = if answer.status == 409 {
            answer.expect_problem(409, "key-in-flight");
            None
        } else {
            Some(answer.expect(201))
        };
        asked.push(Asked {
            sent,
            answered,
            answer,
        });
    }
    asked
}

/// Keys that expire as they come.
fn make_work_for_the_sweeper(mut client: Client, number: usize, end: Instant) {
    let mut turn = 0;
    while Instant::now() < end {
        turn += 1;
        let brief = Request::lab("brief").key(format!("brief-{number}-{turn}"));
        client.exchange(&brief).expect(201);
    }
}

/// What must hold of a key that ran so often.
#[track_caller]
fn lives_follow_each_other(name: &str, asked: &[Asked], total: i64) {
    let with_answer = |replayed: bool| {
        let answers = asked
            .iter()
            .filter_map(|asked| Some((asked, asked.answer.as_ref()?)));
        answers.filter(move |(_, answer)| answer.is_replay() == replayed)
    };
    let mut lives: Vec<(&Asked, &Response)> = with_answer(false).collect();
    lives.sort_by_key(|(_, answer)| answer.runs());
    let runs = lives.iter().map(|(_, answer)| answer.runs());
    assert!(
        runs.eq(1..=total),
        "{name}: each of {total} runs has one answer"
    );
    assert!(total > 1, "{name}: one life only");
    for pair in lives.windows(2) {
        let took = pair[1].0.answered - pair[0].0.sent;
        let at_least = DELAY + TTL + DELAY;
        assert!(took >= at_least, "{name}: two executions within {took:?}");
    }
    for (asked, replay) in with_answer(true) {
        let of = usize::try_from(replay.runs() - 1).expect("runs begin with 1");
        let (life, first) = lives[of];
        assert_eq!(replay.recorded(), first.recorded());
        assert!(
            asked.answered >= life.sent + DELAY,
            "{name}: replayed before it was done"
        );
        // The end of a TTL is told in whole milliseconds, rounded up.
        let over = life.answered + TTL + Duration::from_millis(1);
        assert!(asked.sent < over, "{name}: replayed after its time");
    }
    // Told so when the TTL would have been over for long, had it begun with the claim, which came a delay before the answer.
    let late = |asked: &&Asked| {
        let within = |(life, _): &(&Asked, &Response)| {
            let claimed_by = life.answered.checked_sub(DELAY);
            claimed_by.is_some_and(|at| asked.sent >= at + 5 * TTL)
                && asked.answered <= life.answered
        };
        asked.answer.is_none() && lives.iter().any(within)
    };
    assert!(
        asked.iter().any(|asked| late(&asked)),
        "{name}: nobody met it late in a life"
    );
}
