//! Who is asking.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::ask::{Ask, is_loopback};
use super::digest::Answer;
use super::knobs::{Auth, AuthFailure, Challenges, DigestRule};
use super::log::SinKind;
use super::reply::{Reply, and_header, bare, error, html, multistatus, redirect, text};
use super::sign_in::is_endpoint;
use super::world::World;
use super::xml::{Ns, Xml};

/// The realm of every challenge.
pub(super) const REALM: &str = "contacts";

impl World {
    /// The refusal of a request without good credentials; `None` lets it pass.
    pub(super) fn refusal(&mut self, ask: &Ask) -> Option<Reply> {
        let knobs = self.knobs.clone();
        if knobs.lockout.is_some_and(|most| self.failed_logins >= most) {
            return Some(and_header(text(429, "too many requests"), "retry-after", "30"));
        }
        let answer = self.login(ask);
        if answer == Answer::Good {
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
                let reply = error(&knobs, 401, "Not authenticated");
                match rule(knobs.auth) {
                    Some(rule) => self.digest_challenge(rule, answer, reply),
                    None => challenge(knobs.auth, reply),
                }
            }
            AuthFailure::Status403 => error(&knobs, 403, "Request had invalid credentials."),
            AuthFailure::HtmlLogin => html(200),
            AuthFailure::RedirectToLogin => redirect(302, "https://login.elsewhere.test/?back=dav"),
        })
    }

    /// Whether the request carries good credentials.
    pub(super) fn knows(&mut self, ask: &Ask) -> bool {
        self.login(ask) == Answer::Good
    }

    fn login(&mut self, ask: &Ask) -> Answer {
        if let Some(rule) = rule(self.knobs.auth) {
            return self.nonces.judge(rule, ask, (&self.user, &self.password));
        }
        let value = ask.header("authorization").unwrap_or_default();
        let (scheme, rest) = value.split_once(' ').unwrap_or((&value, ""));
        let basic = scheme.eq_ignore_ascii_case("basic")
            && rest == STANDARD.encode(format!("{}:{}", self.user, self.password));
        let is_token = scheme.eq_ignore_ascii_case("bearer");
        let bearer = is_token && rest == self.password;
        let is_good = match self.knobs.auth {
            Auth::None => true,
            Auth::Basic | Auth::LowerCaseBasic => basic,
            Auth::BasicOrBearer => basic || bearer,
            Auth::UnadvertisedBearer => bearer,
            Auth::OAuth2 => is_token && self.sign_in.is_good(rest),
            Auth::Digest | Auth::DigestBy(_) => false,
        };
        if is_good { Answer::Good } else { Answer::Bad }
    }

    /// Records credentials that are missing, or go where they must not.
    pub(super) fn confess_credentials(&mut self, ask: &Ask) {
        if is_endpoint(ask) {
            // The client is named in the body there, and it is another service.
            return;
        }
        let domain = ask.domain();
        let home = self.domain.get_or_insert_with(|| domain.clone()).clone();
        let sent = ask.headers.contains_key("authorization");
        let asked_first = matches!(self.knobs.auth, Auth::Digest | Auth::DigestBy(_) | Auth::None);
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

    fn digest_challenge(&mut self, rule: DigestRule, answer: Answer, reply: Reply) -> Reply {
        let digest = self.nonces.challenge(rule, answer);
        let others = ["Negotiate", "X-Other realm=\"a, b\""];
        match rule.challenges {
            Challenges::Alone => and_header(reply, "www-authenticate", &digest),
            Challenges::OneHeader => {
                let all = format!("{}, {digest}, {}", others[0], others[1]);
                and_header(reply, "www-authenticate", &all)
            }
            Challenges::ManyHeaders => [others[0], others[1], &digest]
                .iter()
                .fold(reply, |reply, value| and_header(reply, "www-authenticate", value)),
        }
    }
}

/// How Digest is done, where it is.
fn rule(auth: Auth) -> Option<DigestRule> {
    match auth {
        Auth::Digest => Some(DigestRule::default()),
        Auth::DigestBy(rule) => Some(rule),
        _ => None,
    }
}

fn challenge(auth: Auth, reply: Reply) -> Reply {
    let challenges: &[&str] = match auth {
        Auth::Basic => &["Basic realm=\"contacts\", charset=\"UTF-8\""],
        Auth::LowerCaseBasic => &["basic realm=\"contacts\""],
        Auth::BasicOrBearer => &["Bearer realm=\"contacts\"", "Basic realm=\"contacts\""],
        Auth::UnadvertisedBearer | Auth::OAuth2 => &["X-Other realm=\"Some APIs\""],
        Auth::Digest | Auth::DigestBy(_) | Auth::None => &[],
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
