//! Any three cards, parted by a zero byte: nothing panics, and what is merged stays as it is.
#![no_main]

use contactcmd_domain::sync::merge::{Prefer, absorb, follow, merge};
use contactcmd_domain::vcard::{Card, normal};
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
});
