//! The promises of [`ContactRepo`], one function each. `suite!` puts a store through all of them.

use contactcmd_adapters::sqlite::SqliteRepo;
use contactcmd_domain::contact::{
    ContactId, Index, Labelled, Person, Timestamp, Uid, UidKey, fold,
};
use contactcmd_domain::dav::{
    Access, BookInfo, CTag, Capabilities, ETag, Href, HrefKey, Location, Quirks, SyncToken,
};
use contactcmd_domain::sync::snapshot::{Here, Known, Link, StoredContact};
use contactcmd_ports::{
    Account, AccountDraft, AccountId, BookId, Change, Conflict, ContactRepo, Editor, ListQuery,
    NewContact, Open, Pending, Progress, RepoError, RunId, Sort, Subject, Why,
};

macro_rules! suite {
    ($store:ident, $fresh:expr, $($promise:ident)+) => {
        mod $store {
            use super::*;
            $(
                #[test]
                fn $promise() {
                    let (mut store, _keep) = $fresh;
                    super::$promise(&mut store);
                }
            )+
        }
    };
    ($store:ident, $fresh:expr) => {
        suite! { $store, $fresh,
            an_account_is_its_server_and_username
            saving_an_account_again_updates_it
            books_are_one_per_path_and_keep_their_progress
            a_new_google_book_starts_with_its_quirks
            progress_is_stored_whole_and_can_be_taken_back
            a_contact_comes_back_byte_for_byte
            what_is_not_there_is_none_or_empty
            a_link_comes_back_as_it_was_stored
            a_link_takes_the_place_of_the_same_contacts_and_of_the_same_hrefs
            hrefs_are_found_by_what_they_name_and_kept_as_spelled
            links_are_found_at_any_number_of_hrefs
            a_base_stays_when_the_card_is_replaced
            a_users_edit_counts_and_a_syncs_does_not
            edited_lists_what_was_edited_or_buried_in_that_book
            a_link_says_how_much_of_the_edits_the_server_has
            replacing_lifts_the_tombstone
            a_tombstone_is_hidden_from_people_and_seen_by_sync
            deleting_takes_links_conflicts_and_pendings_along
            unlinked_are_the_living_without_any_link
            unlinked_by_uid_looks_at_one_book
            history_keeps_before_images_beyond_the_contact
            a_run_lists_what_it_added_and_changed
            a_failing_change_undoes_the_whole_call
            changes_are_done_in_order
            a_pending_note_keeps_its_first_time
            settling_removes_one_note
            an_undecided_conflict_is_replaced_and_a_decided_one_is_not_listed
            lists_are_sorted_paged_and_counted
            the_newest_and_the_last_changed_come_first
            every_word_must_occur_literally
            a_contact_is_named_by_its_name_or_a_nickname
            ids_are_found_by_their_first_digits
            contacts_come_in_the_order_asked
            exports_walk_all_cards_in_pages
            external_ids_name_account_and_book
        }
    };
}

suite! { sqlite_in_memory, (SqliteRepo::in_memory().unwrap(), ()) }
suite! { sqlite_in_a_file, in_a_file() }

fn in_a_file() -> (SqliteRepo, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteRepo::open(&folder.path().join("contacts.db"), Open::Write).unwrap();
    (store, folder)
}

type Repo<'a> = &'a mut dyn ContactRepo;

// -- accounts and books --

fn an_account_is_its_server_and_username(repo: Repo<'_>) {
    let first = repo.save_account(&draft("https://a.example/", "ada")).unwrap();
    repo.save_account(&draft("https://a.example/", "bob")).unwrap();
    repo.save_account(&draft("https://b.example/", "ada")).unwrap();
    assert_eq!(repo.account("https://a.example/", "ada").unwrap(), Some(first));
    assert_eq!(repo.account("https://b.example/", "bob").unwrap(), None);
}

fn saving_an_account_again_updates_it(repo: Repo<'_>) {
    let first = repo.save_account(&draft("https://a.example/", "ada")).unwrap();
    let home = Location::parse("https://p01.example:8443/c%40rd/").unwrap();
    let changed = AccountDraft { name: "work".into(), home_sets: vec![home], ..first.draft };
    let second = repo.save_account(&changed).unwrap();
    assert_eq!(second, Account { id: first.id, draft: changed });
    assert_eq!(repo.account("https://a.example/", "ada").unwrap(), Some(second));
}

