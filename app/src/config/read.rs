//! From the text of the config to accounts, or to a complaint with its line.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;

use contactcmd_domain::sync::guard::MaxDelete;
use contactcmd_domain::sync::policy::ConflictPolicy;
use toml_edit::{Document, Item, TableLike, Value};

use super::suggest::nearest;
use super::{AccountSettings, AuthKind, DEFAULT_ACCOUNT, HistorySettings, PasswordCommand};
use crate::{Failure, ui};

/// The settings an account can have.
pub(super) const KEYS: [&str; 15] = [
    "server",
    "username",
    "addressbook",
    "password_command",
    "conflict",
    "max_delete",
    "ca_file",
    "allow_http",
    "auth",
    "client_id",
    "client_secret_command",
    "auth_url",
    "token_url",
    "scope",
    "timeout",
];

/// The settings of `[history]`.
const HISTORY_KEYS: [&str; 2] = ["days", "entries"];

/// What is wrong in the config, and where.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Complaint {
    line: Option<usize>,
    words: String,
    hint: Option<String>,
}

impl Complaint {
    /// As a failure that names the file.
    pub(super) fn within(self, path: &Path) -> Failure {
        let line = self.line.map(|line| format!(", line {line}")).unwrap_or_default();
        let failure =
            Failure::usage(format!("{}{line}: {}", path.display(), ui::clean(&self.words)));
        match self.hint {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    }
}

/// The accounts in the text of a config, in its order.
pub(super) fn accounts(
    text: &str,
    expand: &dyn Fn(&str) -> PathBuf,
) -> Result<Vec<AccountSettings>, Complaint> {
    let document = Document::parse(text).map_err(|error| {
        Source { text, expand }.complaint(error.span(), error.message().to_owned())
    })?;
    let source = Source { text, expand };
    let mut accounts = Vec::new();
    for (key, item) in document.iter() {
        if key == "history" {
            continue;
        }
        if key != "carddav" {
            let words = format!("there is no table `{key}`");
            let hint =
                "accounts are tables `[carddav]` and `[carddav.NAME]`; there is `[history]` too";
            return Err(source.at_key(document.as_table(), key, words).hint(hint));
        }
        let Some(table) = item.as_table_like() else {
            return Err(source.at_key(
                document.as_table(),
                key,
                "`carddav` must be a table".into(),
            ));
        };
        source.all_accounts(table, &mut accounts)?;
    }
    Ok(accounts)
}

/// The table `[history]` in the text of a config.
pub(super) fn history(text: &str) -> Result<HistorySettings, Complaint> {
    let source = Source { text, expand: &|path| path.into() };
    let document = Document::parse(text)
        .map_err(|error| source.complaint(error.span(), error.message().to_owned()))?;
    let mut history = HistorySettings::default();
    let Some(item) = document.get("history") else { return Ok(history) };
    let Some(table) = item.as_table_like() else {
        let words = "`history` must be a table".to_owned();
        return Err(source.at_key(document.as_table(), "history", words));
    };
    for (key, item) in table.iter() {
        let number = item.as_integer();
        let taken = match key {
            "days" => number.and_then(|n| n.try_into().ok()).map(|days| history.days = days),
            "entries" => number.and_then(|n| n.try_into().ok()).map(|n| history.entries = n),
            _ => {
                let words = format!("there is no setting `{key}`");
                let hint = format!("there are: {}", HISTORY_KEYS.join(", "));
                return Err(source.at_key(table, key, words).hint(hint));
            }
        };
        taken.ok_or_else(|| {
            let words = format!("`{key}` must be a whole number, 0 or more");
            source.complaint(item.span().or_else(|| key_span(table, key)), words)
        })?;
    }
    Ok(history)
}

/// The text at hand, for line numbers, and how to read a path.
struct Source<'a> {
    text: &'a str,
    expand: &'a dyn Fn(&str) -> PathBuf,
}

