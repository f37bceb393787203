use super::{Sandbox, card};

#[test]
fn help_and_version_are_results_and_mistakes_are_not() {
    let sandbox = Sandbox::new();
    for args in [&["--help"][..], &["--version"], &["import", "vcard", "--help"], &["man"]] {
        let run = sandbox.run(args);
        assert_eq!((run.exit, run.stderr.as_str()), (0, ""), "{args:?}");
        assert!(run.stdout.contains("contactcmd"), "{args:?}: {run:?}");
    }
    for args in [&[][..], &["lst"], &["list", "--page", "0"], &["export", "vcard"]] {
        let run = sandbox.run(args);
        assert_eq!((run.exit, run.stdout.as_str()), (2, ""), "{args:?}");
        assert!(!run.stderr.is_empty(), "{args:?}");
    }
}

#[test]
fn reading_creates_no_file() {
    let sandbox = Sandbox::new();
    for (args, exit) in [
        (&["list"][..], 0),
        (&["search", "ada"], 1),
        (&["show", "ada"], 1),
        (&["export", "vcard", "--all"], 0),
        (&["import", "vcard", "-", "--dry-run"], 0),
    ] {
        let run = sandbox.run_with(args, card("1", "Ada", "").as_bytes());
        assert_eq!(run.exit, exit, "{args:?}: {run:?}");
        assert_eq!(std::fs::read_dir(sandbox.path("")).unwrap().count(), 0, "{args:?}");
    }
}

#[test]
#[cfg(unix)]
fn files_are_the_users_alone() {
    use std::os::unix::fs::PermissionsExt;
    let sandbox = Sandbox::with_cards(&[&card("1", "Ada", "")]);
    let mode =
        |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let database = sandbox.database();
    assert_eq!((mode(&database), mode(database.parent().unwrap())), (0o600, 0o700));
}

#[test]
fn a_mistake_in_the_config_names_file_and_line() {
    let sandbox = Sandbox::new();
    sandbox.config("[carddav]\nserver = 'https://dav.example'\nusernam = 'ada'\n");
    let run = sandbox.run(&["password", "delete"]);
    assert_eq!(run.exit, 2);
    assert!(run.stderr.contains("config.toml, line 3: there is no setting `usernam`"), "{run:?}");
    assert!(run.stderr.ends_with("\nhint: did you mean `username`?\n"), "{run:?}");
}

#[test]
fn another_database_is_used_when_one_is_named() {
    let sandbox = Sandbox::with_cards(&[&card("1", "Ada", "")]);
    let other = sandbox.path("other.db");
    let other = other.to_str().unwrap();
    assert_eq!(sandbox.result(&["list", "--database", other]), "");
    let run = sandbox.run_with(
        &["--database", other, "import", "vcard", "-"],
        card("2", "Grace", "").as_bytes(),
    );
    assert_eq!(run.exit, 0, "{run:?}");
    assert!(sandbox.result(&["list", "--database", other]).starts_with("Grace\t"));
    assert!(sandbox.result(&["list"]).starts_with("Ada\t"));
}

#[test]
fn what_is_no_database_is_refused_and_left_alone() {
    let sandbox = Sandbox::new();
    let file = sandbox.file("notes.txt", "dear diary\n".repeat(100));
    for args in [&["list", "--database", &file][..], &["import", "vcard", "-", "--database", &file]]
    {
        let run = sandbox.run_with(args, card("1", "Ada", "").as_bytes());
        assert_eq!(run.exit, 1, "{args:?}: {run:?}");
        assert!(run.stderr.starts_with(&format!("error: {file}\n")), "{run:?}");
    }
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "dear diary\n".repeat(100));
}
