//! When a process dies: between two things that it does.

use std::sync::atomic::{AtomicUsize, Ordering};

/// Counts what a process does that lasts, and ends it where it was ordered to. What it did before
/// stands; nothing that it does afterwards takes effect.
#[derive(Debug, Default)]
pub(super) struct Fate {
    done: AtomicUsize,
    /// 0: never.
    dies_at: AtomicUsize,
}

impl Fate {
    /// A new process, which dies before its `at`-th write or request.
    pub(super) fn order(&self, at: Option<usize>) {
        self.done.store(0, Ordering::SeqCst);
        self.dies_at.store(at.unwrap_or(0), Ordering::SeqCst);
    }

    /// Whether it lives to do one thing more.
    pub(super) fn lives(&self) -> bool {
        let count = self.done.fetch_add(1, Ordering::SeqCst) + 1;
        let end = self.dies_at.load(Ordering::SeqCst);
        end == 0 || count < end
    }

    /// Whether it came to its end.
    pub(super) fn is_dead(&self) -> bool {
        let end = self.dies_at.load(Ordering::SeqCst);
        end != 0 && self.done.load(Ordering::SeqCst) >= end
    }
}
