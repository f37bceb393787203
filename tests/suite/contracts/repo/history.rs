//! Runs, before-images, transactions, pendings, conflicts.

use contactcmd_domain::contact::Timestamp;
use contactcmd_domain::dav::Href;
use contactcmd_domain::sync::guard::Side;
use contactcmd_domain::sync::snapshot::Link;
use contactcmd_ports::{
    BookId, Change, Conflict, ConflictId, Editor, Keep, Page, Past, Pending, Place, RepoError,
    RunId, Subject, Which, Why,
};

use super::Repo;
use super::values::{
    account_and_book, apply, bury, conflict, delete, id, ids, insert, link, linked, note, person,
    relink, replace, second_book, total,
};

pub(super) fn history_keeps_before_images_beyond_the_contact(repo: Repo<'_>) {
    apply(repo, 1, &[insert(person(1, "Ada")), insert(person(2, "Bob"))]);
    apply(repo, 2, &[replace(1, "Ada King", Editor::Sync)]);
    apply(repo, 3, &[bury(1)]);
    apply(repo, 4, &[delete(1), delete(2)]);
    let card = |name: &str| person(1, name).vcard;
    let brief: Vec<_> = repo
        .history(Some(id(1)), Page::first(10))
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
    assert_eq!(repo.history(None, Page::first(10)).unwrap().len(), 4);
    assert_eq!(
        repo.history(None, Page::first(1)).unwrap()[0].contact,
        id(2),
        "the newest come first"
    );
}

pub(super) fn a_text_of_the_servers_is_kept_before_it_is_replaced_there(repo: Repo<'_>) {
    apply(repo, 1, &[insert(person(1, "Ada"))]);
    let change =
        [remember(1, Some(b"sent")), remember(1, None), replace(1, "Ada King", Editor::User)];
    apply(repo, 2, &change);
    let sides: Vec<_> = repo
        .history(Some(id(1)), Page::first(10))
        .unwrap()
        .into_iter()
        .map(|past| (past.side, past.before == b"\xffthere", past.after.is_some()))
        .collect();
    let expected =
        [(Side::Here, false, true), (Side::There, true, false), (Side::There, true, true)];
    assert_eq!(sides, expected);
}

fn remember(number: u32, after: Option<&[u8]>) -> Change {
    Change::Remember {
        contact: id(number),
        name: "Ada".to_owned(),
        before: b"\xffthere".to_vec(),
        after: after.map(<[u8]>::to_vec),
        why: Why("edited here".into()),
    }
}

pub(super) fn what_a_server_refused_to_replace_is_taken_back(repo: Repo<'_>) {
    let retract = |number| Change::Retract { contact: id(number) };
    apply(repo, 1, &[insert(person(1, "Ada")), insert(person(2, "Bob"))]);
    apply(repo, 2, &[remember(1, None)]);
    let run = repo.begin_run("sync carddav", Timestamp(3)).unwrap();
    let change = [remember(1, Some(b"first")), remember(1, Some(b"sent")), remember(2, None)];
    repo.apply(run, Timestamp(3), &change).unwrap();
    repo.apply(run, Timestamp(3), &[replace(1, "Ada King", Editor::Sync), retract(1)]).unwrap();
    let left: Vec<_> =
        repo.changed_in(run, Page::ALL).unwrap().into_iter().map(|past| past.after).collect();
    assert_eq!(left, [Some(person(1, "Ada King").vcard), None, Some(b"first".to_vec())]);
    repo.apply(run, Timestamp(3), &[retract(1), retract(1), retract(2)]).unwrap();
    assert_eq!(repo.changed_in(run, Page::ALL).unwrap().len(), 1, "what was replaced here stays");
    assert_eq!(
        repo.history(Some(id(1)), Page::first(9)).unwrap().len(),
        2,
        "and so does another run's"
    );

    let run = repo.begin_run("sync carddav", Timestamp(4)).unwrap();
    repo.apply(run, Timestamp(4), &[remember(1, None)]).unwrap();
    repo.apply(run, Timestamp(4), &[retract(1)]).unwrap();
    assert!(repo.runs(9).unwrap().iter().all(|one| one.id != run), "it did nothing else");
    let gone = repo.apply(run, Timestamp(4), &[insert(person(3, "Cy"))]);
    assert!(matches!(gone, Err(RepoError::Failed { .. })));
    assert!(repo.begin_run("sync carddav", Timestamp(5)).unwrap() > run, "no number comes again");
    apply(repo, 6, &[insert(person(4, "Di")), retract(4)]);
    assert_eq!(repo.runs(1).unwrap()[0].at, Timestamp(6), "one that added somebody stays");
}

