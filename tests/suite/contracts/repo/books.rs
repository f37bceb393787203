//! Accounts, books, progress.

use contactcmd_domain::dav::{Access, BookInfo, CTag, Location, Quirks};
use contactcmd_ports::{Account, AccountDraft, BookId, Progress, RepoError};

use super::Repo;
use super::values::{account, account_and_book, draft, info, progress};

pub(super) fn an_account_is_its_server_and_username(repo: Repo<'_>) {
    let first = repo.save_account(&draft("https://a.example/", "ada")).unwrap();
    repo.save_account(&draft("https://a.example/", "bob")).unwrap();
    repo.save_account(&draft("https://b.example/", "ada")).unwrap();
    assert_eq!(repo.account("https://a.example/", "ada").unwrap(), Some(first));
    assert_eq!(repo.account("https://b.example/", "bob").unwrap(), None);
}

pub(super) fn saving_an_account_again_updates_it(repo: Repo<'_>) {
    let first = repo.save_account(&draft("https://a.example/", "ada")).unwrap();
    let home = Location::parse("https://p01.example:8443/c%40rd/").unwrap();
    let changed = AccountDraft { name: "work".into(), home_sets: vec![home], ..first.draft };
    let second = repo.save_account(&changed).unwrap();
    assert_eq!(second, Account { id: first.id, draft: changed });
    assert_eq!(repo.account("https://a.example/", "ada").unwrap(), Some(second));
}

pub(super) fn books_are_one_per_path_and_keep_their_progress(repo: Repo<'_>) {
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

pub(super) fn every_book_is_listed_with_its_account(repo: Repo<'_>) {
    assert_eq!(repo.every_book().unwrap(), []);
    let work = AccountDraft { name: "work".into(), ..draft("https://b.example/", "ada") };
    let work = repo.save_account(&work).unwrap().id;
    let mut books = repo.save_books(work, &[info("https://b.example/w/", "Birds")]).unwrap();
    let found = [info("https://a.example/z/", "Zoo"), info("https://a.example/b/", "Birds")];
    let account = account(repo);
    let first = repo.save_books(account, &found).unwrap();
    let expected: Vec<_> = first
        .into_iter()
        .map(|book| ("default".to_owned(), book))
        .chain(books.drain(..).map(|book| ("work".to_owned(), book)))
        .collect();
    assert_eq!(repo.every_book().unwrap(), expected);
}

pub(super) fn a_new_google_book_starts_with_its_quirks(repo: Repo<'_>) {
    let account = account(repo);
    let found = [info("https://www.googleapis.com/carddav/v1/", "Google")];
    let books = repo.save_books(account, &found).unwrap();
    assert_eq!(books[0].progress.quirks, Quirks::of_location(&found[0].location));
    assert_eq!(books[0].progress.sync_token, None);
}

pub(super) fn progress_is_stored_whole_and_can_be_taken_back(repo: Repo<'_>) {
    let (account, book) = account_and_book(repo);
    for stored in [progress(), Progress::default()] {
        repo.save_progress(book, &stored).unwrap();
        assert_eq!(repo.books(account).unwrap()[0].progress, stored);
    }
    assert!(matches!(repo.save_progress(BookId(404), &progress()), Err(RepoError::Failed { .. })));
}
