//! The config file: `[carddav]` is the account called `default`, `[carddav.NAME]` are more accounts,
//! `[history]` is how much is kept. Every table stands for itself; none takes settings from another.

mod read;
mod suggest;
mod write;

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use contactcmd_domain::dav::{Origin, route};
use contactcmd_domain::sync::guard::MaxDelete;
use contactcmd_domain::sync::policy::ConflictPolicy;

use crate::{Exit, Failure, World, file, paths};

/// The name of the account in `[carddav]` itself.
pub const DEFAULT_ACCOUNT: &str = "default";

/// How long a connection may stay silent unless `timeout` says otherwise.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(60);

/// What the config file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The file, whether it exists or not.
    pub path: PathBuf,
    /// The accounts, in the order of the file.
    pub accounts: Vec<AccountSettings>,
    /// How much history is kept.
    pub history: HistorySettings,
}

/// The table `[history]`: what is beyond either limit is forgotten, by whole runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HistorySettings {
    /// How many days a run is kept.
    pub days: u32,
    /// How many entries are kept in all.
    pub entries: u64,
}

impl Default for HistorySettings {
    fn default() -> Self {
        Self { days: 90, entries: 10_000 }
    }
}

/// One account of the config file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountSettings {
    /// The name of its table, `default` for `[carddav]` itself.
    pub name: String,
    /// URL, host or provider, as the user wrote it.
    pub server: Option<String>,
    /// User name at the server.
    pub username: Option<String>,
    /// Names or paths of the address books to synchronise; empty: the only one that is the
    /// user's, else it is asked for.
    pub addressbooks: Vec<String>,
    /// What prints the password.
    pub password_command: Option<PasswordCommand>,
    /// What happens to a property that was edited on both sides.
    pub conflict: ConflictPolicy,
    /// How many contacts a run may delete.
    pub max_delete: MaxDelete,
    /// The certificate authorities to trust in place of the system's, a PEM file; absolute, `~` is expanded.
    pub ca_file: Option<PathBuf>,
    /// Whether the password may travel unencrypted.
    pub allow_http: bool,
    /// How to log in; `None`: as the server asks.
    pub auth: Option<AuthKind>,
    /// Where and as which program to sign in with `auth = "oauth2"`.
    pub oauth2: OAuth2Settings,
    /// How long a connection may stay silent; whole seconds.
    pub timeout: Duration,
}

/// A command that prints a password in the first line of its output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PasswordCommand {
    /// Run by the shell.
    Shell(String),
    /// A program and its arguments, run as they are.
    Argv(Vec<String>),
}

/// How to log in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AuthKind {
    /// User name and password with every request.
    Basic,
    /// A hash of the password and a number from the server.
    Digest,
    /// A token in place of the password.
    Bearer,
    /// A sign-in with the browser, and tokens that it leads to.
    OAuth2,
}

/// What `auth = "oauth2"` needs to know; what is missing may be known of the provider.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OAuth2Settings {
    /// The program as the provider knows it. No secret.
    pub client_id: Option<String>,
    /// What prints the client's secret, where it has one and the keychain does not hold it.
    pub client_secret_command: Option<PasswordCommand>,
    /// The page that asks the user.
    pub auth_url: Option<String>,
    /// Where tokens come from.
    pub token_url: Option<String>,
    /// What is asked for; several are separated by spaces.
    pub scope: Option<String>,
}

/// Whether an account may be called that: the name of a setting would be read as the setting.
pub fn is_name(name: &str) -> bool {
    let is_plain = !name.trim().is_empty() && !name.contains(char::is_control);
    is_plain && !read::KEYS.contains(&name)
}

impl AccountSettings {
    /// An account of this name with nothing set.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            server: None,
            username: None,
            addressbooks: Vec::new(),
            password_command: None,
            conflict: ConflictPolicy::default(),
            max_delete: MaxDelete::default(),
            ca_file: None,
            allow_http: false,
            auth: None,
            oauth2: OAuth2Settings::default(),
            timeout: DEFAULT_TIMEOUT,
        }
    }

    /// The user name at the server: `username`, else the e-mail address that stands for the server.
    pub fn user(&self) -> Option<String> {
        let address = || route(self.server.as_deref()?, true).ok()?.username;
        self.username.clone().or_else(address)
    }

    /// Whether it is at the server of this origin, however that is spelled.
    pub fn is_at(&self, origin: &Origin) -> bool {
        let route = self.server.as_deref().and_then(|server| route(server, true).ok());
        route.is_some_and(|route| route.start.origin == *origin)
    }
}

