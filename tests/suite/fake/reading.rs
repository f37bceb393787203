//! Discovery, listing, syncing, fetching.

use contactcmd_tests::fake::*;

use super::talk::*;

#[test]
fn every_profile_leads_from_its_root_to_its_book_and_syncs_it() {
    for (name, knobs) in Knobs::profiles() {
        let layout = knobs.layout.clone();
        let fake = FakeDav::new(Knobs { auth: Auth::Basic, ..knobs });
        let reply = text(&propfind(&fake, layout.root, "0", "<D:current-user-principal/>"));
        let principal = format!(">{}<", path_in(&fake, layout.principal));
        assert!(reply.contains(&principal), "{name}: {reply}");
        let reply = text(&propfind(&fake, layout.principal, "0", "<C:addressbook-home-set/>"));
        let home_set = reply.split("addressbook-home-set").nth(1).unwrap_or_default();
        let is_told = home_set.contains(&path_in(&fake, layout.home));
        assert_eq!(is_told, name != "calypso", "{name}: {reply}");
        let props = "<D:resourcetype/><D:displayname/><D:supported-report-set/>";
        let reply = text(&propfind(&fake, layout.home, "1", props));
        let books = counts(&reply, [":addressbook/>", "<addressbook xmlns"]);
        let generated = if name.starts_with("nextcloud") { 2 } else { 0 };
        assert_eq!(books.iter().sum::<usize>(), 1 + generated, "{name}: {reply}");
        assert!(reply.contains(layout.book_name), "{name}: {reply}");
        fake.put(layout.book, "a b.vcf", card("u", "Ada"));
        let listing = text(&propfind(&fake, &fake.href(layout.book, ""), "1", "<D:getetag/>"));
        assert!(listing.contains(&fake.href(layout.book, "a b.vcf")), "{name}: {listing}");
        assert_well_formed(&listing, name);
        let report = text(&sync(&fake, layout.book, ""));
        if matches!(name, "google" | "zimbra") {
            assert!(!report.contains("a%20b.vcf"), "{name}: {report}");
        } else {
            assert!(report.contains("a%20b.vcf"), "{name}: {report}");
            assert_well_formed(&report, name);
        }
        let href = fake.href(layout.book, "a b.vcf");
        let reply = text(&multiget(&fake, layout.book, &[&href]));
        assert!(reply.contains("FN:Ada"), "{name}: {reply}");
        assert_well_formed(&reply, name);
        assert_eq!(fake.sins(), [], "{name}");
    }
}

#[test]
fn photos_are_on_another_host_for_those_who_are_logged_in() {
    let fake = FakeDav::new(Knobs::icloud());
    let photo = "https://p31-contacts.icloud.com:443/12345678/wbs/01ab";
    assert_eq!(ask(&fake, "GET", photo, &[], "").headers()["content-type"], "image/jpeg");
    assert_eq!(ask(&fake, "GET", photo, &[("authorization", "")], "").status(), 401);
}

#[test]
fn cookies_and_ctags_are_as_the_knobs_say() {
    for (ctag, told) in [(CTag::Told, true), (CTag::Constant, true), (CTag::Missing, false)] {
        let fake = FakeDav::new(Knobs { ctag, cookies: Cookies::Session, ..Knobs::default() });
        let ctag_of = || {
            let reply = propfind(&fake, "/addressbooks/alice/contacts/", "0", "<CS:getctag/>");
            assert!(reply.headers()["set-cookie"].to_str().unwrap().starts_with("session="));
            text(&reply)
        };
        let before = ctag_of();
        assert_eq!(before.contains("200 OK"), told, "{before}");
        fake.put("contacts", "a.vcf", card("u", "Ada"));
        assert_eq!(before == ctag_of(), ctag != CTag::Told, "{ctag:?}");
    }
}

fn path_in(fake: &FakeDav, path: &str) -> String {
    // The spelling of `@` is the profile's own; hrefs of cards show it.
    let escaped = fake.href("x", "").contains("%40");
    if escaped { path.replace('@', "%40") } else { path.to_owned() }
}

