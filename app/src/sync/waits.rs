//! Why a card or a contact waits, where a later run goes by it. The store keeps the words, which the
//! user reads as well; here they are known again.

use contactcmd_ports::Pending;

/// Why something waits for another run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Waits {
    /// The server names a known card, but does not have it.
    NotThere,
    /// A known card is not there, though nothing tells that it is gone.
    Missing,
    /// A card is gone, and one that cannot be read may be it.
    HeldBack,
    /// The card was there when the run began, and has gone since: nothing is sent to it.
    Vanished,
    /// An edit was sent, and the card is what it was.
    AsBefore,
    /// A new card was sent, and is not to be seen.
    Unseen,
}

impl Waits {
    /// What is stored and shown.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::NotThere => "the server names it, but does not have it",
            Self::Missing => {
                "it is not there, and the server has not said that it is gone: the next run asks again"
            }
            Self::HeldBack => "gone from the server; kept until the cards set aside can be read",
            Self::Vanished => {
                "its card has just gone from where it was: the next run sees whether it moved"
            }
            Self::AsBefore => "it was sent, and the server still shows the card as it was",
            Self::Unseen => "it was sent, and the server does not show it yet",
        }
    }

    /// Whether a note of an earlier run says so.
    pub(super) fn is_why(self, note: &Pending) -> bool {
        note.reason == self.words()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Stores hold these words: one that is to be said in other words must still be known by these.
    #[test]
    fn what_a_store_may_hold_is_said_in_the_same_words() {
        let stored = [
            (Waits::NotThere, "the server names it, but does not have it"),
            (
                Waits::Missing,
                "it is not there, and the server has not said that it is gone: the next run asks again",
            ),
            (Waits::HeldBack, "gone from the server; kept until the cards set aside can be read"),
            (
                Waits::Vanished,
                "its card has just gone from where it was: the next run sees whether it moved",
            ),
            (Waits::AsBefore, "it was sent, and the server still shows the card as it was"),
            (Waits::Unseen, "it was sent, and the server does not show it yet"),
        ];
        for (why, words) in stored {
            assert_eq!(why.words(), words);
        }
    }
}
