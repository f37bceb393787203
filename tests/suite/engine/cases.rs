//! Those of the twenty cases that need more than a scenario can say; the others are
//! `fixtures/scenarios/t*.txt`, and `t07` to `t10` in `listing`.

use contactcmd::Exit;
use contactcmd_tests::fake::{
    Auth, AuthFailure, BareOrigin, ChangeStyle, ContentType, Fault, HrefForm, Knobs, Layout,
    Namespaces, Propstat, StatusLine, Target, TombstoneStyle, WellKnown, XmlStyle,
};

use super::stage::{Stage, card, counts, name};

#[test]
fn t01_pools_that_change_between_runs_are_one_book() {
    // Q07, Q08, Q12, Q62: another host with a port at every asking, whole URLs and paths side by side, and
    // the book without its slash among its cards.
    for href_form in [HrefForm::Path, HrefForm::Mixed, HrefForm::Absolute] {
        let case = format!("{href_form:?}");
        let stage = Stage::with_cards(Knobs { href_form, ..Knobs::icloud() }, 20);
        let (ran, report) = stage.report(&[]);
        assert_eq!((ran.exit, counts(&report)), (Exit::Done, [20, 0, 0]), "{case}: {}", ran.err);
        assert_eq!(report["books"].as_array().map(Vec::len), Some(1), "{case}");
        for more in [&["--list-addressbooks"][..], &[], &["--full"]] {
            assert_eq!(stage.pull(more).exit, Exit::Done, "{case} {more:?}");
        }
        let (ran, report) = stage.report(&["--full"]);
        assert_eq!((ran.exit, counts(&report)), (Exit::Done, [0, 0, 0]), "{case}: {}", ran.err);
        stage.import(&[card(1, "edited here"), card(50, "new here")].concat());
        stage.fake.put("card", &name(2), card(2, "edited there"));
        assert_eq!(stage.sync(&[]).exit, Exit::Done, "{case}");
        stage.assert_same(&case);
        assert_eq!(stage.cards_there().len(), 21, "{case}");
        let mut hosts: Vec<String> = stage.fake.log().into_iter().map(|one| one.host).collect();
        hosts.sort();
        hosts.dedup();
        assert!(
            hosts.len() > 1 && hosts.iter().all(|host| host.contains("icloud.com")),
            "{hosts:?}"
        );
        stage.assert_no_sins();
    }
}

#[test]
fn t02_google_wants_a_token_and_a_depth_and_leaves_out_what_is_gone() {
    // Q52, Q53, Q63, Q77.
    let stage = Stage::with_cards(Knobs { auth: Auth::Basic, ..Knobs::google() }, 20);
    let (ran, report) = stage.report(&[]);
    assert_eq!((ran.exit, counts(&report)), (Exit::Done, [20, 0, 0]), "{}", ran.err);
    stage.assert_equal("the first run");
    stage.fake.put("default", &name(3), card(3, "edited"));
    stage.fake.delete("default", &name(4));
    let (ran, report) = stage.report(&[]);
    assert_eq!((ran.exit, counts(&report)), (Exit::Done, [0, 1, 1]), "{}", ran.err);
    assert_eq!(report["books"][0]["full"], false, "the token was good");
    stage.assert_equal("the second run");
    let refused = stage.fake.log().iter().filter(|one| one.status == Some(400)).count();
    assert_eq!(refused, 0, "an empty token was sent");
    // The same server under another name is learnt from its refusal.
    let layout = Layout { address: None, ..Knobs::google().layout };
    let sync_depth = contactcmd_tests::fake::DepthRule::Any;
    let knobs = Knobs { auth: Auth::Basic, layout, sync_depth, ..Knobs::google() };
    let stage = Stage::with_cards(knobs, 20);
    for expected in [[20, 0, 0], [0, 1, 0]] {
        let (ran, report) = stage.report(&[]);
        assert_eq!((ran.exit, counts(&report)), (Exit::Done, expected), "{}", ran.err);
        stage.assert_equal("under another name");
        stage.fake.put("default", &name(5), card(5, "edited"));
    }
}