#[test]
fn well_known_answers_as_each_server_was_seen_to() {
    use WellKnown::{AuthOnly, BadGateway, Html, NotFound, Redirect, Unauthorized};
    let cases = [
        (Redirect(301, Target::Relative), 301, Some("/dav/")),
        (Redirect(308, Target::WithoutSlash), 308, Some("/dav")),
        (Redirect(302, Target::Absolute), 302, Some("https://dav.example.test/dav/")),
        (Redirect(301, Target::WithPort), 301, Some("https://dav.example.test:443/dav/")),
        (Redirect(301, Target::PlainHttp), 301, Some("http://dav.example.test/dav/")),
        (AuthOnly(Target::Book), 301, Some("/addressbooks/alice/contacts/")),
        (NotFound, 404, None),
        (Html, 200, None),
        (Unauthorized, 401, None),
        (BadGateway, 502, None),
    ];
    for (well_known, status, location) in cases {
        let layout = Layout { root: "/dav/", ..Layout::default() };
        let fake = FakeDav::new(Knobs { well_known, layout, ..Knobs::default() });
        let reply = propfind(&fake, "/.well-known/carddav", "0", "<D:resourcetype/>");
        assert_eq!(reply.status(), status, "{well_known:?}");
        let told = reply.headers().get("location").map(|value| value.to_str().unwrap());
        assert_eq!(told, location, "{well_known:?}");
    }
    let fake = FakeDav::new(Knobs::google());
    assert_eq!(ask(&fake, "GET", "/.well-known/carddav", &[], "").status(), 404);
}

#[test]
fn the_home_moves_to_another_host_at_every_asking() {
    let fake = FakeDav::new(Knobs::icloud());
    let home = |fake: &FakeDav| {
        let reply = propfind(fake, "/12345678/principal/", "0", "<C:addressbook-home-set/>");
        text(&reply)
    };
    let (first, second) = (home(&fake), home(&fake));
    assert!(first.contains("https://p08-dav.example.test:443/12345678/carddavhome/"), "{first}");
    assert!(second.contains("https://p09-dav.example.test:443/12345678/carddavhome/"), "{second}");
}

#[test]
fn what_a_resource_does_not_have_is_404_and_the_rest_is_200() {
    let fake = FakeDav::new(Knobs::default());
    fake.put("contacts", "a.vcf", card("u", "Ada"));
    let props = "<D:getetag/><D:nonsense/><x:other xmlns:x=\"urn:x&amp;y\"/><D:sync-token/>";
    let reply = text(&propfind(&fake, "/addressbooks/alice/contacts/a.vcf", "0", props));
    let (found, missing) = reply.split_once("200 OK").unwrap();
    assert!(found.contains("<D:getetag>&quot;"), "{reply}");
    for name in ["<D:nonsense/>", "<x:other xmlns:x=\"urn:x&amp;y\"/>", "<D:sync-token/>"] {
        assert!(missing.contains(name) && !found.contains(name), "{name} {reply}");
    }
    assert!(missing.contains("HTTP/1.1 404 Not Found"), "{reply}");
    let reply = propfind(&fake, "/addressbooks/alice/contacts/", "infinity", "<D:getetag/>");
    assert_eq!(reply.status(), 403);
    assert!(text(&reply).contains("<D:propfind-finite-depth/>"));
}

#[test]
fn a_sync_report_tells_what_changed_since_its_token_and_nothing_else() {
    let fake = FakeDav::new(Knobs::default());
    for name in ["a", "b", "c"] {
        fake.put("contacts", name, card(name, name));
    }
    let first = sync(&fake, "contacts", "");
    assert_eq!(counts(&text(&first), ["<D:href>", "getetag>&quot;", "404"]), [3, 3, 0]);
    let quiet = sync(&fake, "contacts", &token(&first));
    assert_eq!(counts(&text(&quiet), ["<D:href>"]), [0]);
    assert_eq!(token(&quiet), token(&first));
    fake.put("contacts", "b", card("b", "other"));
    fake.delete("contacts", "c");
    fake.put("contacts", "d", card("d", "d"));
    fake.delete("contacts", "d");
    let report = text(&sync(&fake, "contacts", &token(&first)));
    assert_eq!(counts(&report, ["contacts/b<", "contacts/c<", "contacts/d<"]), [1, 1, 1]);
    // Came and went between the tokens: 404, as on Cyrus, sabre, SOGo and RustiCal.
    assert_eq!(counts(&report, ["HTTP/1.1 404 Not Found", "<D:href>"]), [2, 3], "{report}");
}

