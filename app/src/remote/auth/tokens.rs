//! Access tokens of OAuth2 (RFC 6749): from a refresh token or a code, through our own transport.

use std::cell::{Cell, RefCell};

use contactcmd_ports::{CredentialKey, DavTransport, Secret, TransportError};
use futures::lock::Mutex;
use http::HeaderValue;
use http::header::USER_AGENT;
use oauth2::basic::{BasicClient, BasicErrorResponse, BasicTokenResponse};
use oauth2::{
    AuthType, AuthUrl, AuthorizationCode, ClientId, ClientSecret, EndpointNotSet, EndpointSet,
    HttpRequest, PkceCodeVerifier, RedirectUrl, RefreshToken, RequestTokenError, TokenResponse,
    TokenUrl,
};

use super::service::{Service, SignInError};
use super::{Stamp, bearer};
use crate::World;
use crate::remote::USER_AGENT_TEXT;

/// What an account holds: the refresh token for good, the access token in memory only.
pub(super) struct Tokens {
    service: Service,
    key: CredentialKey,
    refresh: RefCell<Secret>,
    access: RefCell<Option<HeaderValue>>,
    /// Which access token this is; 0 is none.
    stamp: Cell<u32>,
    /// Held by whoever asks for a token: of several requests that find the old one expired only one
    /// does.
    turn: Mutex<()>,
    /// Whether somebody does.
    asking: Cell<bool>,
}

/// What a provider gave. Has no `Debug`.
pub(super) struct Granted {
    /// `Bearer` and the access token.
    access: HeaderValue,
    /// For the next access tokens; `None` when the old one goes on.
    pub(super) refresh: Option<Secret>,
}

/// A client that knows its two endpoints.
pub(super) type Client =
    BasicClient<EndpointSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointSet>;

impl Tokens {
    pub(super) fn new(service: Service, key: &CredentialKey, refresh: &Secret) -> Self {
        Self {
            service,
            key: key.clone(),
            refresh: RefCell::new(refresh.clone()),
            access: RefCell::new(None),
            stamp: Cell::new(0),
            turn: Mutex::new(()),
            asking: Cell::new(false),
        }
    }

    pub(super) fn stamp(&self) -> Stamp {
        Stamp(self.stamp.get())
    }

    pub(super) fn refresh_token(&self) -> Secret {
        self.refresh.borrow().clone()
    }

    pub(super) fn is_asking(&self) -> bool {
        self.asking.get()
    }

    pub(super) fn header(&self) -> Option<HeaderValue> {
        self.access.borrow().clone()
    }

    /// Gets a new access token in place of that of `old`, unless another request has done so in the
    /// meantime; whether the provider was asked.
    pub(super) async fn renew(
        &self,
        world: &World,
        transport: &dyn DavTransport,
        old: Stamp,
    ) -> Result<bool, SignInError> {
        let _turn = self.turn.lock().await;
        if self.stamp() != old {
            return Ok(false);
        }
        let refresh = self.refresh_token();
        self.asking.set(true);
        let given = refreshed(&self.service, (world, transport), &refresh).await;
        self.asking.set(false);
        let given = given?;
        if let Some(new) = given.refresh.filter(|new| new.expose() != refresh.expose()) {
            self.keep(world, &refresh, new);
        }
        self.access.replace(Some(given.access));
        self.stamp.set(self.stamp.get() + 1);
        Ok(true)
    }

    /// Some providers give a new refresh token each time and take the old one back, so it is stored
    /// at once, even in a dry run, where the old one was.
    fn keep(&self, world: &World, old: &Secret, new: Secret) {
        let stored = world.credentials.secret(&self.key).ok().flatten();
        let is_ours = stored.is_some_and(|stored| stored.expose() == old.expose());
        if !is_ours || world.credentials.store(&self.key, &new).is_err() {
            world.ui.warn(format_args!(
                "warning: {} gave a new refresh token, and it could not be put in place of the old one; \
                 if the next run fails, sign in with `contactcmd password set`",
                self.service.host()
            ));
        }
        self.refresh.replace(new);
    }
}

