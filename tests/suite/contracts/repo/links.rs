//! Contacts and links: what a sync reads and writes.

use contactcmd_domain::contact::{Timestamp, Uid, UidKey};
use contactcmd_domain::dav::{ETag, Href, HrefKey};
use contactcmd_domain::sync::snapshot::{Here, Known, Link, StoredContact};
use contactcmd_ports::{
    AccountId, BookId, Change, Editor, ListQuery, NewContact, Page, RunId, Sort, Subject,
};

use super::Repo;
use super::values::{
    account_and_book, apply, bury, conflict, delete, id, ids, insert, key, link, linked, named,
    note, person, relink, replace, second_book, total,
};

pub(super) fn a_contact_comes_back_byte_for_byte(repo: Repo<'_>) {
    // Not UTF-8, a NUL, mixed line ends, and larger than a page of any database.
    let mut vcard = b"BEGIN:VCARD\r\nFN:\xff\xfe\0\n".to_vec();
    vcard.extend(std::iter::repeat_n(b'x', 100_000));
    let contact = NewContact { vcard: vcard.clone(), ..person(1, "Ada Lovelace") };
    apply(repo, 5, &[insert(contact.clone())]);
    let stored = repo.contact(id(1)).unwrap().unwrap();
    let expected = StoredContact {
        id: id(1),
        uid: contact.index.uid.clone(),
        name: "Ada Lovelace".into(),
        vcard,
        edited: 0,
        deleted: false,
        created: Timestamp(5),
        updated: Timestamp(5),
    };
    assert_eq!(stored, expected);
    let page = repo.list(&ListQuery::default()).unwrap();
    assert_eq!(page.contacts[0].person, contact.index.person);
    assert_eq!(page.contacts[0].uid, contact.index.uid.map(|uid| uid.0));
}

pub(super) fn what_is_not_there_is_none_or_empty(repo: Repo<'_>) {
    let nowhere = BookId(404);
    assert_eq!(repo.account("https://a.example/", "ada").unwrap(), None);
    assert!(repo.books(AccountId(404)).unwrap().is_empty());
    assert!(repo.known(nowhere).unwrap().is_empty());
    assert!(repo.known_at(nowhere, &[key("/a.vcf")]).unwrap().is_empty());
    assert!(repo.linked_at(nowhere, &[]).unwrap().is_empty());
    assert!(repo.edited(nowhere).unwrap().is_empty());
    assert_eq!(repo.link_count(nowhere).unwrap(), 0);
    assert!(repo.unlinked().unwrap().is_empty());
    assert!(repo.pending(None).unwrap().is_empty());
    assert!(repo.conflicts(Some(nowhere)).unwrap().is_empty());
    assert_eq!(repo.contact(id(1)).unwrap(), None);
    assert!(repo.contacts(&[id(1)]).unwrap().is_empty());
    assert!(repo.by_uid(&UidKey("u".into())).unwrap().is_empty());
    assert_eq!(repo.list(&ListQuery::default()).unwrap().total, 0);
    assert!(repo.cards_after(None, 10).unwrap().is_empty());
    assert!(repo.external_ids(&[id(1)]).unwrap().is_empty());
    assert!(repo.runs(10).unwrap().is_empty());
    assert!(repo.history(None, Page::first(10)).unwrap().is_empty());
    assert!(repo.changed_in(RunId(404), Page::ALL).unwrap().is_empty());
    assert!(repo.added_in(RunId(404)).unwrap().is_empty());
}

pub(super) fn a_link_comes_back_as_it_was_stored(repo: Repo<'_>) {
    let (_, book) = account_and_book(repo);
    apply(repo, 1, &[insert(person(1, "Ada"))]);
    let card = person(1, "Ada").vcard;
    let bases = [Some(card), Some(b"an older text".to_vec()), Some(Vec::new()), None];
    for base in bases {
        let etag = base.as_ref().and_then(|_| ETag::new("W/\"1\""));
        // Without a base they never agreed, and nothing may overwrite what stands here.
        let here = if base.is_none() { Here::Edited } else { Here::Same };
        let link = Link { href: Href::new("/b/a%40.vcf"), etag, base, seen: 0 };
        apply(repo, 2, &[relink(1, book, link.clone())]);
        let linked = repo.linked_at(book, &[link.href.key()]).unwrap();
        assert_eq!(linked.len(), 1);
        assert_eq!(linked[0].link, link);
        assert_eq!(Some(&linked[0].contact), repo.contact(id(1)).unwrap().as_ref());
        let known = Known { contact: id(1), href: link.href, etag: link.etag, here };
        assert_eq!(repo.known(book).unwrap(), [known]);
    }
}

