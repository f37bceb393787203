//! What people read.

use contactcmd_domain::contact::{ContactId, Labelled, Person};
use contactcmd_domain::dav::ETag;
use contactcmd_domain::sync::snapshot::Link;
use contactcmd_ports::{Brief, Change, Editor, ListPage, ListQuery, Sort, Summary, Why};

use super::Repo;
use super::values::{
    account_and_book, apply, id, ids, insert, link, linked, named, person, relink, replace,
    second_book, total,
};

pub(super) fn lists_are_sorted_paged_and_counted(repo: Repo<'_>) {
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

pub(super) fn every_kind_of_list_gives_the_same_contacts(repo: Repo<'_>) {
    let mut ada = person(1, "Ada");
    let phone = |value: &str, preferred| Labelled { label: None, value: value.into(), preferred };
    ada.index.person.phones = vec![phone("1", false), phone("2\n3", true)];
    ada.index.person.organisation = vec!["Engines \"&\" Sons".into(), "Research".into()];
    let mut nobody = person(2, "(no name)");
    nobody.index.person.emails.clear();
    nobody.index.uid = None;
    apply(repo, 7, &[insert(ada), insert(nobody), insert(person(3, "Bob"))]);
    for query in [
        ListQuery::default(),
        ListQuery { offset: 1, limit: Some(1), ..ListQuery::default() },
        ListQuery { words: vec!["a".into()], ..ListQuery::default() },
        ListQuery { sort: Sort::Created, named: Some("bob".into()), ..ListQuery::default() },
    ] {
        let whole = repo.list(&query).unwrap();
        let brief = whole.contacts.iter().map(|contact| {
            let Person { name, organisation, phones, emails, .. } = &contact.person;
            Brief {
                id: contact.id,
                name: name.clone(),
                organisation: organisation.first().cloned(),
                phone: Labelled::first(phones).map(str::to_owned),
                email: Labelled::first(emails).map(str::to_owned),
            }
        });
        let brief = ListPage { contacts: brief.collect(), total: whole.total };
        assert_eq!(repo.list_brief(&query).unwrap(), brief, "{query:?}");
        let ListPage { contacts, total } = repo.list_json(&query).unwrap();
        let read = contacts.into_iter().map(|contact| Summary {
            id: contact.id,
            uid: contact.uid,
            person: serde_json::from_str(&contact.person).unwrap(),
            created: contact.created,
            updated: contact.updated,
        });
        assert_eq!(ListPage { contacts: read.collect(), total }, whole, "{query:?}");
    }
}

pub(super) fn the_newest_and_the_last_changed_come_first(repo: Repo<'_>) {
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

pub(super) fn every_word_must_occur_literally(repo: Repo<'_>) {
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

pub(super) fn a_contact_is_named_by_its_name_or_a_nickname(repo: Repo<'_>) {
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

pub(super) fn ids_are_found_by_their_first_digits(repo: Repo<'_>) {
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

pub(super) fn contacts_come_in_the_order_asked(repo: Repo<'_>) {
    let people: Vec<Change> = (1..=3).map(|n| insert(person(n, &format!("P{n}")))).collect();
    apply(repo, 1, &people);
    let found = repo.contacts(&[id(3), id(404), id(1)]).unwrap();
    assert_eq!(ids(&found), [id(3), id(1)]);
}

pub(super) fn exports_walk_all_cards_in_pages(repo: Repo<'_>) {
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

pub(super) fn external_ids_name_account_and_book(repo: Repo<'_>) {
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

pub(super) fn external_ids_are_found_for_one_contact_as_for_all(repo: Repo<'_>) {
    let (_, book) = account_and_book(repo);
    let all: Vec<ContactId> = (1..=40).map(id).collect();
    let people = (1..=40).map(|n| linked(person(n, "Ada"), book, &format!("/b/{n}.vcf")));
    apply(repo, 1, &people.collect::<Vec<_>>());
    apply(repo, 2, &[Change::Bury { contact: id(7), why: Why("test".into()) }]);
    let found = repo.external_ids(&all).unwrap();
    assert_eq!(found.len(), 39);
    for contact in all {
        let expected: Vec<_> = found.iter().filter(|(of, _)| *of == contact).cloned().collect();
        assert_eq!(repo.external_ids(&[contact]).unwrap(), expected, "{contact}");
    }
}
