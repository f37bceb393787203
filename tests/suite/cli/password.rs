use super::Sandbox;

#[test]
fn whose_password_it_is_must_be_clear() {
    let sandbox = Sandbox::new();
    sandbox
        .config("[carddav.home]\nserver = 'https://a.example'\n[carddav.work]\nusername = 'w'\n");
    for (args, words) in [
        (&["password", "set"][..], "there are several accounts; which one?"),
        (&["password", "set", "--account", "hone"], "there is no account `hone`"),
        (&["password", "delete", "--account", "home"], "the account `home` has no `username`"),
        (&["password", "delete", "--account", "work"], "the account `work` has no `server`"),
    ] {
        let run = sandbox.run(args);
        assert_eq!((run.exit, run.stdout.as_str()), (2, ""), "{args:?}");
        assert!(run.stderr.contains(words), "{args:?}: {run:?}");
    }
}

#[test]
fn without_a_keychain_the_other_ways_are_named_and_the_password_is_not() {
    let sandbox = Sandbox::new();
    let args = ["password", "set", "--server", "dav.example", "--username", "ada"];
    let run = sandbox.run_with(&args, b"hunter2\n");
    assert_ne!(run.exit, 0);
    assert!(run.stderr.contains("CONTACTCMD_PASSWORD"), "{run:?}");
    assert!(!format!("{run:?}").contains("hunter2"), "{run:?}");
}
