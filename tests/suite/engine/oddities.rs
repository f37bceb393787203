//! What single servers do to what is written, and to what is read back.

use contactcmd::Exit;
use contactcmd_ports::{DavTransport, TransportError};
use contactcmd_tests::fake::{
    CTag, EmptyValue, FakeDav, Fault, Knobs, ListingProps, NameReuse, Namesake, NewName, PutETag,
    Rewrite, SyncSupport, UidConflict, VersionAccept,
};
use http::{Request, Response};

use super::stage::{Stage, WEEK, card, counts, name};

/// Two more runs: nothing is written, here or there.
fn assert_settled(stage: &Stage, case: &str) {
    stage.sync(&[]);
    let (writes, here) = (stage.writes(), stage.cards_here());
    let ran = stage.sync(&[]);
    assert_eq!((stage.writes(), stage.cards_here()), (writes, here), "{case}: {ran:?}");
    stage.assert_no_sins();
}

#[test]
fn a_ctag_that_never_changes_hides_an_edit_for_a_week_at_most() {
    // Q70: without any ctag nothing is hidden at all.
    for (ctag, waits) in [(CTag::Missing, 0), (CTag::Constant, WEEK)] {
        let sync = SyncSupport::Forbidden;
        let stage = Stage::with_cards(Knobs { sync, ctag, ..Knobs::default() }, 20);
        stage.pull(&[]);
        stage.fake.put("contacts", &name(6), card(6, "edited"));
        stage.fake.delete("contacts", &name(7));
        stage.now.set(stage.now.get() + waits);
        let (ran, report) = stage.report(&[]);
        assert_eq!((ran.exit, counts(&report)), (Exit::Done, [0, 1, 1]), "{ctag:?}: {}", ran.err);
        stage.assert_equal(&format!("{ctag:?}"));
    }
}

#[test]
fn multigets_that_are_cut_bring_every_card() {
    // Q78.
    let stage = Stage::with_cards(Knobs { multiget_limit: Some(7), ..Knobs::default() }, 60);
    let (ran, report) = stage.report(&[]);
    assert_eq!((ran.exit, counts(&report)), (Exit::Done, [60, 0, 0]), "{}", ran.err);
    stage.assert_equal("in small portions");
}

#[test]
fn a_write_whose_version_is_not_told_is_looked_up() {
    // Q84, Q91, Q92: neither the PUT nor the listing may say it.
    for listing in [ListingProps::ETags, ListingProps::EmptyETags, ListingProps::NoETags] {
        for put_etag in [PutETag::None, PutETag::Unlisted, PutETag::UnlessChanged] {
            let case = format!("{listing:?} {put_etag:?}");
            let stage = Stage::with_cards(Knobs { listing, put_etag, ..Knobs::default() }, 5);
            stage.sync(&[]);
            stage.import(&[card(1, "edited here"), card(50, "new here")].concat());
            assert_eq!(stage.sync(&[]).exit, Exit::Done, "{case}");
            stage.import(&[card(1, "edited again"), card(50, "edited here")].concat());
            stage.fake.put("contacts", &name(2), card(2, "edited there"));
            let ran = stage.sync(&[]);
            assert_eq!(ran.exit, Exit::Done, "{case}: {ran:?}");
            stage.assert_same(&case);
            assert_eq!(stage.writes(), 4, "{case}");
            assert_settled(&stage, &case);
        }
    }
}

#[test]
fn two_cards_of_one_uid_stay_two() {
    // Q99.
    let stage = Stage::with_cards(Knobs::owncloud(), 3);
    stage.fake.put("contacts", "twin.vcf", card(1, "the twin").replace("Card 0001", "Twin"));
    let ran = stage.sync(&[]);
    assert_eq!(ran.exit, Exit::Done, "{ran:?}");
    stage.assert_equal("both came");
    assert_eq!(stage.cards_here().len(), 4);
    let ran = stage.run(&["edit", "Twin Number", "--note", "edited here"]);
    assert_eq!(ran.exit, Exit::Done, "{ran:?}");
    let ran = stage.sync(&[]);
    assert_eq!(ran.exit, Exit::Done, "{ran:?}");
    stage.assert_same("one of them was edited");
    assert_eq!(stage.cards_there().len(), 4);
    assert_settled(&stage, "twins");
}

