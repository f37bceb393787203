use super::{Sandbox, card, real_cards};

fn count(sandbox: &Sandbox) -> usize {
    sandbox.json(&["list", "--json"]).as_array().unwrap().len()
}

fn import(sandbox: &Sandbox, file: &str, options: &[&str]) -> (i32, String) {
    let run = sandbox.run_with(&[&["import", "vcard", "-"], options].concat(), file.as_bytes());
    (run.exit, run.stdout)
}

#[test]
fn importing_twice_makes_no_duplicates_with_and_without_a_uid() {
    let sandbox = Sandbox::new();
    let file =
        [card("1", "Ada", ""), card("", "Grace", "TEL:1\r\n"), card("", "Grace", "TEL:2\r\n")]
            .concat();
    assert_eq!(import(&sandbox, &file, &[]), (0, "+ Ada\n+ Grace\n+ Grace\n".to_owned()));
    assert_eq!(import(&sandbox, &file, &["--update"]), (0, String::new()));
    let refolded =
        file.replace("\r\n", "\n").replace("UID:1", "REV:2020-01-01T00:00:00Z\nUID:urn:uuid:1");
    assert_eq!(import(&sandbox, &refolded, &[]), (0, String::new()));
    assert_eq!(count(&sandbox), 3);
}

#[test]
fn a_card_that_got_a_uid_from_a_server_is_the_same_contact() {
    let sandbox = Sandbox::with_cards(&[&card("given-by-a-server", "Grace", "TEL:1\r\n")]);
    assert_eq!(import(&sandbox, &card("", "Grace", "TEL:1\r\n"), &[]), (0, String::new()));
    let other = card("", "Grace", "TEL:2\r\n");
    assert_eq!(import(&sandbox, &other, &[]), (0, "+ Grace\n".to_owned()));
}

#[test]
fn other_content_is_left_out_unless_an_update_is_asked_for() {
    let old = card("urn:uuid:1", "Ada", "TEL;TYPE=WORK:1\r\nX-KEPT:only here\r\n");
    let new = card("1", "Ada", "TEL;TYPE=WORK:2\r\n");
    let sandbox = Sandbox::with_cards(&[&old]);
    let (exit, stdout) = import(&sandbox, &new, &[]);
    assert_eq!(exit, 5);
    assert!(
        stdout
            .starts_with("! Ada   card 1, line 1: is here with other content (phone work changed"),
        "{stdout}"
    );
    assert_eq!(sandbox.result(&["export", "vcard", "--all"]), old);

    let (exit, stdout) = import(&sandbox, &new, &["--update"]);
    assert_eq!(exit, 0, "{stdout}");
    assert!(stdout.starts_with("~ Ada   phone work changed"), "{stdout}");
    // A UID never changes, not even its spelling.
    let expected = new.replace("UID:1", "UID:urn:uuid:1");
    assert_eq!(sandbox.result(&["export", "vcard", "--all"]), expected);
}

#[test]
fn a_dry_run_prints_the_same_lines_and_changes_nothing() {
    let sandbox = Sandbox::with_cards(&[&card("1", "Ada", "TEL:1\r\n")]);
    let before = std::fs::read(sandbox.database()).unwrap();
    let file =
        [card("1", "Ada", "TEL:2\r\n"), card("2", "Grace", ""), card("2", "Grace", "NOTE:x\r\n")]
            .concat();
    let planned = import(&sandbox, &file, &["--update", "-n"]);
    assert_eq!(std::fs::read(sandbox.database()).unwrap(), before);
    assert_eq!(count(&sandbox), 1);
    assert_eq!(import(&sandbox, &file, &["--update"]), planned);
    assert_eq!(planned.0, 5);
    assert_eq!(
        planned.1,
        "~ Ada   phone changed\n+ Grace\n\
         ! Grace   card 3, line 12: card 2 has the same UID and other content\n"
    );
    assert_eq!(count(&sandbox), 2);
}

