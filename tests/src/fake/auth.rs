//! Who is asking.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::ask::{Ask, is_loopback};
use super::knobs::{Auth, AuthFailure};
use super::log::SinKind;
use super::reply::{Reply, and_header, bare, error, html, multistatus, redirect, text};
use super::world::World;
use super::xml::{Ns, Xml};

const REALM: &str = "contacts";

/// The nonce of every Digest challenge; it never goes stale.
const NONCE: &str = "dcd98b7102dd2f0e8b11d0f600bfb0c0";

impl World {
    /// The refusal of a request without good credentials; `None` lets it pass.
    pub(super) fn refusal(&mut self, ask: &Ask) -> Option<Reply> {
        let knobs = self.knobs.clone();
        if knobs.lockout.is_some_and(|most| self.failed_logins >= most) {
            return Some(and_header(text(429, "too many requests"), "retry-after", "30"));
        }
        if self.knows(ask) {
            return None;
        }
        let anonymous = !ask.headers.contains_key("authorization");
        self.failed_logins += u32::from(!anonymous);
        let propfind = ask.method.as_str() == "PROPFIND";
        Some(match knobs.auth_failure {
            AuthFailure::Unauthenticated if anonymous && propfind => {
                unauthenticated(&ask.path, Xml::new(knobs.xml, "multistatus"))
            }
            AuthFailure::Status401 | AuthFailure::Unauthenticated => {
                challenge(knobs.auth, error(&knobs, 401, "Not authenticated"))
            }
            AuthFailure::Status403 => error(&knobs, 403, "Request had invalid credentials."),
            AuthFailure::HtmlLogin => html(200),
            AuthFailure::RedirectToLogin => redirect(302, "https://login.elsewhere.test/?back=dav"),
        })
    }

    /// Whether the request carries good credentials.
    pub(super) fn knows(&self, ask: &Ask) -> bool {
        let value = ask.header("authorization").unwrap_or_default();
        let (scheme, rest) = value.split_once(' ').unwrap_or((&value, ""));
        let basic = scheme.eq_ignore_ascii_case("basic")
            && rest == STANDARD.encode(format!("{}:{}", self.user, self.password));
        let bearer = scheme.eq_ignore_ascii_case("bearer") && rest == self.password;
        match self.knobs.auth {
            Auth::None => true,
            Auth::Basic | Auth::LowerCaseBasic => basic,
            Auth::BasicOrBearer => basic || bearer,
            Auth::UnadvertisedBearer => bearer,
            Auth::Digest => {
                scheme.eq_ignore_ascii_case("digest") && self.digest_fits(ask.method.as_str(), rest)
            }
        }
    }

    /// Records credentials that are missing, or go where they must not.
    pub(super) fn confess_credentials(&mut self, ask: &Ask) {
        let domain = ask.domain();
        let home = self.domain.get_or_insert_with(|| domain.clone()).clone();
        let sent = ask.headers.contains_key("authorization");
        let asked_first = matches!(self.knobs.auth, Auth::Digest | Auth::None);
        let clear = ask.scheme == "http" && !is_loopback(&ask.bare_host());
        for (kind, committed) in [
            (SinKind::NoCredentials, !sent && !asked_first && domain == home),
            (SinKind::CredentialsElsewhere, sent && domain != home),
            (SinKind::CredentialsInClear, sent && clear),
        ] {
            if committed {
                self.log.sin(kind, ask.method.as_str(), &ask.path);
            }
        }
    }

    /// Whether a Digest answer (RFC 7616, MD5, qop auth) fits the password.
    fn digest_fits(&self, method: &str, params: &str) -> bool {
        let param = |name: &str| {
            params.split(',').find_map(|param| {
                let (key, value) = param.trim().split_once('=')?;
                (key == name).then(|| value.trim_matches('"').to_owned())
            })
        };
        let all = ["username", "uri", "nonce", "nc", "cnonce", "response"].map(param);
        let [Some(user), Some(uri), Some(nonce), Some(nc), Some(cnonce), Some(response)] = all
        else {
            return false;
        };
        let secret = md5_hex(&format!("{user}:{REALM}:{}", self.password));
        let target = md5_hex(&format!("{method}:{uri}"));
        user == self.user
            && nonce == NONCE
            && response == md5_hex(&format!("{secret}:{nonce}:{nc}:{cnonce}:auth:{target}"))
    }
}

fn challenge(auth: Auth, reply: Reply) -> Reply {
    let challenges: &[&str] = match auth {
        Auth::Basic => &["Basic realm=\"contacts\", charset=\"UTF-8\""],
        Auth::LowerCaseBasic => &["basic realm=\"contacts\""],
        Auth::BasicOrBearer => &["Bearer realm=\"contacts\"", "Basic realm=\"contacts\""],
        Auth::Digest => {
            &["Digest realm=\"contacts\",qop=\"auth\",nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c0\",\
                opaque=\"df58bdff8cf60599c939187d0b5c54de\""]
        }
        Auth::UnadvertisedBearer => &["X-Other realm=\"Some APIs\""],
        Auth::None => &[],
    };
    challenges.iter().fold(reply, |reply, value| and_header(reply, "www-authenticate", value))
}

/// Cyrus's answer to nobody in particular: a client that waits for a 401 never logs in.
fn unauthenticated(path: &str, mut xml: Xml) -> Reply {
    xml.open(Ns::Dav, "response");
    xml.leaf(Ns::Dav, "href", path);
    xml.propstat(200, |xml| {
        xml.open(Ns::Dav, "current-user-principal");
        xml.empty(Ns::Dav, "unauthenticated");
        xml.close(Ns::Dav, "current-user-principal");
    });
    xml.close(Ns::Dav, "response");
    multistatus(xml)
}

/// The answer to `OPTIONS`, which tells nothing to a client that is not logged in (Q28).
pub(super) fn options() -> Reply {
    let reply = and_header(bare(200), "dav", "1, 3, addressbook");
    and_header(reply, "allow", "OPTIONS, GET, HEAD, PUT, DELETE, PROPFIND, REPORT")
}

/// MD5 (RFC 1321) as Digest writes it: 32 hex digits.
fn md5_hex(text: &str) -> String {
    super::md5::hex(text.as_bytes())
}
