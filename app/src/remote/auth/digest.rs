//! Digest (RFC 7616): from a challenge and a request to the answer. The arithmetic is http-auth's.

use std::cell::{Cell, RefCell};

use contactcmd_ports::Secret;
use http::header::WWW_AUTHENTICATE;
use http::{HeaderValue, Request, Response, StatusCode};
use http_auth::digest::{DigestClient, Qop};
use http_auth::{ChallengeParser, PasswordParams};

use super::{Stamp, Verdict, sensitive};

/// How often one request is signed anew: for the challenge, and for a nonce that went stale.
const MAX_RENEWALS: u32 = 2;

/// A user's password, and the challenge that is being answered.
pub(super) struct Digest {
    username: String,
    password: Secret,
    session: RefCell<Option<Session>>,
    /// Which challenge this is; 0 is none.
    stamp: Cell<u32>,
}

struct Session {
    /// The challenge, and how often it was answered.
    challenge: DigestClient,
    /// The same for all answers to one challenge: servers read RFC 7616 3.4.2 both ways, and with
    /// `MD5-sess` some hash the first one and others the latest.
    cnonce: String,
    /// Whether an answer to it was accepted, so that the password is good.
    accepted: Cell<bool>,
}

impl Digest {
    pub(super) fn new(username: &str, password: &Secret) -> Self {
        Self {
            username: username.to_owned(),
            password: password.clone(),
            session: RefCell::new(None),
            stamp: Cell::new(0),
        }
    }

    pub(super) fn stamp(&self) -> Stamp {
        Stamp(self.stamp.get())
    }

    /// The header for this request; `None` without a challenge.
    pub(super) fn sign(&self, request: &Request<Vec<u8>>) -> Option<HeaderValue> {
        let mut session = self.session.borrow_mut();
        let Session { challenge, cnonce, .. } = session.as_mut()?;
        answer(challenge, cnonce, request, (&self.username, &self.password))
    }

    /// What the answer to a request of `stamp` means; takes the challenge over that comes with it.
    ///
    /// A wrong password costs one challenge and one answer: a second challenge is only answered when
    /// the nonce is what was wrong (`stale`), or when the same password was good before.
    pub(super) fn judge(
        &self,
        response: &Response<Vec<u8>>,
        (stamp, renewals): (Stamp, u32),
        cnonce: &dyn Fn() -> [u8; 16],
    ) -> Verdict {
        let is_current = stamp == self.stamp();
        if response.status() != StatusCode::UNAUTHORIZED {
            // A server in trouble may not have looked at the password.
            let is_good = is_current && response.status().is_success();
            if let Some(session) = self.session.borrow().as_ref().filter(|_| is_good) {
                session.accepted.set(true);
            }
            return Verdict::Stands;
        }
        if renewals >= MAX_RENEWALS {
            return Verdict::Stands;
        }
        if !is_current {
            // Another request has answered a newer challenge in the meantime.
            return Verdict::SignAgain;
        }
        let Some(offered) = challenge(response) else { return Verdict::Stands };
        let was_good = self.session.borrow().as_ref().is_none_or(|old| old.accepted.get());
        if !was_good && !offered.stale() {
            return Verdict::Stands;
        }
        let cnonce = cnonce().iter().map(|byte| format!("{byte:02x}")).collect();
        let session = Session { challenge: offered, cnonce, accepted: Cell::new(false) };
        self.session.replace(Some(session));
        self.stamp.set(self.stamp.get() + 1);
        Verdict::SignAgain
    }
}

/// The value of `Authorization` that answers `challenge` for this request, and counts the answer.
/// `None` when the server wants a kind of protection that nobody does.
fn answer(
    challenge: &mut DigestClient,
    cnonce: &str,
    request: &Request<Vec<u8>>,
    (username, password): (&str, &Secret),
) -> Option<HeaderValue> {
    let uri = request.uri().path_and_query().map_or("/", |path| path.as_str());
    // The body is only hashed where nothing less is taken.
    let body = (!(challenge.qop() & Qop::Auth)).then_some(request.body().as_slice());
    let params = PasswordParams {
        username,
        password: password.expose(),
        uri,
        method: request.method().as_str(),
        body,
    };
    // Named for tests because it leaves the choice of the cnonce to the caller; ours is random, and
    // `respond` differs in nothing else.
    let text = challenge.respond_with_testing_cnonce(&params, cnonce).ok()?;
    sensitive(&Secret::new(text))
}