pub(super) fn a_link_takes_the_place_of_the_same_contacts_and_of_the_same_hrefs(repo: Repo<'_>) {
    let (_, book) = account_and_book(repo);
    apply(
        repo,
        1,
        &[linked(person(1, "Ada"), book, "/b/1.vcf"), linked(person(2, "Bob"), book, "/b/2.vcf")],
    );
    // Ada's card moved to where Bob's was.
    apply(repo, 2, &[relink(1, book, link("/b/2.vcf", b"x"))]);
    let known = repo.known(book).unwrap();
    assert_eq!(known.len(), 1);
    assert_eq!((known[0].contact, known[0].href.as_str()), (id(1), "/b/2.vcf"));
    assert_eq!(repo.link_count(book).unwrap(), 1);
    assert_eq!(ids(&repo.unlinked().unwrap()), [id(2)], "the contact that lost its link stays");
}

pub(super) fn hrefs_are_found_by_what_they_name_and_kept_as_spelled(repo: Repo<'_>) {
    let (_, book) = account_and_book(repo);
    apply(repo, 1, &[linked(person(1, "Ada"), book, "/b/%c3%a9%40.vcf")]);
    for other in ["/b/%C3%A9@.vcf", "/b/é%40.vcf", "/b//é@.vcf"] {
        let known = repo.known_at(book, &[key(other)]).unwrap();
        assert_eq!(known.len(), 1, "{other}");
        assert_eq!(known[0].href.as_str(), "/b/%c3%a9%40.vcf");
    }
    apply(repo, 2, &[linked(person(2, "Bob"), book, "/b/é@.vcf")]);
    assert_eq!(repo.known(book).unwrap().len(), 1, "a second spelling is the same card");
    assert!(repo.known_at(book, &[key("/b/É@.vcf")]).unwrap().is_empty());
}

pub(super) fn links_are_found_at_any_number_of_hrefs(repo: Repo<'_>) {
    let (_, book) = account_and_book(repo);
    let people: Vec<Change> = (0..1_200)
        .map(|n| linked(person(n, &format!("P{n}")), book, &format!("/b/{n}.vcf")))
        .collect();
    apply(repo, 1, &people);
    let all: Vec<HrefKey> = (0..40_000).map(|n| key(&format!("/b/{n}.vcf"))).collect();
    assert_eq!(repo.known_at(book, &all).unwrap().len(), 1_200);
    assert_eq!(repo.linked_at(book, &all).unwrap().len(), 1_200);
    assert_eq!(repo.known(book).unwrap().len(), 1_200);
    assert_eq!(repo.link_count(book).unwrap(), 1_200);
}

pub(super) fn a_base_stays_when_the_card_is_replaced(repo: Repo<'_>) {
    let (account, book) = account_and_book(repo);
    let second = second_book(repo, account);
    let card = person(1, "Ada").vcard;
    for editor in [Editor::User, Editor::Sync] {
        apply(
            repo,
            1,
            &[
                linked(person(1, "Ada"), book, "/b/1.vcf"),
                relink(1, second, link("/c/1.vcf", &card)),
                replace(1, "Ada King", editor),
                replace(1, "Ada Lovelace", editor),
            ],
        );
        for (book, href) in [(book, "/b/1.vcf"), (second, "/c/1.vcf")] {
            let now = &repo.linked_at(book, &[key(href)]).unwrap()[0];
            assert_eq!(now.contact.vcard, person(1, "Ada Lovelace").vcard);
            assert_eq!(now.link.base.as_deref(), Some(card.as_slice()), "{editor:?}");
        }
        // Back to the text of the base, and away again.
        apply(repo, 2, &[replace(1, "Ada", editor), replace(1, "Ada King", editor)]);
        let now = &repo.linked_at(book, &[key("/b/1.vcf")]).unwrap()[0];
        assert_eq!(now.link.base.as_deref(), Some(card.as_slice()), "{editor:?}");
        apply(repo, 3, &[delete(1)]);
    }
}

