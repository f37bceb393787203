//! Ctrl-C as a value: the engine looks at it between contacts and while it waits.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

use futures::future::{Either, select};

/// Whether the user asked to stop. Clones share the answer.
#[derive(Clone, Default)]
pub struct Interrupt(Arc<Shared>);

#[derive(Default)]
struct Shared {
    raised: AtomicBool,
    /// Whether Ctrl-C is another program's business.
    left: AtomicBool,
    /// Everything that waits: several requests are in flight at once, each with a waker of its own.
    wakers: Mutex<Vec<Waker>>,
}

impl Interrupt {
    /// Asks to stop. Gives whether this was asked before, so that a second Ctrl-C can be final.
    pub fn raise(&self) -> bool {
        if self.0.left.load(Ordering::SeqCst) {
            return false;
        }
        let again = self.0.raised.swap(true, Ordering::SeqCst);
        for waker in self.wakers().drain(..) {
            waker.wake();
        }
        again
    }

    /// Does `work` while another program has the terminal: an editor has its own use for Ctrl-C, and what
    /// is typed in it would be lost if nobody waited for its end.
    pub fn left_to_another<T>(&self, work: impl FnOnce() -> T) -> T {
        let _ours_again = Left::to_another(&self.0.left);
        work()
    }

    /// Whether to stop.
    pub fn is_raised(&self) -> bool {
        self.0.raised.load(Ordering::SeqCst)
    }

    /// Waits for `work`, or gives `None` as soon as the user asks to stop. Only for reading: a
    /// write that is under way must be waited for.
    pub async fn unless_raised<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        let stop = poll_fn(|context| {
            let mut wakers = self.wakers();
            if !wakers.iter().any(|waker| waker.will_wake(context.waker())) {
                wakers.push(context.waker().clone());
            }
            drop(wakers);
            // Asked after registering, or a press in between would wake nobody.
            if self.is_raised() { Poll::Ready(()) } else { Poll::Pending }
        });
        match select(pin!(work), pin!(stop)).await {
            Either::Left((value, _)) => Some(value),
            Either::Right(_) => None,
        }
    }

    fn wakers(&self) -> MutexGuard<'_, Vec<Waker>> {
        self.0.wakers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Holds while another program has the terminal.
struct Left<'a>(&'a AtomicBool);

impl<'a> Left<'a> {
    fn to_another(left: &'a AtomicBool) -> Self {
        left.store(true, Ordering::SeqCst);
        Self(left)
    }
}

impl Drop for Left<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::AtomicUsize;
    use std::task::{Context, Wake};

    use super::*;

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    #[test]
    fn ctrl_c_wakes_everything_that_waits() {
        let interrupt = Interrupt::default();
        let counts: Vec<Arc<Count>> = (0..6).map(|_| Arc::default()).collect();
        let mut waiting: Vec<_> = counts
            .iter()
            .map(|count| {
                let mut work = Box::pin(interrupt.unless_raised(std::future::pending::<()>()));
                let waker = Waker::from(count.clone());
                assert!(work.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
                work
            })
            .collect();
        assert!(!interrupt.raise());
        for (count, work) in counts.iter().zip(&mut waiting) {
            assert_eq!(count.0.load(Ordering::SeqCst), 1);
            let waker = Waker::from(count.clone());
            let done = work.as_mut().poll(&mut Context::from_waker(&waker));
            assert_eq!(done, Poll::Ready(None));
        }
        assert!(interrupt.raise(), "the second press is told apart");
    }

    #[test]
    fn ctrl_c_in_an_editor_is_the_editors() {
        let interrupt = Interrupt::default();
        let pressed = interrupt.left_to_another(|| [interrupt.raise(), interrupt.raise()]);
        assert_eq!(pressed, [false, false]);
        assert!(!interrupt.is_raised());
        assert!(!interrupt.raise());
        assert!(interrupt.is_raised());
    }
}