impl Settings {
    /// The account of this name, if there is one.
    pub fn find(&self, name: &str) -> Option<&AccountSettings> {
        self.accounts.iter().find(|account| account.name == name)
    }

    /// Whether an account of this name can be added: no table of that name has a server.
    pub fn is_free(&self, name: &str) -> bool {
        self.find(name).is_none_or(|account| account.server.is_none())
    }

    /// What an account to be added under this name starts from: its unfinished table, such as a
    /// `[carddav]` that only has a `ca_file`, else nothing.
    pub fn begun(&self, name: &str) -> AccountSettings {
        let unfinished = self.find(name).filter(|account| account.server.is_none());
        unfinished.cloned().unwrap_or_else(|| AccountSettings::new(name))
    }

    /// The account of this name; without a name the one in `[carddav]` itself, or the only one.
    ///
    /// # Errors
    ///
    /// Exit 2 when there is none, or none of that name, or several to choose from; the hint lists
    /// those there are.
    pub fn account(&self, name: Option<&str>) -> Result<&AccountSettings, Failure> {
        if let Some(name) = name {
            return self.find(name).ok_or_else(|| {
                let words = format!("there is no account `{name}` in {}", self.path.display());
                Failure::usage(words).hint(self.there_are(Some(name)))
            });
        }
        match (self.find(DEFAULT_ACCOUNT), self.accounts.as_slice()) {
            (Some(account), _) => Ok(account),
            (None, [only]) => Ok(only),
            (None, []) => {
                Err(Failure::usage(format!("no account is set up in {}", self.path.display()))
                    .hint(self.there_are(None)))
            }
            (None, _) => Err(Failure::usage("there are several accounts; which one?")
                .hint(format!("choose one with `--account NAME`; {}", self.there_are(None)))),
        }
    }

    fn there_are(&self, asked: Option<&str>) -> String {
        let names: Vec<_> = self.accounts.iter().map(|account| account.name.as_str()).collect();
        if names.is_empty() {
            return format!(
                "run `contactcmd setup`; or give `--server` and `--username`, or write a table \
                 `[carddav]` into {}",
                self.path.display()
            );
        }
        match asked.and_then(|asked| suggest::nearest(asked, names.iter().copied())) {
            Some(near) => format!("did you mean `{near}`? There are: {}", names.join(", ")),
            None => format!("there are: {}", names.join(", ")),
        }
    }
}

/// Reads the config file. Without one there are no accounts.
///
/// # Errors
///
/// Exit 2 when the file cannot be read or something in it is wrong: names the file, the line and
/// the key, so that the user can mend it.
pub fn load(world: &World) -> Result<Settings, Failure> {
    let path = paths::config(world)?;
    let Some(text) = read_if_there(&path)? else {
        return Ok(Settings { path, accounts: Vec::new(), history: HistorySettings::default() });
    };
    let accounts = read::accounts(&text, &expander(world, &path)).map_err(|c| c.within(&path))?;
    let history = read::history(&text).map_err(|complaint| complaint.within(&path))?;
    Ok(Settings { path, accounts, history })
}

/// Writes the table of a new account into the config file, creating both if need be, and gives the
/// path of the file. Comments, formatting, other tables and settings that stay the same are kept; a
/// setting that has its default value is left out.
///
/// # Errors
///
/// Exit 2 when something in the file is wrong as it is, or another program has given the table a server
/// since it was read: nothing is written. Exit 1 when it cannot be written: what was there before
/// still is.
pub fn add(world: &World, account: &AccountSettings) -> Result<PathBuf, Failure> {
    let known = load(world)?;
    if !known.is_free(&account.name) {
        let words = format!("the config has another account called `{}` by now", account.name);
        return Err(Failure::usage(words).hint("choose another name with `--account NAME`"));
    }
    let path = known.path;
    let old = read_if_there(&path)?.unwrap_or_default();
    let new = write::with_account(&old, account, &expander(world, &path))
        .map_err(|complaint| complaint.within(&path))?;
    if new != old {
        let folder = path.parent().unwrap_or(Path::new("."));
        file::make_folder(folder)
            .and_then(|()| file::replace(&path, |out| out.write_all(new.as_bytes())))
            .map_err(|error| cannot(Exit::Failed, "write", &path, error))?;
    }
    Ok(path)
}

fn read_if_there(path: &Path) -> Result<Option<String>, Failure> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(cannot(Exit::Usage, "read", path, error)),
    }
}

