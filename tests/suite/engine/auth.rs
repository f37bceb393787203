//! Logging in: every way of it, and what a wrong secret costs.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use contactcmd::{Exit, password};
use contactcmd_ports::{CredentialStore, DavTransport, Secret, TransportError};
use contactcmd_tests::fake::{
    Auth, AuthFailure, Challenges, DigestAlgorithm, DigestRule, FakeDav, Fault, Knobs, Layout,
    OldNonce, SinKind,
};
use http::{Request, Response};

use super::stage::{Ran, Stage, card};

const SYNC: [&str; 4] = ["sync", "carddav", "--direction", "sync"];

/// A server that logs in so, and an account of it with these lines in the config.
fn stage(knobs: Knobs, lines: &str) -> Stage {
    // How one logs in is asked for where the account is, and not where discovery begins.
    let knobs = Knobs { layout: Layout { address: None, ..knobs.layout }, ..knobs };
    let stage = Stage::with_cards(knobs, 3);
    let server = stage.fake.url();
    stage.write_config(&format!(
        "[carddav]\nserver = \"{server}\"\nusername = \"alice\"\naddressbook = \"{}\"\n{lines}\n",
        stage.fake.href(&stage.book(), "")
    ));
    stage
}

fn knobs(auth: Auth) -> Knobs {
    Knobs { auth, ..Knobs::default() }
}

const OAUTH2: &str = "auth = \"oauth2\"
client_id = \"the-client\"
client_secret_command = \"echo the-client-secret\"
auth_url = \"https://login.example.test/oauth2/auth\"
token_url = \"https://login.example.test/oauth2/token\"
scope = \"contacts\"";

/// An account that signed in before, at a server like Google.
fn signed_in(knobs: Knobs) -> Stage {
    let stage = stage(Knobs { auth: Auth::OAuth2, ..knobs }, OAUTH2);
    let token = stage.fake.sign_in(|provider| provider.grant());
    let key = password::key(&stage.fake.url(), "alice");
    stage.keychain.store(&key, &Secret::new(token)).unwrap();
    stage
}

/// Which schemes were sent, in order, each once in a row; `-` is none.
fn schemes(stage: &Stage) -> Vec<String> {
    let log = stage.fake.log();
    let is_dav = |path: &str| path != "/oauth2/token";
    let mut all: Vec<String> = log
        .into_iter()
        .filter(|logged| is_dav(&logged.path))
        .map(|logged| logged.authorization.unwrap_or_else(|| "-".to_owned()))
        .collect();
    all.dedup();
    all
}

fn tokens_asked_for(stage: &Stage) -> usize {
    stage.fake.log().iter().filter(|logged| logged.path == "/oauth2/token").count()
}

fn assert_done(ran: &Ran, what: impl std::fmt::Debug) {
    assert_eq!(ran.exit, Exit::Done, "{what:?}: {}", ran.err);
}

#[test]
fn digest_is_done_however_it_is_asked_for() {
    // Q18: alone or among others, in one header or in many.
    use Challenges::{Alone, ManyHeaders, OneHeader};
    use DigestAlgorithm::{LowerCaseMd5, Md5, Md5Sess, Sha256};
    let rules = [
        (Md5, Alone),
        (Md5, OneHeader),
        (Md5, ManyHeaders),
        (LowerCaseMd5, Alone),
        (Md5Sess, OneHeader),
        (Sha256, ManyHeaders),
    ];
    for (algorithm, challenges) in rules {
        let rule = DigestRule { algorithm, challenges, ..DigestRule::default() };
        let stage = Stage::with_cards(knobs(Auth::DigestBy(rule)), 3);
        assert_done(&stage.sync(&[]), rule);
        assert_eq!(schemes(&stage), ["basic", "digest"], "{rule:?}");
        stage.fake.clear_log();
        stage.import(&card(7, "new"));
        assert_done(&stage.sync(&[]), rule);
        // The config knows it now, so the password is not shown to anybody again.
        assert_eq!(schemes(&stage), ["-", "digest"], "{rule:?}");
        stage.assert_same("after a contact was added here");
        stage.assert_no_sins();
    }
}