#[test]
fn a_wrong_token_gets_what_that_kind_of_server_gives() {
    use BadToken::*;
    for (bad_token, status, shape) in [
        (Forbidden, 403, "<D:valid-sync-token/>"),
        (BareForbidden, 403, ""),
        (PreconditionFailed, 412, "<D:valid-sync-token/>"),
        (BadRequest, 400, "INVALID_ARGUMENT"),
        (Status(410), 410, "Sync failed"),
        (Status(500), 500, "Sync failed"),
        (AcceptSilently, 207, "<D:sync-token>http://sabre.io/ns/sync/3<"),
        (FullListSilently, 207, "contacts/a<"),
        (FullListWithDeletions, 207, "HTTP/1.1 404"),
    ] {
        let fake = FakeDav::new(Knobs { bad_token, ..Knobs::default() });
        fake.put("contacts", "a", card("a", "a"));
        fake.put("contacts", "b", card("b", "b"));
        fake.delete("contacts", "b");
        let reply = sync(&fake, "contacts", "no-such-token");
        assert_eq!(reply.status(), status, "{bad_token:?}");
        assert!(text(&reply).contains(shape), "{bad_token:?} {}", text(&reply));
        let told = text(&reply).matches("<D:href>").count();
        let entries = match bad_token {
            FullListSilently => 1,
            FullListWithDeletions => 2,
            _ => 0,
        };
        assert_eq!(told, entries, "{bad_token:?}");
    }
}

#[test]
fn a_restored_or_pruned_server_is_honest_or_silent_as_its_knobs_say() {
    for (silent, statuses) in [(false, [403, 403]), (true, [207, 207])] {
        let fake = FakeDav::new(Knobs::default());
        if silent {
            fake.set(|k| {
                k.future_token = FutureToken::Nothing;
                k.pruned_token = PrunedToken::Forgets;
            });
        }
        fake.put("contacts", "a", card("a", "a"));
        let backup = fake.backup();
        let old = token(&sync(&fake, "contacts", ""));
        fake.put("contacts", "b", card("b", "b"));
        let newer = token(&sync(&fake, "contacts", ""));
        fake.restore(&backup);
        assert_eq!(fake.names("contacts"), ["a"]);
        let from_the_future = sync(&fake, "contacts", &newer);
        fake.delete("contacts", "a");
        fake.prune("contacts");
        let forgotten = sync(&fake, "contacts", &old);
        assert_eq!([from_the_future.status(), forgotten.status()], statuses);
        assert!(!text(&forgotten).contains("contacts/a<"), "the deletion was pruned away");
    }
}

/// Follows the pages of a sync from `token`; the hrefs of all of them, and how many pages.
fn pages(fake: &FakeDav, book: &str, mut from: String) -> (usize, usize) {
    let (mut cards, mut pages) = (0, 0);
    loop {
        let reply = sync(fake, book, &from);
        let page = text(&reply);
        pages += 1;
        cards += page.matches(".vcf<").count();
        from = token(&reply);
        if !page.contains("507 Insufficient Storage") || pages == 9 {
            return (cards, pages);
        }
    }
}

#[test]
fn pages_lead_to_every_card_but_where_the_token_means_now() {
    use PageToken::{Next, NowOnFirst, Same};
    for (page_token, expected) in [(Next, (7, 4)), (NowOnFirst, (2, 2)), (Same, (18, 9))] {
        let knobs = Knobs { page_size: Some(2), page_token, ..Knobs::default() };
        let fake = FakeDav::new(knobs);
        for i in 0..7 {
            fake.put("contacts", &format!("{i}.vcf"), card(&i.to_string(), "x"));
        }
        assert_eq!(pages(&fake, "contacts", String::new()), expected, "{page_token:?}");
    }
    let fake = FakeDav::new(Knobs { page_size: Some(2), ..Knobs::default() });
    let start = token(&sync(&fake, "contacts", ""));
    for i in 0..5 {
        fake.put("contacts", &format!("{i}.vcf"), card(&i.to_string(), "x"));
    }
    assert_eq!(pages(&fake, "contacts", start), (5, 3), "increments go on in any case");
}

