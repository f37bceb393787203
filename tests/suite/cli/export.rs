use super::{Sandbox, card};

#[test]
fn cards_come_out_byte_for_byte() {
    // Odd on purpose: lone line feeds, a fold, an unknown property, no line end at the end.
    let odd = "begin:vcard\nVERSION:3.0\nX-odd;a=B:1\n 2\nfn:Odd\nEND:VCARD";
    let plain = card("1", "Plain", "");
    let sandbox = Sandbox::with_cards(&[&plain, odd]);
    assert_eq!(sandbox.result(&["export", "vcard", "odd"]), odd);
    let all = sandbox.result(&["export", "vcard", "--all"]);
    let in_any_order = [format!("{plain}{odd}\r\n"), format!("{odd}\r\n{plain}")];
    assert!(in_any_order.contains(&all), "{all:?}");
}

#[test]
fn what_is_exported_is_imported_elsewhere_as_it_was() {
    let cards: Vec<_> =
        (0..1200).map(|n| card("", &format!("Contact {n}"), "NOTE:a\\nb\r\n")).collect();
    let from = Sandbox::with_cards(&[&cards.concat()]);
    let to = Sandbox::new();
    let file = to.path("all.vcf");
    let file = file.to_str().unwrap();
    let run = from.run(&["export", "vcard", "--all", "--output", file]);
    assert_eq!((run.exit, run.stdout.as_str()), (0, ""));
    assert_eq!(run.stderr, format!("1200 contacts written to {file}\n"));
    let mut written: Vec<_> = std::fs::read_to_string(file)
        .unwrap()
        .split_inclusive("END:VCARD\r\n")
        .map(str::to_owned)
        .collect();
    let mut cards = cards;
    written.sort();
    cards.sort();
    assert_eq!(written, cards);
    assert_eq!(to.run(&["import", "vcard", file]).exit, 0);
    assert_eq!(to.json(&["list", "--json"]).as_array().unwrap().len(), 1200);
}

#[test]
#[cfg(unix)]
fn a_file_is_replaced_whole_and_is_the_users_alone() {
    use std::os::unix::fs::PermissionsExt;
    let sandbox = Sandbox::with_cards(&[&card("1", "Ada", "")]);
    let file = sandbox.file("out.vcf", "something longer than a card ".repeat(100));
    sandbox.result(&["export", "vcard", "Ada", "-o", &file]);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), card("1", "Ada", ""));
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let run = sandbox.run(&["export", "vcard", "Ada", "-o", "/dev/stdout"]);
    assert_eq!((run.exit, run.stdout), (0, card("1", "Ada", "")));
    let run = sandbox.run(&["export", "vcard", "--all", "-o", "/nowhere/at/all.vcf"]);
    assert_eq!(run.exit, 1);
    assert!(run.stderr.starts_with("error: cannot write /nowhere/at/all.vcf\n"), "{run:?}");
}

#[test]
fn a_version_is_made_only_when_it_is_asked_for() {
    let sandbox = Sandbox::with_cards(&[&card("1", "Ada", "")]);
    let three = sandbox.result(&["export", "vcard", "Ada", "--version", "3"]);
    assert_eq!(three, card("1", "Ada", ""));
    let four = sandbox.result(&["export", "vcard", "Ada", "--version", "4"]);
    assert!(four.contains("VERSION:4.0\r\n") && four.contains("FN:Ada\r\n"), "{four}");
}