#[test]
fn a_name_that_was_used_once_is_not_needed_again() {
    // Q110.
    let stage = Stage::with_cards(Knobs { name_reuse: NameReuse::Refused, ..Knobs::default() }, 3);
    stage.sync(&[]);
    for round in 0..3 {
        stage.import(&card(50, &format!("round {round}")));
        let ran = stage.sync(&[]);
        assert_eq!(ran.exit, Exit::Done, "{round}: {ran:?}");
        stage.assert_same("there");
        assert_eq!(stage.cards_there().len(), 4, "{round}");
        stage.delete("uid-0050");
        assert_eq!(stage.sync(&["--max-delete", "1"]).exit, Exit::Done);
        assert_eq!(stage.cards_there().len(), 3, "{round}");
    }
    assert_settled(&stage, "used up");
}

#[test]
fn a_server_that_names_cards_by_their_uids_has_each_once() {
    // Q88, Q111: a UID that can be a name is the name; another is found where the server put it.
    for uid in ["3f2504e0-4f89-11d3-9a0c-0305e82c3301", "urn:uuid:3f25", "a/b c", "http://x.y/z?q"]
    {
        let knobs = Knobs { rename_on_put: NewName::OfUid, ..Knobs::default() };
        let stage = Stage::with_cards(knobs, 3);
        stage.sync(&[]);
        stage.import(&card(50, "new here").replace("uid-0050", uid));
        // Where it went is not told before the next run.
        stage.sync(&[]);
        stage.sync(&[]);
        let ran = stage.sync(&[]);
        assert_eq!(ran.exit, Exit::Done, "{uid}: {ran:?}");
        assert_eq!(stage.cards_there().len(), 4, "{uid}");
        stage.assert_same(uid);
        stage.import(&card(50, "edited here").replace("uid-0050", uid));
        assert_eq!(stage.sync(&[]).exit, Exit::Done, "{uid}");
        stage.assert_same(uid);
        assert_eq!(stage.writes(), 2, "{uid}");
        assert_settled(&stage, uid);
    }
}

#[test]
fn a_new_contact_that_the_server_takes_for_another_is_lost_on_neither_side() {
    // Q113.
    for rename_on_put in [NewName::Kept, NewName::Location] {
        let case = format!("{rename_on_put:?}");
        let knobs = Knobs { namesake: Namesake::Merged, rename_on_put, ..Knobs::default() };
        let stage = Stage::with_cards(knobs, 3);
        stage.sync(&[]);
        let theirs = card(1, "1").replace("card1@", "another@").replace("uid-0001", "mine");
        stage.import(&theirs.replace("NOTE:1", "TEL:+1 555 010\r\nNOTE:mine"));
        for _ in 0..4 {
            stage.sync(&[]);
        }
        let (here, there) = (stage.cards_here().concat(), stage.cards_there().concat());
        for part in ["another@example.org", "NOTE:mine", "card1@example.org"] {
            assert!(here.contains(part), "{case}: {part} in {here}");
        }
        assert!(there.contains("card1@example.org") && there.contains("+1 555 010"), "{there}");
        assert_eq!(stage.cards_there().len(), 3, "{case}");
        assert!(stage.writes() <= 3, "{case}: {} writes", stage.writes());
        assert_settled(&stage, &case);
    }
}

#[test]
fn a_card_that_a_server_fails_on_costs_one_card() {
    // Q130: the others go, and it is not sent for ever.
    let stage = Stage::with_cards(Knobs { empty_value: EmptyValue::Fails, ..Knobs::default() }, 3);
    stage.sync(&[]);
    stage.import(
        &[card(50, "new").replace("NOTE:", "X-GENDER:\r\nTITLE:\r\nNOTE:"), card(51, "new")]
            .concat(),
    );
    let ran = stage.sync(&[]);
    assert!(matches!(ran.exit, Exit::Done | Exit::NeedsYou), "{ran:?}");
    let there = stage.cards_there();
    assert!(there.iter().any(|card| card.contains("uid-0051")), "{there:?}");
    assert_eq!(stage.cards_here().len(), 5);
    for _ in 0..3 {
        stage.sync(&[]);
    }
    assert!(stage.writes() <= 6, "{} writes", stage.writes());
}