#[test]
fn t12_answers_are_understood_however_they_are_spelled() {
    // Q39, Q40, Q41, Q42, Q46.
    let plain = XmlStyle::default();
    let mut styles = Vec::new();
    for namespaces in [
        Namespaces::Upper,
        Namespaces::Lower,
        Namespaces::Default,
        Namespaces::Numbered,
        Namespaces::PerElement,
    ] {
        for propstat in [
            Propstat::PropFirst,
            Propstat::StatusFirst,
            Propstat::NoStatus,
            Propstat::OneEach,
            Propstat::BesideStatus,
        ] {
            styles.push(XmlStyle { namespaces, propstat, ..plain });
        }
    }
    for status_line in [StatusLine::NoReason, StatusLine::Localised, StatusLine::Number] {
        styles.push(XmlStyle { status_line, ..plain });
    }
    for content_type in [ContentType::Text, ContentType::Html, ContentType::Missing] {
        styles.push(XmlStyle { content_type, ..plain });
    }
    let rows = [
        (ChangeStyle::Propstat, TombstoneStyle::Status),
        (ChangeStyle::HrefOnly, TombstoneStyle::Teapot),
        (ChangeStyle::Propstat, TombstoneStyle::BesidePropstat),
    ];
    for (xml, (change_style, tombstone_style)) in styles.into_iter().zip(rows.into_iter().cycle()) {
        let case = format!("{xml:?} {change_style:?} {tombstone_style:?}");
        let knobs = Knobs { xml, change_style, tombstone_style, ..Knobs::default() };
        let stage = Stage::with_cards(knobs, 5);
        let (ran, report) = stage.report(&[]);
        assert_eq!((ran.exit, counts(&report)), (Exit::Done, [5, 0, 0]), "{case}: {}", ran.err);
        stage.fake.put("contacts", &name(3), card(3, "edited"));
        stage.fake.delete("contacts", &name(4));
        for expected in [[0, 1, 1], [0, 0, 0]] {
            let (ran, report) = stage.report(&[]);
            assert_eq!((ran.exit, counts(&report)), (Exit::Done, expected), "{case}");
        }
        stage.assert_equal(&case);
    }
}

#[test]
fn t19_an_edit_of_an_apple_card_changes_one_line() {
    // Q86, Q121, Q123, Q124, Q125, Q126, Q129: and the group beside it not at all.
    let photo = "PHOTO;X-ABCROP-RECTANGLE=ABClipRect_1&12&0&512&512&Zm9v+w==;VALUE=uri:https://\r\n \
        p31-contacts.icloud.com:443/12345678/wbs/01f2a3b4c5d6e7f8a9b0c1d2e3f4a5b6c7d8e9\r\n f0a1";
    let ada = format!(
        "BEGIN:VCARD\r\nVERSION:3.0\r\nPRODID:-//Apple Inc.//iOS 17.0//EN\r\nN:Example;Ada;;;\r\n\
         FN:Ada Example\r\nORG:Example & Co;Engines\r\nitem1.TEL;type=pref:+1 555 010\r\n\
         item1.X-ABLabel:_$!<HomePage>!$_\r\nTEL;type=CELL;type=VOICE:+1 555 020\r\n\
         item2.ADR;type=HOME:;;1 Road;Town;;123;Land\r\nitem2.X-ABADR:us\r\n\
         item3.X-ABDATE;type=pref:2001-02-03\r\nitem3.X-ABLabel:_$!<Anniversary>!$_\r\n\
         item4.X-ABRELATEDNAMES;type=pref:Bob Example\r\nitem4.X-ABLabel:_$!<Friend>!$_\r\n\
         BDAY;X-APPLE-OMIT-YEAR=1604:1604-08-20\r\n{photo}\r\n\
         item5.IMPP;X-SERVICE-TYPE=Jabber;type=HOME:xmpp:ada@example.org\r\n\
         X-JABBER;type=HOME:ada@example.org\r\nX-PHONETIC-LAST-NAME:Ex-am-ple\r\n\
         X-SOCIALPROFILE;type=twitter;x-user=ada:http://twitter.example/ada\r\n\
         X-ABShowAs:COMPANY\r\nUID:uid-ada\r\nEND:VCARD\r\n"
    );
    let group = "BEGIN:VCARD\r\nVERSION:3.0\r\nN:Friends\r\nFN:Friends\r\n\
        X-ADDRESSBOOKSERVER-KIND:group\r\nX-ADDRESSBOOKSERVER-MEMBER:urn:uuid:uid-ada\r\n\
        X-ADDRESSBOOKSERVER-MEMBER:urn:uuid:NOBODY-Here-Knows\r\nUID:uid-friends\r\nEND:VCARD\r\n";
    for (server, knobs) in [("icloud", Knobs::icloud()), ("nextcloud", Knobs::nextcloud())] {
        let stage = Stage::new(knobs);
        let book = stage.book();
        stage.fake.put(&book, "ada.vcf", ada.as_str());
        stage.fake.put(&book, "friends.vcf", group);
        let (ran, report) = stage.report(&[]);
        assert_eq!((ran.exit, counts(&report)), (Exit::Done, [2, 0, 0]), "{server}: {}", ran.err);
        let ran = stage.run(&["edit", "Ada Example", "--phone", "cell=+1 555 021"]);
        assert_eq!(ran.exit, Exit::Done, "{server}: {ran:?}");
        let ran = stage.sync(&[]);
        assert_eq!(ran.exit, Exit::Done, "{server}: {ran:?}");
        let plain = |name: &str| {
            let bytes = stage.fake.card(&book, name).unwrap();
            String::from_utf8(bytes).unwrap().replace("\r\n", "\n")
        };
        let expected = ada.replace("+1 555 020", "+1 555 021").replace("\r\n", "\n");
        assert_eq!(plain("ada.vcf"), expected, "{server}");
        assert_eq!(plain("friends.vcf"), group.replace("\r\n", "\n"), "{server}");
        assert_eq!(stage.writes(), 1, "{server}");
        let (ran, report) = stage.sync_report(&[]);
        assert_eq!((ran.exit, counts(&report)), (Exit::Done, [0, 0, 0]), "{server}");
        stage.assert_no_sins();
    }
}

