//! Any three cards, parted by a zero byte: nothing panics, what is merged stays as it is, and the plan
//! of a contact comes to the same merge.
#![no_main]

use contactcmd_domain::contact::{ContactId, Timestamp};
use contactcmd_domain::dav::{ETag, Href};
use contactcmd_domain::sync::action::{RemoteCard, Step};
use contactcmd_domain::sync::merge::{Prefer, absorb, follow, merge};
use contactcmd_domain::sync::plan::{Choice, Match, plan_card};
use contactcmd_domain::sync::policy::{ConflictPolicy, Direction};
use contactcmd_domain::sync::snapshot::{Link, Linked, StoredContact};
use contactcmd_domain::vcard::{Card, diff, normal};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if bytes.len() > 8192 {
        return;
    }
    let mut cards = bytes.splitn(3, |b| *b == 0).map(Card::parse);
    let mut next = || cards.next().unwrap_or_else(|| Card::parse(""));
    let (base, local, remote) = (next(), next(), next());

    for prefer in [Prefer::Remote, Prefer::Local, Prefer::Both] {
        for base in [None, Some(&base)] {
            let merged = merge(base, &local, &remote, prefer).card;
            let again = merge(Some(&merged), &merged, &merged, prefer);
            assert_eq!(again.card, merged);
            assert_eq!(again.contested, []);
            assert_eq!(merge(None, &merged, &merged, prefer).card, merged);
            assert_eq!(merge(base, &local, &local, prefer).card, local);
        }
    }
    let same = absorb(&local, &local, &local);
    assert_eq!((same.card, same.not_kept), (None, Vec::new()));
    if let Some(card) = absorb(&base, &local, &remote).card {
        let _ = normal(&card);
    }
    let _ = follow(&base, &local, &remote);
    planned(&base, &local, &remote);
});

/// The plan takes texts apart beside each other and compares them once: it must come to the same.
fn planned(base: &Card, local: &Card, remote: &Card) {
    let href = Href::new("/book/1.vcf");
    let link = Link {
        href: href.clone(),
        etag: ETag::new("\"1\""),
        base: Some(base.as_bytes().to_vec()),
        seen: 0,
    };
    let contact = StoredContact {
        id: ContactId::from_random([1; 16]),
        uid: None,
        name: "A".to_owned(),
        vcard: local.as_bytes().to_vec(),
        edited: 1,
        deleted: false,
        created: Timestamp(0),
        updated: Timestamp(0),
    };
    let choice =
        Choice { direction: Direction::Sync, force: false, policy: ConflictPolicy::Server };
    let served = RemoteCard { href, etag: ETag::new("\"2\""), card: remote.clone() };
    let action = plan_card(served, Match::Linked(&Linked { contact, link }), choice);
    let Step::Merge(merged) = action.step else { return };
    let alone = merge(Some(base), local, remote, Prefer::Remote).card;
    assert!(merged.card == alone || merged.there.is_empty() && merged.card == *remote);
    let again = Card::parse(merged.card.as_bytes());
    assert_eq!(format!("{:?}", merged.card), format!("{again:?}"));
    assert_eq!(action.fields, diff(local, &alone));
    assert_eq!(merged.there, diff(remote, &alone));
}