pub(super) fn a_run_lists_what_it_added_and_changed(repo: Repo<'_>) {
    let first = repo.begin_run("import vcard", Timestamp(1)).unwrap();
    repo.apply(first, Timestamp(1), &[insert(person(1, "Ada")), insert(person(2, "Bob"))]).unwrap();
    let second = repo.begin_run("edit", Timestamp(2)).unwrap();
    repo.apply(second, Timestamp(2), &[replace(1, "Ada King", Editor::User)]).unwrap();
    repo.apply(second, Timestamp(3), &[delete(2)]).unwrap();
    let runs: Vec<_> = repo.runs(10).unwrap().into_iter().map(|r| (r.id, r.what, r.at.0)).collect();
    assert_eq!(runs, [(second, "edit".to_owned(), 2), (first, "import vcard".to_owned(), 1)]);
    assert_eq!(repo.runs(1).unwrap()[0].id, second);
    let changed: Vec<_> =
        repo.changed_in(second, Page::ALL).unwrap().into_iter().map(|past| past.contact).collect();
    assert_eq!(changed, [id(2), id(1)]);
    assert!(repo.changed_in(first, Page::ALL).unwrap().is_empty());
    assert_eq!(repo.added_in(first).unwrap(), [id(1)]);
    assert!(repo.added_in(second).unwrap().is_empty());
    repo.begin_run("sync carddav", Timestamp(4)).unwrap();
    let mut sizes = repo.sizes().unwrap();
    sizes.sort_unstable();
    assert_eq!(sizes, [(first, 1), (second, 2)]);
}

pub(super) fn a_long_history_is_read_by_pages(repo: Repo<'_>) {
    let names = ["A1", "A2", "A3", "A4", "A5"];
    apply(repo, 1, &[insert(person(1, "A0")), insert(person(2, "B"))]);
    apply(repo, 2, &names.map(|name| replace(1, name, Editor::User)));
    apply(repo, 3, &[delete(2)]);
    let run = repo.runs(2).unwrap()[1].id;
    let names = |past: Vec<Past>| past.into_iter().map(|past| past.name).collect::<Vec<_>>();
    let page = |offset, limit| Page { offset, limit };
    for (offset, limit, expected) in [
        (0, 2, &["A4", "A3"][..]),
        (2, 2, &["A2", "A1"]),
        (4, 2, &["A0"]),
        (5, 2, &[]),
        (1, 9, &["A3", "A2", "A1", "A0"]),
    ] {
        assert_eq!(names(repo.changed_in(run, page(offset, limit)).unwrap()), expected);
        assert_eq!(names(repo.history(Some(id(1)), page(offset, limit)).unwrap()), expected);
    }
    assert_eq!(names(repo.history(None, page(0, 2)).unwrap()), ["B", "A4"]);
}

pub(super) fn a_failing_change_undoes_the_whole_call(repo: Repo<'_>) {
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
        assert!(repo.history(None, Page::first(9)).unwrap().is_empty(), "{last:?}");
    }
    let unknown_run = repo.apply(RunId(404), Timestamp(3), &[insert(person(6, "Fay"))]);
    assert!(matches!(unknown_run, Err(RepoError::Failed { .. })));
    apply(repo, 4, &[insert(person(5, "Eve"))]);
    assert_eq!(total(repo, &[]), 2, "the store goes on after a failure");
}

pub(super) fn changes_are_done_in_order(repo: Repo<'_>) {
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
    assert_eq!(repo.history(Some(id(1)), Page::first(9)).unwrap().len(), 2);
}

