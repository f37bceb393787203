//! From an account back to the text of the config, touching only what is different.

use std::path::PathBuf;

use contactcmd_domain::sync::guard::MaxDelete;
use contactcmd_domain::sync::policy::ConflictPolicy;
use toml_edit::{Array, DocumentMut, Item, Table, TableLike, Value};

use super::read::{self, Complaint, KEYS};
use super::{AccountSettings, AuthKind, DEFAULT_ACCOUNT, PasswordCommand};

/// The text with this account in it; fails when the text has mistakes.
pub(super) fn with_account(
    text: &str,
    account: &AccountSettings,
    expand: &dyn Fn(&str) -> PathBuf,
) -> Result<String, Complaint> {
    let accounts = read::accounts(text, expand)?;
    let old = accounts.iter().find(|old| old.name == account.name);
    // `read::accounts` has just parsed it.
    let mut document: DocumentMut = text.parse().unwrap_or_default();
    let Some(table) = table_of(&mut document, &account.name) else { return Ok(text.to_owned()) };
    for key in KEYS {
        let new = value_of(account, key);
        let before = old.and_then(|old| value_of(old, key));
        if before.map(|v| v.to_string()) != new.as_ref().map(ToString::to_string) {
            set(table, key, new);
        }
    }
    Ok(document.to_string())
}

fn table_of<'a>(document: &'a mut DocumentMut, name: &str) -> Option<&'a mut dyn TableLike> {
    let carddav = document.as_table_mut().entry("carddav").or_insert_with(|| {
        let mut table = Table::new();
        // Only `[carddav.NAME]` is written, unless something stands in `[carddav]` itself.
        table.set_implicit(true);
        Item::Table(table)
    });
    let spelled_out = carddav.get(DEFAULT_ACCOUNT).is_some_and(Item::is_table_like);
    if name == DEFAULT_ACCOUNT && !spelled_out {
        if let Some(table) = carddav.as_table_mut() {
            table.set_implicit(false);
        }
        return carddav.as_table_like_mut();
    }
    let inline = carddav.is_inline_table();
    let table = carddav.as_table_like_mut()?.entry(name).or_insert_with(|| {
        if inline {
            Item::Value(Value::InlineTable(Default::default()))
        } else {
            Item::Table(Table::new())
        }
    });
    table.as_table_like_mut()
}

/// What stands around the old value, such as a comment at the end of the line, stays.
fn set(table: &mut dyn TableLike, key: &str, value: Option<Value>) {
    match (value, table.get_mut(key).and_then(Item::as_value_mut)) {
        (Some(mut value), Some(there)) => {
            *value.decor_mut() = there.decor().clone();
            *there = value;
        }
        (Some(value), None) => {
            table.insert(key, Item::Value(value));
        }
        (None, _) => {
            table.remove(key);
        }
    }
}

/// How a setting is written; `None` when it has its default value.
fn value_of(account: &AccountSettings, key: &str) -> Option<Value> {
    match key {
        "server" => account.server.as_deref().map(Value::from),
        "username" => account.username.as_deref().map(Value::from),
        "addressbook" => match account.addressbooks.as_slice() {
            [] => None,
            [one] => Some(Value::from(one)),
            several => Some(Value::Array(several.iter().collect::<Array>())),
        },
        "password_command" => account.password_command.as_ref().map(command),
        "conflict" => match account.conflict {
            ConflictPolicy::Server => None,
            ConflictPolicy::Local => Some("local".into()),
            ConflictPolicy::Both => Some("both".into()),
            ConflictPolicy::Ask => Some("ask".into()),
        },
        "max_delete" => {
            (account.max_delete != MaxDelete::default()).then(|| match account.max_delete {
                MaxDelete::Count(count) => i64::try_from(count).unwrap_or(i64::MAX).into(),
                percent @ MaxDelete::Percent(_) => percent.to_string().into(),
            })
        }
        "ca_file" => account.ca_file.as_ref().map(|path| path.to_string_lossy().as_ref().into()),
        "allow_http" => account.allow_http.then(|| true.into()),
        "auth" => account.auth.map(|auth| match auth {
            AuthKind::Basic => "basic".into(),
            AuthKind::Digest => "digest".into(),
            AuthKind::Bearer => "bearer".into(),
            AuthKind::OAuth2 => "oauth2".into(),
        }),
        "client_id" => account.oauth2.client_id.as_deref().map(Value::from),
        "client_secret_command" => account.oauth2.client_secret_command.as_ref().map(command),
        "auth_url" => account.oauth2.auth_url.as_deref().map(Value::from),
        "token_url" => account.oauth2.token_url.as_deref().map(Value::from),
        "scope" => account.oauth2.scope.as_deref().map(Value::from),
        "timeout" => (account.timeout != super::DEFAULT_TIMEOUT)
            .then(|| i64::try_from(account.timeout.as_secs()).unwrap_or(i64::MAX).into()),
        _ => None,
    }
}

