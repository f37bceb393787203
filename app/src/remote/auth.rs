//! Who is asking.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use contactcmd_domain::dav::Origin;
use contactcmd_ports::Secret;
use http::HeaderValue;

/// A user name and password, and the server they belong to. Has no `Debug`.
pub struct Credentials {
    home: Origin,
    header: HeaderValue,
}

impl Credentials {
    /// Basic authentication (RFC 7617), in UTF-8; sent with the first request, because some servers
    /// never ask for it (Cyrus, Google).
    pub fn basic(home: Origin, username: &str, password: &Secret) -> Self {
        let pair = Secret::new(format!("{username}:{}", password.expose()));
        let encoded = Secret::new(STANDARD.encode(pair.expose()));
        let text = Secret::new(format!("Basic {}", encoded.expose()));
        // Base64 is always a header value.
        let mut header =
            HeaderValue::from_str(text.expose()).unwrap_or(HeaderValue::from_static("Basic"));
        header.set_sensitive(true);
        Self { home, header }
    }

    /// The server they belong to.
    pub fn home(&self) -> &Origin {
        &self.home
    }

    /// The `Authorization` header, marked so that it never shows.
    pub fn header(&self) -> HeaderValue {
        self.header.clone()
    }
}