impl Source<'_> {
    fn all_accounts(
        &self,
        carddav: &dyn TableLike,
        accounts: &mut Vec<AccountSettings>,
    ) -> Result<(), Complaint> {
        let is_account = |key: &str, item: &Item| item.is_table_like() && !KEYS.contains(&key);
        let mut unnamed = AccountSettings::new(DEFAULT_ACCOUNT);
        let mut says_something = false;
        for (key, item) in carddav.iter().filter(|(key, item)| !is_account(key, item)) {
            says_something = true;
            self.setting(&mut unnamed, carddav, (key, item))?;
        }
        if says_something {
            accounts.push(unnamed);
        }
        for (name, item) in carddav.iter().filter(|(key, item)| is_account(key, item)) {
            if says_something && name == DEFAULT_ACCOUNT {
                let words = "`[carddav]` is the account `default` already".to_owned();
                return Err(self.at_key(carddav, name, words));
            }
            let mut account = AccountSettings::new(name);
            let Some(table) = item.as_table_like() else { continue };
            for pair in table.iter() {
                self.setting(&mut account, table, pair)?;
            }
            accounts.push(account);
        }
        Ok(())
    }

    fn setting(
        &self,
        account: &mut AccountSettings,
        table: &dyn TableLike,
        (key, item): (&str, &Item),
    ) -> Result<(), Complaint> {
        if !KEYS.contains(&key) {
            return Err(self.unknown(table, key));
        }
        let read = item.as_value().ok_or(()).and_then(|value| self.take(account, key, value));
        read.map_err(|()| {
            let words = format!("`{key}` must be {}", expected(key));
            self.complaint(item.span().or_else(|| key_span(table, key)), words)
        })
    }

    /// Stores a value in its field; fails when it is not one that the setting can have.
    fn take(&self, account: &mut AccountSettings, key: &str, value: &Value) -> Result<(), ()> {
        match key {
            "server" => account.server = Some(text(value)?),
            "username" => account.username = Some(text(value)?),
            "addressbook" => {
                account.addressbooks =
                    if value.is_array() { texts(value)? } else { vec![text(value)?] }
            }
            "password_command" => account.password_command = Some(command(value)?),
            "conflict" => account.conflict = conflict(&text(value)?)?,
            "max_delete" => account.max_delete = max_delete(value)?,
            "ca_file" => account.ca_file = Some((self.expand)(&text(value)?)),
            "allow_http" => account.allow_http = value.as_bool().ok_or(())?,
            "auth" => account.auth = Some(auth(&text(value)?)?),
            "client_id" => account.oauth2.client_id = Some(text(value)?),
            "client_secret_command" => {
                account.oauth2.client_secret_command = Some(command(value)?);
            }
            "auth_url" => account.oauth2.auth_url = Some(text(value)?),
            "token_url" => account.oauth2.token_url = Some(text(value)?),
            "scope" => account.oauth2.scope = Some(text(value)?),
            "timeout" => account.timeout = timeout(value)?,
            _ => return Err(()),
        }
        Ok(())
    }

    fn unknown(&self, table: &dyn TableLike, key: &str) -> Complaint {
        let complaint = self.at_key(table, key, format!("there is no setting `{key}`"));
        if key.eq_ignore_ascii_case("password") {
            return complaint.hint(
                "a password never stands in the config: use `contactcmd password set`, or a \
                 `password_command` that prints it",
            );
        }
        if key.eq_ignore_ascii_case("client_secret") {
            return complaint.hint(
                "no secret stands in the config: `contactcmd password set` asks for it when you sign \
                 in, or use a `client_secret_command` that prints it",
            );
        }
        let meant = match key {
            "url" | "host" => Some("server"),
            "user" | "login" | "email" => Some("username"),
            "book" | "books" | "collection" => Some("addressbook"),
            _ => nearest(key, KEYS),
        };
        match meant {
            Some(meant) => complaint.hint(format!("did you mean `{meant}`?")),
            None => complaint.hint(format!("there are: {}", KEYS.join(", "))),
        }
    }

    fn at_key(&self, table: &dyn TableLike, key: &str, words: String) -> Complaint {
        self.complaint(key_span(table, key), words)
    }

    fn complaint(&self, span: Option<Range<usize>>, words: String) -> Complaint {
        let before = span.and_then(|span| self.text.as_bytes().get(..span.start));
        let line = before.map(|before| before.iter().filter(|byte| **byte == b'\n').count() + 1);
        Complaint { line, words, hint: None }
    }
}

impl Complaint {
    fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }
}

fn key_span(table: &dyn TableLike, key: &str) -> Option<Range<usize>> {
    let by_key = table.key(key).and_then(toml_edit::Key::span);
    by_key.or_else(|| table.get(key).and_then(Item::span))
}

