//! One `response` of a multistatus, as it was written, before anyone decides what it means.

use super::body::one_line;
use super::names::{Mark, Property};
use super::{ETag, Href, HrefKey, Location};

/// One `response` element.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Row {
    /// The text of `href`; empty when there was none.
    pub(super) href: String,
    /// The status of the response as a whole, which beats that of any property (Q40).
    pub(super) status: Option<u16>,
    /// The text of `location/href`, which accompanies a 3xx.
    pub(super) location: Option<String>,
    /// Properties that came with a 2xx or without a status.
    pub(super) found: Vec<Value>,
    /// Properties that came with any other status: 404, or the 418 of old sabre (Q42).
    pub(super) refused: Vec<(Property, u16)>,
}

/// The place a request was about.
#[derive(Debug, Clone)]
pub(super) struct Asked<'a> {
    at: &'a Location,
    key: HrefKey,
}

impl<'a> Asked<'a> {
    pub(super) fn of(at: &'a Location) -> Self {
        Self { at, key: at.href.key() }
    }

    /// Whether `path` is that place itself, with or without its last slash and in whatever case
    /// (Q12, Q62).
    pub(super) fn is_at(&self, path: &Href) -> bool {
        path.key().0.eq_ignore_ascii_case(&self.key.0)
    }
}

/// One property.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Value {
    pub(super) property: Property,
    /// Its character data, line ends as they came.
    pub(super) text: String,
    /// Whether a reference in the text could not be resolved.
    pub(super) damaged: bool,
    /// The elements inside it, if any; rare, so kept apart.
    pub(super) inside: Option<Box<Inside>>,
}

/// What a property says by the elements inside it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Inside {
    pub(super) hrefs: Vec<String>,
    pub(super) marks: Vec<Mark>,
    /// The versions of vCard formats (`text/vcard` and its older names, not jCard).
    pub(super) versions: Vec<String>,
}

impl Row {
    /// The status of the whole response if it is not a success.
    pub(super) fn failure(&self) -> Option<u16> {
        self.status.filter(|status| !(200..300).contains(status))
    }

    /// Whether the response as a whole says that nothing is there.
    pub(super) fn is_gone(&self) -> bool {
        matches!(self.status, Some(404 | 410))
    }

    /// The trimmed text of a property; `None` when it is absent, refused or empty (Q44).
    pub(super) fn text(&self, property: Property) -> Option<&str> {
        self.value(property).map(|value| value.text.trim()).filter(|text| !text.is_empty())
    }

    /// What is inside a property; `None` when it is absent, refused or has no element in it.
    pub(super) fn inside(&self, property: Property) -> Option<&Inside> {
        self.value(property)?.inside.as_deref()
    }

    /// Whether `mark` is inside `property`.
    pub(super) fn has(&self, property: Property, mark: Mark) -> bool {
        self.inside(property).is_some_and(|inside| inside.marks.contains(&mark))
    }

    /// The property itself.
    pub(super) fn value(&self, property: Property) -> Option<&Value> {
        self.found.iter().find(|value| value.property == property)
    }

    /// The status a property was refused with.
    pub(super) fn refusal(&self, property: Property) -> Option<u16> {
        self.refused.iter().find(|(refused, _)| *refused == property).map(|(_, status)| *status)
    }

    /// The version of the resource.
    pub(super) fn etag(&self) -> Option<ETag> {
        ETag::new(self.text(Property::ETag)?)
    }

    /// Where it is, on whichever host; `None` when the href cannot be read.
    pub(super) fn location(&self, asked: &Asked<'_>) -> Option<Location> {
        if self.href.is_empty() { None } else { asked.at.resolve_name(&self.href).ok() }
    }

    /// Its path. The host is left out: iCloud's pools vary from answer to answer (Q07).
    pub(super) fn path(&self, asked: &Asked<'_>) -> Option<Href> {
        if self.href.starts_with('/') && !self.href.starts_with("//") {
            return Some(Href::new(self.href.as_str()));
        }
        self.location(asked).map(|location| location.href)
    }

    /// Whether it is known not to be a card: a collection or another type of data (Q73). A type
    /// that is missing, general or plainly wrong (Q46) says nothing.
    pub(super) fn is_no_card(&self) -> bool {
        if self.has(Property::ResourceType, Mark::Collection) {
            return true;
        }
        let Some(text) = self.text(Property::ContentType) else { return false };
        let kind = text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        ["text/calendar", "text/x-vlist", "httpd/unix-directory"].contains(&kind.as_str())
    }

    /// The href for a message.
    pub(super) fn name(&self) -> String {
        one_line(&self.href).unwrap_or_else(|| "a card without an href".to_owned())
    }
}
