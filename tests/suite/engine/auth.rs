//! Logging in: every way of it, and what a wrong secret costs.

use contactcmd::config::AuthKind;
use contactcmd::{Exit, password};
use contactcmd_ports::{CredentialKey, CredentialStore, Secret};
use contactcmd_tests::fake::{
    Auth, AuthFailure, Challenges, DigestAlgorithm, DigestRule, Fault, Knobs, Layout, OldNonce,
    SinKind,
};

use super::sign_in::is_kept;
use super::stage::{Ran, Stage, card};

pub(super) const SYNC: [&str; 4] = ["sync", "carddav", "--direction", "sync"];

/// A server that logs in so, and an account of it with these lines in the config.
pub(super) fn stage(knobs: Knobs, lines: &str) -> Stage {
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

pub(super) fn knobs(auth: Auth) -> Knobs {
    Knobs { auth, ..Knobs::default() }
}

pub(super) const OAUTH2: &str = "auth = \"oauth2\"
client_id = \"the-client\"
client_secret_command = \"echo the-client-secret\"
auth_url = \"https://login.example.test/oauth2/auth\"
token_url = \"https://login.example.test/oauth2/token\"
scope = \"contacts\"";

/// An account that signed in before, at a server like Google.
pub(super) fn signed_in(knobs: Knobs) -> Stage {
    let stage = stage(Knobs { auth: Auth::OAuth2, ..knobs }, OAUTH2);
    let token = stage.fake.sign_in(|provider| provider.grant());
    stage.keychain.store(&sign_in(&stage), &Secret::new(token)).unwrap();
    stage
}

/// Under which name the keychain keeps the refresh token.
pub(super) fn sign_in(stage: &Stage) -> CredentialKey {
    password::key(&stage.fake.url(), "alice", Some(AuthKind::OAuth2))
}

/// Which schemes were sent, in order, each once in a row; `-` is none.
pub(super) fn schemes(stage: &Stage) -> Vec<String> {
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

pub(super) fn assert_done(ran: &Ran, what: impl std::fmt::Debug) {
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
fn no_secret_of_one_kind_goes_where_the_other_kind_goes() {
    // A password from before the account signed in with the browser.
    let stage = stage(knobs(Auth::OAuth2), OAUTH2);
    let password = password::key(&stage.fake.url(), "alice", None);
    stage.keychain.store(&password, &Secret::new("hunter2")).unwrap();
    let ran = stage.run_as(&SYNC, None);
    assert_eq!((ran.exit, stage.fake.requests()), (Exit::Auth, 0), "{}", ran.err);
    assert!(ran.err.contains("nobody has signed in yet"), "{}", ran.err);

    // A sign-in from before the account took a password.
    let stage = signed_in(Knobs::default());
    let config = std::fs::read_to_string(stage.path("config/contactcmd/config.toml")).unwrap();
    stage.write_config(&config.replace(OAUTH2, ""));
    let ran = stage.run_as(&SYNC, None);
    assert_eq!((ran.exit, stage.fake.requests()), (Exit::Auth, 0), "{}", ran.err);
    assert!(ran.err.contains("there is no password for alice"), "{}", ran.err);
}

#[test]
fn an_account_is_its_server_however_that_is_spelled() {
    let stage = signed_in(Knobs::default());
    for server in ["dav.example.test", "https://DAV.example.test:443/x/", "alice@dav.example.test"]
    {
        let args = ["sync", "carddav", "--server", server, "--username", "alice"];
        let ran = stage.run_as(&args, None);
        assert_done(&ran, server);
        assert!(!ran.err.contains("another account under"), "{server}: {}", ran.err);
    }
    assert_eq!(schemes(&stage), ["bearer"]);
    // Another user there is another account.
    let args = ["sync", "carddav", "--server", "dav.example.test", "--username", "bob"];
    let ran = stage.run_as(&args, None);
    assert_eq!(ran.exit, Exit::Auth, "{}", ran.err);
    assert!(ran.err.contains("there is no password for bob"), "{}", ran.err);

    let whose = ["--server", "DAV.example.test", "--username", "alice"];
    let ran = stage.run_as(&[&["password", "set"], &whose[..]].concat(), None);
    assert_done(&ran, "it signs in, for that is how the account logs in");
    assert!(is_kept(&stage), "{}", ran.err);
    let ran = stage.run_as(&[&["password", "delete"], &whose[..]].concat(), None);
    assert_done(&ran, "and is forgotten");
    assert!(stage.keychain.secret(&sign_in(&stage)).unwrap().is_none());
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