fn expected(key: &str) -> &'static str {
    match key {
        "addressbook" => "a name or path, or an array of them",
        "password_command" | "client_secret_command" => {
            "a shell command, or an array: a program and its arguments"
        }
        "conflict" => "\"server\", \"local\", \"both\" or \"ask\"",
        "max_delete" => "a number, or a percentage from \"0%\" to \"100%\"",
        "ca_file" => "the path of a PEM file, in quotes",
        "allow_http" => "true or false",
        "auth" => "\"basic\", \"digest\", \"bearer\" or \"oauth2\"",
        "timeout" => "a whole number of seconds, 1 or more",
        _ => "a text in quotes, and not empty",
    }
}

fn text(value: &Value) -> Result<String, ()> {
    value.as_str().filter(|text| !text.trim().is_empty()).map(str::to_owned).ok_or(())
}

fn texts(value: &Value) -> Result<Vec<String>, ()> {
    let array = value.as_array().filter(|array| !array.is_empty()).ok_or(())?;
    array.iter().map(|value| value.as_str().map(str::to_owned).ok_or(())).collect()
}

fn command(value: &Value) -> Result<PasswordCommand, ()> {
    if value.is_array() {
        texts(value).map(PasswordCommand::Argv)
    } else {
        text(value).map(PasswordCommand::Shell)
    }
}

fn conflict(text: &str) -> Result<ConflictPolicy, ()> {
    match text {
        "server" => Ok(ConflictPolicy::Server),
        "local" => Ok(ConflictPolicy::Local),
        "both" => Ok(ConflictPolicy::Both),
        "ask" => Ok(ConflictPolicy::Ask),
        _ => Err(()),
    }
}

fn auth(text: &str) -> Result<AuthKind, ()> {
    match text {
        "basic" => Ok(AuthKind::Basic),
        "digest" => Ok(AuthKind::Digest),
        "bearer" => Ok(AuthKind::Bearer),
        "oauth2" => Ok(AuthKind::OAuth2),
        _ => Err(()),
    }
}

fn max_delete(value: &Value) -> Result<MaxDelete, ()> {
    match value {
        Value::Integer(number) => {
            usize::try_from(*number.value()).map(MaxDelete::Count).map_err(|_| ())
        }
        _ => text(value)?.parse().map_err(|_| ()),
    }
}

fn timeout(value: &Value) -> Result<Duration, ()> {
    let seconds = value.as_integer().and_then(|seconds| u64::try_from(seconds).ok());
    seconds.filter(|seconds| *seconds > 0).map(Duration::from_secs).ok_or(())
}

#[cfg(test)]
mod tests {
    use super::super::OAuth2Settings;
    use super::*;

    fn read(text: &str) -> Result<Vec<AccountSettings>, Complaint> {
        accounts(text, &|path| Path::new("/c").join(path))
    }

    #[test]
    fn every_setting_is_read() {
        let text = r#"
            [carddav]
            server = "dav.example"
            username = "ada"
            addressbook = "Contacts"
            password_command = "pass show dav"

            [carddav.work]
            addressbook = ["A", "B"]
            password_command = ["pass", "show", "work"]
            conflict = "both"
            max_delete = 5
            ca_file = "ca.pem"
            allow_http = true
            auth = "oauth2"
            client_id = "id"
            client_secret_command = "pass client"
            auth_url = "https://a.example/"
            token_url = "https://t.example/"
            scope = "one two"
            timeout = 5
            [carddav.old]
            max_delete = "50%"
        "#;
        let default = AccountSettings {
            server: Some("dav.example".into()),
            username: Some("ada".into()),
            addressbooks: vec!["Contacts".into()],
            password_command: Some(PasswordCommand::Shell("pass show dav".into())),
            ..AccountSettings::new("default")
        };
        let argv = ["pass", "show", "work"].map(str::to_owned).to_vec();
        let work = AccountSettings {
            addressbooks: vec!["A".into(), "B".into()],
            password_command: Some(PasswordCommand::Argv(argv)),
            conflict: ConflictPolicy::Both,
            max_delete: MaxDelete::Count(5),
            ca_file: Some("/c/ca.pem".into()),
            allow_http: true,
            auth: Some(AuthKind::OAuth2),
            oauth2: OAuth2Settings {
                client_id: Some("id".into()),
                client_secret_command: Some(PasswordCommand::Shell("pass client".into())),
                auth_url: Some("https://a.example/".into()),
                token_url: Some("https://t.example/".into()),
                scope: Some("one two".into()),
            },
            timeout: Duration::from_secs(5),
            ..AccountSettings::new("work")
        };
        let old =
            AccountSettings { max_delete: MaxDelete::Percent(50), ..AccountSettings::new("old") };
        assert_eq!(read(text), Ok(vec![default, work, old]));
        assert_eq!(read("# nothing yet"), Ok(vec![]));
    }