fn books_are_one_per_path_and_keep_their_progress(repo: Repo<'_>) {
    let account = account(repo);
    let found =
        [info("https://p01.example/work/", "Work"), info("https://p01.example/b/", "Birds")];
    let books = repo.save_books(account, &found).unwrap();
    let names: Vec<&str> = books.iter().map(|book| book.info.name.as_str()).collect();
    assert_eq!(names, ["Birds", "Work"]);
    let work = &books[1];
    repo.save_progress(work.id, &progress()).unwrap();

    let mut moved = info("https://p99.example/work", "Office");
    moved.access = Access::ReadOnly;
    moved.capabilities.sync_collection = Some(true);
    moved.ctag = Some(CTag("not progress".into()));
    let books = repo.save_books(account, std::slice::from_ref(&moved)).unwrap();
    assert_eq!(books.len(), 2, "absence is no deletion, and a path is one book");
    let office = books.iter().find(|book| book.id == work.id).unwrap();
    assert_eq!(office.info, BookInfo { ctag: None, ..moved });
    assert_eq!(office.progress, progress());

    let other = repo.save_account(&draft("https://b.example/", "ada")).unwrap();
    assert_eq!(repo.save_books(other.id, &found[..1]).unwrap().len(), 1);
    assert_eq!(repo.books(account).unwrap(), books);
}

fn a_new_google_book_starts_with_its_quirks(repo: Repo<'_>) {
    let account = account(repo);
    let found = [info("https://www.googleapis.com/carddav/v1/", "Google")];
    let books = repo.save_books(account, &found).unwrap();
    assert_eq!(books[0].progress.quirks, Quirks::of_host("www.googleapis.com"));
    assert_eq!(books[0].progress.sync_token, None);
}

fn progress_is_stored_whole_and_can_be_taken_back(repo: Repo<'_>) {
    let (account, book) = account_and_book(repo);
    for stored in [progress(), Progress::default()] {
        repo.save_progress(book, &stored).unwrap();
        assert_eq!(repo.books(account).unwrap()[0].progress, stored);
    }
    assert!(matches!(repo.save_progress(BookId(404), &progress()), Err(RepoError::Failed { .. })));
}

// -- contacts and links --

