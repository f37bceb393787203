//! Ctrl-C as a value: the engine looks at it between contacts and while it waits.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;

use futures::future::{Either, select};
use futures::task::AtomicWaker;

/// Whether the user asked to stop. Clones share the answer.
#[derive(Clone, Default)]
pub struct Interrupt(Arc<Shared>);

#[derive(Default)]
struct Shared {
    raised: AtomicBool,
    waker: AtomicWaker,
}

impl Interrupt {
    /// Asks to stop. Gives whether this was asked before, so that a second Ctrl-C can be final.
    pub fn raise(&self) -> bool {
        let again = self.0.raised.swap(true, Ordering::SeqCst);
        self.0.waker.wake();
        again
    }

    /// Whether to stop.
    pub fn is_raised(&self) -> bool {
        self.0.raised.load(Ordering::SeqCst)
    }

    /// Waits for `work`, or gives `None` as soon as the user asks to stop. Only for reading: a
    /// write that is under way must be waited for.
    pub async fn unless_raised<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        let stop = poll_fn(|context| {
            self.0.waker.register(context.waker());
            if self.is_raised() { Poll::Ready(()) } else { Poll::Pending }
        });
        match select(pin!(work), pin!(stop)).await {
            Either::Left((value, _)) => Some(value),
            Either::Right(_) => None,
        }
    }
}