    #[test]
    fn how_much_history_is_kept_is_read_or_complained_about() {
        let read = |text: &str| super::history(text).map_err(|complaint| complaint.words);
        let cases = [
            ("[carddav]\n", Ok(HistorySettings::default())),
            ("[history]\ndays = 7\n", Ok(HistorySettings { days: 7, entries: 10_000 })),
            ("history = { days = 0, entries = 5 }", Ok(HistorySettings { days: 0, entries: 5 })),
            ("history = 3", Err("`history` must be a table")),
            ("[history]\nday = 3", Err("there is no setting `day`")),
            ("[history]\ndays = -1", Err("`days` must be a whole number, 0 or more")),
            ("[history]\nentries = 'all'", Err("`entries` must be a whole number, 0 or more")),
        ];
        for (text, expected) in cases {
            assert_eq!(read(text), expected.map_err(str::to_owned), "{text}");
            assert_eq!(super::tests::read(text), Ok(vec![]), "{text}");
        }
        assert_eq!(super::history("[history]\n\ndays = 'x'").unwrap_err().line, Some(3));
    }

    #[test]
    fn a_mistake_is_told_with_its_line() {
        let cases = [
            ("[carddav]\nservr = 'x'", Some(2), "there is no setting `servr`"),
            ("[carddav]\n\n[carddav.a]\nuser = 'x'", Some(4), "there is no setting `user`"),
            ("[carddav]\npassword = 'secret'", Some(2), "there is no setting `password`"),
            ("[cardav]\n", Some(1), "there is no table `cardav`"),
            ("carddav = 3", Some(1), "`carddav` must be a table"),
            ("[[carddav]]\n", Some(1), "`carddav` must be a table"),
            ("[carddav.server]\n", Some(1), "`server` must be a text in quotes, and not empty"),
            ("[carddav]\nserver = 3", Some(2), "`server` must be a text in quotes, and not empty"),
            (
                "[carddav]\nserver = ' '",
                Some(2),
                "`server` must be a text in quotes, and not empty",
            ),
            (
                "[carddav]\nconflict = 'mine'",
                Some(2),
                "`conflict` must be \"server\", \"local\", \"both\" or \"ask\"",
            ),
            (
                "[carddav]\nmax_delete = '101%'",
                Some(2),
                "`max_delete` must be a number, or a percentage from \"0%\" to \"100%\"",
            ),
            (
                "[carddav]\nmax_delete = -1",
                Some(2),
                "`max_delete` must be a number, or a percentage from \"0%\" to \"100%\"",
            ),
            (
                "[carddav]\nauth = 'kerberos'",
                Some(2),
                "`auth` must be \"basic\", \"digest\", \"bearer\" or \"oauth2\"",
            ),
            ("[carddav]\nallow_http = 1", Some(2), "`allow_http` must be true or false"),
            (
                "[carddav]\ntimeout = 0",
                Some(2),
                "`timeout` must be a whole number of seconds, 1 or more",
            ),
            (
                "[carddav]\naddressbook = ['a', 3]",
                Some(2),
                "`addressbook` must be a name or path, or an array of them",
            ),
            (
                "[carddav]\nserver = 'x'\n[carddav.default]\n",
                Some(3),
                "`[carddav]` is the account `default` already",
            ),
        ];
        for (text, line, words) in cases {
            let complaint = read(text).unwrap_err();
            assert_eq!((complaint.line, complaint.words.as_str()), (line, words), "{text}");
        }
        assert_eq!(read("[carddav]\nserver = 'x\n").unwrap_err().line, Some(2));
    }

    #[test]
    fn the_password_is_no_setting_and_the_hint_never_repeats_it() {
        for key in ["password", "client_secret"] {
            let complaint = read(&format!("[carddav]\n{key} = 'hunter2'")).unwrap_err();
            assert!(!format!("{complaint:?}").contains("hunter2"), "{complaint:?}");
            assert!(complaint.hint.is_some_and(|hint| hint.contains("password set")));
        }
    }
}
