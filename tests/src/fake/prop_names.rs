//! The names of properties, looked up once per request and not once per card.

use super::body::Prop;
use super::xml::Ns;

/// A property that something here has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Known {
    ResourceType,
    DisplayName,
    CurrentUserPrincipal,
    PrincipalUrl,
    HomeSet,
    ETag,
    ContentType,
    ContentLength,
    CTag,
    SyncToken,
    SupportedReports,
    SupportedAddressData,
    MaxResourceSize,
    Privileges,
    AddressData,
}

/// What `allprop` and an empty body mean (RFC 4918 9.1): the old live properties.
pub(super) const ALL: [(Ns, &str); 5] = [
    (Ns::Dav, "resourcetype"),
    (Ns::Dav, "displayname"),
    (Ns::Dav, "getetag"),
    (Ns::Dav, "getcontenttype"),
    (Ns::Dav, "getcontentlength"),
];

/// The property behind an element name; `None` when nothing here has it.
pub(super) fn known(prop: &Prop) -> Option<Known> {
    Some(match (Ns::of_uri(&prop.uri)?, prop.name.as_str()) {
        (Ns::Dav, "resourcetype") => Known::ResourceType,
        (Ns::Dav, "displayname") => Known::DisplayName,
        (Ns::Dav, "current-user-principal") => Known::CurrentUserPrincipal,
        (Ns::Dav, "principal-URL") => Known::PrincipalUrl,
        (Ns::Card, "addressbook-home-set") => Known::HomeSet,
        (Ns::Dav, "getetag") => Known::ETag,
        (Ns::Dav, "getcontenttype") => Known::ContentType,
        (Ns::Dav, "getcontentlength") => Known::ContentLength,
        (Ns::Cs, "getctag") => Known::CTag,
        (Ns::Dav, "sync-token") => Known::SyncToken,
        (Ns::Dav, "supported-report-set") => Known::SupportedReports,
        (Ns::Card, "supported-address-data") => Known::SupportedAddressData,
        (Ns::Card, "max-resource-size") => Known::MaxResourceSize,
        (Ns::Dav, "current-user-privilege-set") => Known::Privileges,
        (Ns::Card, "address-data") => Known::AddressData,
        _ => return None,
    })
}
