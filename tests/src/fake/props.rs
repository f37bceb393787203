//! Properties: which ones there are, and what they say of what.

use super::body::{Body, Prop};
use super::book::{Access, Book};
use super::card::Card;
use super::etag::listed_etag;
use super::knobs::{
    CTag, Knobs, ListingProps, Principal, Privileges, Propstat, ReadOnlyPrivileges, SyncSupport,
    VersionAccept,
};
use super::place::{Hrefs, Node};
use super::prop_names::{ALL, Known, known};
use super::rewrite::served;
use super::token::Token;
use super::xml::{Ns, Xml};

/// What a property is asked of.
#[derive(Clone, Copy)]
pub(super) enum Target<'a> {
    Node(Node),
    Book(&'a Book),
    Card(&'a Card),
    /// A member that is no vCard, by its content type; a collection when there is none.
    Foreign(Option<&'static str>),
    /// A calendar in the home.
    Calendar,
}

/// Answers one request's list of properties, again and again.
pub(super) struct Props<'a> {
    pub(super) knobs: &'a Knobs,
    pub(super) hrefs: &'a Hrefs,
    /// The value of `addressbook-home-set`, which may be on another host.
    pub(super) home: String,
    asked: Vec<(Prop, Option<Known>)>,
    version: Option<String>,
}

impl<'a> Props<'a> {
    pub(super) fn new(knobs: &'a Knobs, hrefs: &'a Hrefs, body: &Body) -> Self {
        let all = || ALL.iter().map(|(ns, name)| Prop::new(*ns, name)).collect();
        let asked = body.props.clone().unwrap_or_else(all);
        let asked = asked.into_iter().map(|prop| (known(&prop), prop)).map(|(k, p)| (p, k));
        Self {
            knobs,
            hrefs,
            home: String::new(),
            asked: asked.collect(),
            version: body.version.clone(),
        }
    }

    pub(super) fn asks_home(&self) -> bool {
        self.asked.iter().any(|(_, known)| *known == Some(Known::HomeSet))
    }

    /// The propstats of one response element.
    pub(super) fn write(&self, xml: &mut Xml, target: Target<'_>) {
        let mut missing = Vec::new();
        if self.knobs.xml.propstat == Propstat::OneEach {
            for one in &self.asked {
                xml.propstat(200, |xml| {
                    self.each(xml, target, std::slice::from_ref(one), &mut missing)
                });
            }
        } else {
            xml.propstat(200, |xml| self.each(xml, target, &self.asked, &mut missing));
        }
        xml.propstat(404, |xml| missing.iter().for_each(|prop| write_name(xml, prop)));
        if self.knobs.xml.propstat == Propstat::BesideStatus {
            xml.status(200);
        }
    }

    /// Writes the properties of `asked` that the target has, and notes the others.
    fn each<'p>(
        &self,
        xml: &mut Xml,
        target: Target<'_>,
        asked: &'p [(Prop, Option<Known>)],
        missing: &mut Vec<&'p Prop>,
    ) {
        for (prop, known) in asked {
            let before = xml.out.len();
            self.found(xml, *known, target);
            if xml.out.len() == before {
                missing.push(prop);
            }
        }
    }

    /// Writes the property if the target has it.
    fn found(&self, xml: &mut Xml, known: Option<Known>, target: Target<'_>) {
        let Some(known) = known else { return };
        match target {
            Target::Node(node) => self.of_node(xml, known, node),
            Target::Book(book) => self.of_book(xml, known, book),
            Target::Card(card) => self.of_card(xml, known, card),
            Target::Foreign(content_type) => of_foreign(xml, known, content_type),
            Target::Calendar => of_calendar(xml, known),
        }
    }

    fn of_node(&self, xml: &mut Xml, known: Known, node: Node) {
        let told = self.knobs.principal;
        let home = node.is_principal || (told == Principal::WithHome && node.is_root);
        match known {
            Known::ResourceType => resource_type(xml, node.is_principal.then_some("principal")),
            Known::DisplayName if node.is_principal => xml.leaf(Ns::Dav, "displayname", "Alice"),
            Known::CurrentUserPrincipal if told != Principal::Missing => {
                self.principal(xml, "current-user-principal");
            }
            Known::PrincipalUrl if node.is_principal => self.principal(xml, "principal-URL"),
            Known::HomeSet if home => {
                xml.open(Ns::Card, "addressbook-home-set");
                xml.leaf(Ns::Dav, "href", &self.home);
                xml.close(Ns::Card, "addressbook-home-set");
            }
            _ => {}
        }
    }

    fn principal(&self, xml: &mut Xml, name: &str) {
        xml.open(Ns::Dav, name);
        if self.knobs.principal != Principal::Empty {
            xml.leaf(Ns::Dav, "href", &self.hrefs.node(self.knobs.layout.principal));
        }
        xml.close(Ns::Dav, name);
    }

    fn of_book(&self, xml: &mut Xml, known: Known, book: &Book) {
        let sync = book.options.sync.unwrap_or(self.knobs.sync);
        let syncs = matches!(sync, SyncSupport::Yes | SyncSupport::NoToken);
        match known {
            Known::ResourceType => {
                xml.open(Ns::Dav, "resourcetype");
                xml.empty(Ns::Dav, "collection");
                xml.empty(Ns::Card, "addressbook");
                xml.close(Ns::Dav, "resourcetype");
            }
            Known::DisplayName => {
                if let Some(name) = &book.options.display {
                    xml.leaf(Ns::Dav, "displayname", name);
                }
            }
            Known::CurrentUserPrincipal if self.knobs.principal != Principal::Missing => {
                self.principal(xml, "current-user-principal");
            }
            Known::CTag => match self.knobs.ctag {
                CTag::Told => {
                    xml.leaf(Ns::Cs, "getctag", &format!("{}-{}", book.epoch, book.seq()));
                }
                CTag::Constant => xml.leaf(Ns::Cs, "getctag", "1"),
                CTag::Missing => {}
            },
            // Calypso: the property is 200 and empty.
            Known::SyncToken if sync == SyncSupport::NoToken => xml.empty(Ns::Dav, "sync-token"),
            Known::SyncToken if sync == SyncSupport::Yes => {
                let token = Token::now(book.seq()).write(self.knobs.token_form, book.epoch);
                xml.leaf(Ns::Dav, "sync-token", &token);
            }
            Known::SupportedReports => reports(xml, syncs),
            Known::SupportedAddressData => self.address_data_types(xml),
            Known::MaxResourceSize => {
                if let Some(size) = self.knobs.max_size {
                    xml.leaf(Ns::Card, "max-resource-size", &size.bytes.to_string());
                }
            }
            Known::Privileges => self.privileges(xml, book.options.access),
            _ => {}
        }
    }

    fn of_card(&self, xml: &mut Xml, known: Known, card: &Card) {
        match known {
            Known::ResourceType => xml.empty(Ns::Dav, "resourcetype"),
            Known::ETag if self.knobs.listing == ListingProps::EmptyETags => {
                xml.empty(Ns::Dav, "getetag");
            }
            Known::ETag if self.knobs.listing != ListingProps::NoETags => {
                xml.leaf(Ns::Dav, "getetag", &listed_etag(self.knobs, card));
            }
            Known::ContentType if self.knobs.listing != ListingProps::NoContentType => {
                xml.leaf(Ns::Dav, "getcontenttype", "text/vcard; charset=utf-8");
            }
            Known::ContentLength => {
                xml.leaf(Ns::Dav, "getcontentlength", &card.bytes.len().to_string());
            }
            Known::AddressData => {
                xml.open(Ns::Card, "address-data");
                match served(self.knobs, card, self.version.as_deref()) {
                    None => xml.card(&card.bytes, &card.escaped),
                    Some(bytes) => xml.card(&bytes, &super::xml::escape_card(&bytes)),
                }
                xml.close(Ns::Card, "address-data");
            }
            _ => {}
        }
    }

    fn address_data_types(&self, xml: &mut Xml) {
        let versions: &[&str] = match self.knobs.version_accept {
            VersionAccept::Both | VersionAccept::ServedAsThree => &["3.0", "4.0"],
            VersionAccept::ThreeOnly => &["3.0"],
            VersionAccept::Unadvertised => return,
        };
        xml.open(Ns::Card, "supported-address-data");
        for version in versions {
            xml.empty_with(
                Ns::Card,
                "address-data-type",
                &[("content-type", "text/vcard"), ("version", version)],
            );
        }
        xml.close(Ns::Card, "supported-address-data");
    }

    fn privileges(&self, xml: &mut Xml, access: Access) {
        let read_only = (access == Access::ReadOnly).then_some(self.knobs.readonly_privileges);
        let names: &[&str] = match (read_only, self.knobs.privileges) {
            (_, Privileges::Missing) => return,
            (Some(ReadOnlyPrivileges::Read), _) => &["read", "read-current-user-privilege-set"],
            (Some(ReadOnlyPrivileges::WriteProperties), _) => {
                &["read", "read-acl", "read-current-user-privilege-set", "write-properties"]
            }
            (_, Privileges::AllOnly) => &["all"],
            (_, Privileges::Full) => {
                &["read", "write", "write-properties", "write-content", "bind", "unbind"]
            }
        };
        xml.open(Ns::Dav, "current-user-privilege-set");
        for name in names {
            xml.open(Ns::Dav, "privilege");
            xml.empty(Ns::Dav, name);
            xml.close(Ns::Dav, "privilege");
        }
        xml.close(Ns::Dav, "current-user-privilege-set");
    }
}