/// The first Digest challenge of a 401 that can be answered: servers name the best first (RFC 7616
/// 3.7), in one header or several, among schemes of other kinds (Q18).
fn challenge(response: &Response<Vec<u8>>) -> Option<DigestClient> {
    headers(response).find_map(|text| {
        ChallengeParser::new(&text)
            .map_while(Result::ok)
            .filter(|challenge| challenge.scheme.eq_ignore_ascii_case("digest"))
            .find_map(|challenge| DigestClient::try_from(&challenge).ok())
    })
}

/// The schemes that a 401 offers, lower case.
pub(super) fn challenges(response: &Response<Vec<u8>>) -> Vec<String> {
    let of = |text: String| -> Vec<String> {
        let all = ChallengeParser::new(&text).map_while(Result::ok);
        all.map(|challenge| challenge.scheme.to_ascii_lowercase()).collect()
    };
    headers(response).flat_map(of).collect()
}

fn headers(response: &Response<Vec<u8>>) -> impl Iterator<Item = String> {
    let all = response.headers().get_all(WWW_AUTHENTICATE).iter();
    all.map(|value| canonical(&String::from_utf8_lossy(value.as_bytes())))
}

/// The names of algorithms as the registry spells them: the Calendar and Contacts Server writes
/// `md5`, as it may (RFC 5234 2.3), and http-auth compares by case.
fn canonical(text: &str) -> String {
    const KEY: &str = "algorithm=";
    const NAMES: [&str; 4] = ["MD5", "MD5-sess", "SHA-256", "SHA-256-sess"];
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.to_ascii_lowercase().find(KEY) {
        let (before, after) = rest.split_at(at + KEY.len());
        let quote = if after.starts_with('"') { 1 } else { 0 };
        let (open, after) = after.split_at(quote);
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '-';
        let (name, after) = after.split_at(after.find(|c| !is_name(c)).unwrap_or(after.len()));
        let known = NAMES.into_iter().find(|known| known.eq_ignore_ascii_case(name));
        out.extend([before, open, known.unwrap_or(name)]);
        rest = after;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A 401 with these challenges, one header each.
    fn refusal(challenges: &[&str]) -> Response<Vec<u8>> {
        let mut response = Response::new(Vec::new());
        *response.status_mut() = StatusCode::UNAUTHORIZED;
        for value in challenges {
            response.headers_mut().append(WWW_AUTHENTICATE, value.parse().unwrap());
        }
        response
    }

    fn request(method: &str, path: &str) -> Request<Vec<u8>> {
        let uri = format!("http://www.example.org{path}");
        Request::builder().method(method).uri(uri).body(b"<body/>".to_vec()).unwrap()
    }

    fn signed(challenge: &str, cnonce: &str, user: &str, password: &str) -> String {
        let mut client = super::challenge(&refusal(&[challenge])).unwrap();
        let request = request("GET", "/dir/index.html");
        let header = answer(&mut client, cnonce, &request, (user, &Secret::new(password))).unwrap();
        assert!(header.is_sensitive());
        header.to_str().unwrap().to_owned()
    }

    #[test]
    fn the_examples_of_the_rfcs_come_out() {
        const CNONCE: &str = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";
        let rfc7616 = |algorithm: &str| {
            format!(
                "Digest realm=\"http-auth@example.org\", qop=\"auth, auth-int\", \
                 algorithm={algorithm}, nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", \
                 opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\""
            )
        };
        let rfc2617 = "Digest realm=\"testrealm@host.com\", qop=\"auth,auth-int\", \
            nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", \
            opaque=\"5ccc069c403ebaf9f0171e9517f40e41\"";
        let cases = [
            (
                rfc7616("SHA-256"),
                CNONCE,
                ("Mufasa", "Circle of Life"),
                "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
            ),
            (
                rfc7616("md5"),
                CNONCE,
                ("Mufasa", "Circle of Life"),
                "8ca523f5e9506fed4657c9700eebdbec",
            ),
            (
                rfc2617.to_owned(),
                "0a4f113b",
                ("Mufasa", "Circle Of Life"),
                "6629fae49393a05397450978507c4ef1",
            ),
        ];
        for (challenge, cnonce, (user, password), response) in cases {
            let header = signed(&challenge, cnonce, user, password);
            for part in [
                &format!("response=\"{response}\"") as &str,
                "uri=\"/dir/index.html\"",
                "nc=00000001",
                "qop=auth",
                &format!("cnonce=\"{cnonce}\""),
            ] {
                assert!(header.contains(part), "{part}: {header}");
            }
            assert!(!header.contains("Circle"), "{header}");
        }
    }

    #[test]
    fn a_challenge_is_found_among_others_in_one_header_or_many() {
        let digest = "Digest realm=\"a, b\", nonce=\"n\", qop=\"auth\"";
        let unknown = "Digest realm=\"r\", nonce=\"x\", qop=\"auth\", algorithm=TIGER";
        let one_header = format!("Negotiate, X-Mobile realm=\"a, b\", {digest}, Basic realm=\"q\"");
        let cases: [(&[&str], Option<&str>); 6] = [
            (&[digest], Some("n")),
            (&["Negotiate", "Basic realm=\"x\"", digest], Some("n")),
            (&[&one_header], Some("n")),
            (&[unknown, digest], Some("n")),
            (&[unknown], None),
            (&["Basic realm=\"x\""], None),
        ];
        for (headers, nonce) in cases {
            let found = challenge(&refusal(headers));
            assert_eq!(found.as_ref().map(DigestClient::nonce), nonce, "{headers:?}");
        }
        assert_eq!(
            challenges(&refusal(&[&one_header])),
            ["negotiate", "x-mobile", "digest", "basic"]
        );
    }

    #[test]
    fn a_nonce_is_counted_and_answered_once_unless_it_went_stale() {
        let digest = Digest::new("ada", &Secret::new("pw"));
        let get = request("GET", "/");
        let (fresh, stale) = (
            refusal(&["Digest realm=\"r\", nonce=\"1\", qop=\"auth\""]),
            refusal(&["Digest realm=\"r\", nonce=\"2\", qop=\"auth\", stale=true"]),
        );
        let judge = |response: &Response<Vec<u8>>, stamp, renewals| {
            digest.judge(response, (stamp, renewals), &|| [7; 16])
        };
        assert_eq!(digest.sign(&get), None, "nothing was asked for yet");
        assert_eq!(judge(&fresh, Stamp(0), 0), Verdict::SignAgain);
        let count = |header: Option<HeaderValue>| {
            let text = header.unwrap().to_str().unwrap().to_owned();
            text.split_once("nc=").unwrap().1[..8].to_owned()
        };
        assert_eq!(count(digest.sign(&get)), "00000001");
        assert_eq!(count(digest.sign(&get)), "00000002");
        // The password is wrong: the same challenge comes again.
        assert_eq!(judge(&fresh, Stamp(1), 1), Verdict::Stands);
        assert_eq!(judge(&stale, Stamp(1), 1), Verdict::SignAgain);
        assert_eq!(count(digest.sign(&get)), "00000001");
        // A request that was signed before that only needs the new nonce.
        assert_eq!(judge(&stale, Stamp(1), 0), Verdict::SignAgain);
        assert_eq!(digest.stamp(), Stamp(2));
        assert_eq!(judge(&stale, Stamp(2), 2), Verdict::Stands, "enough is enough");
        // After a good answer a server that never says `stale` may change its nonce.
        assert_eq!(judge(&Response::new(Vec::new()), Stamp(2), 0), Verdict::Stands);
        assert_eq!(judge(&fresh, Stamp(2), 0), Verdict::SignAgain);
    }

    #[test]
    fn names_of_algorithms_are_spelled_as_registered() {
        let cases = [
            ("digest Algorithm=\"md5\", realm=\"x\"", "digest Algorithm=\"MD5\", realm=\"x\""),
            (
                "Digest algorithm=sha-256-SESS,qop=\"auth\"",
                "Digest algorithm=SHA-256-sess,qop=\"auth\"",
            ),
            ("Digest algorithm=tiger", "Digest algorithm=tiger"),
            ("Basic realm=\"é\"", "Basic realm=\"é\""),
        ];
        for (text, expected) in cases {
            assert_eq!(canonical(text), expected);
        }
    }
}