fn a_contact_comes_back_byte_for_byte(repo: Repo<'_>) {
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

fn what_is_not_there_is_none_or_empty(repo: Repo<'_>) {
    let nowhere = BookId(404);
    assert_eq!(repo.account("https://a.example/", "ada").unwrap(), None);
    assert!(repo.books(AccountId(404)).unwrap().is_empty());
    assert!(repo.known(nowhere).unwrap().is_empty());
    assert!(repo.known_at(nowhere, &[key("/a.vcf")]).unwrap().is_empty());
    assert!(repo.linked_at(nowhere, &[]).unwrap().is_empty());
    assert!(repo.edited(nowhere).unwrap().is_empty());
    assert_eq!(repo.link_count(nowhere).unwrap(), 0);
    assert!(repo.unlinked_by_uid(nowhere, &[UidKey("u".into())]).unwrap().is_empty());
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
    assert!(repo.history(None, 10).unwrap().is_empty());
    assert!(repo.changed_in(RunId(404)).unwrap().is_empty());
    assert!(repo.added_in(RunId(404)).unwrap().is_empty());
}

fn a_link_comes_back_as_it_was_stored(repo: Repo<'_>) {
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

fn a_link_takes_the_place_of_the_same_contacts_and_of_the_same_hrefs(repo: Repo<'_>) {
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

fn hrefs_are_found_by_what_they_name_and_kept_as_spelled(repo: Repo<'_>) {
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

fn links_are_found_at_any_number_of_hrefs(repo: Repo<'_>) {
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

fn a_base_stays_when_the_card_is_replaced(repo: Repo<'_>) {
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

fn a_users_edit_counts_and_a_syncs_does_not(repo: Repo<'_>) {
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

fn edited_lists_what_was_edited_or_buried_in_that_book(repo: Repo<'_>) {
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

fn a_link_says_how_much_of_the_edits_the_server_has(repo: Repo<'_>) {
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

fn replacing_lifts_the_tombstone(repo: Repo<'_>) {
    let (_, book) = account_and_book(repo);
    apply(repo, 1, &[linked(person(1, "Ada"), book, "/b/1.vcf"), bury(1)]);
    apply(repo, 2, &[replace(1, "Ada came back", Editor::Sync)]);
    let stored = repo.contact(id(1)).unwrap().unwrap();
    assert_eq!((stored.deleted, stored.name.as_str()), (false, "Ada came back"));
    assert_eq!(repo.known(book).unwrap()[0].here, Here::Same);
    assert_eq!(total(repo, &[]), 1);
}

fn a_tombstone_is_hidden_from_people_and_seen_by_sync(repo: Repo<'_>) {
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
    assert!(repo.unlinked_by_uid(BookId(404), &[uid]).unwrap().is_empty());

    let there = &repo.linked_at(book, &[key("/b/1.vcf")]).unwrap()[0];
    assert!(there.contact.deleted);
    assert_eq!(there.contact.vcard, person(1, "Ada").vcard, "the tombstone keeps the card");
    assert_eq!(repo.known(book).unwrap()[0].here, Here::Deleted);
    assert_eq!(repo.link_count(book).unwrap(), 1);
}

fn deleting_takes_links_conflicts_and_pendings_along(repo: Repo<'_>) {
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

fn unlinked_are_the_living_without_any_link(repo: Repo<'_>) {
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

fn unlinked_by_uid_looks_at_one_book(repo: Repo<'_>) {
    let (account, book) = account_and_book(repo);
    let second = second_book(repo, account);
    apply(repo, 1, &[linked(person(1, "Ada"), book, "/b/1.vcf"), insert(person(2, "Bob"))]);
    let uids: Vec<UidKey> =
        [1, 2, 3].iter().map(|n| person(*n, "").index.uid.unwrap().key()).collect();
    let found = |repo: &dyn ContactRepo, book| {
        let mut found = repo.unlinked_by_uid(book, &uids).unwrap();
        found.sort_by_key(|contact| contact.id);
        ids(&found)
    };
    assert_eq!(found(repo, book), [id(2)]);
    assert_eq!(found(repo, second), [id(1), id(2)]);
    let by_uid = repo.by_uid(&Uid("URN:UUID:UID-1".into()).key()).unwrap();
    assert_eq!(ids(&by_uid), [id(1)], "spelling does not matter");
}

// -- history, runs, transactions --

fn history_keeps_before_images_beyond_the_contact(repo: Repo<'_>) {
    apply(repo, 1, &[insert(person(1, "Ada")), insert(person(2, "Bob"))]);
    apply(repo, 2, &[replace(1, "Ada King", Editor::Sync)]);
    apply(repo, 3, &[bury(1)]);
    apply(repo, 4, &[delete(1), delete(2)]);
    let card = |name: &str| person(1, name).vcard;
    let brief: Vec<_> = repo
        .history(Some(id(1)), 10)
        .unwrap()
        .into_iter()
        .map(|past| (past.at.0, past.name, past.before, past.after, past.why.0))
        .collect();
    let expected = [
        (4, "Ada King".to_owned(), card("Ada King"), None, "deleted there".to_owned()),
        (3, "Ada King".to_owned(), card("Ada King"), None, "deleted here".to_owned()),
        (2, "Ada".to_owned(), card("Ada"), Some(card("Ada King")), "changed".to_owned()),
    ];
    assert_eq!(brief, expected);
    assert_eq!(repo.history(None, 10).unwrap().len(), 4);
    assert_eq!(repo.history(None, 1).unwrap()[0].contact, id(2), "the newest come first");
}

fn a_run_lists_what_it_added_and_changed(repo: Repo<'_>) {
    let first = repo.begin_run("import vcard", Timestamp(1)).unwrap();
    repo.apply(first, Timestamp(1), &[insert(person(1, "Ada")), insert(person(2, "Bob"))]).unwrap();
    let second = repo.begin_run("edit", Timestamp(2)).unwrap();
    repo.apply(second, Timestamp(2), &[replace(1, "Ada King", Editor::User)]).unwrap();
    repo.apply(second, Timestamp(3), &[delete(2)]).unwrap();
    let runs: Vec<_> = repo.runs(10).unwrap().into_iter().map(|r| (r.id, r.what, r.at.0)).collect();
    assert_eq!(runs, [(second, "edit".to_owned(), 2), (first, "import vcard".to_owned(), 1)]);
    assert_eq!(repo.runs(1).unwrap()[0].id, second);
    let changed: Vec<_> =
        repo.changed_in(second).unwrap().into_iter().map(|past| past.contact).collect();
    assert_eq!(changed, [id(2), id(1)]);
    assert!(repo.changed_in(first).unwrap().is_empty());
    assert_eq!(repo.added_in(first).unwrap(), [id(1)]);
    assert!(repo.added_in(second).unwrap().is_empty());
}

fn a_failing_change_undoes_the_whole_call(repo: Repo<'_>) {
    let (_, book) = account_and_book(repo);
    apply(repo, 1, &[linked(person(1, "Ada"), book, "/b/1.vcf")]);
    let before = (repo.known(book).unwrap(), repo.contact(id(1)).unwrap());
    let nowhere = BookId(404);
    let failing = [
        insert(person(1, "The same id")),
        linked(person(7, "In no book"), nowhere, "/x/7.vcf"),
        replace(8, "Nobody", Editor::User),
        bury(8),
        delete(8),
        relink(8, book, link("/b/8.vcf", b"x")),
        relink(1, nowhere, link("/x/1.vcf", b"x")),
        Change::Pend(note(book, Subject::Contact(id(8)))),
        Change::Conflict(conflict(8, book)),
    ];
    for last in failing {
        let run = repo.begin_run("fails", Timestamp(2)).unwrap();
        let changes = [
            insert(person(5, "Eve")),
            replace(1, "Ada King", Editor::User),
            Change::Pend(note(book, Subject::Contact(id(5)))),
            last.clone(),
        ];
        let outcome = repo.apply(run, Timestamp(2), &changes);
        assert!(matches!(outcome, Err(RepoError::Failed { .. })), "{last:?} {outcome:?}");
        let after = (repo.known(book).unwrap(), repo.contact(id(1)).unwrap());
        assert_eq!(after, before, "{last:?}");
        assert_eq!(repo.contact(id(5)).unwrap(), None, "{last:?}");
        assert!(repo.pending(None).unwrap().is_empty(), "{last:?}");
        assert!(repo.history(None, 9).unwrap().is_empty(), "{last:?}");
    }
    let unknown_run = repo.apply(RunId(404), Timestamp(3), &[insert(person(6, "Fay"))]);
    assert!(matches!(unknown_run, Err(RepoError::Failed { .. })));
    apply(repo, 4, &[insert(person(5, "Eve"))]);
    assert_eq!(total(repo, &[]), 2, "the store goes on after a failure");
}

fn changes_are_done_in_order(repo: Repo<'_>) {
    let (_, book) = account_and_book(repo);
    apply(
        repo,
        1,
        &[
            insert(person(1, "First")),
            replace(1, "Second", Editor::User),
            relink(1, book, Link { seen: 1, ..link("/b/1.vcf", b"x") }),
            delete(1),
            insert(person(1, "Third")),
        ],
    );
    let stored = repo.contact(id(1)).unwrap().unwrap();
    assert_eq!((stored.name.as_str(), stored.edited), ("Third", 0));
    assert_eq!(ids(&repo.unlinked().unwrap()), [id(1)]);
    assert_eq!(repo.link_count(book).unwrap(), 0);
    assert_eq!(repo.history(Some(id(1)), 9).unwrap().len(), 2);
}

// -- pendings and conflicts --

fn a_pending_note_keeps_its_first_time(repo: Repo<'_>) {
    let (account, book) = account_and_book(repo);
    let second = second_book(repo, account);
    let at = |href: &str| Subject::Card(Href::new(href));
    let first = note(book, at("/b/%40.vcf"));
    let elsewhere = Pending { since: Timestamp(8), ..note(second, at("/b/%40.vcf")) };
    apply(repo, 1, &[Change::Pend(first.clone()), Change::Pend(elsewhere.clone())]);
    let again = Pending {
        subject: at("/b/@.vcf"),
        reason: "too large".into(),
        etag: None,
        name: "Ada".into(),
        since: Timestamp(99),
        ..first.clone()
    };
    apply(repo, 2, &[Change::Pend(again.clone())]);
    let expected = Pending { since: first.since, ..again };
    assert_eq!(repo.pending(Some(book)).unwrap(), std::slice::from_ref(&expected));
    assert_eq!(repo.pending(None).unwrap(), [expected, elsewhere]);
}

fn settling_removes_one_note(repo: Repo<'_>) {
    let (_, book) = account_and_book(repo);
    let card = Subject::Card(Href::new("/b/1.vcf"));
    let settle = |subject: &Subject| Change::Settle { book, subject: subject.clone() };
    apply(
        repo,
        1,
        &[
            insert(person(1, "Ada")),
            Change::Pend(note(book, card.clone())),
            Change::Pend(note(book, Subject::Contact(id(1)))),
            settle(&card),
            settle(&card),
        ],
    );
    assert_eq!(repo.pending(None).unwrap(), [note(book, Subject::Contact(id(1)))]);
    apply(repo, 2, &[settle(&Subject::Contact(id(1)))]);
    assert!(repo.pending(None).unwrap().is_empty());
}

fn an_undecided_conflict_is_replaced_and_a_decided_one_is_not_listed(repo: Repo<'_>) {
    let (account, book) = account_and_book(repo);
    let second = second_book(repo, account);
    let first = conflict(1, book);
    let newer = Conflict { base: None, local: b"newer".to_vec(), ..first.clone() };
    let elsewhere = conflict(1, second);
    apply(
        repo,
        1,
        &[
            insert(person(1, "Ada")),
            Change::Conflict(first.clone()),
            Change::Conflict(elsewhere.clone()),
            Change::Conflict(newer.clone()),
        ],
    );
    assert_eq!(repo.conflicts(Some(book)).unwrap(), std::slice::from_ref(&newer));
    assert_eq!(repo.conflicts(None).unwrap(), [elsewhere.clone(), newer.clone()]);
    let decided = Conflict { decided: Some("the server's was taken".into()), ..newer };
    apply(repo, 2, &[Change::Conflict(decided)]);
    assert_eq!(repo.conflicts(None).unwrap(), [elsewhere]);
}

// -- what people read --

fn lists_are_sorted_paged_and_counted(repo: Repo<'_>) {
    let names = ["Émile", "ada", "Zoë", "Bob", "Ada"];
    let people: Vec<Change> =
        names.iter().zip(1..).map(|(name, n)| insert(person(n, name))).collect();
    apply(repo, 1, &people);
    for (offset, limit, expected) in [
        (0, None, vec!["ada", "Ada", "Bob", "Émile", "Zoë"]),
        (0, Some(2), vec!["ada", "Ada"]),
        (2, Some(2), vec!["Bob", "Émile"]),
        (4, Some(2), vec!["Zoë"]),
        (3, None, vec!["Émile", "Zoë"]),
        (9, Some(2), vec![]),
        (0, Some(0), vec![]),
    ] {
        let page = repo.list(&ListQuery { offset, limit, ..ListQuery::default() }).unwrap();
        let names: Vec<&str> = page.contacts.iter().map(|c| c.person.name.as_str()).collect();
        assert_eq!(names, expected, "{offset} {limit:?}");
        assert_eq!(page.total, 5, "{offset} {limit:?}");
    }
}

fn the_newest_and_the_last_changed_come_first(repo: Repo<'_>) {
    for n in 1..=3 {
        apply(repo, i64::from(n), &[insert(person(n, &format!("P{n}")))]);
    }
    apply(repo, 9, &[replace(1, "P1 changed", Editor::User)]);
    for (sort, expected) in
        [(Sort::Created, [3, 2, 1]), (Sort::Updated, [1, 3, 2]), (Sort::Name, [1, 2, 3])]
    {
        let page = repo.list(&ListQuery { sort, ..ListQuery::default() }).unwrap();
        let order: Vec<ContactId> = page.contacts.iter().map(|c| c.id).collect();
        assert_eq!(order, expected.map(id), "{sort:?}");
    }
}

fn every_word_must_occur_literally(repo: Repo<'_>) {
    apply(
        repo,
        1,
        &[
            insert(person(1, "Ada Müller")),
            insert(person(2, "Ada 100% Smith")),
            insert(person(3, "Bob_Smith \\ 'Bobby'")),
        ],
    );
    for (words, expected) in [
        (&["ada"][..], 2),
        (&["muller", "ada"], 1),
        (&["ada", "bob"], 0),
        (&["mul"], 1),
        (&["%"], 1),
        (&["_"], 1),
        (&["'bobby'"], 1),
        (&["\\"], 1),
        (&["a%a"], 0),
        (&[""], 3),
    ] {
        assert_eq!(total(repo, words), expected, "{words:?}");
    }
    let query = ListQuery { words: vec!["ada".into()], limit: Some(1), ..ListQuery::default() };
    let page = repo.list(&query).unwrap();
    assert_eq!((page.contacts.len(), page.total), (1, 2));
}

fn a_contact_is_named_by_its_name_or_a_nickname(repo: Repo<'_>) {
    let mut ada = person(1, "Ada Lovelace");
    ada.index.person.nicknames = vec!["Countess".into(), "Die Grä\nfin".into()];
    apply(repo, 1, &[insert(ada), insert(person(2, "Countess")), insert(person(3, "Coun"))]);
    for (name, expected) in [
        ("ada lovelace", vec![id(1)]),
        ("ada", vec![]),
        ("countess", vec![id(1), id(2)]),
        ("coun", vec![id(3)]),
        ("countess\ndie gra\nfin", vec![]),
        ("die gra\nfin", vec![id(1)]),
        ("", vec![]),
    ] {
        let page = repo.list(&named(name)).unwrap();
        let found: Vec<ContactId> = page.contacts.iter().map(|c| c.id).collect();
        assert_eq!(found, expected, "{name:?}");
        assert_eq!(page.total, expected.len() as u64, "{name:?}");
    }
}

fn ids_are_found_by_their_first_digits(repo: Repo<'_>) {
    let people: Vec<Change> = (1..=3).map(|n| insert(person(n, &format!("P{n}")))).collect();
    apply(repo, 1, &people);
    let whole = id(2).to_string();
    for (prefix, expected) in [
        (whole.as_str(), vec![id(2)]),
        (&whole.to_uppercase(), vec![id(2)]),
        (&whole.replace('-', ""), vec![id(2)]),
        (&whole[..8], vec![id(2)]),
        (&whole[..7], vec![id(1), id(2), id(3)]),
        (&whole[..10], vec![id(2)]),
        ("0", vec![id(1), id(2), id(3)]),
        ("f", vec![]),
        ("", vec![id(1), id(2), id(3)]),
        ("no hex", vec![]),
        (&format!("{whole}0"), vec![]),
    ] {
        let found = repo.by_id_prefix(prefix).unwrap();
        let found: Vec<ContactId> = found.iter().map(|c| c.id).collect();
        assert_eq!(found, expected, "{prefix}");
    }
}

fn contacts_come_in_the_order_asked(repo: Repo<'_>) {
    let people: Vec<Change> = (1..=3).map(|n| insert(person(n, &format!("P{n}")))).collect();
    apply(repo, 1, &people);
    let found = repo.contacts(&[id(3), id(404), id(1)]).unwrap();
    assert_eq!(ids(&found), [id(3), id(1)]);
}

fn exports_walk_all_cards_in_pages(repo: Repo<'_>) {
    let people: Vec<Change> = (1..=5).map(|n| insert(person(n, &format!("P{n}")))).collect();
    apply(repo, 1, &people);
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let page = repo.cards_after(after, 2).unwrap();
        assert!(page.len() <= 2);
        let Some(last) = page.last() else { break };
        after = Some(last.id);
        all.extend(ids(&page));
    }
    assert_eq!(all, [1, 2, 3, 4, 5].map(id));
}

fn external_ids_name_account_and_book(repo: Repo<'_>) {
    let (account, book) = account_and_book(repo);
    let second = second_book(repo, account);
    apply(
        repo,
        1,
        &[
            linked(person(1, "Ada"), book, "/b/%401.vcf"),
            relink(1, second, Link { etag: None, ..link("/c/1.vcf", b"x") }),
            insert(person(2, "Bob")),
        ],
    );
    let found = repo.external_ids(&[id(1), id(2)]).unwrap();
    let brief: Vec<_> = found
        .iter()
        .map(|(contact, at)| {
            let etag = at.etag.as_ref().map(ETag::as_str);
            (*contact, at.account.as_str(), at.addressbook.as_str(), at.href.as_str(), etag)
        })
        .collect();
    let expected = [
        (id(1), "default", "Contacts", "/b/%401.vcf", Some("\"1\"")),
        (id(1), "default", "More", "/c/1.vcf", None),
    ];
    assert_eq!(brief, expected);
}

// -- values to test with --

/// Ids in the order of their numbers.
fn id(number: u32) -> ContactId {
    let mut bytes = [0; 16];
    bytes[..4].copy_from_slice(&number.to_be_bytes());
    ContactId::from_random(bytes)
}

fn person(number: u32, name: &str) -> NewContact {
    let email =
        Labelled { label: Some("work".into()), value: "a@b.example".into(), preferred: true };
    let index = Index {
        uid: Some(Uid(format!("urn:uuid:UID-{number}"))),
        person: Person { name: name.into(), emails: vec![email], ..Person::default() },
        sort_key: fold(name),
        search: format!("{}\na@b.example", fold(name)),
    };
    let vcard = format!("BEGIN:VCARD\r\nFN:{name}\r\nEND:VCARD\r\n").into_bytes();
    NewContact { id: id(number), vcard, index }
}

fn insert(contact: NewContact) -> Change {
    Change::Insert { contact, link: None }
}

/// A contact whose card came from a server.
fn linked(contact: NewContact, book: BookId, href: &str) -> Change {
    let link = link(href, &contact.vcard);
    Change::Insert { contact, link: Some((book, link)) }
}

fn link(href: &str, base: &[u8]) -> Link {
    Link { href: Href::new(href), etag: ETag::new("\"1\""), base: Some(base.to_vec()), seen: 0 }
}

fn relink(number: u32, book: BookId, link: Link) -> Change {
    Change::Link { contact: id(number), book, link }
}

fn replace(number: u32, name: &str, editor: Editor) -> Change {
    let NewContact { id, vcard, index } = person(number, name);
    Change::Replace { contact: id, vcard, index, editor, why: Why("changed".into()) }
}

fn bury(number: u32) -> Change {
    Change::Bury { contact: id(number), why: Why("deleted here".into()) }
}

fn delete(number: u32) -> Change {
    Change::Delete { contact: id(number), why: Why("deleted there".into()) }
}

fn note(book: BookId, subject: Subject) -> Pending {
    Pending {
        book,
        subject,
        name: "1.vcf".into(),
        reason: "it breaks off before END:VCARD".into(),
        etag: ETag::new("\"7\""),
        since: Timestamp(7),
    }
}

fn conflict(number: u32, book: BookId) -> Conflict {
    Conflict {
        contact: id(number),
        book,
        base: Some(b"base".to_vec()),
        local: b"local".to_vec(),
        remote: b"\xffremote".to_vec(),
        decided: None,
        at: Timestamp(7),
    }
}

fn apply(repo: Repo<'_>, at: i64, changes: &[Change]) {
    let run = repo.begin_run("test", Timestamp(at)).unwrap();
    repo.apply(run, Timestamp(at), changes).unwrap();
}

fn key(href: &str) -> HrefKey {
    Href::new(href).key()
}

fn ids(contacts: &[StoredContact]) -> Vec<ContactId> {
    contacts.iter().map(|contact| contact.id).collect()
}

fn total(repo: &dyn ContactRepo, words: &[&str]) -> u64 {
    let words = words.iter().map(|word| (*word).to_owned()).collect();
    let page = repo.list(&ListQuery { words, ..ListQuery::default() }).unwrap();
    assert_eq!(page.total, page.contacts.len() as u64);
    page.total
}

fn named(name: &str) -> ListQuery {
    ListQuery { named: Some(name.into()), ..ListQuery::default() }
}

fn draft(server: &str, username: &str) -> AccountDraft {
    AccountDraft {
        name: "default".into(),
        server: server.into(),
        username: username.into(),
        home_sets: Vec::new(),
    }
}

fn info(url: &str, name: &str) -> BookInfo {
    BookInfo {
        location: Location::parse(url).unwrap(),
        name: name.into(),
        access: Access::ReadWrite,
        capabilities: Capabilities::default(),
        ctag: None,
        sync_token: None,
        hidden: false,
    }
}

fn progress() -> Progress {
    Progress {
        sync_token: Some(SyncToken("http://sabre.io/ns/sync/1".into())),
        ctag: Some(CTag("\"c\"".into())),
        token_at: Some(Timestamp(3)),
        full_at: Some(Timestamp(-4)),
        quirks: Quirks { listing_cut_at: Some(2000), ..Quirks::default() },
    }
}

fn account(repo: Repo<'_>) -> AccountId {
    repo.save_account(&draft("https://a.example/", "ada")).unwrap().id
}

fn account_and_book(repo: Repo<'_>) -> (AccountId, BookId) {
    let account = account(repo);
    let books = repo.save_books(account, &[info("https://a.example/b/", "Contacts")]).unwrap();
    (account, books[0].id)
}

fn second_book(repo: Repo<'_>, account: AccountId) -> BookId {
    let books = repo.save_books(account, &[info("https://a.example/c/", "More")]).unwrap();
    books.iter().find(|book| book.info.name == "More").unwrap().id
}
