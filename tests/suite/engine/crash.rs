//! A run that ends anywhere: the next one goes on, loses nothing, and duplicates nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;

use async_trait::async_trait;
use contactcmd::Exit;
use contactcmd::interrupt::Interrupt;
use contactcmd_ports::{DavTransport, TransportError};
use contactcmd_tests::fake::{FakeDav, Knobs};
use http::{Request, Response};

use super::stage::{Stage, card, name};

/// Presses Ctrl-C while the `at`-th request is under way, and answers nothing at once.
pub(super) struct Impatient {
    fake: FakeDav,
    interrupt: Interrupt,
    seen: AtomicUsize,
    at: usize,
}

impl Impatient {
    /// Presses it for the program of this stage.
    pub(super) fn at(stage: &Stage, at: usize) -> Arc<Self> {
        let (fake, interrupt) = (stage.fake.clone(), stage.interrupt.clone());
        Arc::new(Self { fake, interrupt, seen: AtomicUsize::new(0), at })
    }
}

#[async_trait]
impl DavTransport for Impatient {
    async fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, TransportError> {
        if self.seen.fetch_add(1, Ordering::SeqCst) + 1 == self.at {
            self.interrupt.raise();
        }
        let mut waited = false;
        std::future::poll_fn(|context| {
            context.waker().wake_by_ref();
            if std::mem::replace(&mut waited, true) { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
        self.fake.send(request).await
    }
}

#[test]
fn ctrl_c_at_any_request_leaves_a_store_that_the_next_run_completes() {
    for at in 1..=10 {
        let mut stage = Stage::with_cards(Knobs::default(), 300);
        stage.use_transport(Impatient::at(&stage, at));
        let ran = stage.pull(&[]);
        let finished = ran.exit == Exit::Done;
        assert!(finished || ran.exit == Exit::Interrupted, "at {at}: {ran:?}");
        stage.use_transport(Arc::new(stage.fake.clone()));
        stage.interrupt = Interrupt::default();
        stage.fake.put("contacts", &name(3), card(3, "edited meanwhile"));
        stage.fake.delete("contacts", &name(4));
        let ran = stage.pull(&[]);
        assert_eq!(ran.exit, Exit::Done, "after {at}: {}", ran.err);
        stage.assert_equal(&format!("after Ctrl-C at request {at}"));
    }
}

#[test]
fn ctrl_c_at_any_request_of_a_sync_says_so_and_the_next_run_sends_the_rest() {
    let mut exits = Vec::new();
    for at in 1..=30 {
        let mut stage = Stage::with_cards(Knobs::default(), 12);
        stage.sync(&[]);
        let edits: String = (0..6).map(|number| card(number, "edited here")).collect();
        stage.import(&(edits + &card(50, "new here") + &card(51, "new here")));
        stage.delete("uid-0010");
        stage.delete("uid-0011");
        stage.use_transport(Impatient::at(&stage, at));
        let ran = stage.sync(&[]);
        stage.use_transport(Arc::new(stage.fake.clone()));
        stage.interrupt = Interrupt::default();
        match ran.exit {
            Exit::Done => stage.assert_same(&format!("done, though Ctrl-C came at {at}")),
            other => assert_eq!(other, Exit::Interrupted, "at {at}: {ran:?}"),
        }
        exits.push(ran.exit);
        let ran = stage.sync(&[]);
        assert_eq!(ran.exit, Exit::Done, "after {at}: {ran:?}");
        stage.assert_same(&format!("after Ctrl-C at request {at}"));
        assert_eq!(stage.cards_there().len(), 12, "after Ctrl-C at request {at}");
        stage.assert_no_sins();
    }
    let of = |exit: Exit| exits.iter().filter(|one| **one == exit).count();
    assert!(of(Exit::Interrupted) >= 10 && of(Exit::Done) >= 1, "{exits:?}");
}