fn of_foreign(xml: &mut Xml, known: Known, content_type: Option<&'static str>) {
    match (known, content_type) {
        (Known::ResourceType, Some(_)) => xml.empty(Ns::Dav, "resourcetype"),
        (Known::ResourceType, None) => resource_type(xml, None),
        (Known::ETag, Some(_)) => xml.leaf(Ns::Dav, "getetag", "\"foreign\""),
        (Known::ContentType, Some(text)) => xml.leaf(Ns::Dav, "getcontenttype", text),
        _ => {}
    }
}

fn of_calendar(xml: &mut Xml, known: Known) {
    match known {
        Known::ResourceType => {
            xml.open(Ns::Dav, "resourcetype");
            xml.empty(Ns::Dav, "collection");
            xml.empty(Ns::Cal, "calendar");
            xml.close(Ns::Dav, "resourcetype");
        }
        Known::DisplayName => xml.leaf(Ns::Dav, "displayname", "Calendar"),
        Known::CTag => xml.leaf(Ns::Cs, "getctag", "1"),
        _ => {}
    }
}

fn resource_type(xml: &mut Xml, and: Option<&str>) {
    xml.open(Ns::Dav, "resourcetype");
    xml.empty(Ns::Dav, "collection");
    if let Some(name) = and {
        xml.empty(Ns::Dav, name);
    }
    xml.close(Ns::Dav, "resourcetype");
}

fn reports(xml: &mut Xml, syncs: bool) {
    xml.open(Ns::Dav, "supported-report-set");
    let sync = syncs.then_some((Ns::Dav, "sync-collection"));
    let others = [(Ns::Card, "addressbook-multiget"), (Ns::Card, "addressbook-query")];
    for (ns, name) in others.into_iter().chain(sync) {
        xml.open(Ns::Dav, "supported-report");
        xml.open(Ns::Dav, "report");
        xml.empty(ns, name);
        xml.close(Ns::Dav, "report");
        xml.close(Ns::Dav, "supported-report");
    }
    xml.close(Ns::Dav, "supported-report-set");
}

fn write_name(xml: &mut Xml, prop: &Prop) {
    match Ns::of_uri(&prop.uri) {
        Some(ns) => xml.empty(ns, &prop.name),
        None => xml.empty_foreign(&prop.uri, &prop.name),
    }
}