fn cannot(exit: Exit, what: &str, path: &Path, error: io::Error) -> Failure {
    Failure::new(exit, error).context(format!("cannot {what} {}", path.display()))
}

/// Turns what stands at `ca_file` into a path; relative ones start beside the config file.
fn expander<'a>(world: &'a World, path: &'a Path) -> impl Fn(&str) -> PathBuf + 'a {
    let folder = path.parent().unwrap_or(Path::new("."));
    move |text| paths::expand(world, text, folder)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::testing::{Folder, Stage};

    fn settings(names: &[&str]) -> Settings {
        let accounts = names.iter().map(|name| AccountSettings::new(*name)).collect();
        Settings { path: "/c/config.toml".into(), accounts, history: HistorySettings::default() }
    }

    #[test]
    fn without_a_name_the_default_or_the_only_account_is_meant() {
        // (accounts, name asked for) -> its name, or the hint
        type Case<'a> = (&'a [&'a str], Option<&'a str>, Result<&'a str, &'a str>);
        let cases: [Case<'_>; 7] = [
            (&["work", "default"], None, Ok("default")),
            (&["work"], None, Ok("work")),
            (&["work", "home"], Some("home"), Ok("home")),
            (
                &["work", "home"],
                None,
                Err("choose one with `--account NAME`; there are: work, home"),
            ),
            (&["work", "home"], Some("hone"), Err("did you mean `home`? There are: work, home")),
            (&["work"], Some("x"), Err("there are: work")),
            (
                &[],
                None,
                Err(
                    "run `contactcmd setup`; or give `--server` and `--username`, or write a table \
                     `[carddav]` into /c/config.toml",
                ),
            ),
        ];
        for (names, asked, expected) in cases {
            let settings = settings(names);
            match (settings.account(asked), expected) {
                (Ok(account), Ok(name)) => assert_eq!(account.name, name),
                (Err(failure), Err(hint)) => {
                    assert_eq!(failure.exit, Exit::Usage);
                    assert_eq!(failure.hint.as_deref(), Some(hint));
                }
                (other, _) => panic!("{names:?} {asked:?}: {other:?}"),
            }
        }
    }

    #[test]
    fn what_is_added_is_loaded_and_only_the_user_can_read_it() {
        let folder = Folder::new();
        let world = Stage::new().env("XDG_CONFIG_HOME", folder.root().to_str().unwrap()).world();
        assert_eq!(load(&world).unwrap().accounts, []);
        let account = AccountSettings {
            server: Some("https://dav.example/".into()),
            ca_file: Some("/etc/ca.pem".into()),
            timeout: Duration::from_secs(5),
            ..AccountSettings::new("work")
        };
        let path = add(&world, &account).unwrap();
        let loaded = load(&world).unwrap();
        assert_eq!((&loaded.path, loaded.accounts), (&path, vec![account]));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
            assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
        }
    }

    #[test]
    fn a_mistake_names_file_and_line_and_adds_nothing() {
        let folder = Folder::new();
        let world = Stage::new().env("XDG_CONFIG_HOME", folder.root().to_str().unwrap()).world();
        let path = add(&world, &AccountSettings::new("work")).unwrap();
        std::fs::write(&path, "[carddav]\nservr = 'x'\n").unwrap();
        let failures =
            [load(&world).unwrap_err(), add(&world, &AccountSettings::new("work")).unwrap_err()];
        for failure in failures {
            assert_eq!(failure.exit, Exit::Usage);
            let words = failure.error.to_string();
            assert_eq!(words, format!("{}, line 2: there is no setting `servr`", path.display()));
            assert_eq!(failure.hint.as_deref(), Some("did you mean `server`?"));
        }
        assert_eq!(std::fs::read(&path).unwrap(), b"[carddav]\nservr = 'x'\n");
    }

    #[test]
    fn an_account_that_came_in_between_is_not_replaced() {
        let folder = Folder::new();
        let world = Stage::new().env("XDG_CONFIG_HOME", folder.root().to_str().unwrap()).world();
        let of = |server: &str| AccountSettings {
            server: Some(server.into()),
            ..AccountSettings::new(DEFAULT_ACCOUNT)
        };
        add(&world, &of("first.example")).unwrap();
        let failure = add(&world, &of("second.example")).unwrap_err();
        assert_eq!(failure.exit, Exit::Usage);
        assert!(failure.hint.unwrap().contains("--account"), "{}", failure.error);
        assert_eq!(load(&world).unwrap().accounts, [of("first.example")]);
    }
}