#[test]
fn stalwart_cuts_everything_and_its_next_page_is_empty() {
    let knobs = Knobs {
        page_size: Some(3),
        listing_limit: Some(3),
        multiget_limit: Some(3),
        ..Knobs::stalwart()
    };
    let fake = FakeDav::new(knobs);
    for i in 0..5 {
        fake.put("default", &format!("{i}.vcf"), card(&i.to_string(), "x"));
    }
    let first = sync(&fake, "default", "");
    // The book itself counts towards the limit.
    assert_eq!(
        counts(&text(&first), [".vcf<", "default/<", "507 Insufficient Storage"]),
        [2, 2, 1],
        "{}",
        text(&first)
    );
    assert!(text(&first).contains("<D:error><D:number-of-matches-within-limits/></D:error>"));
    let next = sync(&fake, "default", &token(&first));
    assert_eq!(counts(&text(&next), ["<D:href>"]), [0]);
    let listing = text(&propfind(&fake, "/dav/card/alice/default/", "1", "<D:getetag/>"));
    assert_eq!(counts(&listing, [".vcf<", "507 Insufficient Storage"]), [3, 1]);
    let hrefs: Vec<String> = (0..5).map(|i| fake.href("default", &format!("{i}.vcf"))).collect();
    let hrefs: Vec<&str> = hrefs.iter().map(String::as_str).collect();
    assert_eq!(
        counts(&text(&multiget(&fake, "default", &hrefs)), ["FN:x", "507 Insufficient Storage"]),
        [3, 1]
    );
}

#[test]
fn google_wants_a_token_and_depth_one() {
    let fake = FakeDav::new(Knobs { auth: Auth::Basic, ..Knobs::google() });
    let refused = sync(&fake, "default", "");
    assert_eq!(refused.status(), 400);
    let start = text(&propfind(&fake, &fake.href("default", ""), "0", "<D:sync-token/>"));
    let start = element(&start, "sync-token").unwrap();
    fake.put("default", "a", card("a", "a"));
    let silent = text(&sync(&fake, "default", &start));
    assert_eq!(counts(&silent, ["<d:href>"]), [0], "{silent}");
    let body = format!(
        "<D:sync-collection xmlns:D=\"DAV:\"><D:sync-token>{}</D:sync-token><D:sync-level>1\
         </D:sync-level><D:prop><D:getetag/></D:prop></D:sync-collection>",
        start.replace('&', "&amp;")
    );
    let reply = ask(&fake, "REPORT", &fake.href("default", ""), &[("depth", "1")], &body);
    // The card, and two that never were.
    assert_eq!(counts(&text(&reply), ["<d:href>", "HTTP/1.1 404"]), [3, 2], "{}", text(&reply));
    assert!(text(&reply).contains("<d:propstat><d:status>"), "status comes first");
}

#[test]
fn deletions_are_told_in_the_style_of_the_server() {
    use TombstoneStyle::*;
    for (tombstone_style, teapots, gone) in
        [(Status, 0, 1), (Teapot, 1, 1), (BesidePropstat, 0, 1), (Untold, 0, 0)]
    {
        let fake = FakeDav::new(Knobs { tombstone_style, ..Knobs::default() });
        fake.put("contacts", "a", card("a", "a"));
        let start = token(&sync(&fake, "contacts", ""));
        fake.delete("contacts", "a");
        let report = text(&sync(&fake, "contacts", &start));
        assert_eq!(counts(&report, ["HTTP/1.1 418", "HTTP/1.1 404"]), [teapots, gone]);
    }
}

#[test]
fn the_book_is_named_in_reports_as_icloud_does_it() {
    let fake = FakeDav::new(Knobs::icloud());
    fake.put("card", "a.vcf", card("a", "a"));
    let report = text(&sync(&fake, "card", ""));
    assert!(report.contains(">/12345678/carddavhome/card/a.vcf<"), "{report}");
    let start = token(&sync(&fake, "card", ""));
    let quiet = text(&sync(&fake, "card", &start));
    assert!(quiet.contains(">/12345678/carddavhome/card<"), "{quiet}");
}