#[test]
fn a_wrong_password_is_one_request_or_for_digest_a_challenge_and_an_answer() {
    // (server, config, requests, what is said)
    let refused = "refused the user name or password";
    let cases = [
        (Auth::Basic, "", 1, refused),
        (Auth::BasicOrBearer, "", 1, refused),
        (Auth::Basic, "auth = 'basic'", 1, refused),
        (Auth::Digest, "", 2, refused),
        (Auth::Digest, "auth = 'digest'", 2, refused),
        (Auth::UnadvertisedBearer, "auth = 'bearer'", 1, refused),
        (Auth::Digest, "auth = 'basic'", 1, "only offers digest authentication, not Basic"),
        (Auth::Basic, "auth = 'digest'", 1, "only offers basic authentication, not Digest"),
        (Auth::UnadvertisedBearer, "", 1, "only offers x-other authentication, not Basic"),
    ];
    for (auth, lines, requests, words) in cases {
        let stage = stage(knobs(auth), lines);
        let ran = stage.run_as(&SYNC, Some("hunter2"));
        assert_eq!(ran.exit, Exit::Auth, "{auth:?} {lines}: {}", ran.err);
        assert_eq!(stage.fake.requests(), requests, "{auth:?} {lines}");
        assert!(ran.err.contains(words) && ran.err.contains("hint: "), "{lines}: {}", ran.err);
        assert!(ran.err.contains("alice") && !ran.err.contains("hunter2"), "{}", ran.err);
    }
}

#[test]
fn a_nonce_that_went_stale_costs_a_request_and_no_contact() {
    for old_nonce in [OldNonce::Stale, OldNonce::Unsaid] {
        for life in [1, 2, 3] {
            let rule = DigestRule { nonce_life: Some(life), old_nonce, ..DigestRule::default() };
            let stage = stage(knobs(Auth::DigestBy(rule)), "auth = 'digest'");
            stage.import(&[card(7, "new"), card(8, "new")].concat());
            assert_done(&stage.run(&SYNC), rule);
            stage.assert_same("both ways");
            assert_eq!(stage.cards_there().len(), 5, "{rule:?}");
            stage.assert_no_sins();
            // A password that changes in between ends the run, whatever was good before.
            stage.fake.set_password("another");
            stage.fake.clear_log();
            assert_eq!(stage.run(&SYNC).exit, Exit::Auth, "{rule:?}");
            assert_eq!(stage.fake.log().len(), 2, "{rule:?}");
        }
    }
}

#[test]
fn the_first_request_of_a_digest_login_carries_its_body() {
    // Q19: sabre answers an empty REPORT with 500, and never gets to the challenge.
    let stage = stage(knobs(Auth::Digest), "auth = 'digest'");
    assert_done(&stage.run(&SYNC), "the first run");
    stage.fake.clear_log();
    assert_done(&stage.run(&SYNC), "the second run");
    let log = stage.fake.log();
    assert_eq!(log.len(), 2, "a challenge, and the one request of a quiet sync");
    assert_eq!(log[0].body, log[1].body);
    assert!(!log[0].body.is_empty());
}

#[test]
fn a_token_takes_the_place_of_the_password() {
    // Q17: Google does not offer the scheme that works.
    for knobs in [knobs(Auth::BasicOrBearer), Knobs::google()] {
        let stage = stage(knobs, "auth = 'bearer'\npassword_command = 'echo secret'");
        assert_done(&stage.run_as(&SYNC, None), "a token");
        assert_eq!(schemes(&stage), ["bearer"]);
        // Google may say it with 403 (Q20).
        for failure in [AuthFailure::Status401, AuthFailure::Status403] {
            stage.fake.set(|knobs| knobs.auth_failure = failure);
            stage.fake.clear_log();
            let ran = stage.run_as(&SYNC, Some("hunter2"));
            assert_eq!((ran.exit, stage.fake.log().len()), (Exit::Auth, 1), "{}", ran.err);
        }
    }
}

