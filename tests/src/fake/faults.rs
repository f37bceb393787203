//! Faults on order: what happens to one request, counted from now.

use http::Method;

/// What goes wrong with one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// The connection breaks before the request takes effect.
    DropBefore,
    /// The request takes effect, the answer is lost.
    DropAfter,
    /// Nothing comes, and nothing took effect.
    Timeout,
    /// Nothing comes, and the request took effect.
    TimeoutAfter,
    /// The request takes effect; the connection breaks in the middle of the answer's body.
    TruncateBody,
    /// The request takes effect; half of the body comes as if it were all.
    ShortBody,
    /// A good answer, after which the connection is closed without saying so.
    CloseIdle,
    /// This status instead, with `Retry-After` if given (seconds or an HTTP date).
    Status(u16, Option<String>),
    /// A web page with 200 instead.
    Html,
    /// A redirect with this status to this place instead.
    Redirect(u16, String),
    /// Nothing listens (only in process; on the wire as [`Fault::DropBefore`]).
    Unreachable,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Faults {
    waiting: Vec<Waiting>,
}

#[derive(Debug, Clone)]
struct Waiting {
    method: Option<Method>,
    /// How many matching requests are still to pass; 1 is the next.
    left: usize,
    fault: Fault,
}

impl Faults {
    /// Orders `fault` for the `nth` request from now on, of this method if given.
    pub(super) fn order(&mut self, method: Option<Method>, nth: usize, fault: Fault) {
        self.waiting.push(Waiting { method, left: nth.max(1), fault });
    }

    /// Counts one request and returns the fault that was ordered for it.
    pub(super) fn next(&mut self, method: &Method) -> Option<Fault> {
        let mut due = None;
        self.waiting.retain_mut(|waiting| {
            if waiting.method.as_ref().is_some_and(|wanted| wanted != method) {
                return true;
            }
            waiting.left -= 1;
            if waiting.left == 0 {
                due = Some(waiting.fault.clone());
            }
            waiting.left > 0
        });
        due
    }

    pub(super) fn clear(&mut self) {
        self.waiting.clear();
    }
}
