//! PUT, DELETE, and what becomes of the card.

use contactcmd_tests::fake::*;

use super::talk::*;

const NEW: (&str, &str) = ("if-none-match", "*");

fn etag(reply: &http::Response<Vec<u8>>) -> Option<&str> {
    reply.headers().get("etag").map(|value| value.to_str().unwrap())
}

#[test]
fn a_careful_client_creates_updates_and_deletes() {
    let fake = FakeDav::new(Knobs::default());
    let path = "/addressbooks/alice/contacts/a.vcf";
    let created = put(&fake, path, NEW, &card("u", "Ada"));
    assert_eq!(created.status(), 201);
    let first = etag(&created).unwrap().to_owned();
    assert_eq!(fake.cards("contacts"), [(path.to_owned(), first.clone(), card("u", "Ada").into())]);
    assert_eq!(put(&fake, path, NEW, &card("u", "Bea")).status(), 412);
    let updated = put(&fake, path, ("if-match", &first), &card("u", "Bea"));
    assert_eq!(updated.status(), 204);
    assert_eq!(put(&fake, path, ("if-match", &first), &card("u", "Cy")).status(), 412);
    assert_eq!(ask(&fake, "DELETE", path, &[("if-match", &first)], "").status(), 412);
    let second = etag(&updated).unwrap();
    let current = ask(&fake, "GET", path, &[("if-none-match", second)], "");
    assert_eq!(current.status(), 304);
    assert_eq!(ask(&fake, "DELETE", path, &[("if-match", second)], "").status(), 204);
    assert_eq!(ask(&fake, "GET", path, &[], "").status(), 404);
    assert_eq!(put(&fake, path, ("if-match", second), &card("u", "D")).status(), 412);
    assert_eq!(fake.sins(), []);
}

/// What was measured of each server (or read in its source), one row each: see the headings.
#[test]
fn preconditions_are_kept_or_not_as_measured() {
    // None-Match on an existing card, stale PUT, stale DELETE, Match on a missing card.
    for (name, expected) in [
        ("radicale", [412, 412, 412, 412]),
        ("xandikos", [412, 412, 412, 412]),
        ("fastmail", [412, 412, 412, 412]),
        ("sogo", [204, 412, 204, 412]),
        ("nextcloud", [412, 412, 412, 412]),
        ("stalwart", [412, 412, 412, 412]),
        ("zimbra", [412, 412, 204, 201]),
        ("google", [412, 201, 204, 201]),
        ("baikal", [412, 412, 412, 412]),
        ("davical", [412, 412, 412, 412]),
        ("calypso", [201, 412, 412, 201]),
    ] {
        let knobs = Knobs { auth: Auth::Basic, ..Knobs::named(name).unwrap() };
        let book = knobs.layout.book;
        let fake = FakeDav::new(knobs);
        fake.put(book, "a.vcf", card("u", "Ada"));
        let path = fake.href(book, "a.vcf");
        let stale = ("if-match", "\"stale\"");
        let statuses = [
            put(&fake, &path, NEW, &card("u", "Bea")),
            put(&fake, &path, stale, &card("u", "Cy")),
            ask(&fake, "DELETE", &path, &[stale], ""),
            put(&fake, &fake.href(book, "missing.vcf"), stale, &card("v", "Dee")),
        ];
        assert_eq!(statuses.map(|reply| reply.status().as_u16()), expected, "{name}");
    }
}

