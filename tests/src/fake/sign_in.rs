//! An OAuth2 provider (RFC 6749, RFC 7636): the page that asks the user, and the endpoint for tokens.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::ask::Ask;
use super::reply::{Reply, with_body};

/// The provider of one server, with one user who says yes.
///
/// Its page is `/oauth2/auth` and its tokens are at `/oauth2/token`, on every host; those of Google, at
/// their own addresses, are the same. It knows one client: `the-client` with the secret
/// `the-client-secret`.
#[derive(Debug, Default)]
pub struct SignIn {
    /// How many tokens and codes were given.
    given: u32,
    /// The access token that is good.
    access: Option<String>,
    /// The refresh token that is good.
    refresh: Option<String>,
    /// The code that was given and not traded yet.
    pending: Option<Pending>,
    /// Whether a refresh token is good once.
    rotation: Rotation,
}

#[derive(Debug)]
struct Pending {
    code: String,
    challenge: String,
    redirect: String,
}

#[derive(Debug, Default, PartialEq, Eq)]
enum Rotation {
    #[default]
    Never,
    EachTime,
}

const PAGES: [&str; 2] = ["/oauth2/auth", "accounts.google.com/o/oauth2/v2/auth"];

const CLIENT: (&str, &str) = ("the-client", "the-client-secret");

impl SignIn {
    /// A refresh token, as if the user had signed in before.
    pub fn grant(&mut self) -> String {
        let token = self.new_token("refresh");
        self.refresh = Some(token.clone());
        token
    }

    /// The refresh token that is good now.
    pub fn refresh_token(&self) -> Option<String> {
        self.refresh.clone()
    }

    /// The access token that is good now.
    pub fn access_token(&self) -> Option<String> {
        self.access.clone()
    }

    /// The hour of the access token is over.
    pub fn expire(&mut self) {
        self.access = None;
    }

    /// The user, or time, takes the sign-in back.
    pub fn revoke(&mut self) {
        (self.access, self.refresh) = (None, None);
    }

    /// From now on each refresh token is good once.
    pub fn rotate(&mut self) {
        self.rotation = Rotation::EachTime;
    }

    /// The user opens the page at this address and agrees: the address that the browser is sent to.
    ///
    /// # Panics
    ///
    /// When the address is not one that a careful client makes.
    pub fn agree(&mut self, page: &str) -> String {
        let (at, query) = page.split_once('?').unwrap_or_default();
        let is_page = PAGES.iter().any(|known| at.ends_with(known));
        assert!(at.starts_with("https://") && is_page, "{page}");
        let of = |name: &str| param(query, name).unwrap_or_default();
        assert_eq!((of("response_type").as_str(), of("client_id").as_str()), ("code", CLIENT.0));
        assert_eq!(of("code_challenge_method"), "S256");
        assert!(of("redirect_uri").starts_with("http://127.0.0.1:"), "{page}");
        let code = self.new_token("code");
        let redirect = of("redirect_uri");
        let target = format!("{redirect}?state={}&code={code}", of("state"));
        self.pending = Some(Pending { code, challenge: of("code_challenge"), redirect });
        target
    }

    pub(super) fn is_good(&self, access: &str) -> bool {
        self.access.as_deref() == Some(access)
    }

    /// The answer of the endpoint for tokens; `None` when something else was asked.
    pub(super) fn token(&mut self, ask: &Ask) -> Option<Reply> {
        if !is_endpoint(ask) || ask.method.as_str() != "POST" {
            return None;
        }
        let form = String::from_utf8_lossy(&ask.body).into_owned();
        let of = |name: &str| param(&form, name).unwrap_or_default();
        if (of("client_id").as_str(), of("client_secret").as_str()) != CLIENT {
            return Some(refusal(401, "invalid_client", "The OAuth client was not found."));
        }
        let is_granted = match of("grant_type").as_str() {
            "refresh_token" => self.refresh.is_some() && self.refresh == Some(of("refresh_token")),
            "authorization_code" => self.is_traded(&of),
            other => return Some(refusal(400, "unsupported_grant_type", other)),
        };
        if !is_granted {
            let words = "Token has been expired or revoked.";
            return Some(refusal(400, "invalid_grant", words));
        }
        let access = self.new_token("access");
        self.access = Some(access.clone());
        let mut reply = json!({
            "access_token": access, "expires_in": 3599, "token_type": "Bearer", "scope": "contacts"
        });
        if of("grant_type") == "authorization_code" || self.rotation == Rotation::EachTime {
            reply["refresh_token"] = self.grant().into();
        }
        Some(with_body(200, "application/json; charset=utf-8", reply.to_string().into_bytes()))
    }

    /// Whether the code is the one given, by whoever asked for it; it is good once.
    fn is_traded(&mut self, of: &dyn Fn(&str) -> String) -> bool {
        let proof = URL_SAFE_NO_PAD.encode(Sha256::digest(of("code_verifier").as_bytes()));
        self.pending.take().is_some_and(|pending| {
            pending.code == of("code")
                && pending.redirect == of("redirect_uri")
                && pending.challenge == proof
        })
    }

    fn new_token(&mut self, kind: &str) -> String {
        self.given += 1;
        format!("{kind}-token/{}", self.given)
    }
}

/// Whether the endpoint for tokens is asked, and not the server.
pub(super) fn is_endpoint(ask: &Ask) -> bool {
    ask.path == "/oauth2/token"
        || (ask.bare_host() == "oauth2.googleapis.com" && ask.path == "/token")
}

fn refusal(status: u16, code: &str, words: &str) -> Reply {
    let body = json!({ "error": code, "error_description": words });
    with_body(status, "application/json; charset=utf-8", body.to_string().into_bytes())
}

/// One value of a form (application/x-www-form-urlencoded).
fn param(form: &str, name: &str) -> Option<String> {
    form.split('&').find_map(|pair| {
        let (key, value) = pair.split_once('=')?;
        (key == name).then(|| decoded(value))
    })
}

fn decoded(value: &str) -> String {
    let value = value.replace('+', " ");
    let mut bytes = Vec::new();
    let mut rest = value.as_str();
    while let Some((before, after)) = rest.split_once('%') {
        bytes.extend_from_slice(before.as_bytes());
        bytes.extend(u8::from_str_radix(after.get(..2).unwrap_or_default(), 16));
        rest = after.get(2..).unwrap_or_default();
    }
    bytes.extend_from_slice(rest.as_bytes());
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_proof_of_rfc_7636_appendix_b_is_taken_once_and_no_other() {
        let page = "https://login.test/oauth2/auth?response_type=code&client_id=the-client\
            &code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256\
            &redirect_uri=http%3A%2F%2F127.0.0.1%3A1%2F&state=s";
        for (verifier, good) in
            [("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", true), ("another", false)]
        {
            let mut provider = SignIn::default();
            let target = provider.agree(page);
            let code = param(target.split_once('?').unwrap().1, "code").unwrap();
            assert!(target.starts_with("http://127.0.0.1:1/?state=s&"), "{target}");
            let of = |name: &str| match name {
                "code" => code.clone(),
                "code_verifier" => verifier.to_owned(),
                _ => "http://127.0.0.1:1/".to_owned(),
            };
            assert_eq!(provider.is_traded(&of), good, "{verifier}");
            assert!(!provider.is_traded(&of), "{verifier} again");
        }
    }
}
