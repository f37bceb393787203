//! How many cards to ask for at once, learnt from the answers.

use std::collections::VecDeque;

/// The first batch: small enough for every server known (Q78).
const FIRST: usize = 50;
/// The largest batch.
const LARGEST: usize = 500;
/// An answer that took longer, in milliseconds, was too much.
const QUICK_MS: u64 = 2_000;
/// An answer that was larger, in bytes, was enough.
const SMALL_BYTES: usize = 2 * 1024 * 1024;
/// Good answers after a failure before larger batches are tried again.
const PATIENCE: u32 = 4;

/// The size of multiget batches: it doubles while answers stay quick and small and halves on every
/// failure, down to one, so that one poison card costs one card (Q76).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batches {
    size: usize,
    /// Good answers that are still needed before it grows.
    patience: u32,
    http2: bool,
}

impl Default for Batches {
    fn default() -> Self {
        Self { size: FIRST, patience: 0, http2: false }
    }
}

impl Batches {
    /// Takes the next batch from the front of `queue`; empty when there is nothing left.
    pub fn next<T>(&self, queue: &mut VecDeque<T>) -> Vec<T> {
        queue.drain(..self.size.min(queue.len())).collect()
    }

    /// How many the next batch holds at most.
    pub fn size(&self) -> usize {
        self.size
    }

    /// A batch of `cards` was answered with `bytes` after `elapsed_ms`.
    pub fn answered(&mut self, cards: usize, bytes: usize, elapsed_ms: u64) {
        self.patience = self.patience.saturating_sub(1);
        if elapsed_ms >= 2 * QUICK_MS || bytes >= 4 * SMALL_BYTES {
            self.size = self.size.min((cards / 2).max(1));
        } else if cards >= self.size
            && elapsed_ms < QUICK_MS
            && bytes < SMALL_BYTES
            && self.patience == 0
        {
            // A batch that was not full says nothing about larger ones.
            self.size = (self.size * 2).min(LARGEST);
        }
    }

    /// A batch of `cards` failed: a 5xx, a 507, a time-out, an answer that was too large. Put its
    /// cards back; a single card that failed is set aside by the caller.
    pub fn failed(&mut self, cards: usize) {
        self.size = self.size.min((cards / 2).max(1));
        self.patience = PATIENCE;
    }

    /// The server answered in HTTP/2, where requests share a connection.
    pub fn spoke_http2(&mut self) {
        self.http2 = true;
    }

    /// How many batches may be in flight at once.
    pub fn in_flight(&self) -> usize {
        if self.http2 { 32 } else { 6 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_grow_while_answers_are_quick_and_small() {
        let mut batches = Batches::default();
        for size in [50, 100, 200, 400, 500, 500] {
            assert_eq!(batches.size(), size);
            batches.answered(size, 1_000, 100);
        }
        let mut batches = Batches::default();
        batches.answered(50, 3 * 1024 * 1024, 100); // large enough
        batches.answered(50, 1_000, 2_500); // slow enough
        batches.answered(7, 1_000, 100); // the last few
        assert_eq!(batches.size(), 50);
        batches.answered(50, 1_000, 9_000); // too slow
        assert_eq!(batches.size(), 25);
    }

    #[test]
    fn one_poison_card_ends_alone_and_the_others_in_large_batches() {
        let mut batches = Batches::default();
        let mut queue: VecDeque<u32> = (0..5_000).collect();
        let (mut requests, mut alone) = (0, Vec::new());
        loop {
            let batch = batches.next(&mut queue);
            if batch.is_empty() {
                break;
            }
            requests += 1;
            if !batch.contains(&777) {
                batches.answered(batch.len(), 1_000, 100);
            } else if batch.len() == 1 {
                batches.failed(1);
                alone = batch;
            } else {
                batches.failed(batch.len());
                queue = batch.into_iter().chain(queue).collect();
            }
        }
        assert_eq!(alone, [777]);
        assert!(requests < 80, "{requests} requests");
    }

    #[test]
    fn more_are_in_flight_where_they_share_a_connection() {
        let mut batches = Batches::default();
        assert_eq!(batches.in_flight(), 6);
        batches.spoke_http2();
        assert_eq!(batches.in_flight(), 32);
    }

    #[test]
    fn an_empty_queue_gives_an_empty_batch() {
        assert_eq!(Batches::default().next::<u8>(&mut VecDeque::new()), []);
    }
}