pub(super) fn a_pending_note_keeps_its_first_time(repo: Repo<'_>) {
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

pub(super) fn settling_removes_one_note(repo: Repo<'_>) {
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

pub(super) fn an_undecided_conflict_is_replaced_and_a_decided_one_is_not_listed(repo: Repo<'_>) {
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
    assert_eq!(repo.conflicts(None).unwrap(), [newer.clone(), elsewhere.clone()]);
    let decided = Conflict { decided: Some("the server's was taken".into()), ..newer };
    apply(repo, 2, &[Change::Conflict(decided.clone())]);
    assert_eq!(repo.conflicts(None).unwrap(), [elsewhere]);

    let anew = Conflict { remote: b"newest".to_vec(), ..decided };
    let later = Conflict { at: Timestamp(anew.at.0 + 1), ..anew.clone() };
    apply(repo, 3, &[Change::Conflict(anew.clone()), Change::Conflict(later.clone())]);
    let kept = repo.kept_conflicts(Which::All).unwrap();
    let decided: Vec<_> = kept.into_iter().skip(1).map(|one| one.conflict).collect();
    assert_eq!(decided, [later, anew], "decided anew at the same time, and again later");
}

pub(super) fn a_conflict_keeps_its_id_and_its_first_time_until_it_is_decided(repo: Repo<'_>) {
    let (_, book) = account_and_book(repo);
    apply(repo, 1, &[insert(person(1, "Ada")), insert(person(2, "Bob"))]);
    apply(repo, 2, &[Change::Conflict(conflict(1, book))]);
    let later = |number| Conflict { at: Timestamp(9), ..conflict(number, book) };
    apply(repo, 3, &[Change::Conflict(later(2)), Change::Conflict(later(1)), bury(1)]);
    let [bob, ada] = &repo.kept_conflicts(Which::Undecided).unwrap()[..] else { panic!() };
    assert_eq!((bob.conflict.contact, bob.conflict.at), (id(2), Timestamp(9)), "newest first");
    assert_eq!((ada.conflict.contact, ada.conflict.at), (id(1), Timestamp(7)));
    assert_eq!((ada.tombstone, bob.tombstone), (true, false));
    assert_eq!((ada.account.as_str(), ada.addressbook.as_str()), ("default", "Contacts"));
    assert_eq!(repo.kept_conflict(ada.id).unwrap().as_ref(), Some(ada));

    let decided = Conflict { decided: Some("kept here".into()), at: Timestamp(12), ..later(2) };
    apply(repo, 4, &[Change::Conflict(decided.clone())]);
    assert_eq!(repo.kept_conflicts(Which::Undecided).unwrap(), std::slice::from_ref(ada));
    let all = repo.kept_conflicts(Which::All).unwrap();
    assert_eq!((all[0].id, all[1].id), (ada.id, bob.id), "those that wait come first");
    assert_eq!(all[1].conflict, decided);
    apply(repo, 5, &[Change::Conflict(later(2))]);
    assert_eq!(repo.kept_conflicts(Which::All).unwrap().len(), 3, "a decided one stays");
    apply(repo, 6, &[delete(1), delete(2)]);
    assert_eq!(repo.kept_conflict(ada.id).unwrap(), None);
    apply(repo, 7, &[insert(person(3, "Cy")), Change::Conflict(later(3))]);
    let ids: Vec<_> = all.iter().map(|kept| kept.id).collect();
    let new = repo.kept_conflicts(Which::All).unwrap()[0].id;
    assert!(!ids.contains(&new), "{new:?} was another one's");
    assert_eq!(repo.kept_conflict(ConflictId(404)).unwrap(), None);
}

pub(super) fn a_tombstone_that_was_lifted_says_so(repo: Repo<'_>) {
    apply(repo, 1, &[insert(person(1, "Ada"))]);
    apply(repo, 2, &[bury(1), replace(1, "Ada King", Editor::User)]);
    let past = repo.history(None, Page::first(9)).unwrap();
    assert_eq!(past.iter().map(|past| past.tombstone).collect::<Vec<_>>(), [true, false]);
}

pub(super) fn where_a_contact_was_is_kept_when_it_is_deleted(repo: Repo<'_>) {
    let (account, book) = account_and_book(repo);
    let second = second_book(repo, account);
    apply(
        repo,
        1,
        &[
            linked(person(1, "Ada"), book, "/b/%40.vcf"),
            relink(1, second, link("/c/1.vcf", b"x")),
            linked(person(2, "Bob"), book, "/b/2.vcf"),
            insert(person(3, "Cy")),
        ],
    );
    let change = [replace(1, "Ada", Editor::User), bury(1), delete(1), delete(3)];
    apply(repo, 2, &change);
    let places = |past: Vec<Past>| past.into_iter().map(|past| past.places).collect::<Vec<_>>();
    let at = |book, href| Place { book, href: Href::new(href) };
    let ada = vec![at(book, "/b/%40.vcf"), at(second, "/c/1.vcf")];
    assert_eq!(
        places(repo.history(Some(id(1)), Page::first(9)).unwrap()),
        [ada.clone(), vec![], vec![]]
    );
    assert_eq!(places(repo.history(Some(id(3)), Page::first(9)).unwrap()), [vec![]]);
    let run = repo.runs(1).unwrap()[0].id;
    assert_eq!(places(repo.changed_in(run, Page::ALL).unwrap()), [vec![], ada, vec![], vec![]]);
    apply(repo, 3, &[delete(2)]);
    let all = Keep { since: Timestamp(3), entries: 99, recent: Timestamp(i64::MAX) };
    assert_eq!(repo.prune(all).unwrap(), 4, "the places go with their entry");
    assert_eq!(places(repo.history(None, Page::first(9)).unwrap()), [[at(book, "/b/2.vcf")]]);
}

pub(super) fn an_undo_sees_tombstones_and_who_is_gone(repo: Repo<'_>) {
    let (_, book) = account_and_book(repo);
    apply(repo, 1, &[linked(person(1, "Ada"), book, "/b/1.vcf"), insert(person(2, "Bob"))]);
    apply(repo, 2, &[replace(2, "Bobby", Editor::User), delete(2), bury(1)]);
    let found = repo.with_tombstones(&[id(1), id(2)]).unwrap();
    assert_eq!((ids(&found), found[0].deleted), (vec![id(1)], true));
    let ada = repo.linked(id(1), book).unwrap().unwrap();
    assert_eq!((&ada.contact, &ada.link.href), (&found[0], &Href::new("/b/1.vcf")));
    assert_eq!(repo.links(&[id(1), id(2)]).unwrap(), [(book, ada)]);
    assert_eq!(repo.linked(id(2), book).unwrap(), None);
    assert_eq!(repo.linked(id(1), BookId(404)).unwrap(), None);
    let expected = [(id(1), "Ada".to_owned()), (id(2), "Bobby".to_owned())];
    assert_eq!(repo.gone().unwrap(), expected);
    apply(repo, 3, &[replace(1, "Ada", Editor::User), insert(person(2, "Bob"))]);
    assert!(repo.gone().unwrap().is_empty());
}

pub(super) fn history_is_forgotten_by_whole_runs(repo: Repo<'_>) {
    let (_, book) = account_and_book(repo);
    let edit = |number, name: &str| replace(number, name, Editor::User);
    apply(repo, 10, &[insert(person(1, "A")), insert(person(2, "B"))]);
    apply(repo, 20, &[edit(1, "A2"), edit(2, "B2")]);
    apply(repo, 30, &[edit(1, "A3")]);
    apply(repo, 40, &[edit(1, "A4"), edit(2, "B4"), edit(2, "B5")]);
    let left = |repo: Repo<'_>| {
        let past: Vec<_> =
            repo.history(None, Page::first(99)).unwrap().iter().map(|past| past.at.0).collect();
        let runs: Vec<_> = repo.runs(99).unwrap().iter().map(|run| run.at.0).collect();
        (past, runs)
    };
    let keep =
        |since, entries| Keep { since: Timestamp(since), entries, recent: Timestamp(i64::MAX) };
    let all = (vec![40, 40, 40, 30, 20, 20], vec![40, 30, 20, 10]);
    for (keep, gone, past, runs) in [
        (keep(20, 99), 0, &all.0[..], &[40, 30, 20, 10][..]),
        (keep(21, 99), 2, &all.0[..4], &[40, 30, 10]),
        (keep(0, 4), 0, &all.0[..4], &[40, 30, 10]),
        (Keep { recent: Timestamp(30), ..keep(0, 3) }, 0, &all.0[..4], &[40, 30, 10]),
        (keep(0, 3), 1, &all.0[..3], &[40, 10]),
        // The latest stays whole, and a run that added somebody keeps its row.
        (keep(99, 1), 0, &all.0[..3], &[40, 10]),
    ] {
        assert_eq!(repo.prune(keep).unwrap(), gone, "{keep:?}");
        assert_eq!(left(repo), (past.to_vec(), runs.to_vec()), "{keep:?}");
    }
    apply(repo, 41, &[insert(person(3, "C")), edit(1, "A5")]);
    apply(repo, 42, &[edit(1, "A6")]);
    repo.prune(keep(42, 99)).unwrap();
    let runs: Vec<_> =
        repo.runs(9).unwrap().into_iter().map(|run| (run.at.0, run.forgotten)).collect();
    assert_eq!(runs, [(42, false), (41, true), (10, true)], "nor what came after run 10");
    let decided =
        |at| Conflict { decided: Some("kept here".into()), at: Timestamp(at), ..conflict(1, book) };
    apply(
        repo,
        50,
        &[
            Change::Conflict(decided(50)),
            Change::Conflict(decided(60)),
            Change::Conflict(conflict(2, book)),
        ],
    );
    repo.prune(keep(55, 99)).unwrap();
    let times: Vec<_> =
        repo.kept_conflicts(Which::All).unwrap().iter().map(|kept| kept.conflict.at.0).collect();
    assert_eq!(times, [7, 60], "one that waits is never forgotten");
}