#[test]
fn bad_cards_are_refused_as_measured() {
    let no_uid = "BEGIN:VCARD\r\nVERSION:3.0\r\nN:a;;;;\r\nFN:a\r\nEND:VCARD\r\n";
    let no_fn = "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:x\r\nN:a;;;;\r\nEND:VCARD\r\n";
    let no_n = "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:y\r\nFN:a\r\nEND:VCARD\r\n";
    let two_one = "BEGIN:VCARD\r\nVERSION:2.1\r\nUID:z\r\nN:a\r\nFN:a\r\nEND:VCARD\r\n";
    // no UID, no FN, no N, not a vCard, same UID in another card
    for (name, expected) in [
        ("radicale", [400, 400, 201, 400, 409]),
        ("xandikos", [201, 412, 201, 412, 201]),
        ("fastmail", [403, 403, 403, 403, 403]),
        ("nextcloud", [201, 201, 201, 415, 400]),
        ("owncloud", [201, 201, 201, 415, 201]),
        ("stalwart", [201, 201, 201, 412, 412]),
        ("zimbra", [201, 201, 201, 403, 412]),
        ("icloud", [403, 403, 403, 403, 403]),
        ("google", [201, 400, 400, 400, 201]),
        ("baikal", [201, 201, 201, 415, 201]),
        ("davical", [201, 201, 201, 201, 201]),
        ("calypso", [201, 201, 201, 400, 201]),
    ] {
        let knobs = Knobs { auth: Auth::Basic, ..Knobs::named(name).unwrap() };
        let book = knobs.layout.book;
        let fake = FakeDav::new(knobs);
        fake.put(book, "there.vcf", card("taken", "Ada"));
        let mut next = 0;
        let mut sent = |body: &str| {
            next += 1;
            put(&fake, &fake.href(book, &format!("{next}.vcf")), NEW, body).status().as_u16()
        };
        let statuses =
            [sent(no_uid), sent(no_fn), sent(no_n), sent("hello"), sent(&card("taken", "Bea"))];
        assert_eq!(statuses, expected, "{name}");
        let old_version = sent(two_one);
        let takes_old = matches!(name, "sogo" | "davical" | "calypso");
        assert_eq!(old_version == 201, takes_old, "{name} and 2.1: {old_version}");
    }
}

#[test]
fn the_uid_of_another_card_is_named_where_the_server_names_it() {
    for (uid_conflict, status, href) in [
        (UidConflict::Forbidden, 403, true),
        (UidConflict::PreconditionFailed, 412, true),
        (UidConflict::Conflict, 409, false),
        (UidConflict::BadRequest, 400, false),
    ] {
        let fake = FakeDav::new(Knobs { uid_conflict, ..Knobs::default() });
        fake.put("contacts", "a.vcf", card("u", "Ada"));
        let reply = put(&fake, "/addressbooks/alice/contacts/b.vcf", NEW, &card("u", "Bea"));
        assert_eq!(reply.status(), status);
        let body = text(&reply);
        assert_eq!(body.contains("contacts/a.vcf"), href, "{body}");
        assert_eq!(body.contains("no-uid-conflict"), status != 400, "{body}");
        // The UID of a card cannot be changed either.
        let tag = fake.cards("contacts")[0].1.clone();
        let path = "/addressbooks/alice/contacts/a.vcf";
        assert_eq!(put(&fake, path, ("if-match", &tag), &card("v", "Ada")).status(), status);
    }
}

#[test]
fn a_created_card_gets_another_name_told_or_untold() {
    use NewName::*;
    let tried = "/addressbooks/alice/contacts/mine.vcf";
    for (rename_on_put, told, readable) in [
        (Kept, None, true),
        (Location, Some("/addressbooks/alice/contacts/"), false),
        (AbsoluteLocation, Some("https://dav.example.test/addressbooks/alice/contacts/"), false),
        (Alias, None, true),
        (Silent, None, false),
        (OfUid, None, false),
    ] {
        let knobs = Knobs { rename_on_put, uid_replace: UidOnPut::Replaced, ..Knobs::default() };
        let fake = FakeDav::new(knobs);
        let reply = put(&fake, tried, NEW, &card("mine", "Ada"));
        assert_eq!(reply.status(), 201);
        let location = reply.headers().get("location").map(|value| value.to_str().unwrap());
        let name = &fake.names("contacts")[0];
        assert_eq!(name == "mine.vcf", rename_on_put == Kept);
        assert_eq!(location, told.map(|prefix| format!("{prefix}{name}")).as_deref());
        let got = ask(&fake, "GET", tried, &[], "");
        assert_eq!(got.status() == 200, readable, "{rename_on_put:?}");
        let stored = String::from_utf8(fake.card("contacts", name).unwrap()).unwrap();
        assert!(!stored.contains("UID:mine") && stored.contains("UID:urn:id:"), "{stored}");
        if rename_on_put == Alias {
            let found = text(&multiget(&fake, "contacts", &[tried]));
            assert!(found.contains(&format!("contacts/{name}<")), "{found}");
        }
    }
}