fn command(command: &PasswordCommand) -> Value {
    match command {
        PasswordCommand::Shell(line) => Value::from(line),
        PasswordCommand::Argv(argv) => Value::Array(argv.iter().collect::<Array>()),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::time::Duration;

    use super::super::OAuth2Settings;
    use super::*;

    fn write(text: &str, account: &AccountSettings) -> String {
        with_account(text, account, &|path| Path::new("/c").join(path)).unwrap()
    }

    fn named(name: &str) -> AccountSettings {
        AccountSettings { server: Some("dav.example".into()), ..AccountSettings::new(name) }
    }

    #[test]
    fn a_table_is_made_where_there_is_none() {
        let cases = [
            ("", "default", "[carddav]\nserver = \"dav.example\"\n"),
            ("", "work", "[carddav.work]\nserver = \"dav.example\"\n"),
            ("", "my work", "[carddav.\"my work\"]\nserver = \"dav.example\"\n"),
            (
                "[carddav]\nserver = 'a'\n",
                "work",
                "[carddav]\nserver = 'a'\n\n[carddav.work]\nserver = \"dav.example\"\n",
            ),
            (
                "[carddav.work]\nserver = 'a'\n",
                "default",
                "[carddav]\nserver = \"dav.example\"\n[carddav.work]\nserver = 'a'\n",
            ),
            (
                "[carddav.default]\nserver = 'a'\n",
                "default",
                "[carddav.default]\nserver = \"dav.example\"\n",
            ),
        ];
        for (before, name, after) in cases {
            assert_eq!(write(before, &named(name)), after, "{before:?} {name}");
        }
    }

    #[test]
    fn comments_order_and_what_stays_the_same_are_kept() {
        let before = "\
# mine
[carddav]
server   = 'old.example' # moved
ca_file = \"ca.pem\"
timeout = 0x3C
conflict = 'ask'
# the end
[carddav.work]
server = 'w' # other
";
        let account = AccountSettings {
            ca_file: Some("/c/ca.pem".into()),
            timeout: Duration::from_secs(60),
            ..named("default")
        };
        let after = "\
# mine
[carddav]
server   = \"dav.example\" # moved
ca_file = \"ca.pem\"
timeout = 0x3C
# the end
[carddav.work]
server = 'w' # other
";
        assert_eq!(write(before, &account), after);
        assert_eq!(write(after, &account), after);
    }

    #[test]
    fn whatever_is_written_is_read_again() {
        let argv = ["a b", "c\"d"].map(str::to_owned).to_vec();
        let full = AccountSettings {
            username: Some("ada".into()),
            addressbooks: vec!["A".into(), "B, \"C\"".into()],
            password_command: Some(PasswordCommand::Argv(argv)),
            conflict: ConflictPolicy::Both,
            max_delete: MaxDelete::Percent(50),
            ca_file: Some("/etc/ca.pem".into()),
            allow_http: true,
            auth: Some(AuthKind::OAuth2),
            oauth2: OAuth2Settings {
                client_id: Some("id".into()),
                client_secret_command: Some(PasswordCommand::Shell("pass client".into())),
                auth_url: Some("https://a.example/".into()),
                token_url: Some("https://t.example/".into()),
                scope: Some("one two".into()),
            },
            timeout: Duration::from_secs(7),
            ..named("full")
        };
        let counted = AccountSettings {
            max_delete: MaxDelete::Count(0),
            password_command: Some(PasswordCommand::Shell("echo 'x' | cat".into())),
            addressbooks: vec!["one".into()],
            ..named("counted")
        };
        let mut text = String::new();
        for account in [&full, &counted] {
            text = write(&text, account);
            let read = read::accounts(&text, &|path| Path::new("/c").join(path)).unwrap();
            assert_eq!(read.last(), Some(account), "{text}");
        }
        let emptied = write(&text, &AccountSettings::new("full"));
        let read = read::accounts(&emptied, &|path| Path::new("/c").join(path)).unwrap();
        assert_eq!(read, [AccountSettings::new("full"), counted]);
    }
}
