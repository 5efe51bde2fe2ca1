//! The tests side by side, each on a thread of its own and within its time.

use std::{
    sync::{Arc, mpsc},
    thread,
    time::{Duration, Instant},
};

use super::{Found, Part, Tested, TestedDesk};

/// The code of a test that did not come back.
const TIMED_OUT: &str = "SELF_TEST_TIMED_OUT";

/// Tests every part of the desk. `told` hears of each as it is done; the answer is in the order of [`Part::ALL`].
///
/// It takes no longer than the longest time that a part has.
pub fn test_all(desk: &Arc<TestedDesk>, told: impl FnMut(&Tested)) -> Vec<Tested> {
    let tests = Part::ALL.map(|part| {
        let desk = Arc::clone(desk);
        (part, part.limit(desk.options), move || part.test(&desk))
    });
    run(tests, told)
}

/// Runs tests side by side, each within its time; the answer is in their order. A test that does not come back is given up: its
/// thread is left behind, and ends with the program.
pub fn run<T>(tests: impl IntoIterator<Item = (Part, Duration, T)>, mut told: impl FnMut(&Tested)) -> Vec<Tested>
where
    T: FnOnce() -> Found + Send + 'static,
{
    let start = Instant::now();
    let (sender, found) = mpsc::channel();
    let mut waiting: Vec<(usize, Part, Duration)> = Vec::new();
    let mut done: Vec<(usize, Tested)> = Vec::new();
    for (place, (part, limit, test)) in tests.into_iter().enumerate() {
        let sender = sender.clone();
        let thread = thread::Builder::new().name(format!("test {}", part.name())).spawn(move || {
            let began = Instant::now();
            // When the test was given up nobody waits for it.
            let _ = sender.send((place, test(), began.elapsed()));
        });
        if thread.is_ok() {
            waiting.push((place, part, limit));
        } else {
            let message = "the system has no room for another thread: close other programs";
            finish(&mut done, &mut told, place, part, Found::failed("NO_THREAD", &message), Duration::ZERO);
        }
    }
    while let Some(next) = waiting.iter().map(|(_, _, limit)| *limit).min() {
        if let Ok((place, found, took)) = found.recv_timeout(next.saturating_sub(start.elapsed())) {
            if let Some(at) = waiting.iter().position(|(waits, _, _)| *waits == place) {
                let (_, part, _) = waiting.swap_remove(at);
                finish(&mut done, &mut told, place, part, found, took);
            }
        } else {
            let passed = start.elapsed();
            let (over, still): (Vec<_>, Vec<_>) = waiting.into_iter().partition(|(_, _, limit)| *limit <= passed);
            waiting = still;
            for (place, part, limit) in over {
                let message = format!("the test did not come back within {} seconds and was given up", limit.as_secs());
                finish(&mut done, &mut told, place, part, Found::failed(TIMED_OUT, &message), limit);
            }
        }
    }
    done.sort_by_key(|(place, _)| *place);
    done.into_iter().map(|(_, tested)| tested).collect()
}

fn finish(
    done: &mut Vec<(usize, Tested)>,
    told: &mut impl FnMut(&Tested),
    place: usize,
    part: Part,
    found: Found,
    took: Duration,
) {
    let tested = Tested { part, found, milliseconds: u64::try_from(took.as_millis()).unwrap_or(u64::MAX) };
    told(&tested);
    done.push((place, tested));
}