#[test]
fn what_resembles_a_card_is_taken_for_it_and_what_is_empty_breaks_the_server() {
    let knobs =
        Knobs { namesake: Namesake::Merged, empty_value: EmptyValue::Fails, ..Knobs::default() };
    let fake = FakeDav::new(knobs);
    fake.put("contacts", "a.vcf", card("u", "Ada"));
    let tried = "/addressbooks/alice/contacts/b.vcf";
    let more = card("v", "Ada").replace("END:", "TITLE:Countess\r\nEND:");
    assert_eq!(put(&fake, tried, NEW, &more).status(), 201);
    assert_eq!(fake.names("contacts"), ["a.vcf"]);
    let merged = String::from_utf8(fake.card("contacts", "a.vcf").unwrap()).unwrap();
    assert!(merged.contains("UID:u\r\n") && merged.contains("TITLE:Countess"), "{merged}");
    let empty = card("w", "Bea").replace("END:", "X-GENDER:\r\nEND:");
    assert_eq!(put(&fake, tried, NEW, &empty).status(), 500);
}

#[test]
fn etags_come_back_in_the_form_of_the_server() {
    use ETagForm::*;
    for (etag_form, header, listed) in [
        (Hash, "\"", "\""),
        (WeakHeader, "W/\"", "\""),
        (Counter, "\"gcs00000000\"", "\"gcs00000000\""),
        (Timestamp, "\"2019-02-28T00:00:00.001-08:00\"", "\"2019-02-28T00:00:00.001-08:00\""),
        (Constant, "\"1\"", "\"1\""),
    ] {
        let fake = FakeDav::new(Knobs { etag_form, ..Knobs::default() });
        let reply = put(&fake, "/addressbooks/alice/contacts/a", NEW, &card("a", "a"));
        assert!(etag(&reply).unwrap().starts_with(header), "{etag_form:?} {reply:?}");
        assert!(fake.cards("contacts")[0].1.starts_with(listed), "{etag_form:?}");
    }
    let fake = FakeDav::new(Knobs { etag_form: GzipHeader, ..Knobs::default() });
    let path = "/addressbooks/alice/contacts/a";
    let reply = put(&fake, path, NEW, &card("a", "a"));
    let suffixed = etag(&reply).unwrap();
    assert!(suffixed.ends_with("-gzip\""), "{suffixed}");
    assert_eq!(put(&fake, path, ("if-match", suffixed), &card("a", "b")).status(), 412);
    let listed = fake.cards("contacts")[0].1.clone();
    assert_eq!(put(&fake, path, ("if-match", &listed), &card("a", "b")).status(), 204);
}

#[test]
fn a_card_made_anew_has_the_first_ones_etag_on_sogo() {
    let fake = FakeDav::new(Knobs::sogo());
    let first = fake.put("personal", "a", card("a", "one"));
    fake.delete("personal", "a");
    assert_eq!(fake.put("personal", "a", card("a", "two")), first);
    assert_ne!(fake.put("personal", "a", card("a", "three")), first);
}

#[test]
fn the_etag_of_a_put_is_true_absent_or_misleading() {
    use PutETag::*;
    for (put_etag, told, listed) in [
        (UnlessChanged, false, false),
        (Always, true, true),
        (OfSentBytes, true, true),
        (Unlisted, true, false),
        (None, false, false),
    ] {
        let knobs = Knobs { put_etag, rewrite: vec![Rewrite::Sort], ..Knobs::default() };
        let fake = FakeDav::new(knobs);
        let reply = put(&fake, "/addressbooks/alice/contacts/a", NEW, &card("a", "a"));
        assert_eq!(etag(&reply).is_some(), told, "{put_etag:?}");
        let (_, now, stored) = fake.cards("contacts").remove(0);
        assert_eq!(etag(&reply) == Some(now.as_str()), listed, "{put_etag:?}");
        assert_ne!(stored, card("a", "a").into_bytes());
    }
}