#[test]
fn what_a_server_spoils_stays_whole_here_and_is_not_fought_over() {
    // Q49, Q90: entities in values, and question marks for what is not ASCII.
    let knobs = Knobs { rewrite: vec![Rewrite::Entities, Rewrite::Ascii], ..Knobs::default() };
    let stage = Stage::new(knobs);
    let text = card(1, "Fran\u{e7}ois & S\u{f8}nner \\; Co");
    stage.import(&text);
    for _ in 0..3 {
        stage.sync(&[]);
    }
    assert_eq!(stage.cards_there().len(), 1);
    assert!(stage.writes() <= 3, "{} writes", stage.writes());
    assert_settled(&stage, "spoilt");
    let past = contactcmd_ports::ContactRepo::history(
        &stage.repo(),
        None,
        contactcmd_ports::Page::first(100),
    )
    .unwrap();
    let texts = past
        .into_iter()
        .map(|past| past.before)
        .chain(stage.cards_here().into_iter().map(String::into_bytes));
    let kept = texts
        .into_iter()
        .any(|text| String::from_utf8_lossy(&text).contains("Fran\u{e7}ois & S\u{f8}nner \\; Co"));
    assert!(kept, "{:?}", stage.cards_here());
}

#[test]
fn a_book_that_vanishes_while_it_is_written_to_costs_no_edit() {
    // Q116.
    let stage = Stage::with_cards(Knobs::default(), 5);
    stage.sync(&[]);
    let backup = stage.fake.backup();
    stage.import(&[card(1, "edited here"), card(50, "new here")].concat());
    let here = stage.cards_here();
    stage.use_transport(std::sync::Arc::new(Vanishing(stage.fake.clone())));
    for _ in 0..2 {
        let ran = stage.sync(&[]);
        assert!(matches!(ran.exit, Exit::Server | Exit::NeedsYou), "{ran:?}");
        assert_eq!(stage.cards_here(), here, "{ran:?}");
    }
    stage.fake.restore(&backup);
    stage.use_transport(std::sync::Arc::new(stage.fake.clone()));
    let ran = stage.sync(&[]);
    assert_eq!(ran.exit, Exit::Done, "{ran:?}");
    stage.assert_same("the book is back");
    assert_eq!(stage.cards_there().len(), 6);
    assert_settled(&stage, "back");
}

/// A server whose book is removed just before the first write.
struct Vanishing(FakeDav);

#[async_trait::async_trait]
impl DavTransport for Vanishing {
    async fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, TransportError> {
        if matches!(request.method().as_str(), "PUT" | "DELETE") {
            self.0.remove_book("contacts");
        }
        self.0.send(request).await
    }
}

#[test]
fn a_uid_is_sent_as_it_was_first_written() {
    // Q100, Q131: whatever it looks like, and however often it is edited.
    let uids = [
        "http://example.org/a/b?c=d",
        "with blanks and \u{fc}ml\u{e4}uts",
        "urn:uuid:3F2504E0-4F89-11D3-9A0C-0305E82C3301",
        "3F2504E0-4F89-11D3-9A0C-0305E82C3301",
    ];
    let knobs = Knobs { uid_conflict: UidConflict::Forbidden, ..Knobs::default() };
    let stage = Stage::new(knobs);
    for (number, uid) in uids.iter().enumerate() {
        stage.fake.put(
            "contacts",
            &name(number),
            card(number, "1").replace(&format!("uid-{number:04}"), uid),
        );
    }
    stage.fake.put("contacts", &name(9), card(9, "1").replace("UID:uid-0009\r\n", ""));
    let ran = stage.sync(&[]);
    assert_eq!(ran.exit, Exit::Done, "{ran:?}");
    stage.assert_equal("as they came");
    for number in [0, 1, 2, 3] {
        let who = format!("Card {number:04} Number");
        let ran = stage.run(&["edit", &who, "--note", "mine"]);
        assert_eq!(ran.exit, Exit::Done, "{ran:?}");
    }
    let ran = stage.sync(&[]);
    assert_eq!(ran.exit, Exit::Done, "{ran:?}");
    let there = stage.cards_there().concat();
    assert!(uids.iter().all(|uid| there.contains(&format!("UID:{uid}\r\n"))), "{there}");
    assert_eq!(stage.writes(), 4, "the one without a UID is sent for nothing");
    stage.assert_same("all edited");
    assert_settled(&stage, "UIDs");
}

