//! Signing in with the browser (RFC 8252): a page of the provider, and a port of this computer that
//! the page leads back to.

use std::ops::ControlFlow;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use contactcmd_domain::dav::Location;
use contactcmd_ports::{CredentialKey, Secret};
use futures::executor::block_on;
use oauth2::url::form_urlencoded;
use oauth2::{CsrfToken, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, Scope};

use super::service::{Service, SignInError};
use super::tokens::{client, exchanged};
use crate::config::AccountSettings;
use crate::remote::RemoteError;
use crate::ui::{Ui, error, prompt};
use crate::world::{Loopback, TransportOptions};
use crate::{Failure, World, password};

/// How long the user has for the page.
const MINUTES: u64 = 5;

const DONE: &str = "You can close this page and go back to contactcmd.";
const STRAY: &str = "This is not the answer that contactcmd is waiting for.";

/// Signs the user of an `oauth2` account in with the browser, and gives the refresh token, which the
/// caller stores. A client's secret that was asked for on the way is in the keychain then.
///
/// Waits for its own requests, so it must not be called from within a future.
///
/// # Errors
///
/// Exit 2 when the settings do not suffice. Exit 3 when the provider or the user refuses, or nobody
/// comes back within five minutes. Exit 4 when the provider cannot be reached.
pub fn sign_in(
    world: &World,
    account: &AccountSettings,
    key: &CredentialKey,
) -> Result<Secret, Failure> {
    let host = Location::parse(&key.server).map(|at| at.origin.host().to_owned());
    let mut service = Service::of(world, account, host.as_deref().unwrap_or_default())?;
    let typed = ask_for_secret(world, &mut service)?;
    let transport = (world.transport)(&TransportOptions {
        timeout: account.timeout,
        ca_file: account.ca_file.clone(),
    })?;
    let Loopback { port, wait } = (world.listen)().map_err(SignInError::NoPort)?;
    let attempt = Attempt::new(world, &service, port)?;
    let page = attempt.page(&service, &key.username)?;
    show(&world.ui, &page, (world.open_browser)(&page), port);

    let mut came = None;
    let mut judge = |target: &str| match attempt.read(target) {
        Some(answer) => {
            came = Some(answer);
            ControlFlow::Break(DONE.to_owned())
        }
        None => ControlFlow::Continue(STRAY.to_owned()),
    };
    wait(Duration::from_secs(MINUTES * 60), &mut judge).map_err(SignInError::NoPort)?;
    let code = match came {
        Some(Came::Code(code)) => code,
        Some(Came::Refusal { code, words }) => {
            return Err(SignInError::Refused { host: service.host(), code, words }.into());
        }
        None if world.interrupt.is_raised() => return Err(RemoteError::Interrupted.into()),
        None => return Err(SignInError::NobodyCame { minutes: MINUTES }.into()),
    };
    let given = block_on(exchanged(
        &service,
        (world, &*transport),
        (&code, &attempt.verifier),
        attempt.redirect.clone(),
    ))?;
    let kept = typed.map(|secret| password::remember(world, &service.client_key(), &secret));
    if let Some(Err(failure)) = kept {
        // It is asked for again next time.
        error::print(&world.ui, &failure);
    }
    let host = service.host();
    let what = "refresh token, so it would have to ask you again every hour";
    given.refresh.ok_or_else(|| SignInError::NoToken { host, what }.into())
}

/// Google gives even programs on the desktop a secret, other providers do not.
fn ask_for_secret(world: &World, service: &mut Service) -> Result<Option<Secret>, Failure> {
    if service.client_secret.is_some() {
        return Ok(None);
    }
    let question = format!("Client secret of {} (Enter if there is none)", service.client_id);
    let typed = prompt::password(&world.ui, &question)?.filter(|typed| !typed.is_empty());
    service.client_secret.clone_from(&typed);
    Ok(typed)
}

fn show(ui: &Ui, page: &str, is_open: bool, port: u16) {
    if is_open {
        ui.say("Your browser shows a page to sign in. If it does not, open this one:");
    } else {
        ui.say("Open this page to sign in:");
    }
    ui.say(format_args!("\n  {page}\n"));
    if !is_open {
        ui.say(format_args!(
            "If your browser is on another computer, first run there: ssh -L {port}:127.0.0.1:{port} \
             and this computer's name."
        ));
    }
}

/// One visit to the page, and what proves that an answer belongs to it.
struct Attempt {
    /// Comes back with the answer, so that nobody else's is taken (RFC 6749 10.12).
    state: Secret,
    /// Proves to the provider that the code goes to whoever asked for it (RFC 7636).
    verifier: Secret,
    redirect: RedirectUrl,
}

/// What the browser brought.
enum Came {
    Code(Secret),
    Refusal { code: String, words: Option<String> },
}

impl Attempt {
    fn new(world: &World, service: &Service, port: u16) -> Result<Self, SignInError> {
        let random = || (world.random)();
        let verifier = [random(), random()].concat();
        // The address and not `localhost`, which may resolve to somewhere else (RFC 8252 8.3).
        let redirect = RedirectUrl::new(format!("http://127.0.0.1:{port}/"));
        Ok(Self {
            state: Secret::new(URL_SAFE_NO_PAD.encode(random())),
            verifier: Secret::new(URL_SAFE_NO_PAD.encode(verifier)),
            redirect: redirect.map_err(|_| SignInError::NoToken {
                host: service.host(),
                what: "address to come back to",
            })?,
        })
    }

    /// The address of the page.
    fn page(&self, service: &Service, username: &str) -> Result<String, SignInError> {
        let client = client(service)?.set_redirect_uri(self.redirect.clone());
        let verifier = PkceCodeVerifier::new(self.verifier.expose().to_owned());
        let mut page = client
            .authorize_url(|| CsrfToken::new(self.state.expose().to_owned()))
            .add_scope(Scope::new(service.scope.clone()))
            .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier))
            .add_extra_param("login_hint", username);
        for (name, value) in service.extras {
            page = page.add_extra_param(*name, *value);
        }
        Ok(page.url().0.to_string())
    }

    /// Reads the target of a request that reached the port; `None` when it is not the answer: a
    /// favicon, or somebody who does not know the state.
    fn read(&self, target: &str) -> Option<Came> {
        let query = target.strip_prefix("/?")?;
        let find = |name: &str| {
            let mut pairs = form_urlencoded::parse(query.as_bytes());
            pairs.find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
        };
        if find("state")? != self.state.expose() {
            return None;
        }
        match (find("code"), find("error")) {
            (Some(code), None) => Some(Came::Code(Secret::new(code))),
            (_, Some(code)) => Some(Came::Refusal { code, words: find("error_description") }),
            (None, None) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_answer_to_this_very_question_is_taken() {
        let attempt = Attempt {
            state: Secret::new("s1"),
            verifier: Secret::new("v"),
            redirect: RedirectUrl::new("http://127.0.0.1:1/".to_owned()).unwrap(),
        };
        let cases = [
            ("/?state=s1&code=a%2Fb", Some("a/b")),
            ("/?code=c&scope=x&state=s1", Some("c")),
            ("/?error=access_denied&state=s1", Some("access_denied")),
            ("/?code=c", None),
            ("/?code=c&state=s2", None),
            ("/?error=access_denied&state=", None),
            ("/?state=s1", None),
            ("/favicon.ico", None),
            ("/", None),
        ];
        for (target, expected) in cases {
            let read = attempt.read(target).map(|came| match came {
                Came::Code(code) => code.expose().to_owned(),
                Came::Refusal { code, .. } => code,
            });
            assert_eq!(read.as_deref(), expected, "{target}");
        }
    }
}