#[test]
fn a_multiget_of_a_card_that_is_not_there_is_answered_in_four_ways() {
    use MultigetMissing::*;
    for (multiget_missing, status, shape) in [
        (Entry404, 207, "no%26pe.vcf</D:href><D:status>HTTP/1.1 404 Not Found"),
        (Omitted, 207, "></D:multistatus>"),
        (Decoded404, 207, "no&pe.vcf</D:href>"),
        (WholeReport404, 404, "Card not found"),
    ] {
        let fake = FakeDav::new(Knobs { multiget_missing, ..Knobs::default() });
        let reply = multiget(&fake, "contacts", &["/addressbooks/alice/contacts/no%26pe.vcf"]);
        assert_eq!(reply.status(), status, "{multiget_missing:?}");
        assert!(text(&reply).contains(shape), "{multiget_missing:?} {}", text(&reply));
    }
}

#[test]
fn card_text_stands_in_the_xml_as_the_style_says() {
    let odd = b"BEGIN:VCARD\r\nNOTE:a<b&c ]]> \x01\xff\r\nEND:VCARD\r\n";
    for (address_data, shape) in [
        (AddressData::Escaped, "a&lt;b&amp;c ]]&gt; \u{fffd}\r\nEND".as_bytes()),
        (AddressData::EscapedCr, "\u{fffd}&#13;\nEND".as_bytes()),
        (AddressData::Cdata, "<![CDATA[BEGIN:VCARD\r\nNOTE:a<b&c ]]]]><![CDATA[> ".as_bytes()),
        (AddressData::Raw, b"a&lt;b&amp;c ]]&gt; \x01\xff\r\n"),
        (AddressData::Bom, "\u{feff}\nBEGIN".as_bytes()),
        (AddressData::Empty, b"<C:address-data></C:address-data>"),
    ] {
        let xml = XmlStyle { address_data, ..XmlStyle::default() };
        let fake = FakeDav::new(Knobs { xml, ..Knobs::default() });
        fake.put("contacts", "a", odd);
        let reply = multiget(&fake, "contacts", &["/addressbooks/alice/contacts/a"]);
        let found = reply.body().windows(shape.len()).any(|window| window == shape);
        assert!(found, "{address_data:?} {}", text(&reply));
        let got = ask(&fake, "GET", "/addressbooks/alice/contacts/a", &[], "");
        assert_eq!(got.body(), odd, "GET gives the bytes themselves");
    }
}

#[test]
fn a_mixed_home_and_a_mixed_book_list_what_is_no_contact() {
    let knobs = Knobs {
        home_extras: HomeExtras::Calendars,
        foreign_members: ForeignMembers::Some,
        duplicates: Duplicates::Twice,
        ..Knobs::default()
    };
    let fake = FakeDav::new(knobs);
    fake.add_book(
        "wörk",
        BookOptions { display: Some("Wörk & <Co>".into()), ..BookOptions::default() },
    );
    fake.put("contacts", "a.vcf", card("u", "Ada"));
    let home = propfind(&fake, "/addressbooks/alice/", "1", "<D:resourcetype/><D:displayname/>");
    let home = text(&home);
    assert_eq!(counts(&home, ["<C:addressbook/>", "<cal:calendar/>", "<D:response>"]), [2, 1, 5]);
    assert!(home.contains("/w%C3%B6rk/<") && home.contains("Wörk &amp; &lt;Co&gt;<"), "{home}");
    let props = "<D:getetag/><D:getcontenttype/>";
    let listing = text(&propfind(&fake, &fake.href("contacts", ""), "1", props));
    let expected = ["a.vcf<", "sub/<", "meeting.ics<", "text/calendar", "text/x-vlist"];
    assert_eq!(counts(&listing, expected), [2, 1, 1, 1, 1]);
}