pub(super) fn a_users_edit_counts_and_a_syncs_does_not(repo: Repo<'_>) {
    apply(repo, 1, &[insert(person(1, "Ada"))]);
    apply(repo, 2, &[replace(1, "Ada King", Editor::User), replace(1, "A. King", Editor::User)]);
    apply(repo, 3, &[replace(1, "Ada Lovelace", Editor::Sync)]);
    let stored = repo.contact(id(1)).unwrap().unwrap();
    assert_eq!((stored.edited, stored.name.as_str()), (2, "Ada Lovelace"));
    assert_eq!((stored.created, stored.updated), (Timestamp(1), Timestamp(3)));
    assert_eq!(stored.vcard, person(1, "Ada Lovelace").vcard);
    assert_eq!(total(repo, &["king"]), 0, "what is searched is the new card's");
    assert_eq!(total(repo, &["lovelace"]), 1);
}

pub(super) fn edited_lists_what_was_edited_or_buried_in_that_book(repo: Repo<'_>) {
    let (account, book) = account_and_book(repo);
    let second = second_book(repo, account);
    let changes: Vec<Change> = (1..=4)
        .map(|n| linked(person(n, &format!("P{n}")), book, &format!("/b/{n}.vcf")))
        .chain([linked(person(9, "Elsewhere"), second, "/c/9.vcf")])
        .collect();
    apply(repo, 1, &changes);
    assert!(repo.edited(book).unwrap().is_empty());
    apply(
        repo,
        2,
        &[
            replace(1, "Edited here", Editor::User),
            replace(2, "Came from there", Editor::Sync),
            bury(3),
            replace(9, "Edited, but in the other book", Editor::User),
        ],
    );
    let mut edited = repo.edited(book).unwrap();
    edited.sort_by_key(|known| known.contact);
    let brief: Vec<_> = edited.iter().map(|known| (known.contact, known.here)).collect();
    assert_eq!(brief, [(id(1), Here::Edited), (id(3), Here::Deleted)]);
    for known in repo.known(book).unwrap() {
        let linked = &repo.linked_at(book, &[known.href.key()]).unwrap()[0];
        assert_eq!(known.here, linked.here(), "{}", known.href);
    }
}

pub(super) fn a_link_says_how_much_of_the_edits_the_server_has(repo: Repo<'_>) {
    let (_, book) = account_and_book(repo);
    apply(repo, 1, &[linked(person(1, "Ada"), book, "/b/1.vcf")]);
    apply(repo, 2, &[replace(1, "One", Editor::User), replace(1, "Two", Editor::User)]);
    for (seen, here) in [(1, Here::Edited), (2, Here::Same)] {
        apply(repo, 3, &[relink(1, book, Link { seen, ..link("/b/1.vcf", b"sent") })]);
        assert_eq!(repo.known(book).unwrap()[0].here, here, "{seen}");
    }
    apply(repo, 4, &[bury(1), relink(1, book, Link { seen: 2, ..link("/b/1.vcf", b"sent") })]);
    assert_eq!(repo.known(book).unwrap()[0].here, Here::Deleted);
}

pub(super) fn replacing_lifts_the_tombstone(repo: Repo<'_>) {
    let (_, book) = account_and_book(repo);
    apply(repo, 1, &[linked(person(1, "Ada"), book, "/b/1.vcf"), bury(1)]);
    apply(repo, 2, &[replace(1, "Ada came back", Editor::Sync)]);
    let stored = repo.contact(id(1)).unwrap().unwrap();
    assert_eq!((stored.deleted, stored.name.as_str()), (false, "Ada came back"));
    assert_eq!(repo.known(book).unwrap()[0].here, Here::Same);
    assert_eq!(total(repo, &[]), 1);
}