#[test]
fn a_broken_card_stops_all_or_is_left_out_by_name() {
    let sandbox = Sandbox::new();
    let broken = "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Half\r\n";
    let file = [&card("1", "Ada", ""), broken, &card("2", "Grace", "")].concat();
    let path = sandbox.file("all.vcf", &file);
    let run = sandbox.run(&["import", "vcard", &path]);
    assert_eq!((run.exit, run.stdout.as_str(), count(&sandbox)), (1, "", 0));
    assert!(run.stderr.contains("1 of 3 cards cannot be imported:\n  card 2, line 6: "), "{run:?}");
    assert!(run.stderr.contains("--skip-errors"), "{run:?}");

    let run = sandbox.run(&["import", "vcard", &path, "--skip-errors"]);
    assert_eq!((run.exit, count(&sandbox)), (5, 2), "{run:?}");
    let lines: Vec<_> = run.stdout.lines().map(|line| line.split("  ").next().unwrap()).collect();
    assert_eq!(lines, ["+ Ada", "! Half", "+ Grace"]);
    assert_eq!(run.stderr, "2 imported, 1 left out\n");
}

#[test]
fn a_file_without_a_card_is_an_error() {
    let sandbox = Sandbox::new();
    let empty = sandbox.file("empty.vcf", "");
    let text = sandbox.file("text.vcf", "hello\n");
    let missing = sandbox.path("missing.vcf").to_str().unwrap().to_owned();
    for (file, words) in [
        (&empty, format!("error: {empty} is empty\n")),
        (&text, format!("error: {text} holds no vCard\n")),
        (&missing, format!("error: cannot read {missing}\n")),
    ] {
        let run = sandbox.run(&["import", "vcard", file]);
        assert_eq!((run.exit, run.stdout.as_str()), (1, ""));
        assert!(run.stderr.starts_with(&words), "{run:?}");
    }
}

#[test]
fn utf_16_and_a_byte_order_mark_are_read() {
    let text = card("", "Zoë 数学", "");
    let utf_16: Vec<u8> =
        std::iter::once(0xfeff).chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    let with_mark = [b"\xef\xbb\xbf", text.as_bytes()].concat();
    for file in [utf_16, with_mark] {
        let sandbox = Sandbox::new();
        let run = sandbox.run_with(&["import", "vcard", "-"], &file);
        assert_eq!((run.exit, run.stdout.as_str()), (0, "+ Zoë 数学\n"), "{run:?}");
        assert_eq!(sandbox.result(&["export", "vcard", "--all"]), text);
    }
}

#[test]
fn text_between_the_cards_is_told_of() {
    let sandbox = Sandbox::new();
    let file = [&card("1", "Ada", ""), "\r\nstray text\r\n", &card("2", "Grace", "")].concat();
    let run = sandbox.run_with(&["import", "vcard", "-"], file.as_bytes());
    assert_eq!(run.exit, 0);
    assert!(run.stderr.starts_with("standard input, line 7: "), "{run:?}");
}

#[test]
fn real_cards_come_out_as_they_went_in() {
    let Some(folder) = real_cards() else { return };
    let mut file = Vec::new();
    let mut folders = vec![folder];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end.eq_ignore_ascii_case("vcf")) {
                let bytes = std::fs::read(&path).unwrap();
                // One file is made of all, so those in UTF-16 cannot be in it.
                if !bytes.starts_with(b"\xff\xfe") && !bytes.starts_with(b"\xfe\xff") {
                    file.extend_from_slice(&bytes);
                    file.push(b'\n');
                }
            }
        }
    }
    let sandbox = Sandbox::new();
    let run = sandbox.run_with(&["import", "vcard", "-", "--skip-errors"], &file);
    assert!(matches!(run.exit, 0 | 5), "{}", run.stderr);
    let imported = count(&sandbox);
    assert!(imported > 500, "{imported}: {}", run.stderr);

    let out = sandbox.path("out.vcf");
    sandbox.result(&["export", "vcard", "--all", "-o", out.to_str().unwrap()]);
    let exported = std::fs::read(&out).unwrap();
    let there = |line: &[u8]| file.windows(line.len()).any(|part| part == line);
    for line in exported.split(|byte| *byte == b'\n').filter(|line| line.len() > 40).step_by(97) {
        assert!(there(line), "a line that was in no card: {}", String::from_utf8_lossy(line));
    }

    let again = sandbox.run(&["import", "vcard", out.to_str().unwrap(), "--skip-errors"]);
    let new: Vec<_> = again.stdout.lines().filter(|line| line.starts_with(['+', '~'])).collect();
    assert!(new.is_empty(), "{} cards are new the second time", new.len());
    assert_eq!(count(&sandbox), imported);
}
