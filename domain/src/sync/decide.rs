//! The decision for one linked contact: what happened here, what happened there, which way changes
//! go. Total, and nothing but a table.

use super::policy::Direction;
use super::snapshot::Here;

/// What happened to a card there since both sides last agreed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum There {
    /// Nothing a user would call a change.
    Same,
    /// It was edited.
    Edited,
    /// It is gone, and that was proven: an explicit 404, or absence from a complete listing that a
    /// fetch confirmed.
    Gone,
}

/// What is done about one contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// Nothing.
    InSync,
    /// Both sides made the same edit: only the base moves.
    Rebase,
    /// The card there replaces the one here.
    TakeThere,
    /// The card here replaces the one there.
    SendHere,
    /// Both edited: merge by property, by the conflict policy.
    Merge,
    /// Both edited, and this direction may not merge: both texts are kept, the user decides.
    Leave,
    /// Delete the contact here.
    DeleteHere,
    /// Delete the card there.
    DeleteThere,
    /// Deleted here, edited there: the edit wins, the card comes back here.
    ReviveHere,
    /// Edited here, deleted there: the edit wins, the card is created there again.
    ReviveThere,
    /// Edited here, deleted there, and nothing may be written there: the contact stays, unsent.
    KeepHere,
    /// Gone on both sides: the link goes.
    Forget,
    /// An edit or a deletion here that this direction does not send. It stays.
    Unsent,
    /// A change there that this direction does not fetch. It stays.
    Unfetched,
}

/// What to do about a contact that is linked to a card.
///
/// `same` says whether two edits come to the same card (asked only when both edited). `force`
/// replaces a merge by the side the direction flows from; it never turns an edit into a deletion.
pub fn decide(here: Here, there: There, same: bool, direction: Direction, force: bool) -> Verdict {
    use Direction::{Pull, Push};
    match (here, there) {
        (Here::Same, There::Same) => Verdict::InSync,
        (Here::Edited, There::Same) if direction == Pull => Verdict::Unsent,
        (Here::Edited, There::Same) => Verdict::SendHere,
        (Here::Deleted, There::Same) if direction == Pull => Verdict::Unsent,
        (Here::Deleted, There::Same) => Verdict::DeleteThere,

        (Here::Same, There::Edited) if direction == Push => Verdict::Unfetched,
        (Here::Same, There::Edited) => Verdict::TakeThere,
        (Here::Edited, There::Edited) if same => Verdict::Rebase,
        (Here::Edited, There::Edited) => match (direction, force) {
            (Pull, true) => Verdict::TakeThere,
            (_, true) => Verdict::SendHere,
            (Push, false) => Verdict::Leave,
            (_, false) => Verdict::Merge,
        },
        (Here::Deleted, There::Edited) if direction == Push => Verdict::Leave,
        (Here::Deleted, There::Edited) => Verdict::ReviveHere,

        (Here::Same, There::Gone) if direction == Push => Verdict::Unfetched,
        (Here::Same, There::Gone) => Verdict::DeleteHere,
        (Here::Edited, There::Gone) if direction == Pull => Verdict::KeepHere,
        (Here::Edited, There::Gone) => Verdict::ReviveThere,
        (Here::Deleted, There::Gone) => Verdict::Forget,
    }
}

#[cfg(test)]
mod tests {
    use super::Direction::{Pull, Push, Sync};
    use super::There::Gone;
    use super::Verdict::*;
    use super::*;

    type Cell = (Here, There, bool, [Verdict; 3], [Verdict; 3]);

    /// Every cell: what happened here and there -> pull, push, sync, and the same three by force.
    #[rustfmt::skip]
    const CELLS: [Cell; 10] = [
        (Here::Same,    There::Same,   false, [InSync, InSync, InSync],              [InSync, InSync, InSync]),
        (Here::Edited,  There::Same,   false, [Unsent, SendHere, SendHere],          [Unsent, SendHere, SendHere]),
        (Here::Deleted, There::Same,   false, [Unsent, DeleteThere, DeleteThere],    [Unsent, DeleteThere, DeleteThere]),
        (Here::Same,    There::Edited, false, [TakeThere, Unfetched, TakeThere],     [TakeThere, Unfetched, TakeThere]),
        (Here::Edited,  There::Edited, false, [Merge, Leave, Merge],                 [TakeThere, SendHere, SendHere]),
        (Here::Edited,  There::Edited, true,  [Rebase, Rebase, Rebase],              [Rebase, Rebase, Rebase]),
        (Here::Deleted, There::Edited, false, [ReviveHere, Leave, ReviveHere],       [ReviveHere, Leave, ReviveHere]),
        (Here::Same,    Gone,          false, [DeleteHere, Unfetched, DeleteHere],   [DeleteHere, Unfetched, DeleteHere]),
        (Here::Edited,  Gone,          false, [KeepHere, ReviveThere, ReviveThere],  [KeepHere, ReviveThere, ReviveThere]),
        (Here::Deleted, Gone,          false, [Forget, Forget, Forget],              [Forget, Forget, Forget]),
    ];

    #[test]
    fn decides_each_cell() {
        for (here, there, same, plain, forced) in CELLS {
            for (direction, (plain, forced)) in
                [Pull, Push, Sync].into_iter().zip(plain.into_iter().zip(forced))
            {
                let case = format!("{here:?} {there:?} {direction:?}");
                assert_eq!(decide(here, there, same, direction, false), plain, "{case}");
                assert_eq!(decide(here, there, same, direction, true), forced, "{case} forced");
            }
        }
    }

    #[test]
    fn a_direction_never_writes_the_other_side() {
        let writes_here = [TakeThere, Merge, DeleteHere, ReviveHere];
        let writes_there = [SendHere, DeleteThere, ReviveThere];
        for (here, there, same, ..) in CELLS {
            for force in [false, true] {
                let pull = decide(here, there, same, Pull, force);
                assert!(!writes_there.contains(&pull), "pull {here:?} {there:?} {pull:?}");
                let push = decide(here, there, same, Push, force);
                assert!(!writes_here.contains(&push), "push {here:?} {there:?} {push:?}");
            }
        }
    }

    #[test]
    fn an_edit_is_never_deleted_by_either_side() {
        for direction in [Pull, Push, Sync] {
            for force in [false, true] {
                let edited_here = decide(Here::Edited, Gone, false, direction, force);
                assert!(matches!(edited_here, KeepHere | ReviveThere), "{edited_here:?}");
                let edited_there = decide(Here::Deleted, There::Edited, false, direction, force);
                assert!(matches!(edited_there, ReviveHere | Leave), "{edited_there:?}");
            }
        }
    }
}
