//! Knobs of discovery: addresses, logins, privileges.

/// The paths of the account, decoded, each with its last slash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    /// Where discovery starts; `current-user-principal` is told here.
    pub root: &'static str,
    /// The principal of the one user.
    pub principal: &'static str,
    /// The address book home. May be the same as the principal.
    pub home: &'static str,
    /// The last segment of the book that is there from the start.
    pub book: &'static str,
    /// The display name of that book.
    pub book_name: &'static str,
    /// What users type for it; `https://dav.example.test` and the root when `None`.
    pub address: Option<&'static str>,
    /// Below this path are photos that cards name by URL, for those who are logged in (iCloud, Q86).
    pub photos: Option<&'static str>,
}

impl Default for Layout {
    fn default() -> Self {
        Self {
            root: "/",
            principal: "/principals/alice/",
            home: "/addressbooks/alice/",
            book: "contacts",
            book_name: "Contacts",
            address: None,
            photos: None,
        }
    }
}

/// What `/` answers when the layout's root is elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BareOrigin {
    /// As if it were the root.
    #[default]
    Dav,
    /// 404 (Fastmail, Stalwart).
    NotFound,
    /// 405 (SOGo, Baikal, RustiCal).
    NotAllowed,
    /// A web page with 200.
    Html,
}

/// What `/.well-known/carddav` answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WellKnown {
    /// A redirect with this status.
    Redirect(u16, Target),
    /// A redirect for a PROPFIND with good credentials, 404 for everyone else (Google).
    AuthOnly(Target),
    /// 404.
    NotFound,
    /// A web page with 200.
    Html,
    /// 401, login or not (Calypso).
    Unauthorized,
    /// 502 (Yahoo).
    BadGateway,
}

impl Default for WellKnown {
    fn default() -> Self {
        Self::Redirect(301, Target::Relative)
    }
}

/// How a redirect spells its target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// The path of the root.
    Relative,
    /// The path of the root without its last slash (Stalwart, RustiCal).
    WithoutSlash,
    /// The path of the default book (Google).
    Book,
    /// The whole URL of the root.
    Absolute,
    /// The whole URL with the port written out (Zimbra).
    WithPort,
    /// The whole URL, but with `http:` (PHP behind a TLS proxy): must not be followed.
    PlainHttp,
    /// Another registrable domain: credentials must not go there.
    OtherDomain,
    /// Itself, for ever.
    Loop,
}

/// On which host the home-set is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum HomeHost {
    /// A path on the same host.
    #[default]
    Same,
    /// `p07-<host>:443`; on loopback `localhost` and `127.0.0.1` take turns.
    Other,
    /// Another `pNN-` host at every asking.
    Changing,
}

/// Whether `current-user-principal` is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Principal {
    /// It is.
    #[default]
    Told,
    /// 404 for the property.
    Missing,
    /// 200 with an empty element.
    Empty,
    /// The home-set is told right away at the root too.
    WithHome,
    /// It is, and leads to a home-set that is not there (Calypso).
    WrongHome,
}

/// What else the home holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum HomeExtras {
    /// Nothing.
    #[default]
    None,
    /// A calendar and an inbox (DAViCal, Zimbra).
    Calendars,
    /// Two read-only books of the server's own making, one without `sync-collection` (Nextcloud).
    Generated,
}

/// Paths or whole URLs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum HrefForm {
    /// `/a/b.vcf`.
    #[default]
    Path,
    /// `https://host/a/b.vcf`.
    Absolute,
    /// Cards as paths, collections as URLs.
    Mixed,
}

/// Which characters of a name are escaped in hrefs. Requests are understood in any spelling.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum HrefEscapes {
    /// What RFC 3986 says: `@`, `:`, `+` and `&` stay raw.
    #[default]
    Rfc3986,
    /// All but letters, digits and `-._~`: `%40` (Zimbra).
    All,
    /// As `All` but `@` raw and hex digits in lower case: `%c3` (sabre).
    LowerHex,
    /// Escaped twice: `%2540` (Zimbra's special names).
    Twice,
}

/// How the href of a collection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SelfHref {
    /// With a slash.
    #[default]
    Slash,
    /// Without (iCloud, SOGo).
    NoSlash,
}

/// Which credentials are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Auth {
    /// Basic, `charset="UTF-8"`.
    #[default]
    Basic,
    /// Basic, spelled `basic realm=` (SOGo).
    LowerCaseBasic,
    /// Basic and Bearer, in two headers, Bearer first (Stalwart).
    BasicOrBearer,
    /// Digest and nothing else: a Basic login is refused (Baikal).
    Digest,
    /// Digest and nothing else, in a way of its own.
    DigestBy(DigestRule),
    /// Bearer, the password being the token; the challenge offers something else (Google).
    UnadvertisedBearer,
    /// Bearer with the access token that [`SignIn`](crate::fake::SignIn) gave last; the challenge
    /// offers something else (Google).
    OAuth2,
    /// Anybody.
    None,
}

/// Whether answers set a cookie.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Cookies {
    /// They do not.
    #[default]
    None,
    /// A session's, which stands for another login when it comes back (Nextcloud, ownCloud).
    Session,
}

/// How a server does Digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DigestRule {
    /// What is hashed, and how.
    pub algorithm: DigestAlgorithm,
    /// After so many requests a nonce is not good any more.
    pub nonce_life: Option<u32>,
    /// What is said of a nonce that is not good any more.
    pub old_nonce: OldNonce,
    /// What else is offered, and how.
    pub challenges: Challenges,
}

/// How a Digest login is hashed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DigestAlgorithm {
    /// MD5, not said.
    #[default]
    Md5,
    /// MD5, spelled `"md5"`, and no `qop` (Calendar and Contacts Server).
    LowerCaseMd5,
    /// MD5-sess.
    Md5Sess,
    /// SHA-256.
    Sha256,
}

/// What is said of a nonce that is not good any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OldNonce {
    /// `stale=true`.
    #[default]
    Stale,
    /// Nothing: it looks like a wrong password.
    Unsaid,
}

/// What stands beside a Digest challenge (Q18).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Challenges {
    /// Nothing.
    #[default]
    Alone,
    /// Two others, all in one header.
    OneHeader,
    /// Two others, in a header each.
    ManyHeaders,
}

/// What a request without good credentials gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AuthFailure {
    /// 401 with a challenge.
    #[default]
    Status401,
    /// 403 (Google with a bad token).
    Status403,
    /// A login page with 200 (SSO portals).
    HtmlLogin,
    /// 302 to a login page of another domain.
    RedirectToLogin,
    /// 207 with `unauthenticated` for a PROPFIND without any credentials, else 401 (Cyrus).
    Unauthenticated,
}

/// Which privileges a writable book names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Privileges {
    /// read, write, write-content, bind, unbind and more.
    #[default]
    Full,
    /// `all` and nothing else (Xandikos, RustiCal).
    AllOnly,
    /// The property is unknown (Google).
    Missing,
}

/// Which privileges a read-only book names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ReadOnlyPrivileges {
    /// read.
    #[default]
    Read,
    /// read and `write-properties` (Nextcloud shares).
    WriteProperties,
    /// As if it were writable: only the PUT tells.
    Hidden,
}
