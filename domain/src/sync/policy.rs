//! What the user chose: which way changes go, and what happens when both sides edited.

/// Which way changes go. Extras on the target are never removed because of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Only this store is written.
    Pull,
    /// Only the server is written.
    Push,
    /// Both.
    Sync,
}

/// What happens to a property that was edited on both sides. The losing text is always kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum ConflictPolicy {
    /// The server's value stands.
    #[default]
    Server,
    /// The value here stands.
    Local,
    /// Both values stand, side by side.
    Both,
    /// Nothing is changed; the user decides.
    Ask,
}