#[test]
fn t20_the_password_is_asked_once_kept_from_strangers_and_never_told() {
    // Q05, Q06, Q08, Q09, Q20, Q21, Q23: how Digest and tokens are made is looked at where they are made.
    let strange = |status, target| Knobs {
        well_known: WellKnown::Redirect(status, target),
        layout: Layout { root: "/dav/", ..Layout::default() },
        bare_origin: BareOrigin::NotFound,
        ..Knobs::default()
    };
    // (the server, the password, how it may end)
    let refused = |auth_failure| Knobs { auth_failure, ..Knobs::default() };
    let cases: [(&str, Knobs, &str, &[Exit]); 8] = [
        ("right", Knobs::default(), "secret", &[Exit::Done]),
        ("wrong", Knobs::default(), "wr0ng", &[Exit::Auth]),
        ("wrong, 403", refused(AuthFailure::Status403), "wr0ng", &[Exit::Auth, Exit::Server]),
        ("wrong, a page", refused(AuthFailure::HtmlLogin), "wr0ng", &[Exit::Server]),
        ("wrong, a redirect", refused(AuthFailure::RedirectToLogin), "wr0ng", &[Exit::Server]),
        ("wrong, 207", refused(AuthFailure::Unauthenticated), "wr0ng", &[Exit::Auth]),
        ("to a stranger", strange(302, Target::OtherDomain), "secret", &[Exit::Done, Exit::Server]),
        ("in circles", strange(301, Target::Loop), "secret", &[Exit::Done, Exit::Server]),
    ];
    for (case, knobs, password, exits) in cases {
        let stage = Stage::with_cards(knobs, 2);
        let args = [
            "-vv",
            "sync",
            "carddav",
            "--server",
            "https://dav.example.test",
            "--username",
            "alice",
        ];
        let ran = stage.run_as(&args, Some(password));
        assert!(exits.contains(&ran.exit), "{case}: {ran:?}");
        let log = stage.fake.log();
        if ran.exit == Exit::Auth {
            assert_eq!(log.len(), 1, "{case}: one request");
            assert!(ran.err.contains("alice") && ran.err.contains("hint: "), "{case}: {}", ran.err);
        }
        let secrets = [password, "YWxpY2U6"];
        let told =
            secrets.iter().find(|secret| ran.err.contains(**secret) || ran.out.contains(**secret));
        assert!(told.is_none(), "{case}: {ran:?}");
        assert!(log.iter().all(|logged| !logged.host.contains("elsewhere")), "{case}");
        assert!(
            ran.exit == Exit::Done || !stage.path("config").exists(),
            "{case}: nothing is kept"
        );
        stage.assert_no_sins();
    }
}

#[test]
fn t20_a_server_that_asks_to_wait_is_waited_for_and_a_locked_door_is_left() {
    // Q23, Q35, Q36.
    let wait = |status, after: Option<&str>| Fault::Status(status, after.map(str::to_owned));
    let cases = [
        (wait(429, Some("Mon, 21 Sep 2026 14:13:40 GMT")), 1, Exit::Done),
        (wait(503, None), 1, Exit::Done),
        (wait(429, None), 9, Exit::Server),
        (wait(503, Some("10")), 9, Exit::Server),
    ];
    for (fault, times, exit) in cases {
        let stage = Stage::with_cards(Knobs::default(), 2);
        (1..=times).for_each(|nth| stage.fake.fail_next(nth, fault.clone()));
        let ran = stage.pull(&[]);
        assert_eq!(ran.exit, exit, "{fault:?} {times}: {ran:?}");
        assert!(stage.pauses.borrow().len() <= 3, "{fault:?} {times}: {:?}", stage.pauses);
    }
}
