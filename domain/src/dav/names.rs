//! The element names this program knows, whatever prefix a server gives them (Q39).

/// `DAV:`.
pub(super) const DAV: &str = "DAV:";
/// RFC 6352.
pub(super) const CARDDAV: &str = "urn:ietf:params:xml:ns:carddav";
/// The namespace of `getctag`.
pub(super) const CALENDARSERVER: &str = "http://calendarserver.org/ns/";

/// A namespace, tolerant of the misspellings that servers have shipped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Space {
    Dav,
    CardDav,
    CalDav,
    CalendarServer,
    /// Anything else, and names that are in none.
    Other,
}

impl Space {
    pub(super) fn of(uri: &str) -> Self {
        match uri {
            // SOGo's errors lack the colon.
            DAV | "DAV" => Self::Dav,
            // `urn:ietf:params:xml:ns:carddavaddressbook` has been seen (Q50).
            _ if uri.starts_with(CARDDAV) => Self::CardDav,
            _ if uri.starts_with("urn:ietf:params:xml:ns:caldav") => Self::CalDav,
            _ if uri.starts_with("http://calendarserver.org/ns") => Self::CalendarServer,
            _ => Self::Other,
        }
    }
}

/// A property we ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Property {
    ETag,
    ContentType,
    ContentLength,
    ResourceType,
    DisplayName,
    CTag,
    SyncToken,
    CurrentUserPrincipal,
    PrincipalUrl,
    HomeSet,
    Privileges,
    Reports,
    SupportedAddressData,
    MaxResourceSize,
    AddressData,
}

impl Property {
    /// The namespace and name it is asked for by.
    pub(super) fn name(self) -> (Space, &'static str) {
        match self {
            Self::ETag => (Space::Dav, "getetag"),
            Self::ContentType => (Space::Dav, "getcontenttype"),
            Self::ContentLength => (Space::Dav, "getcontentlength"),
            Self::ResourceType => (Space::Dav, "resourcetype"),
            Self::DisplayName => (Space::Dav, "displayname"),
            Self::CTag => (Space::CalendarServer, "getctag"),
            Self::SyncToken => (Space::Dav, "sync-token"),
            Self::CurrentUserPrincipal => (Space::Dav, "current-user-principal"),
            Self::PrincipalUrl => (Space::Dav, "principal-URL"),
            Self::HomeSet => (Space::CardDav, "addressbook-home-set"),
            Self::Privileges => (Space::Dav, "current-user-privilege-set"),
            Self::Reports => (Space::Dav, "supported-report-set"),
            Self::SupportedAddressData => (Space::CardDav, "supported-address-data"),
            Self::MaxResourceSize => (Space::CardDav, "max-resource-size"),
            Self::AddressData => (Space::CardDav, "address-data"),
        }
    }
}

/// An element that says something by being inside a property.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    Collection,
    AddressBook,
    Calendar,
    Principal,
    Unauthenticated,
    /// Some privilege, whichever.
    Privilege,
    /// A privilege that lets cards be written: `all`, `write`, `write-content`, `bind` (Q14).
    Write,
    /// Some report, whichever.
    Report,
    SyncCollection,
    Multiget,
}

/// What an element is to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tag {
    Multistatus,
    Response,
    Href,
    Status,
    Propstat,
    Prop,
    Location,
    /// One format of `supported-address-data`.
    AddressDataType,
    Property(Property),
    Mark(Mark),
    Unknown,
}

impl Tag {
    pub(super) fn of(space: Space, local: &str) -> Self {
        match space {
            Space::Dav => Self::of_dav(local),
            Space::CardDav => Self::of_carddav(local),
            Space::CalDav if local == "calendar" => Self::Mark(Mark::Calendar),
            Space::CalendarServer if local == "getctag" => Self::Property(Property::CTag),
            _ => Self::Unknown,
        }
    }

    fn of_dav(local: &str) -> Self {
        match local {
            "multistatus" => Self::Multistatus,
            "response" => Self::Response,
            "href" => Self::Href,
            "status" => Self::Status,
            "propstat" => Self::Propstat,
            "prop" => Self::Prop,
            "location" => Self::Location,
            "getetag" => Self::Property(Property::ETag),
            "getcontenttype" => Self::Property(Property::ContentType),
            "getcontentlength" => Self::Property(Property::ContentLength),
            "resourcetype" => Self::Property(Property::ResourceType),
            "displayname" => Self::Property(Property::DisplayName),
            "sync-token" => Self::Property(Property::SyncToken),
            "current-user-principal" => Self::Property(Property::CurrentUserPrincipal),
            "principal-URL" => Self::Property(Property::PrincipalUrl),
            "current-user-privilege-set" => Self::Property(Property::Privileges),
            "supported-report-set" => Self::Property(Property::Reports),
            "collection" => Self::Mark(Mark::Collection),
            "principal" => Self::Mark(Mark::Principal),
            "unauthenticated" => Self::Mark(Mark::Unauthenticated),
            "privilege" => Self::Mark(Mark::Privilege),
            "all" | "write" | "write-content" | "bind" => Self::Mark(Mark::Write),
            "report" => Self::Mark(Mark::Report),
            "sync-collection" => Self::Mark(Mark::SyncCollection),
            _ => Self::Unknown,
        }
    }

    fn of_carddav(local: &str) -> Self {
        match local {
            "address-data" => Self::Property(Property::AddressData),
            "addressbook-home-set" => Self::Property(Property::HomeSet),
            "supported-address-data" => Self::Property(Property::SupportedAddressData),
            "max-resource-size" => Self::Property(Property::MaxResourceSize),
            "address-data-type" => Self::AddressDataType,
            "addressbook" => Self::Mark(Mark::AddressBook),
            "addressbook-multiget" => Self::Mark(Mark::Multiget),
            _ => Self::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_property_is_recognised_by_the_name_it_is_asked_for() {
        use Property::*;
        for property in [
            ETag,
            ContentType,
            ContentLength,
            ResourceType,
            DisplayName,
            CTag,
            SyncToken,
            CurrentUserPrincipal,
            PrincipalUrl,
            HomeSet,
            Privileges,
            Reports,
            SupportedAddressData,
            MaxResourceSize,
            AddressData,
        ] {
            let (space, local) = property.name();
            assert_eq!(Tag::of(space, local), Tag::Property(property));
        }
    }

    #[test]
    fn namespaces_are_known_by_their_servers_spellings() {
        for (uri, space) in [
            ("DAV:", Space::Dav),
            ("DAV", Space::Dav),
            ("urn:ietf:params:xml:ns:carddav", Space::CardDav),
            // Q50.
            ("urn:ietf:params:xml:ns:carddavaddressbook", Space::CardDav),
            ("urn:ietf:params:xml:ns:caldav", Space::CalDav),
            ("http://calendarserver.org/ns/", Space::CalendarServer),
            ("http://owncloud.org/ns", Space::Other),
            ("", Space::Other),
        ] {
            assert_eq!(Space::of(uri), space, "{uri}");
        }
    }
}
