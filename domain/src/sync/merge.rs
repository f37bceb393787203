//! STUB
use crate::vcard::{Card, FieldChange};
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prefer {
    Remote,
    Local,
    Both,
}
pub struct Contested(String);
impl std::fmt::Display for Contested {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}
pub struct Merged {
    pub card: Card,
    pub contested: Vec<Contested>,
}
pub struct Absorbed {
    pub card: Option<Card>,
    pub not_kept: Vec<FieldChange>,
}
pub fn merge(_base: Option<&Card>, _local: &Card, remote: &Card, _prefer: Prefer) -> Merged {
    Merged { card: remote.clone(), contested: Vec::new() }
}
pub fn absorb(_sent: &Card, _local: &Card, served: &Card) -> Absorbed {
    Absorbed { card: Some(served.clone()), not_kept: Vec::new() }
}
