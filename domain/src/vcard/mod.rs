//! The lossless vCard layer: the text is the record, everything else is derived from it.
//!
//! [`Card::parse`] cuts the bytes into content lines and cannot fail; what was not edited is given
//! back byte for byte. Names, parameters and values are read on demand ([`Property`]). All three
//! versions are read, and nothing is converted in passing.
//!
//! - [`person`] and [`index`]: the typed view, and what the store keeps so that it can be found.
//! - Edits are methods of [`Card`]; each changes the lines it must and no others. [`fields`] and
//!   [`apply()`] are the same in the terms of a person.
//! - [`same`], [`normal`], [`diff`] and [`facts`]: whether, and in which words, two cards differ.
//! - [`check`], [`split`], [`decode_file`]: bytes that may or may not be cards.
//! - [`convert`]: another version, for export only.

mod apart;
mod binary;
mod blend;
mod card;
mod charset;
mod complete;
mod convert;
mod date;
mod diff;
mod edit;
mod facts;
mod field;
mod graft;
mod index;
mod known;
mod label;
mod lower;
mod marks;
mod normal;
mod patch;
mod person;
mod physical;
mod property;
mod qp;
mod raise;
mod relabel;
mod says;
mod scan;
mod split;
mod statements;
mod text;
mod wire;
mod write;

pub use binary::sniff;
pub use card::{Card, Flaw, LineId, Version, check};
pub use charset::decode_file;
pub use convert::convert;
pub use date::Date;
pub use diff::{FieldChange, How, diff};
pub use edit::NewProperty;
pub use facts::{Fact, Facts, facts};
pub use field::{
    ADDRESS_PARTS, Content, Edit, Field, Followed, Said, Unfit, apply, blank, derived_name, fields,
    follow_name, hidden,
};
pub use index::index;
pub use known::Known;
pub use normal::{Normal, content, normal, same};
pub use person::person;
pub use property::{Param, Property};
pub use split::{Piece, split};
pub use statements::{Says, Statement, statements};
pub use write::Value;

pub(crate) use apart::{Reading, apart};
pub(crate) use blend::{Blend, Origin, Told, has_components};
pub(crate) use diff::{diffs, is_single, words};
pub(crate) use facts::COMPONENT;

pub(crate) use marks::{Entry, Marks};
pub(crate) use patch::Patch;
pub(crate) use says::{is_binary, is_link, list_items, shown};