/// Ada in vCard 4.0 with a picture, and Bob in 3.0.
const STORED: [(&str, &str); 2] = [
    (
        "ada.vcf",
        "BEGIN:VCARD\r\nVERSION:4.0\r\nUID:ada\r\nN:Lovelace;Ada;;;\r\nFN:Ada Lovelace\r\nKIND:individual\r\n\
         PHOTO:data:image/png;base64,aGVsbG8=\r\nBDAY:--0229\r\nEND:VCARD\r\n",
    ),
    (
        "bob.vcf",
        "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:bob\r\nN:Hope;Bob;;;\r\nFN:Bob Hope\r\nNOTE:three\r\nEND:VCARD\r\n",
    ),
];

#[test]
fn what_is_served_in_another_version_is_kept_as_it_is_stored() {
    // Q137
    let knobs = Knobs { version_accept: VersionAccept::ServedAsThree, ..Knobs::default() };
    let poisoned = Knobs { multiget_poison: vec!["ada.vcf".to_owned()], ..knobs.clone() };
    for knobs in [knobs, poisoned] {
        let stage = Stage::new(knobs);
        for (name, card) in STORED {
            stage.fake.put("contacts", name, card);
        }
        assert_eq!(stage.sync(&[]).exit, Exit::Done);
        let here: Vec<String> =
            stage.cards_here().iter().map(|card| card.replace("\r\n", "\n")).collect();
        for (_, card) in STORED {
            assert!(here.contains(&card.replace("\r\n", "\n")), "{here:?}");
        }
        for who in ["Ada Lovelace", "Bob Hope"] {
            let ran = stage.run(&["edit", who, "--phone", "cell=+1 555 0100"]);
            assert_eq!(ran.exit, Exit::Done, "{ran:?}");
        }
        let ran = stage.sync(&[]);
        assert_eq!(ran.exit, Exit::Done, "{ran:?}");
        for (name, card) in STORED {
            let there = String::from_utf8(stage.fake.card("contacts", name).unwrap()).unwrap();
            for line in card.lines() {
                assert!(there.contains(line), "{line}: {there}");
            }
            assert!(there.contains("+1 555 0100"), "{there}");
        }
        let writes = stage.writes();
        assert_eq!(stage.sync(&["--full"]).exit, Exit::Done);
        assert_eq!(stage.writes(), writes, "what is stored is not sent again");
        stage.assert_no_sins();
    }
}

#[test]
fn a_conversion_is_never_taken_for_the_card_because_a_second_look_fails() {
    let faults = [
        Fault::Status(500, None),
        Fault::Status(404, None),
        Fault::DropAfter,
        Fault::Timeout,
        Fault::Html,
        Fault::TruncateBody,
    ];
    for fault in faults {
        let mut looked = 0;
        for nth in 1..12 {
            let knobs = Knobs { version_accept: VersionAccept::ServedAsThree, ..Knobs::default() };
            let stage = Stage::new(knobs);
            for (name, card) in STORED {
                stage.fake.put("contacts", name, card);
            }
            stage.fake.fail_next(nth, fault.clone());
            stage.sync(&[]);
            if stage.fake.requests() < nth as u64 {
                break;
            }
            looked += 1;
            stage.fake.clear_faults();
            stage.sync(&[]);
            let here = stage.cards_here();
            for (_, card) in STORED {
                let is_it =
                    |here: &String| here.replace("\r\n", "\n") == card.replace("\r\n", "\n");
                assert!(here.iter().any(is_it), "{fault:?} at {nth}: {here:?}");
            }
        }
        assert!(looked > 4, "{fault:?}: {looked}");
    }
}
