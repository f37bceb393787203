//! The properties this program knows by name.

/// A property name, without regard to case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Known {
    /// `FN`: the name as it is shown.
    Fn,
    /// `N`: the name by components.
    N,
    /// `NICKNAME`: a list.
    Nickname,
    /// `EMAIL`.
    Email,
    /// `TEL`.
    Tel,
    /// `ADR`: seven components.
    Adr,
    /// `ORG`: the organisation and its units.
    Org,
    /// `TITLE`.
    Title,
    /// `ROLE`.
    Role,
    /// `BDAY`.
    Bday,
    /// `ANNIVERSARY`, and the X- names it had before vCard 4.0.
    Anniversary,
    /// `X-ABDATE`: a date whose meaning stands in its label.
    AbDate,
    /// `X-ABLabel`: the label of the other lines of its group.
    AbLabel,
    /// `X-ABADR`: the country whose format an address of its group has.
    AbAdr,
    /// `CATEGORIES`: a list.
    Categories,
    /// `NOTE`.
    Note,
    /// `URL`.
    Url,
    /// `IMPP`.
    Impp,
    /// `X-JABBER` and its like: the messenger is in the name.
    Messenger,
    /// `RELATED`.
    Related,
    /// `X-ABRELATEDNAMES`: the relation stands in its label.
    AbRelated,
    /// `X-SPOUSE`, `X-MANAGER`, `X-ASSISTANT` and their like: the relation is in the name.
    XRelated,
    /// `MEMBER` or `X-ADDRESSBOOKSERVER-MEMBER`.
    Member,
    /// `KIND` or `X-ADDRESSBOOKSERVER-KIND`.
    Kind,
    /// `X-ABShowAs`.
    AbShowAs,
    /// `PHOTO`.
    Photo,
    /// `LOGO`.
    Logo,
    /// `SOUND`.
    Sound,
    /// `KEY`.
    Key,
    /// `GEO`.
    Geo,
    /// `GENDER`.
    Gender,
    /// `LABEL`: a printed address (2.1 and 3.0).
    Label,
    /// `SORT-STRING` (3.0).
    SortString,
    /// `X-PHONETIC-FIRST-NAME` and its like.
    Phonetic,
    /// `AGENT`.
    Agent,
    /// `UID`.
    Uid,
    /// `VERSION`.
    Version,
    /// `REV`.
    Rev,
    /// `PRODID`.
    Prodid,
    /// Any other name.
    Other,
}

impl Known {
    /// Which property a name (without its group) is.
    pub(super) fn of(name: &[u8]) -> Self {
        let mut upper = [0_u8; 32];
        let Some(upper) = upper.get_mut(..name.len()) else { return Self::Other };
        upper.copy_from_slice(name);
        upper.make_ascii_uppercase();
        Self::of_upper(upper)
    }

    fn of_upper(name: &[u8]) -> Self {
        if let [b'X', b'-', rest @ ..] = name {
            return Self::of_private(rest);
        }
        match name {
            b"FN" => Self::Fn,
            b"N" => Self::N,
            b"TEL" => Self::Tel,
            b"EMAIL" => Self::Email,
            b"ADR" => Self::Adr,
            b"ORG" => Self::Org,
            b"URL" => Self::Url,
            b"UID" => Self::Uid,
            b"REV" => Self::Rev,
            b"NOTE" => Self::Note,
            b"BDAY" => Self::Bday,
            b"TITLE" => Self::Title,
            b"PHOTO" => Self::Photo,
            b"VERSION" => Self::Version,
            b"PRODID" => Self::Prodid,
            b"NICKNAME" => Self::Nickname,
            b"CATEGORIES" => Self::Categories,
            b"IMPP" => Self::Impp,
            b"ROLE" => Self::Role,
            b"KIND" => Self::Kind,
            b"MEMBER" => Self::Member,
            b"RELATED" => Self::Related,
            b"ANNIVERSARY" => Self::Anniversary,
            b"LOGO" => Self::Logo,
            b"SOUND" => Self::Sound,
            b"KEY" => Self::Key,
            b"GEO" => Self::Geo,
            b"GENDER" => Self::Gender,
            b"LABEL" => Self::Label,
            b"SORT-STRING" => Self::SortString,
            b"AGENT" => Self::Agent,
            _ => Self::Other,
        }
    }

    fn of_private(name: &[u8]) -> Self {
        match name {
            b"ABLABEL" => Self::AbLabel,
            b"ABADR" => Self::AbAdr,
            b"ABDATE" => Self::AbDate,
            b"ABRELATEDNAMES" => Self::AbRelated,
            b"ABSHOWAS" => Self::AbShowAs,
            b"ADDRESSBOOKSERVER-KIND" => Self::Kind,
            b"ADDRESSBOOKSERVER-MEMBER" => Self::Member,
            b"ANNIVERSARY"
            | b"EVOLUTION-ANNIVERSARY"
            | b"MS-ANNIVERSARY"
            | b"KADDRESSBOOK-X-ANNIVERSARY" => Self::Anniversary,
            b"PHONETIC-FIRST-NAME"
            | b"PHONETIC-MIDDLE-NAME"
            | b"PHONETIC-LAST-NAME"
            | b"PHONETIC-ORG" => Self::Phonetic,
            _ if messenger(name).is_some() => Self::Messenger,
            _ if relation(name).is_some() => Self::XRelated,
            _ => Self::Other,
        }
    }
}

/// The service an older messenger property names, from its name without `X-`.
pub(super) fn messenger(name: &[u8]) -> Option<&'static str> {
    let rest = name.strip_prefix(b"EVOLUTION-").unwrap_or(name);
    Some(match rest {
        b"JABBER" => "jabber",
        b"ICQ" => "icq",
        b"YAHOO" => "yahoo",
        b"AIM" => "aim",
        b"MSN" => "msn",
        b"SKYPE" | b"SKYPE-USERNAME" => "skype",
        b"GTALK" | b"GOOGLE-TALK" => "gtalk",
        b"QQ" => "qq",
        b"GADUGADU" => "gadugadu",
        b"GROUPWISE" => "groupwise",
        b"MATRIX" => "matrix",
        b"TWITTER" => "twitter",
        _ => return None,
    })
}

/// The relation an older property names, from its name without `X-`.
pub(super) fn relation(name: &[u8]) -> Option<&'static str> {
    let rest = [&b"EVOLUTION-"[..], b"MS-", b"KADDRESSBOOK-X-"]
        .iter()
        .find_map(|maker| name.strip_prefix(*maker))
        .unwrap_or(name);
    Some(match rest {
        b"SPOUSE" | b"SPOUSESNAME" => "spouse",
        b"MANAGER" | b"MANAGERSNAME" => "manager",
        b"ASSISTANT" | b"ASSISTANTSNAME" => "assistant",
        _ => return None,
    })
}