#[test]
fn no_secret_follows_a_redirect_to_strangers_or_into_the_clear() {
    let ways = [
        (Auth::Basic, "", Some("secret")),
        (Auth::Digest, "auth = 'digest'", Some("secret")),
        (Auth::BasicOrBearer, "auth = 'bearer'", Some("secret")),
        (Auth::OAuth2, OAUTH2, None),
    ];
    for (auth, lines, password) in ways {
        for to in ["https://dav.elsewhere.test/", "http://dav.example.test/x/"] {
            let stage = match password {
                Some(_) => stage(knobs(auth), lines),
                None => signed_in(Knobs::default()),
            };
            // The second: where Digest has to be asked for first, the one that is signed.
            for nth in [1, 2] {
                stage.fake.fail_method("PROPFIND", nth, Fault::Redirect(307, to.to_owned()));
                let ran = stage.run_as(&SYNC, password);
                assert_ne!(ran.exit, Exit::Auth, "{auth:?} {to}: {}", ran.err);
                stage.fake.clear_faults();
            }
            let leaked = [SinKind::CredentialsElsewhere, SinKind::CredentialsInClear];
            let sins = stage.fake.sins();
            assert!(!sins.iter().any(|sin| leaked.contains(&sin.kind)), "{auth:?} {to}: {sins:?}");
        }
    }
}

#[test]
fn a_user_signs_in_with_the_browser_once() {
    let stage = stage(knobs(Auth::OAuth2), OAUTH2);
    let ran = stage.run_as(&SYNC, None);
    assert_eq!((ran.exit, stage.fake.requests()), (Exit::Auth, 0), "{}", ran.err);
    assert!(ran.err.contains("nobody has signed in yet"), "{}", ran.err);

    // Somebody else on this computer comes to the port first.
    let forged = "http://127.0.0.1:7/?code=code-token/9&state=forged";
    stage.visits.borrow_mut().push(forged.to_owned());
    let ran = stage.run_as(&["-vv", "password", "set"], None);
    assert_done(&ran, "the sign-in");
    assert!(ran.err.contains("https://login.example.test/oauth2/auth?"), "{}", ran.err);
    for _ in 0..2 {
        assert_done(&stage.run_as(&SYNC, None), "a sync");
    }
    stage.assert_equal("after two runs");
    assert_eq!(tokens_asked_for(&stage), 3, "one for the code, one for each run");
    assert_eq!(schemes(&stage), ["bearer"]);
    stage.assert_no_sins();

    stage.is_away.set(true);
    stage.visits.borrow_mut().push(forged.to_owned());
    let ran = stage.run_as(&["password", "set"], None);
    assert_eq!(ran.exit, Exit::Auth, "{}", ran.err);
    assert!(ran.err.contains("nobody signed in within 5 minutes"), "{}", ran.err);
    assert_done(&stage.run_as(&SYNC, None), "what was stored before is still there");
}

#[test]
fn a_refusal_of_the_user_or_of_the_client_is_told() {
    let provider = |lines: String| stage(knobs(Auth::OAuth2), &lines);
    let stage = provider(OAUTH2.replace("echo the-client-secret", "echo hunter2"));
    let ran = stage.run_as(&["password", "set"], None);
    assert_eq!(ran.exit, Exit::Auth, "{}", ran.err);
    assert!(ran.err.contains("does not accept the client id (invalid_client)"), "{}", ran.err);
    assert!(ran.err.contains("client_secret_command") && !ran.err.contains("hunter2"));

    let stage = provider(OAUTH2.replace("client_id = \"the-client\"\n", ""));
    let ran = stage.run_as(&["password", "set"], None);
    assert_eq!(ran.exit, Exit::Usage, "{}", ran.err);
    assert!(ran.err.contains("no `client_id`"), "{}", ran.err);
}

/// Takes the access token back before the `nth` request for contacts.
struct Expiring {
    fake: FakeDav,
    left: AtomicUsize,
}

#[async_trait]
impl DavTransport for Expiring {
    async fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, TransportError> {
        let is_dav = request.uri().path() != "/oauth2/token";
        if is_dav && self.left.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.fake.sign_in(|provider| provider.expire());
        }
        self.fake.send(request).await
    }
}

#[test]
fn a_token_that_expires_on_the_way_is_renewed_and_nothing_is_lost() {
    for failure in [AuthFailure::Status401, AuthFailure::Status403] {
        for nth in 1..8 {
            let stage = signed_in(Knobs { auth_failure: failure, ..Knobs::google() });
            stage.import(&[card(7, "new"), card(8, "new")].concat());
            let fake = stage.fake.clone();
            stage.use_transport(Arc::new(Expiring { fake, left: AtomicUsize::new(nth) }));
            let ran = stage.run_as(&SYNC, None);
            assert_done(&ran, (failure, nth));
            assert_eq!(tokens_asked_for(&stage), 2, "{failure:?} {nth}");
            assert_eq!(stage.cards_there().len(), 5, "{failure:?} {nth}");
            stage.assert_same("after the token expired");
        }
    }
}