#[test]
fn names_are_spelled_as_the_server_spells_them_and_found_in_any_spelling() {
    use HrefEscapes::*;
    for (href_escapes, spelled) in [
        (Rfc3986, "a@b+c&%C3%A9%20%2F.vcf"),
        (All, "a%40b%2Bc%26%C3%A9%20%2F.vcf"),
        (LowerHex, "a@b%2bc%26%c3%a9%20%2f.vcf"),
        (Twice, "a%2540b%252Bc%2526%25C3%25A9%2520%252F.vcf"),
    ] {
        let fake = FakeDav::new(Knobs { href_escapes, ..Knobs::default() });
        fake.put("contacts", "a@b+c&é /.vcf", card("u", "Ada"));
        let href = fake.href("contacts", "a@b+c&é /.vcf");
        assert!(href.ends_with(&format!("/{spelled}")), "{href}");
        let escaped = href.replace('&', "&amp;");
        let listing = text(&propfind(&fake, &fake.href("contacts", ""), "1", "<D:getetag/>"));
        assert!(listing.contains(&format!(">{escaped}<")), "{listing}");
        assert_eq!(ask(&fake, "GET", &href, &[], "").status(), 200, "{href}");
        assert!(text(&multiget(&fake, "contacts", &[&escaped])).contains("FN:Ada"), "{href}");
    }
}

#[test]
fn moods_override_everything() {
    for (mood, propfinds, shape) in [
        (Mood::Status(503, Some(120)), 503, "Out of order"),
        (Mood::HtmlPage, 200, "<!DOCTYPE html>"),
        (Mood::RedirectToLogin, 302, ""),
        (Mood::EmptyMultistatus, 207, "></D:multistatus>"),
        (Mood::EmptyBody, 207, ""),
        (Mood::BookGone, 404, "Not found"),
        (Mood::BookEmptied, 207, "contacts/<"),
    ] {
        let fake = FakeDav::new(Knobs::default());
        fake.put("contacts", "a.vcf", card("u", "Ada"));
        fake.set(|k| k.mood = mood);
        let reply = propfind(&fake, "/addressbooks/alice/contacts/", "1", "<D:getetag/>");
        assert_eq!(reply.status(), propfinds, "{mood:?}");
        assert!(text(&reply).contains(shape), "{mood:?} {}", text(&reply));
        assert!(!text(&reply).contains("a.vcf"), "{mood:?}");
        fake.set(|k| k.mood = Mood::Well);
        let reply = propfind(&fake, "/addressbooks/alice/contacts/", "1", "<D:getetag/>");
        assert!(text(&reply).contains("a.vcf"), "{mood:?}");
    }
}

#[test]
fn logins_are_judged_by_the_scheme_of_the_server() {
    let digest = "Digest username=\"alice\", realm=\"contacts\", uri=\"/\", qop=auth, \
        nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c0\", nc=00000001, cnonce=\"0a4f113b\", \
        response=\"f7be6eeab786473d42e6aa8a66a800f2\"";
    let forged = digest.replace("0a4f113b", "0a4f113c");
    for (auth, header, status) in [
        (Auth::Basic, basic(), 207),
        (Auth::Basic, "Basic bm9ib2R5Og==".to_owned(), 401),
        (Auth::Basic, String::new(), 401),
        (Auth::LowerCaseBasic, basic(), 207),
        (Auth::BasicOrBearer, "Bearer secret".to_owned(), 207),
        (Auth::UnadvertisedBearer, "Bearer secret".to_owned(), 207),
        (Auth::UnadvertisedBearer, basic(), 401),
        (Auth::Digest, basic(), 401),
        (Auth::Digest, digest.to_owned(), 207),
        (Auth::Digest, forged, 401),
        (Auth::None, String::new(), 207),
    ] {
        let fake = FakeDav::new(Knobs { auth, ..Knobs::default() });
        let headers = [("authorization", header.as_str()), ("depth", "0")];
        let reply = ask(&fake, "PROPFIND", "/", &headers, "");
        assert_eq!(reply.status(), status, "{auth:?} {header}");
        assert_eq!(reply.headers().contains_key("www-authenticate"), status == 401);
    }
}

#[test]
fn too_many_wrong_passwords_lock_the_account() {
    let fake = FakeDav::new(Knobs { lockout: Some(2), ..Knobs::default() });
    let wrong = [("authorization", "Basic eDp5"), ("depth", "0")];
    let statuses: Vec<u16> =
        (0..3).map(|_| ask(&fake, "PROPFIND", "/", &wrong, "").status().as_u16()).collect();
    assert_eq!(statuses, [401, 401, 429]);
    assert_eq!(ask(&fake, "PROPFIND", "/", &[("depth", "0")], "").status(), 429);
    fake.set_password("other");
    assert_eq!(ask(&fake, "PROPFIND", "/", &[("depth", "0")], "").status(), 401);
}
