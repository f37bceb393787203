//! The text of a contact as a server takes it.

use crate::dav::Capabilities;
use crate::vcard::{Card, Version, content, convert};

/// Which version of vCard is sent.
///
/// 4.0 goes only to a server that names it, or that served this very card as 4.0; 3.0 goes to a server
/// that names 4.0 alone. Whatever else is here is sent as 3.0, which every server takes (Q101).
pub fn version(local: Version, served: Option<Version>, server: &Capabilities) -> Version {
    let names = |version: &str| server.versions.iter().any(|one| one.starts_with(version));
    match local {
        Version::V40 if served == Some(Version::V40) || names("4") => Version::V40,
        _ if names("4") && !names("3") => Version::V40,
        _ => Version::V30,
    }
}

/// The text to send: the card in this version, with the properties that servers demand (Q102: VERSION
/// right after BEGIN, FN, in 3.0 also N; UID where `uid` is given and the card has none), with its
/// texts escaped as the RFCs want it, with CRLF, and without what stands around the card. The card here stays as it is.
pub fn upload(card: &Card, version: Version, uid: Option<&str>) -> Card {
    let mut sent = convert(card, version);
    sent.make_complete(uid);
    sent
}

/// Whether `there` is what a server has of this card once it was sent, with `uid` where it had none. The
/// server may have given it a UID of its own (Q89).
pub fn is_sent(card: &Card, uid: &str, there: &Card) -> bool {
    content(&upload(card, there.version(), Some(uid))) == content(there)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_server_gets_a_version_it_did_not_ask_for() {
        use Version::{V21, V30, V40};
        let server = |versions: &[&str]| Capabilities {
            versions: versions.iter().map(|&version| version.to_owned()).collect(),
            ..Capabilities::default()
        };
        let (both, three, four, silent) =
            (server(&["3.0", "4.0"]), server(&["3.0"]), server(&["4.0"]), server(&[]));
        let cases = [
            (V40, None, &both, V40),
            (V40, None, &three, V30),
            (V40, None, &silent, V30),
            (V40, Some(V40), &silent, V40),
            (V40, Some(V30), &three, V30),
            (V30, None, &both, V30),
            (V30, Some(V30), &four, V40),
            (V21, None, &both, V30),
            (V21, None, &four, V40),
        ];
        for (local, served, server, expected) in cases {
            assert_eq!(version(local, served, server), expected, "{local:?} {served:?} {server:?}");
        }
    }

    #[test]
    fn what_was_sent_is_known_whatever_uid_it_got_there() {
        let card = "BEGIN:VCARD\nVERSION:3.0\nFN:Ada\nNOTE:a\nEND:VCARD\n";
        let there = |uid: &str, note: &str| {
            let lines = format!("{uid}N:;Ada;;;\r\nFN:Ada\r\nNOTE:{note}");
            Card::parse(format!("BEGIN:VCARD\r\nVERSION:3.0\r\n{lines}\r\nEND:VCARD\r\n"))
        };
        let cases = [
            (there("UID:u\r\n", "a"), true),
            (there("UID:theirs\r\n", "a"), true),
            (there("", "a"), true),
            (there("UID:u\r\n", "b"), false),
        ];
        for (there, expected) in cases {
            assert_eq!(is_sent(&Card::parse(card), "u", &there), expected, "{there:?}");
        }
    }

    #[test]
    fn what_servers_demand_is_added_and_nothing_else_changes() {
        let cases = [
            // (card, uid, what is sent)
            (
                "BEGIN:VCARD\nFN:Ada\nVERSION:3.0\nX-A:1\nEND:VCARD\n",
                Some("u"),
                "BEGIN:VCARD|VERSION:3.0|FN:Ada|N:;Ada;;;|UID:u|X-A:1|END:VCARD|",
            ),
            (
                "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:x\r\nFN:Ada\r\nN:L;Ada;;;\r\nEND:VCARD\r\n",
                Some("u"),
                "BEGIN:VCARD|VERSION:3.0|UID:x|FN:Ada|N:L;Ada;;;|END:VCARD|",
            ),
            (
                "text\nBEGIN:VCARD\nVERSION:3.0\nN:;;;;\nFN:\nORG:Acme\nEND:VCARD\nmore\n",
                None,
                "BEGIN:VCARD|VERSION:3.0|N:;;;;|FN:Acme|ORG:Acme|END:VCARD|",
            ),
            (
                "BEGIN:VCARD\nVERSION:3.0\nFN:Ada, Lady\nN:L,M;Ada;;;\nNOTE:a\\, b, c; d\nTEL:1,,2\nCATEGORIES:a,b\nURL:http://a/1,2\nEND:VCARD\n",
                None,
                "BEGIN:VCARD|VERSION:3.0|FN:Ada\\, Lady|N:L,M;Ada;;;|NOTE:a\\, b\\, c\\; d|TEL:1\\,\\,2|CATEGORIES:a,b|URL:http://a/1,2|END:VCARD|",
            ),
            (
                "BEGIN:VCARD\nVERSION:4.0\nFN:Ada\nEND:VCARD\n",
                None,
                "BEGIN:VCARD|VERSION:4.0|FN:Ada|END:VCARD|",
            ),
        ];
        for (card, uid, expected) in cases {
            let card = Card::parse(card);
            let sent = upload(&card, card.version(), uid);
            let text = String::from_utf8_lossy(sent.as_bytes()).replace("\r\n", "|");
            let mut got: Vec<&str> = text.split('|').collect();
            let mut wanted: Vec<&str> = expected.split('|').collect();
            assert_eq!(got.get(..2), wanted.get(..2), "{text}");
            got.sort_unstable();
            wanted.sort_unstable();
            assert_eq!(got, wanted, "{text}");
        }
    }

    #[test]
    fn what_is_sent_is_utf_8_and_says_the_same() {
        let card = b"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:J\xfcrgen\r\n\
            N;CHARSET=ISO-8859-1;X-A=b:M\xfcller;J\xfcrgen\\, jr;;;\r\nNOTE:a\r\n\
            TITLE:M\xc3\xbcller\xc3\r\nPHOTO;ENCODING=b;X-A=\xfc:YQ==\r\nEND:VCARD\r\n";
        let card = Card::parse(card.as_slice());
        let sent = upload(&card, Version::V30, None);
        let text = std::str::from_utf8(sent.as_bytes()).unwrap();
        let lines = [
            "FN:Jürgen\r\n",
            "N;X-A=b:Müller;Jürgen\\, jr;;;\r\n",
            "NOTE:a\r\n",
            "TITLE:MüllerÃ\r\n",
            ":YQ==\r\n",
        ];
        assert!(lines.iter().all(|line| text.contains(line)), "{text}");
        assert!(crate::vcard::same(&card, &sent), "{text}");
    }
}
