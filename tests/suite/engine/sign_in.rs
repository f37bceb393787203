//! Signing in with the browser, and what it gave: renewed, kept, over.

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;

use async_trait::async_trait;
use contactcmd::config::AuthKind;
use contactcmd::interrupt::Interrupt;
use contactcmd::{Exit, password};
use contactcmd_domain::dav::RecordKind;
use contactcmd_ports::{CredentialStore, DavTransport, Secret, TransportError};
use contactcmd_tests::fake::{Auth, AuthFailure, FakeDav, Knobs};
use http::{Request, Response};

use super::auth::{OAUTH2, SYNC, assert_done, knobs, schemes, sign_in, signed_in, stage};
use super::discovery::{Hosts, srv};
use super::setup::{config, setup};
use super::stage::{Stage, card, name};

/// Whether the keychain has the refresh token that is good.
pub(super) fn is_kept(stage: &Stage) -> bool {
    let kept = stage.keychain.secret(&sign_in(stage)).unwrap();
    let kept = kept.map(|secret| secret.expose().to_owned());
    kept.is_some() && kept == stage.fake.sign_in(|provider| provider.refresh_token())
}

fn tokens_asked_for(stage: &Stage) -> usize {
    stage.fake.log().iter().filter(|logged| logged.path == "/oauth2/token").count()
}

/// A server like Google, and a client whose secret the keychain has.
fn google() -> Stage {
    let stage = Stage::with_cards(Knobs { auth: Auth::OAuth2, ..Knobs::google() }, 2);
    let key = password::client_key("https://oauth2.googleapis.com/token", "the-client");
    stage.keychain.store(&key, &Secret::new("the-client-secret")).unwrap();
    stage
}

fn kept(stage: &Stage, server: &str) -> Option<String> {
    let key = password::key(server, "alice", Some(AuthKind::OAuth2));
    stage.keychain.secret(&key).unwrap().map(|secret| secret.expose().to_owned())
}

#[test]
fn where_no_password_is_taken_the_user_signs_in_with_the_browser() {
    let stage = google();
    let args = ["setup", "google", "--username", "alice", "--client-id", "the-client"];
    let ran = stage.run_as(&args, None);
    assert_eq!(ran.exit, Exit::Done, "{}", ran.err);
    for words in [
        "Google takes no password. You sign in at Google in your browser.",
        "https://accounts.google.com/o/oauth2/v2/auth?",
        "access_type=offline&prompt=consent",
        "The sign-in is in the keychain now.",
        "sync carddav --dry-run",
    ] {
        assert!(ran.err.contains(words), "{words}: {}", ran.err);
    }
    assert!(
        ran.out.contains("/carddav/v1/principals/alice@example.test/lists/default/"),
        "{ran:?}"
    );
    let config = config(&stage).unwrap();
    let account = "[carddav]\nserver = \"google\"\nusername = \"alice\"\n";
    assert!(config.starts_with(account), "{config}");
    assert!(config.contains("auth = \"oauth2\"\nclient_id = \"the-client\"\n"), "{config}");
    assert!(!format!("{config}{ran:?}").contains("-token/"), "{config} {ran:?}");
    assert_eq!(kept(&stage, "google"), None, "the name of a provider is no server");
    let good = stage.fake.sign_in(|provider| provider.refresh_token());
    assert_eq!(kept(&stage, "https://www.googleapis.com"), good);
    let ran = stage.run_as(&["sync", "carddav"], None);
    assert_eq!(ran.exit, Exit::Done, "{}", ran.err);
    stage.assert_same("after a setup");
    stage.assert_no_sins();
    // A second account there needs no second client.
    let ran = stage.run_as(&["setup", "google", "--username", "bob", "--account", "bob"], None);
    assert_eq!(ran.exit, Exit::Done, "{}", ran.err);
    assert!(!ran.err.contains("enable the CardDAV API"), "{}", ran.err);
}

#[test]
fn without_a_client_setup_says_how_one_is_made() {
    let stage = Stage::new(Knobs::google());
    let ran = setup(&stage, &["alice@gmail.com"]);
    assert_eq!(ran.exit, Exit::Usage, "{}", ran.err);
    for words in [
        "enable the CardDAV API",
        "type Desktop app",
        "it is free",
        "no client id is given to sign in at Google with",
        "contactcmd setup google --username alice@gmail.com --client-id ID",
    ] {
        assert!(ran.err.contains(words), "{words}: {}", ran.err);
    }
    assert_eq!((stage.fake.requests(), config(&stage)), (0, None));
}

