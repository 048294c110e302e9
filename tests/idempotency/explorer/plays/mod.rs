//! The plays of the guard: scenes, acts, and every choice of callers for them.

mod scene;
mod waits;

use super::{Act, Baton, Play, THREADS_MAX};
use crate::idempotency::scene::{OTHER_PRINT, PRINT, config};
use nanoserve::idempotency::guard::GuardConfig;
pub use scene::Scene;
use scene::{End, Name};
use waits::Patience;

/// Makes a scene.
type Setting = fn(Baton) -> Scene;

/// Table and state. A wide table never grows; a narrow one has a bucket at first, and grows with each key from the second.
pub const SCENES: &[(&str, Setting)] = &[
    ("wide/empty", |baton| empty(wide(baton))),
    ("wide/completed", |baton| completed(wide(baton))),
    ("wide/expired", |baton| expired(wide(baton))),
    ("wide/released", |baton| released(wide(baton))),
    ("wide/full", full),
    ("wide/crowded", crowded),
    ("narrow/empty", |baton| empty(narrow(baton))),
    ("narrow/completed", |baton| completed(narrow(baton))),
    ("narrow/expired", |baton| expired(narrow(baton))),
    ("narrow/released", |baton| released(narrow(baton))),
    ("narrow/brink", |baton| brink(narrow(baton))),
    ("narrow/grown", |baton| grown(narrow(baton))),
];

#[rustfmt::skip] // one act a line
pub const ACTS: &[Act<Scene>] = &[
    ("complete", |scene| scene.attempt(Name::Main, PRINT, End::Complete)),
    ("release", |scene| scene.attempt(Name::Main, PRINT, End::Release)),
    ("drop", |scene| scene.attempt(Name::Main, PRINT, End::Drop)),
    ("mismatch", |scene| scene.attempt(Name::Main, OTHER_PRINT, End::Complete)),
    ("other", |scene| scene.attempt(Name::Beside, PRINT, End::Complete)),
    ("expire", Scene::expire),
    ("sweep", Scene::sweep),
    ("grow", Scene::grow),
    ("retry", Scene::retry),
    ("look_up", Scene::look_up),
    ("wait", |scene| scene.wait(Patience::Endless, End::Complete)),
    ("wait_release", |scene| scene.wait(Patience::Endless, End::Release)),
    ("wait_drop", |scene| scene.wait(Patience::Endless, End::Drop)),
    ("leave", |scene| scene.wait(Patience::None, End::Complete)),
    ("wait_leave", |scene| scene.wait(Patience::UntilTold, End::Complete)),
];

/// Those who wait, and how far they go.
const WAITERS: [&str; 5] = ["wait", "wait_release", "wait_drop", "leave", "wait_leave"];

fn wide(baton: Baton) -> Scene {
    Scene::new(baton, 4, config())
}

fn narrow(baton: Baton) -> Scene {
    Scene::new(baton, 1, config())
}

/// No key in use.
fn empty(scene: Scene) -> Scene {
    scene
}

/// The key has run.
fn completed(scene: Scene) -> Scene {
    scene.attempt(Name::Main, PRINT, End::Complete);
    scene
}

/// The key has run, and its TTL is over.
fn expired(scene: Scene) -> Scene {
    let scene = completed(scene);
    scene.expire();
    scene
}

/// The key was given back, but its node still stands in the table.
fn released(scene: Scene) -> Scene {
    scene.release_and_get_stuck(Name::Main);
    scene
}

/// The next new key doubles the table, and the next two double it twice.
fn brink(scene: Scene) -> Scene {
    scene.attempt(Name::Still, PRINT, End::Complete);
    scene
}

/// The key has run, and the table has doubled twice since: nobody has touched the new buckets.
fn grown(scene: Scene) -> Scene {
    let scene = completed(scene);
    scene.attempt(Name::Still, PRINT, End::Complete);
    scene.attempt(Name::StillToo, PRINT, End::Complete);
    scene
}