#[test]
fn a_token_that_is_never_good_is_renewed_once_for_a_request() {
    for failure in [AuthFailure::Status401, AuthFailure::Status403] {
        let stage = signed_in(Knobs { auth_failure: failure, ..Knobs::google() });
        // It wants another kind of token than it gives.
        stage.fake.set(|knobs| knobs.auth = Auth::UnadvertisedBearer);
        let ran = stage.run_as(&SYNC, None);
        assert_eq!(ran.exit, Exit::Auth, "{failure:?}: {}", ran.err);
        assert_eq!((tokens_asked_for(&stage), stage.fake.requests()), (2, 4), "{failure:?}");
    }
}

#[test]
fn a_sign_in_that_was_taken_back_says_how_to_sign_in_anew() {
    let stage = signed_in(Knobs::google());
    stage.fake.sign_in(|provider| provider.revoke());
    let ran = stage.run_as(&SYNC, None);
    assert_eq!((ran.exit, stage.fake.requests()), (Exit::Auth, 1), "{}", ran.err);
    for words in [
        "no longer good: Token has been expired or revoked.",
        "contactcmd password set --account default",
        "7 days",
        "alice",
    ] {
        assert!(ran.err.contains(words), "{words}: {}", ran.err);
    }
    assert_done(&stage.run_as(&["password", "set"], None), "signed in anew");
    assert_done(&stage.run_as(&SYNC, None), "a sync");
}

#[test]
fn a_refresh_token_that_is_good_once_is_kept_in_time() {
    let stage = signed_in(Knobs::google());
    stage.fake.sign_in(|provider| provider.rotate());
    let key = password::key(&stage.fake.url(), "alice");
    for args in [&SYNC[..], &["sync", "carddav", "--dry-run"], &SYNC[..]] {
        assert_done(&stage.run_as(args, None), args);
        let kept = stage.keychain.secret(&key).unwrap().map(|secret| secret.expose().to_owned());
        assert_eq!(kept, stage.fake.sign_in(|provider| provider.refresh_token()), "{args:?}");
    }
    // Where the keychain is not what it came from, the user is told.
    let token = stage.fake.sign_in(|provider| provider.grant());
    let ran = stage.run_as(&SYNC, Some(&token));
    assert_done(&ran, "a token from the environment");
    assert!(ran.err.contains("gave a new refresh token"), "{}", ran.err);
    assert!(!ran.err.contains("-token/"), "{}", ran.err);
}

#[test]
fn no_secret_is_printed_at_any_level() {
    let ways = [
        (Auth::Basic, ""),
        (Auth::Digest, ""),
        (Auth::Digest, "auth = 'digest'"),
        (Auth::BasicOrBearer, "auth = 'bearer'"),
    ];
    let clean = |ran: &Ran, secrets: &[&str]| {
        for secret in secrets {
            assert!(!ran.err.contains(secret) && !ran.out.contains(secret), "{secret}: {ran:?}");
        }
    };
    for (auth, lines) in ways {
        let stage = stage(knobs(auth), lines);
        stage.fake.set_password("hunter2-pass");
        for password in ["hunter2-pass", "hunter2-wrong"] {
            let ran = stage.run_as(&["-vv", "sync", "carddav", "--json"], Some(password));
            assert!(ran.err.contains("PROPFIND") || ran.err.contains("REPORT"), "{}", ran.err);
            // And the beginning of what Basic makes of it.
            clean(&ran, &["hunter2", "YWxpY2U6", "response=", "cnonce"]);
        }
    }
    let stage = stage(knobs(Auth::OAuth2), OAUTH2);
    for args in [&["-vv", "password", "set"][..], &["-vv", "sync", "carddav"]] {
        let ran = stage.run_as(args, None);
        assert_done(&ran, args);
        assert!(ran.err.contains("POST login.example.test, for a token: 200"), "{}", ran.err);
        clean(&ran, &["-token/", "-token%2F", "the-client-secret", "code_verifier"]);
    }
    stage.fake.sign_in(|provider| provider.revoke());
    clean(&stage.run_as(&["-vv", "sync", "carddav"], None), &["-token/", "the-client-secret"]);
}
