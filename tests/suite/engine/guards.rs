//! Guards: a run that would delete too much stops before its first write.

use contactcmd::Exit;
use contactcmd_tests::fake::Knobs;

use super::stage::{Stage, card, counts, name};

#[test]
fn a_book_that_shrinks_to_nothing_is_kept_until_it_is_allowed() {
    for full in [false, true] {
        let more: &[&str] = if full { &["--full"] } else { &[] };
        let stage = Stage::with_cards(Knobs::default(), 300);
        stage.pull(&[]);
        for number in 0..300 {
            stage.fake.delete("contacts", &name(number));
        }
        let before = std::fs::read(stage.database()).unwrap();
        let ran = stage.pull(more);
        assert_eq!(ran.exit, Exit::Guard, "{}", ran.err);
        assert!(ran.err.contains("all 300 contacts"), "{}", ran.err);
        assert!(ran.err.contains("Card 0000 Number"), "{}", ran.err);
        assert!(ran.err.contains("--max-delete 300"), "{}", ran.err);
        assert!(before == std::fs::read(stage.database()).unwrap(), "the database changed");
        // The token was not stored: the next run stops at the same place.
        assert_eq!(stage.pull(more).exit, Exit::Guard);
        assert_eq!(stage.cards_here().len(), 300);
        let (ran, report) = stage.report(&["--max-delete", "300"]);
        assert_eq!((ran.exit, counts(&report)), (Exit::Done, [0, 0, 300]), "{}", ran.err);
    }
}

#[test]
fn the_limit_counts_in_both_forms() {
    // (deleted there of 100, limit, exit)
    let cases = [
        (25, None, Exit::Done),
        (26, None, Exit::Guard),
        (26, Some("26"), Exit::Done),
        (26, Some("25"), Exit::Guard),
        (60, Some("60%"), Exit::Done),
        (60, Some("59%"), Exit::Guard),
        (60, Some("lots"), Exit::Usage),
    ];
    for (deleted, limit, exit) in cases {
        let stage = Stage::with_cards(Knobs::default(), 100);
        stage.pull(&[]);
        for number in 0..deleted {
            stage.fake.delete("contacts", &name(number));
        }
        let more: Vec<&str> = limit.map(|limit| vec!["--max-delete", limit]).unwrap_or_default();
        let ran = stage.pull(&more);
        assert_eq!(ran.exit, exit, "{deleted} {limit:?}: {}", ran.err);
        let left = if exit == Exit::Done { 100 - deleted } else { 100 };
        assert_eq!(stage.cards_here().len(), left, "{deleted} {limit:?}");
    }
}

#[test]
fn what_is_deleted_leaves_its_text_in_the_history() {
    let stage = Stage::with_cards(Knobs::default(), 3);
    stage.pull(&[]);
    stage.fake.delete("contacts", &name(1));
    stage.fake.put("contacts", &name(2), card(2, "edited"));
    stage.pull(&[]);
    let plain = |bytes: &[u8]| String::from_utf8_lossy(bytes).replace("\r\n", "\n");
    let past: Vec<_> = contactcmd_ports::ContactRepo::history(
        &stage.repo(),
        None,
        contactcmd_ports::Page::first(10),
    )
    .unwrap()
    .into_iter()
    .map(|past| (plain(&past.before), past.after.as_deref().map(plain), past.why.0))
    .collect();
    let text = |number, note| plain(card(number, note).as_bytes());
    let expected = [
        (text(1, "1"), None, "deleted on the server".to_owned()),
        (text(2, "1"), Some(text(2, "edited")), "changed on the server".to_owned()),
    ];
    assert_eq!(past, expected);
}

#[test]
fn a_server_that_lists_its_cards_and_has_none_of_them_deletes_nothing() {
    let stage = Stage::with_cards(Knobs::default(), 60);
    stage.pull(&[]);
    for number in 0..60 {
        stage.fake.put("contacts", &name(number), card(number, "touched"));
    }
    // Every card is named with a new version, and every fetch of one is answered 404.
    let listing = stage.fake.clone();
    stage.use_transport(std::sync::Arc::new(Hollow(listing)));
    for more in [&["--full"][..], &["--full"], &[], &[]] {
        let ran = stage.pull(more);
        assert!(matches!(ran.exit, Exit::NeedsYou | Exit::Guard), "{ran:?}");
        assert_eq!(stage.cards_here().len(), 60, "{ran:?}");
    }
    stage.use_transport(std::sync::Arc::new(stage.fake.clone()));
    assert_eq!(stage.pull(&["--full"]).exit, Exit::Done);
    stage.assert_equal("once the server is well");
}

/// A server whose cards are all missing when asked for.
struct Hollow(contactcmd_tests::fake::FakeDav);

#[async_trait::async_trait]
impl contactcmd_ports::DavTransport for Hollow {
    async fn send(
        &self,
        request: http::Request<Vec<u8>>,
    ) -> Result<http::Response<Vec<u8>>, contactcmd_ports::TransportError> {
        let body = String::from_utf8_lossy(request.body());
        let asks_for_cards = request.method() == "GET" || body.contains("addressbook-multiget");
        if asks_for_cards {
            let answer = http::Response::builder().status(404).body(Vec::new());
            return Ok(answer.expect("a plain answer"));
        }
        self.0.send(request).await
    }
}

#[test]
fn a_store_that_lost_most_contacts_does_not_delete_them_on_the_server() {
    let stage = Stage::with_cards(Knobs::default(), 30);
    stage.sync(&[]);
    for number in 0..20 {
        stage.delete(&format!("uid-{number:04}"));
    }
    for direction in ["sync", "push"] {
        let ran = stage.pull(&["--direction", direction]);
        assert_eq!(ran.exit, Exit::Guard, "{}", ran.err);
        for words in ["20 of 30", "local store", "Card 0000 Number", "--max-delete 20", "undo"] {
            assert!(ran.err.contains(words), "{words}: {}", ran.err);
        }
        assert_eq!((stage.writes(), stage.cards_there().len()), (0, 30));
    }
    assert_eq!(stage.sync(&["--max-delete", "20"]).exit, Exit::Done);
    stage.assert_same("as allowed");
}