pub(super) fn a_tombstone_is_hidden_from_people_and_seen_by_sync(repo: Repo<'_>) {
    let (_, book) = account_and_book(repo);
    apply(repo, 1, &[linked(person(1, "Ada"), book, "/b/1.vcf"), insert(person(2, "Bob"))]);
    apply(repo, 2, &[bury(1), bury(2)]);
    let uid = person(1, "Ada").index.uid.unwrap().key();
    assert_eq!(repo.contact(id(1)).unwrap(), None);
    assert!(repo.contacts(&[id(1)]).unwrap().is_empty());
    assert!(repo.by_id_prefix("").unwrap().is_empty());
    assert!(repo.by_uid(&uid).unwrap().is_empty());
    for sort in [Sort::Name, Sort::Created, Sort::Updated] {
        let query = ListQuery { sort, ..ListQuery::default() };
        assert_eq!(repo.list(&query).unwrap(), Default::default(), "{sort:?}");
    }
    assert!(repo.list(&named("ada")).unwrap().contacts.is_empty());
    assert!(repo.cards_after(None, 9).unwrap().is_empty());
    assert!(repo.external_ids(&[id(1)]).unwrap().is_empty());
    assert!(repo.unlinked().unwrap().is_empty());

    let there = &repo.linked_at(book, &[key("/b/1.vcf")]).unwrap()[0];
    assert!(there.contact.deleted);
    assert_eq!(there.contact.vcard, person(1, "Ada").vcard, "the tombstone keeps the card");
    assert_eq!(repo.known(book).unwrap()[0].here, Here::Deleted);
    assert_eq!(repo.link_count(book).unwrap(), 1);
}

pub(super) fn deleting_takes_links_conflicts_and_pendings_along(repo: Repo<'_>) {
    let (_, book) = account_and_book(repo);
    apply(
        repo,
        1,
        &[
            linked(person(1, "Ada"), book, "/b/1.vcf"),
            linked(person(2, "Bob"), book, "/b/2.vcf"),
            Change::Pend(note(book, Subject::Contact(id(1)))),
            Change::Pend(note(book, Subject::Contact(id(2)))),
            Change::Pend(note(book, Subject::Card(Href::new("/b/3.vcf")))),
            Change::Conflict(conflict(1, book)),
            Change::Conflict(conflict(2, book)),
        ],
    );
    apply(repo, 2, &[delete(1)]);
    assert_eq!(repo.known(book).unwrap().len(), 1);
    assert_eq!(repo.link_count(book).unwrap(), 1);
    assert_eq!(repo.conflicts(None).unwrap(), [conflict(2, book)]);
    let left: Vec<Subject> =
        repo.pending(None).unwrap().into_iter().map(|note| note.subject).collect();
    assert_eq!(left, [Subject::Contact(id(2)), Subject::Card(Href::new("/b/3.vcf"))]);
    apply(repo, 3, &[linked(person(1, "Ada again"), book, "/b/1.vcf")]);
    assert_eq!(repo.link_count(book).unwrap(), 2);
}

pub(super) fn unlinked_are_the_living_without_any_link(repo: Repo<'_>) {
    let (account, book) = account_and_book(repo);
    let second = second_book(repo, account);
    let unlink = |n, book| Change::Unlink { contact: id(n), book };
    apply(repo, 1, &[insert(person(1, "Ada")), linked(person(2, "Bob"), book, "/b/2.vcf")]);
    assert_eq!(ids(&repo.unlinked().unwrap()), [id(1)]);
    apply(repo, 2, &[relink(1, book, Link { base: None, ..link("/b/1.vcf", b"") })]);
    assert!(repo.unlinked().unwrap().is_empty(), "an intended href is a link");
    apply(repo, 3, &[relink(2, second, link("/c/2.vcf", b"x")), unlink(2, book), unlink(1, book)]);
    assert_eq!(ids(&repo.unlinked().unwrap()), [id(1)], "one link of two is left");
    apply(repo, 4, &[unlink(2, second), unlink(2, second)]);
    assert_eq!(ids(&repo.unlinked().unwrap()), [id(1), id(2)]);
    assert_eq!((repo.link_count(book).unwrap(), repo.link_count(second).unwrap()), (0, 0));
}

pub(super) fn a_uid_is_found_in_any_spelling(repo: Repo<'_>) {
    let (_, book) = account_and_book(repo);
    apply(repo, 1, &[linked(person(1, "Ada"), book, "/b/1.vcf"), insert(person(2, "Bob"))]);
    let by_uid = repo.by_uid(&Uid("URN:UUID:UID-1".into()).key()).unwrap();
    assert_eq!(ids(&by_uid), [id(1)]);
}
