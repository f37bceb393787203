//! `setup`: from an e-mail address, a server or a provider to an account that works.
//!
//! Nothing is written before the server has accepted the password and everything is answered, but for what
//! a sign-in with the browser gave: the provider has accepted that, and nobody wants to do it twice.

mod answer;
mod books;
mod keep;
mod look;
mod sign_in;
mod words;

use contactcmd_domain::dav::{Location, Provider, Route, Software, route};
use contactcmd_ports::CredentialKey;

use crate::cli::{Global, SetupArgs};
use crate::config::{self, AccountSettings, AuthKind, DEFAULT_ACCOUNT, PasswordCommand, Settings};
use crate::remote::{first_address, named_elsewhere};
use crate::{Exit, Failure, World, password};
use look::Looked;

/// Runs the command.
///
/// # Errors
///
/// [`Exit::Usage`] when something is not given and nobody can be asked: names the option.
/// [`Exit::Auth`] when the password or the sign-in is refused, [`Exit::Server`] when no address books are
/// found. No account was written then.
pub fn run(args: &SetupArgs, global: &Global, world: &World) -> Result<Exit, Failure> {
    let known = config::load(world)?;
    let mut draft = Draft::new(args, &known, world)?;
    if let Some(to) = named_elsewhere(world, &draft.server, draft.settings.allow_http) {
        let domain = draft.route.start.origin.host().to_owned();
        draft.go_to(answer::elsewhere(&domain, &to, &draft.username, world)?)?;
    }
    let mut name = args.account.clone();
    let found = loop {
        if let Some(account) = draft.twin(&known) {
            return Ok(words::is_there(account, &known, world));
        }
        let chosen = answer::name(name.as_deref(), &known, &draft, world)?;
        draft.call(&chosen, args, &known)?;
        name = Some(chosen);
        sign_in::choose(&mut draft);
        words::which_password(&draft, world);
        sign_in::prepare(&mut draft, &known, world)?;
        match look::look(&draft, world)? {
            Looked::Found(found) => break found,
            Looked::Elsewhere { domain, to } => {
                draft.go_to(answer::elsewhere(&domain, &to, &draft.username, world)?)?;
            }
        }
    };
    let all = &found.discovered.books;
    draft.settle(&found.discovered.entry)?;
    // DNS may have led to a server that is known by its own address.
    if let Some(account) = draft.twin(&known) {
        return Ok(words::is_there(account, &known, world));
    }
    let chosen = books::choose(&draft.settings.addressbooks, all, world)?;
    draft.settings.addressbooks =
        chosen.iter().map(|book| book.location.href.to_string()).collect();
    world.ui.say(format_args!("Found by {}:", found.discovered.entry));
    books::print(all, &chosen, world);
    keep::keep(&draft, &found, world)?;
    words::what_next(&draft.settings.name, global, world)
}

/// The account as far as it is known.
struct Draft {
    /// What stands for the server: an address, an e-mail address, a provider's name.
    server: String,
    /// Where that leads.
    route: Route,
    /// The software that the user said it is.
    software: Option<&'static Software>,
    username: String,
    /// The rest, for the config.
    settings: AccountSettings,
}

impl Draft {
    fn new(args: &SetupArgs, known: &Settings, world: &World) -> Result<Self, Failure> {
        let name = args.account.as_deref().unwrap_or(DEFAULT_ACCOUNT);
        let settings = settings(name, args, known)?;
        let (server, software) = answer::whose(args.whose.as_deref(), world)?;
        let route = read(&server, settings.allow_http)?;
        let given = args.username.as_deref().or(route.username.as_deref());
        let username = answer::username(given.or(settings.username.as_deref()), &route, world)?;
        Ok(Self { server, route, software, username, settings })
    }

    /// Takes the name that the account is to be kept under, and what its unfinished table says.
    fn call(&mut self, name: &str, args: &SetupArgs, known: &Settings) -> Result<(), Failure> {
        if self.settings.name != name {
            self.settings = settings(name, args, known)?;
        }
        Ok(())
    }

    /// Takes another server.
    fn go_to(&mut self, server: String) -> Result<(), Failure> {
        self.route = read(&server, self.settings.allow_http)?;
        self.server = server;
        Ok(())
    }

    /// Takes what stands in the config from now on: a provider's name, what was typed where that is the
    /// server, else the address that DNS led to.
    fn settle(&mut self, entry: &Location) -> Result<(), Failure> {
        let starts_at = |provider: &&Provider| provider.start == self.route.start.to_string();
        let server = match self.route.provider.filter(starts_at) {
            Some(provider) => provider.name.to_owned(),
            None if entry.origin == self.route.start.origin => self.server.clone(),
            None => entry.to_string(),
        };
        self.go_to(server)
    }

    /// The account of the config that this one is: an account is its server and user name.
    fn twin<'a>(&self, known: &'a Settings) -> Option<&'a AccountSettings> {
        known.accounts.iter().find(|account| {
            account.user().as_ref() == Some(&self.username)
                && account.is_at(&self.route.start.origin)
        })
    }

    /// Under which name the keychain keeps the password, or the sign-in.
    fn key(&self) -> CredentialKey {
        password::key(&self.route.start.to_string(), &self.username, self.settings.auth)
    }
}

/// What the options say; the rest is that of an unfinished account of the same name.
fn settings(name: &str, args: &SetupArgs, known: &Settings) -> Result<AccountSettings, Failure> {
    let mut settings = known.begun(name);
    if let Some(id) = args.client_id.as_deref().map(str::trim).filter(|id| !id.is_empty()) {
        settings.oauth2.client_id = Some(id.to_owned());
        settings.auth = Some(AuthKind::OAuth2);
    }
    if let Some(line) = &args.client_secret_command {
        settings.oauth2.client_secret_command = Some(PasswordCommand::Shell(line.clone()));
    }
    if let Some(line) = &args.password_command {
        settings.password_command = Some(PasswordCommand::Shell(line.clone()));
    }
    if let Some(file) = &args.ca_file {
        // In the config a relative path would start beside the config.
        let absolute = std::path::absolute(file).map_err(|error| {
            Failure::new(Exit::Usage, error).context(format!("--ca-file {}", file.display()))
        })?;
        settings.ca_file = Some(absolute);
    }
    settings.allow_http |= args.allow_http;
    if !args.addressbooks.is_empty() {
        settings.addressbooks.clone_from(&args.addressbooks);
    }
    Ok(settings)
}

fn read(server: &str, allow_http: bool) -> Result<Route, Failure> {
    first_address(server, allow_http)?;
    route(server, allow_http).map_err(|error| Failure::new(Exit::Usage, error))
}
