//! What is sent, looked at request by request through the whole life of some contacts on every kind of
//! server: each rule names the servers that need it.

use contactcmd::Exit;
use contactcmd_tests::fake::{HrefEscapes, HrefForm, Knobs, Logged};

use super::pull::profiles;
use super::stage::{Stage, card, name};

/// A rule: whether a request keeps it.
type Rule = (&'static str, fn(&Logged) -> bool);

fn has(logged: &Logged, text: &str) -> bool {
    String::from_utf8_lossy(&logged.body).contains(text)
}

const RULES: [Rule; 10] = [
    // Q28, Q37, Q120: OPTIONS lies, MKCOL is not ours to send, and POST is not needed.
    ("five methods are enough", |logged| {
        ["PROPFIND", "REPORT", "GET", "PUT", "DELETE"].contains(&logged.method.as_str())
    }),
    // Q30.
    ("it says who it is", |logged| {
        logged.user_agent.as_deref().is_some_and(|agent| agent.starts_with("contactcmd/"))
    }),
    // Q25.
    ("cookies stay away", |logged| logged.cookie.is_none()),
    // Q60, Q61.
    ("no report is limited", |logged| !has(logged, "limit") && !has(logged, "nresults")),
    // Q71: tokens and ETags only, cards come by multiget.
    ("a report of changes asks for no cards", |logged| {
        !has(logged, "sync-collection") || !has(logged, "address-data")
    }),
    // Q72.
    ("nothing is searched for", |logged| !has(logged, "addressbook-query")),
    // Q85: one wording for every card, or a server would give it in two versions.
    ("cards are asked for in one way", |logged| {
        logged.method != "GET"
            || logged.accept.as_deref().is_some_and(|text| text.contains("vcard"))
    }),
    // Q95.
    ("a condition is one version", |logged| {
        logged.if_match.as_deref().is_none_or(|tag| tag != "*" && !tag.contains(", \""))
    }),
    // Q104.
    ("a card is called a card", |logged| {
        logged.method != "PUT"
            || logged.content_type.as_deref() == Some("text/vcard; charset=utf-8")
    }),
    // Q106, Q108, Q109: nothing is overwritten that was not seen.
    ("a write has its condition", |logged| match logged.method.as_str() {
        "PUT" => logged.if_match.is_some() != logged.if_none_match.is_some(),
        "DELETE" => logged.if_match.is_some(),
        _ => true,
    }),
];

#[test]
fn every_request_keeps_the_rules_of_every_server() {
    // Q33, Q34, Q38, Q82 and Q119 are among what the fake calls sins.
    for (server, knobs) in profiles() {
        let stage = Stage::with_cards(knobs, 6);
        stage.sync(&[]);
        stage.import(&[card(1, "edited here"), card(50, "new here")].concat());
        stage.delete("uid-0002");
        stage.fake.put(&stage.book(), &name(3), card(3, "edited there"));
        stage.fake.delete(&stage.book(), &name(4));
        let ran = stage.sync(&[]);
        assert_eq!(ran.exit, Exit::Done, "{server}: {ran:?}");
        stage.sync(&["--full"]);
        let log = stage.fake.log();
        for (rule, keeps) in RULES {
            let broken = log.iter().find(|logged| !keeps(logged));
            assert!(broken.is_none(), "{server}: {rule}: {broken:?}");
        }
        stage.assert_no_sins();
    }
}

#[test]
fn hrefs_are_what_the_server_wrote_whatever_the_name() {
    // Q79, Q80, Q81, Q82, Q119: read, edited and deleted under exactly that name.
    let names = [
        "a:b.vcf",
        "no-extension",
        "2efb1df0937cd4af",
        "x@y.vcf",
        "a b&c+d.vcf",
        "\u{fc}n\u{ef}.vcf",
        "50%25.vcf",
        "(1);$,='.vcf",
    ];
    for escapes in [HrefEscapes::Rfc3986, HrefEscapes::All, HrefEscapes::LowerHex] {
        for form in [HrefForm::Path, HrefForm::Absolute, HrefForm::Mixed] {
            let case = format!("{escapes:?} {form:?}");
            let knobs = Knobs { href_escapes: escapes, href_form: form, ..Knobs::default() };
            let stage = Stage::new(knobs);
            for (number, name) in names.iter().enumerate() {
                stage.fake.put("contacts", name, card(number, "1"));
            }
            let ran = stage.sync(&[]);
            assert_eq!(ran.exit, Exit::Done, "{case}: {ran:?}");
            stage.assert_equal(&case);
            let edited: Vec<String> = (1..names.len()).map(|nr| card(nr, "mine")).collect();
            stage.import(&edited.concat());
            stage.delete("uid-0000");
            let ran = stage.sync(&[]);
            assert_eq!(ran.exit, Exit::Done, "{case}: {ran:?}");
            stage.assert_same(&case);
            let mut left: Vec<String> = names[1..].iter().map(|name| (*name).to_owned()).collect();
            left.sort();
            assert_eq!(stage.fake.names("contacts"), left, "{case}");
            stage.assert_no_sins();
        }
    }
}