/// One place is left.
fn full(baton: Baton) -> Scene {
    let config = GuardConfig {
        keys_max: 2,
        ..config()
    };
    let scene = Scene::new(baton, 4, config);
    scene.attempt(Name::Still, PRINT, End::Complete);
    scene
}

/// One may wait, and no more.
fn crowded(baton: Baton) -> Scene {
    let config = GuardConfig {
        waiters_max: 1,
        ..config()
    };
    Scene::new(baton, 4, config)
}

/// `wide/expired/complete+sweep`: the scene, and an act for each caller.
pub fn named(name: &str) -> Option<Play<Scene>> {
    let (scene, acts) = name.rsplit_once('/')?;
    let (_, stage) = SCENES.iter().find(|(known, _)| *known == scene)?;
    let act = |name| ACTS.iter().find(|(known, _)| *known == name).copied();
    let acts: Vec<Act<Scene>> = acts.split('+').map(act).collect::<Option<_>>()?;
    (acts.len() <= THREADS_MAX).then(|| play(name.into(), *stage, acts))
}

fn play(name: String, stage: Setting, acts: Vec<Act<Scene>>) -> Play<Scene> {
    Play {
        name,
        stage: Box::new(stage),
        acts,
        verify: Scene::verify,
        steps_are_known: true,
    }
}

/// Each choice of so many callers from these acts, on each scene; in no particular order, for all orders are played.
pub fn choices(
    callers: usize,
    acts: impl Fn(&str) -> bool,
    scenes: impl Fn(&str) -> bool,
) -> Vec<Play<Scene>> {
    let acts: Vec<Act<Scene>> = ACTS.iter().filter(|act| acts(act.0)).copied().collect();
    let mut chosen = vec![Vec::new()];
    for _ in 0..callers {
        chosen = chosen
            .into_iter()
            .flat_map(|first: Vec<usize>| {
                let from = first.last().copied().unwrap_or(0);
                (from..acts.len()).map(move |next| [first.clone(), vec![next]].concat())
            })
            .collect();
    }
    let mut plays = Vec::new();
    for (scene, stage) in SCENES.iter().filter(|(scene, _)| scenes(scene)) {
        for chosen in &chosen {
            let acts: Vec<Act<Scene>> = chosen.iter().map(|act| acts[*act]).collect();
            let names: Vec<&str> = acts.iter().map(|act| act.0).collect();
            plays.push(play(format!("{scene}/{}", names.join("+")), *stage, acts));
        }
    }
    plays
}

fn is_waiter(act: &str) -> bool {
    WAITERS.contains(&act)
}

/// Where nobody waits: a bound on waiters makes no difference.
fn is_roomy(scene: &str) -> bool {
    scene != "wide/crowded"
}

/// All that two callers can do to one another.
pub fn of_two() -> Vec<Play<Scene>> {
    choices(2, |act| !is_waiter(act), is_roomy)
}

/// All that three callers can. `grow` and `retry`, which admit twice, give way to `other` and `complete`; and where a table
/// of two keys grows under three callers, as from the brink, there are millions of classes.
pub fn of_three() -> Vec<Play<Scene>> {
    let acts = |act: &str| !is_waiter(act) && !["grow", "retry"].contains(&act);
    choices(3, acts, |scene| is_roomy(scene) && scene != "narrow/brink")
}

/// Those who wait, beside others and for one another.
pub fn of_waiters(callers: usize) -> Vec<Play<Scene>> {
    let acts =
        |act: &str| is_waiter(act) || ["complete", "release", "drop", "mismatch"].contains(&act);
    let scenes = |scene: &str| ["wide/empty", "wide/crowded"].contains(&scene);
    let mut plays = choices(callers, acts, scenes);
    plays.retain(|play| play.acts.iter().any(|(act, _)| is_waiter(act)));
    plays
}