#[test]
fn a_sign_in_of_earlier_that_is_over_is_done_anew() {
    let stage = google();
    let key = password::key("https://www.googleapis.com", "alice", Some(AuthKind::OAuth2));
    stage.keychain.store(&key, &Secret::new("refresh-token/of-last-year")).unwrap();
    let args = ["setup", "google", "--username", "alice", "--client-id", "the-client"];
    let ran = stage.run_as(&args, None);
    assert_eq!(ran.exit, Exit::Done, "{}", ran.err);
    assert!(ran.err.contains("no longer good: Token has been expired or revoked."), "{}", ran.err);
    let ran = stage.run_as(&["sync", "carddav"], None);
    assert_eq!(ran.exit, Exit::Done, "{}", ran.err);
    // A client that the provider does not know is told, and no page is opened for it.
    let stage = google();
    stage.keychain.store(&key, &Secret::new("x")).unwrap();
    let ran = stage.run_as(&[&args[..5], &["another"]].concat(), None);
    assert_eq!((ran.exit, config(&stage)), (Exit::Auth, None), "{}", ran.err);
    assert!(ran.err.contains("does not accept the client id"), "{}", ran.err);
    assert!(!ran.err.contains("accounts.google.com"), "{}", ran.err);
}

#[test]
fn a_refresh_token_that_is_good_once_follows_the_account_to_where_dns_leads() {
    let stage = Stage::with_cards(knobs(Auth::OAuth2), 2);
    stage.use_transport(Hosts::of(&stage.fake).page("own.test").shared());
    stage.dns_has("_carddavs._tcp.own.test", RecordKind::Srv, vec![srv(0, "dav.own.test", 8443)]);
    stage.write_config(
        "[carddav]
auth_url = 'https://login.example.test/oauth2/auth' # theirs
token_url = 'https://login.example.test/oauth2/token'
scope = 'contacts'
",
    );
    let key = password::client_key("https://login.example.test", "the-client");
    stage.keychain.store(&key, &Secret::new("the-client-secret")).unwrap();
    stage.fake.sign_in(|provider| provider.rotate());
    let args = ["setup", "alice@own.test", "--username", "alice", "--client-id", "the-client"];
    let ran = stage.run_as(&args, None);
    assert_eq!(ran.exit, Exit::Done, "{}", ran.err);
    let good = stage.fake.sign_in(|provider| provider.refresh_token());
    assert_eq!(kept(&stage, "https://dav.own.test:8443"), good, "{}", ran.err);
    assert_eq!(kept(&stage, "https://own.test"), None, "it would go stale there");
    assert!(config(&stage).unwrap().contains("# theirs"), "{:?}", config(&stage));
    for _ in 0..2 {
        let ran = stage.run_as(&["sync", "carddav"], None);
        assert_eq!(ran.exit, Exit::Done, "{}", ran.err);
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
        "sign in anew with `contactcmd password set`",
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
    for args in [&SYNC[..], &["sync", "carddav", "--dry-run"], &SYNC[..]] {
        assert_done(&stage.run_as(args, None), args);
        assert!(is_kept(&stage), "{args:?}");
    }
    // Where the keychain is not what it came from, the user is told.
    let token = stage.fake.sign_in(|provider| provider.grant());
    let ran = stage.run_as(&SYNC, Some(&token));
    assert_done(&ran, "a token from the environment");
    assert!(ran.err.contains("gave a new refresh token"), "{}", ran.err);
    assert!(!ran.err.contains("-token/"), "{}", ran.err);
}

/// Takes the access token back as soon as several multigets are in flight. The first of them ends the
/// run, after the second has asked for another token and before the answer is there.
struct EndingEarly {
    fake: FakeDav,
    interrupt: Option<Interrupt>,
    multigets: AtomicUsize,
}

#[async_trait]
impl DavTransport for EndingEarly {
    async fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, TransportError> {
        let is_multiget = String::from_utf8_lossy(request.body()).contains("addressbook-multiget");
        let nth = self.multigets.fetch_add(usize::from(is_multiget), Ordering::SeqCst);
        let is_token = request.uri().path() == "/oauth2/token";
        if is_multiget && nth == 0 {
            self.fake.sign_in(|provider| provider.expire());
            pending(4).await;
            let Some(interrupt) = &self.interrupt else {
                let (host, cause) = ("dav.example.test".to_owned(), "gone".into());
                return Err(TransportError::Unreachable { host, cause });
            };
            interrupt.raise();
        }
        let answer = self.fake.send(request).await;
        if is_token && nth > 0 {
            pending(40).await;
        }
        answer
    }
}

/// Is not done before it was looked at so many times.
async fn pending(times: usize) {
    let mut left = times;
    poll_fn(|context| {
        context.waker().wake_by_ref();
        left = left.saturating_sub(1);
        if left == 0 { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

#[test]
fn a_new_refresh_token_is_kept_even_when_the_run_ends_before_it_comes() {
    for is_stopped in [false, true] {
        let stage = signed_in(Knobs::google());
        for number in 10..300 {
            stage.fake.put(&stage.book(), &name(number), card(number, "1"));
        }
        stage.fake.sign_in(|provider| provider.rotate());
        let interrupt = is_stopped.then(|| stage.interrupt.clone());
        let (fake, multigets) = (stage.fake.clone(), AtomicUsize::new(0));
        stage.use_transport(Arc::new(EndingEarly { fake, interrupt, multigets }));
        let ran = stage.run_as(&SYNC, None);
        let exit = if is_stopped { Exit::Interrupted } else { Exit::Server };
        assert_eq!((ran.exit, tokens_asked_for(&stage)), (exit, 2), "{}", ran.err);
        assert!(is_kept(&stage), "stopped: {is_stopped}");
    }
}
