//! What must be known: from an option, else asked for on a terminal, else a usage error that names the
//! option.

use contactcmd_domain::dav::{Location, PROVIDERS, Provider, Route, SOFTWARE, Software};

use super::Draft;
use crate::config::{self, DEFAULT_ACCOUNT, Settings};
use crate::remote::RemoteError;
use crate::ui::prompt;
use crate::{Failure, World};

/// Whose contacts: what stands for the server, and which software the user said it is.
///
/// # Errors
///
/// Usage, when it was not given and nobody can be asked.
pub(super) fn whose(
    given: Option<&str>,
    world: &World,
) -> Result<(String, Option<&'static Software>), Failure> {
    let given = match given {
        Some(given) => given.trim().to_owned(),
        None => menu(world)?,
    };
    let Some(software) = Software::named(&given) else { return Ok((given, None)) };
    let question = format!("Address of your {}, such as cloud.example.org", software.title);
    match prompt::word(&world.ui, &question, None)? {
        Some(address) => Ok((address, Some(software))),
        None => Err(Failure::usage(format!("where is your {}?", software.title)).hint(
            "give its address: `contactcmd setup https://cloud.example.org --username USER`",
        )),
    }
}

fn menu(world: &World) -> Result<String, Failure> {
    let known = PROVIDERS.iter().map(|provider| (provider.title, provider.name));
    let known = known.chain(SOFTWARE.iter().map(|software| (software.title, software.name)));
    let (mut titles, names): (Vec<String>, Vec<&str>) =
        known.map(|(title, name)| (title.to_owned(), name)).unzip();
    titles.push("another server, or a domain of your own".to_owned());
    let chosen = prompt::choose(&world.ui, "Where are your contacts?", &titles)?;
    if let Some(name) = chosen.and_then(|index| names.get(index)) {
        return Ok((*name).to_owned());
    }
    let typed = match chosen {
        Some(_) => prompt::word(&world.ui, "E-mail address, or address of the server", None)?,
        None => None,
    };
    typed.ok_or_else(|| {
        let names: Vec<&str> = PROVIDERS.iter().map(|provider| provider.name).collect();
        Failure::usage("it is not said whose contacts these are").hint(format!(
            "give an e-mail address, a server or a provider: `contactcmd setup ada@example.org`; \
             providers: {}",
            names.join(", ")
        ))
    })
}

/// The user name: the one that is given, else asked for (Q27: never made up).
///
/// # Errors
///
/// Usage, when there is none and nobody can be asked.
pub(super) fn username(
    given: Option<&str>,
    route: &Route,
    world: &World,
) -> Result<String, Failure> {
    if let Some(name) = given {
        return Ok(name.to_owned());
    }
    let question = match route.provider {
        Some(provider) => format!("Your e-mail address at {}", provider.title),
        None => format!("User name at {}", route.start.origin.host()),
    };
    prompt::word(&world.ui, &question, None)?.ok_or_else(|| {
        Failure::usage(format!("no user name is given for {}", route.start.origin.host()))
            .hint("add `--username USER`")
    })
}

/// Whether to go where DNS leads, and under which name: to a known provider always, since DNS cannot
/// make us go anywhere but to its own servers; to another domain with the user's word.
///
/// # Errors
///
/// Usage, when the user says no; [`RemoteError::Elsewhere`] when nobody can be asked.
pub(super) fn elsewhere(
    domain: &str,
    to: &Location,
    username: &str,
    world: &World,
) -> Result<String, Failure> {
    if let Some(provider) = Provider::of_domain(to.origin.host()) {
        world.ui.say(format_args!("DNS says that {domain} is at {}.", provider.title));
        return Ok(provider.name.to_owned());
    }
    world.ui.say(format_args!("DNS says that the contacts of {domain} are at {to}."));
    let question = "That is another domain. Is it right, and may it be told your password?";
    match prompt::confirm(&world.ui, question)? {
        Some(true) => Ok(to.to_string()),
        Some(false) => Err(Failure::usage("nothing was sent there, and nothing was written")
            .hint("give the address of your server: `contactcmd setup URL`")),
        None => {
            let (domain, to) = (domain.to_owned(), to.clone());
            let hint = format!(
                "the password is not sent to another domain unasked; if it is right: \
                 `contactcmd setup {to} --username {username}`"
            );
            Err(Failure::from(RemoteError::Elsewhere { domain, to }).hint(hint))
        }
    }
}

/// The name of the account: of the option, else `[carddav]` itself where that is free, else asked
/// for. Never that of another account.
///
/// # Errors
///
/// Usage, when the name cannot be had, or none is given and nobody can be asked.
pub(super) fn name(
    given: Option<&str>,
    known: &Settings,
    draft: &Draft,
    world: &World,
) -> Result<String, Failure> {
    let is_free = |name: &str| known.is_free(name);
    let name = match given {
        Some(given) => given.to_owned(),
        None if is_free(DEFAULT_ACCOUNT) => return Ok(DEFAULT_ACCOUNT.to_owned()),
        None => {
            let usual = suggestion(draft, &is_free);
            let question = "There is another account in the config. A name for this one";
            prompt::word(&world.ui, question, Some(&usual))?.ok_or_else(|| {
                Failure::usage("there is another account in the config; this one needs a name")
                    .hint(format!("add `--account NAME`, such as `--account {usual}`"))
            })?
        }
    };
    if !config::is_name(&name) {
        return Err(Failure::usage(format!("an account cannot be called `{name}`"))
            .hint("choose another name with `--account NAME`"));
    }
    if !is_free(&name) {
        let words = format!("the config has another account called `{name}`");
        return Err(Failure::usage(words).hint("choose another name with `--account NAME`"));
    }
    Ok(name)
}

/// The provider's name, or the part of the server's host that tells it from others.
fn suggestion(draft: &Draft, is_free: &dyn Fn(&str) -> bool) -> String {
    let host = draft.route.start.origin.host();
    let base = match draft.route.provider {
        Some(provider) => provider.name,
        None => psl::domain_str(host).and_then(|domain| domain.split('.').next()).unwrap_or(host),
    };
    let base: String = base.replace(['[', ']', ':', '.'], "-");
    let numbered = (2..100).map(|number| format!("{base}-{number}"));
    let mut all = std::iter::once(base.clone()).chain(numbered);
    all.find(|name| is_free(name) && config::is_name(name)).unwrap_or(base)
}
