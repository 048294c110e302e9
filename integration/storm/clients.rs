//! The clients: each takes its steps, alone or beside others at one key, and writes down every attempt.
//!
//! What a client does in a step is drawn from the seed, its number and the step's; only whether it asks again depends on
//! what came back. Clients of one group meet at the same keys, so none of them may run ahead of the others.

use super::history::{Attempt, Got, Line};
use super::leaving::Leave;
use super::work::{Key, read};
use crate::support::{Client, Random, Server, pause};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

pub(crate) const CLIENTS: usize = 64;
/// Clients of one group share their keys.
const GROUP: usize = 8;
const GROUPS: usize = CLIENTS / GROUP;
/// New keys of a group in each of its steps; about six attempts meet at a key.
const KEYS_PER_STEP: usize = 3;
/// Most attempts are at one of so many newest keys of the group, so that clients meet.
const NEAR: usize = 8;
/// The others are at one of so many, so that a TTL may have passed.
const FAR: usize = 120;
/// Requests of one volley.
const VOLLEY: usize = 4;
/// Steps that a client may be ahead of the slowest of its group.
const AHEAD_MAX: usize = 2;
/// How often a client asks again in one step.
const RETRIES_MAX: u32 = 4;

/// What all clients of one storm share.
pub(crate) struct Storm<'a> {
    server: &'a Server,
    start: Instant,
    seed: u64,
    /// How many steps each client has taken.
    steps: [AtomicUsize; CLIENTS],
}

/// An attempt, and the number of the key that it was made with.
pub(crate) type Made = (usize, Attempt);

struct Visitor<'a> {
    storm: &'a Storm<'a>,
    number: usize,
    client: Option<Client>,
    made: Vec<Made>,
    pipelines: u32,
}

impl<'a> Storm<'a> {
    pub(crate) fn new(server: &'a Server, seed: u64) -> Storm<'a> {
        Storm {
            server,
            start: Instant::now(),
            seed,
            steps: [const { AtomicUsize::new(0) }; CLIENTS],
        }
    }

    pub(crate) fn now_us(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_micros()).expect("a storm is short")
    }

    pub(crate) fn key(&self, number: usize) -> Key {
        Key::new(self.seed, number)
    }

    /// All that one client does.
    pub(crate) fn visit(&self, number: usize, steps: usize) -> Vec<Made> {
        let mut visitor = Visitor {
            storm: self,
            number,
            client: None,
            made: Vec::new(),
            pipelines: 0,
        };
        for step in 0..steps {
            self.keep_pace(number, step);
            visitor.step(step);
        }
        std::mem::take(&mut visitor.made)
    }

    fn keep_pace(&self, number: usize, step: usize) {
        self.steps[number].store(step, Ordering::Relaxed);
        let first = number / GROUP * GROUP;
        let group = &self.steps[first..first + GROUP];
        // A client that is done, or has panicked, holds nobody up (see Drop); any other moves, or its own deadline ends it.
        while group
            .iter()
            .any(|steps| steps.load(Ordering::Relaxed) + AHEAD_MAX < step)
        {
            pause();
        }
    }

    /// One of so many newest keys of the client's group.
    fn key_of_group(&self, number: usize, step: usize, back: usize, dice: &mut Random) -> Key {
        let newest = (step + 1) * KEYS_PER_STEP;
        let of_group = newest.saturating_sub(dice.below(back));
        self.key(of_group * GROUPS + number / GROUP)
    }
}