/// The library's view of a service.
pub(super) fn client(service: &Service) -> Result<Client, SignInError> {
    let no_url = |_| SignInError::NoToken { host: service.host(), what: "usable address" };
    let mut client = BasicClient::new(ClientId::new(service.client_id.clone()))
        .set_auth_uri(AuthUrl::new(service.auth_url.clone()).map_err(no_url)?)
        .set_token_uri(TokenUrl::new(service.token_url.clone()).map_err(no_url)?)
        // Where there is no secret the id has to be in the body anyway, and all providers take both.
        .set_auth_type(AuthType::RequestBody);
    if let Some(secret) = &service.client_secret {
        client = client.set_client_secret(ClientSecret::new(secret.expose().to_owned()));
    }
    Ok(client)
}

/// Trades a refresh token for an access token (RFC 6749 6).
async fn refreshed(
    service: &Service,
    (world, transport): (&World, &dyn DavTransport),
    refresh: &Secret,
) -> Result<Granted, SignInError> {
    let client = client(service)?;
    let token = RefreshToken::new(refresh.expose().to_owned());
    let http = |request| carry(world, transport, request);
    let answer = client.exchange_refresh_token(&token).request_async(&http).await;
    granted(service, answer)
}

/// Trades the code that the browser brought, and the proof that it was asked for here (RFC 7636), for
/// tokens.
pub(super) async fn exchanged(
    service: &Service,
    (world, transport): (&World, &dyn DavTransport),
    (code, verifier): (&Secret, &Secret),
    redirect: RedirectUrl,
) -> Result<Granted, SignInError> {
    let client = client(service)?.set_redirect_uri(redirect);
    let http = |request| carry(world, transport, request);
    let answer = client
        .exchange_code(AuthorizationCode::new(code.expose().to_owned()))
        .set_pkce_verifier(PkceCodeVerifier::new(verifier.expose().to_owned()))
        .request_async(&http)
        .await;
    granted(service, answer)
}

/// Sends what the library made; follows no redirect, so that no token goes to another host.
async fn carry(
    world: &World,
    transport: &dyn DavTransport,
    mut request: HttpRequest,
) -> Result<http::Response<Vec<u8>>, TransportError> {
    request.headers_mut().insert(USER_AGENT, HeaderValue::from_static(USER_AGENT_TEXT));
    let host = request.uri().host().unwrap_or_default().to_owned();
    let sent = transport.send(request).await;
    match &sent {
        Ok(response) => {
            world
                .ui
                .trace(format_args!("POST {host}, for a token: {}", response.status().as_u16()));
        }
        Err(error) => world.ui.trace(format_args!("POST {host}, for a token: {error}")),
    }
    sent
}

type Answer = Result<BasicTokenResponse, RequestTokenError<TransportError, BasicErrorResponse>>;

fn granted(service: &Service, answer: Answer) -> Result<Granted, SignInError> {
    let host = service.host();
    let tokens = match answer {
        Ok(tokens) => tokens,
        Err(RequestTokenError::Request(error)) => return Err(SignInError::Transport(error)),
        Err(RequestTokenError::ServerResponse(said)) => return Err(refused(service, &said)),
        // Both hold what came, which may be a token.
        Err(RequestTokenError::Parse(..) | RequestTokenError::Other(_)) => {
            return Err(SignInError::NoToken { host, what: "token" });
        }
    };
    let access = Secret::new(tokens.access_token().secret().clone());
    let access = bearer(&access).ok_or(SignInError::NoToken { host, what: "usable token" })?;
    let refresh = tokens.refresh_token().map(|token| Secret::new(token.secret().clone()));
    Ok(Granted { access, refresh })
}

fn refused(service: &Service, said: &BasicErrorResponse) -> SignInError {
    let host = service.host();
    let code = said.error().as_ref().to_owned();
    let words = said.error_description().cloned();
    match code.as_str() {
        "invalid_grant" => SignInError::Ended { host, account: service.account.clone(), words },
        "invalid_client" | "unauthorized_client" => SignInError::Client { host, code, words },
        _ => SignInError::Refused { host, code, words },
    }
}
