//! The grammar of a multistatus (RFC 4918 14), as places and the ways between them.

use super::names::{Property, Tag};

/// Where the reader is: the innermost element that means something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Outside,
    Multistatus,
    Token,
    Response,
    Href,
    Status,
    Location,
    LocationHref,
    Propstat,
    PropStatus,
    Prop,
    Value(Property),
    /// Some element inside a property.
    Inside(Property),
    /// An href inside a property.
    ValueHref(Property),
    /// Anything we do not know, and all that is in it.
    Skipped,
}

impl Place {
    /// Where `tag` leads from here.
    pub(super) fn enter(self, tag: Tag) -> Self {
        match (self, tag) {
            (Self::Outside, Tag::Multistatus) => Self::Multistatus,
            (Self::Multistatus, Tag::Response) => Self::Response,
            (Self::Multistatus, Tag::Property(Property::SyncToken)) => Self::Token,
            (Self::Response, Tag::Href) => Self::Href,
            (Self::Response, Tag::Status) => Self::Status,
            (Self::Response, Tag::Location) => Self::Location,
            (Self::Response, Tag::Propstat) => Self::Propstat,
            (Self::Location, Tag::Href) => Self::LocationHref,
            (Self::Propstat, Tag::Status) => Self::PropStatus,
            (Self::Propstat, Tag::Prop) => Self::Prop,
            (Self::Prop, Tag::Property(property)) => Self::Value(property),
            (Self::Value(property) | Self::Inside(property), Tag::Href) => {
                Self::ValueHref(property)
            }
            (Self::Value(property) | Self::Inside(property), _) => Self::Inside(property),
            _ => Self::Skipped,
        }
    }

    /// Whether character data here is kept.
    pub(super) fn has_text(self) -> bool {
        matches!(
            self,
            Self::Token
                | Self::Href
                | Self::Status
                | Self::LocationHref
                | Self::PropStatus
                | Self::Value(_)
                | Self::ValueHref(_)
        )
    }
}
