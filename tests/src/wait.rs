use std::time::{Duration, Instant};

const POLL: Duration = Duration::from_millis(10);

/// Asks again and again until there is an answer; panics, saying what it waited for, after `bound`.
pub fn wait_for<T>(what: &str, bound: Duration, mut ask: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + bound;
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(Instant::now() < deadline, "{what}: not within {bound:?}");
        std::thread::park_timeout(POLL);
    }
}