impl Visitor<'_> {
    fn step(&mut self, step: usize) {
        let mut dice = Random::at(&[self.storm.seed, self.number as u64, step as u64]);
        let act = dice.below(10);
        let back = if act == 0 {
            KEYS_PER_STEP
        } else {
            dice.pick(&[NEAR, NEAR, NEAR, NEAR, FAR])
        };
        let key = self.storm.key_of_group(self.number, step, back, &mut dice);
        match act {
            0 => self.volley(&key, &mut dice),
            1..4 => self.pipeline(&key, &mut dice),
            4..7 => self.leave(&key, &mut dice),
            _ => self.ask(&key, &mut dice),
        }
        for _ in 0..RETRIES_MAX {
            let percent = match self.made.last().map(|(_, attempt)| &attempt.got) {
                Some(Got::Nothing | Got::InFlight) => 90,
                Some(Got::Refused | Got::Full | Got::Busy) => 60,
                _ => 40,
            };
            if !dice.chance(percent) {
                break;
            }
            self.ask(&key, &mut dice);
        }
    }

    /// One request and its answer, on the client's connection or on one that it half-closes.
    fn ask(&mut self, key: &Key, dice: &mut Random) {
        let content = key.content(dice);
        let bytes = key.request(content, dice).bytes();
        let half_close = dice.chance(5);
        let share = if dice.chance(25) { dice.below(100) } else { 0 };
        let cut = bytes.len() * share / 100;
        let kept = self.client.take_if(|_| !half_close);
        let mut client = kept.unwrap_or_else(|| self.storm.server.connect());
        let mut attempt = self.begin(key, content);
        attempt.half_closed = half_close;
        if cut > 0 {
            client.send(&bytes[..cut]);
        }
        client.send(&bytes[cut..]);
        if half_close {
            client.half_close();
        }
        let closes = self.hear(&mut attempt, &mut client);
        self.made.push((key.number, attempt));
        if half_close {
            client.expect_end();
        } else if !closes {
            self.client = Some(client);
        }
    }

    /// Several requests on as many connections, so close together that workers take them up at once. The key is one that
    /// hardly anybody has met.
    fn volley(&mut self, key: &Key, dice: &mut Random) {
        let loaded: Vec<_> = (0..VOLLEY)
            .map(|_| {
                let content = key.content(dice);
                let bytes = key.request(content, dice).bytes();
                (content, bytes, self.storm.server.connect())
            })
            .collect();
        let sent: Vec<_> = loaded
            .into_iter()
            .map(|(content, bytes, mut client)| {
                let attempt = self.begin(key, content);
                client.send(bytes);
                (attempt, client)
            })
            .collect();
        for (mut attempt, mut client) in sent {
            self.hear(&mut attempt, &mut client);
            self.made.push((key.number, attempt));
        }
    }

    /// Several requests in one go, mostly duplicates, answered in their order; or left unread.
    fn pipeline(&mut self, key: &Key, dice: &mut Random) {
        let mut client = self.storm.server.connect();
        let mut bytes = Vec::new();
        let mut attempts = Vec::new();
        for place in 0..2 + dice.below(3) {
            let content = key.content(dice);
            bytes.extend(key.request(content, dice).bytes());
            attempts.push(Attempt {
                line: Some(Line {
                    pipeline: (self.client_number(), self.pipelines),
                    place,
                }),
                ..self.begin(key, content)
            });
        }
        self.pipelines += 1;
        let leave = Leave::drawn(dice);
        let stays = dice.chance(70) || !leave.is_whole();
        if stays {
            client.send(bytes);
        } else {
            leave.prepare(&mut client);
            let began_us = self.storm.now_us();
            leave.play(&mut client, &bytes);
            let answered_us = leave.sees_an_answer().then(|| self.storm.now_us());
            attempts[0].ended_us = answered_us;
            for attempt in &mut attempts {
                attempt.began_us = began_us;
                attempt.left = Some(leave.stage);
            }
        }
        for mut attempt in attempts {
            if stays {
                self.hear(&mut attempt, &mut client);
            }
            self.made.push((key.number, attempt));
        }
    }

    fn leave(&mut self, key: &Key, dice: &mut Random) {
        let leave = Leave::drawn(dice);
        let content = key.content(dice);
        let bytes = key.request(content, dice).bytes();
        let mut client = self.storm.server.connect();
        leave.prepare(&mut client);
        let mut attempt = self.begin(key, content);
        attempt.whole = leave.is_whole();
        attempt.left = Some(leave.stage);
        leave.play(&mut client, &bytes);
        attempt.ended_us = leave.sees_an_answer().then(|| self.storm.now_us());
        drop(client);
        self.made.push((key.number, attempt));
    }

    /// Reads an attempt's answer; true where the server says that it closes.
    fn hear(&self, attempt: &mut Attempt, client: &mut Client) -> bool {
        let answer = client.answer();
        attempt.ended_us = Some(self.storm.now_us());
        attempt.got = read(&attempt.ask, &answer);
        answer.says_close()
    }

    /// An attempt that begins now, of which nothing is known yet.
    fn begin(&self, key: &Key, content: u8) -> Attempt {
        Attempt {
            client: self.client_number(),
            ask: key.ask(content),
            began_us: self.storm.now_us(),
            ended_us: None,
            whole: true,
            line: None,
            half_closed: false,
            left: None,
            got: Got::Nothing,
        }
    }

    fn client_number(&self) -> u32 {
        u32::try_from(self.number).expect("there are 64")
    }
}

impl Drop for Visitor<'_> {
    // Runs on a panic too, so that no client waits for one that is gone.
    fn drop(&mut self) {
        self.storm.steps[self.number].store(usize::MAX / 2, Ordering::Relaxed);
    }
}
