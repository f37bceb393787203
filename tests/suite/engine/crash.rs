//! A run that ends anywhere: the next one goes on, loses nothing, and duplicates nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use contactcmd::Exit;
use contactcmd::interrupt::Interrupt;
use contactcmd_ports::{DavTransport, TransportError};
use contactcmd_tests::fake::{FakeDav, Knobs};
use http::{Request, Response};

use super::stage::{Stage, card, name};

/// Presses Ctrl-C while the `at`-th request is under way.
struct Impatient {
    fake: FakeDav,
    interrupt: Interrupt,
    seen: AtomicUsize,
    at: usize,
}

#[async_trait]
impl DavTransport for Impatient {
    async fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, TransportError> {
        if self.seen.fetch_add(1, Ordering::SeqCst) + 1 == self.at {
            self.interrupt.raise();
        }
        self.fake.send(request).await
    }
}

#[test]
fn ctrl_c_at_any_request_leaves_a_store_that_the_next_run_completes() {
    for at in 1..=10 {
        let mut stage = Stage::with_cards(Knobs::default(), 300);
        let impatient = Impatient {
            fake: stage.fake.clone(),
            interrupt: stage.interrupt.clone(),
            seen: AtomicUsize::new(0),
            at,
        };
        stage.use_transport(Arc::new(impatient));
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