#[test]
fn sabre_repairs_says_so_and_gives_no_etag() {
    let fake = FakeDav::new(Knobs::nextcloud());
    let path = fake.href("contacts", "a.vcf");
    let reply = put(&fake, &path, NEW, "BEGIN:VCARD\r\nVERSION:3.0\r\nN:B;A;;;\r\nEND:VCARD\r\n");
    assert_eq!(reply.status(), 201);
    assert_eq!(etag(&reply), None);
    assert!(reply.headers().contains_key("x-sabre-ew-gross"));
    let stored = String::from_utf8(fake.card("contacts", "a.vcf").unwrap()).unwrap();
    assert!(stored.contains("FN:A B\r\n") && stored.contains("UID:urn:id:"), "{stored}");
}

#[test]
fn writes_to_a_read_only_book_are_refused_in_three_ways() {
    for (readonly_put, status) in [
        (ReadOnlyPut::Forbidden, 403),
        (ReadOnlyPut::NotFound, 404),
        (ReadOnlyPut::NotAllowed, 405),
    ] {
        let fake = FakeDav::new(Knobs { readonly_put, ..Knobs::default() });
        let options = BookOptions { access: Access::ReadOnly, ..BookOptions::default() };
        fake.add_book("shared", options);
        let tag = fake.put("shared", "a.vcf", card("u", "Ada"));
        let path = fake.href("shared", "a.vcf");
        let matching = ("if-match", tag.as_str());
        assert_eq!(put(&fake, &path, matching, &card("u", "Bea")).status(), status);
        assert_eq!(ask(&fake, "DELETE", &path, &[matching], "").status(), status);
        assert_eq!(fake.card("shared", "a.vcf"), Some(card("u", "Ada").into()));
        let reply =
            propfind(&fake, &fake.href("shared", ""), "0", "<D:current-user-privilege-set/>");
        let told = text(&reply);
        assert!(told.contains("<D:read/>") && !told.contains("write"), "{told}");
    }
}

#[test]
fn too_large_cards_are_refused_with_the_status_of_the_server() {
    for (status, shape) in [(403, "max-resource-size"), (412, "max-resource-size"), (413, "html")] {
        let max_size = Some(MaxSize { bytes: 90, status });
        let fake = FakeDav::new(Knobs { max_size, ..Knobs::default() });
        let path = "/addressbooks/alice/contacts/a";
        let reply = put(&fake, path, NEW, &card("a", &"long".repeat(20)));
        assert_eq!(reply.status(), status);
        assert!(text(&reply).contains(shape), "{}", text(&reply));
        assert_eq!(put(&fake, path, NEW, &card("a", "a")).status(), 201);
    }
}

#[test]
fn deleting_has_its_own_replies() {
    for (delete_reply, status, inside, left) in [
        (DeleteReply::Ok, 200, "", 0),
        (DeleteReply::MultiStatus, 207, "200 OK", 0),
        (DeleteReply::RefusedInside, 207, "423 Locked", 1),
    ] {
        let fake = FakeDav::new(Knobs { delete_reply, ..Knobs::default() });
        let tag = fake.put("contacts", "a", card("a", "a"));
        let path = fake.href("contacts", "a");
        let reply = ask(&fake, "DELETE", &path, &[("if-match", &tag)], "");
        assert_eq!(reply.status(), status);
        assert!(text(&reply).contains(inside));
        assert_eq!(fake.names("contacts").len(), left, "{delete_reply:?}");
    }
    for (delete_missing, status) in [
        (DeleteMissing::Precondition, 412),
        (DeleteMissing::Gone, 410),
        (DeleteMissing::NoContent, 204),
    ] {
        let fake = FakeDav::new(Knobs { delete_missing, ..Knobs::default() });
        let path = fake.href("contacts", "a");
        assert_eq!(ask(&fake, "DELETE", &path, &[("if-match", "\"x\"")], "").status(), status);
    }
}

#[test]
fn a_fresh_write_is_seen_late_where_reads_lag() {
    let fake = FakeDav::new(Knobs { read_lag: 2, ..Knobs::default() });
    let path = "/addressbooks/alice/contacts/a";
    put(&fake, path, NEW, &card("a", "a"));
    let statuses: Vec<u16> =
        (0..3).map(|_| ask(&fake, "GET", path, &[], "").status().as_u16()).collect();
    assert_eq!(statuses, [404, 404, 200]);
}
