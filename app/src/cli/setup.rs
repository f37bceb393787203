//! `setup`, as it is typed.

use std::path::PathBuf;

use clap::Args;
use clap::builder::NonEmptyStringValueParser;

/// `setup`.
#[derive(Debug, Clone, Args)]
#[command(after_help = SETUP_HELP)]
pub struct SetupArgs {
    /// Your e-mail address, the URL or host of your server, or your provider
    #[arg(value_name = "EMAIL|URL|PROVIDER", value_parser = NonEmptyStringValueParser::new())]
    pub whose: Option<String>,
    /// User name at the server; without it, the e-mail address
    #[arg(long, value_name = "USER", value_parser = NonEmptyStringValueParser::new())]
    pub username: Option<String>,
    /// The name to keep the account under, as a table `[carddav.NAME]` of the config
    #[arg(long, value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    pub account: Option<String>,
    /// Name or path of an address book to synchronise; may be given several times
    #[arg(long = "addressbook", value_name = "AB")]
    pub addressbooks: Vec<String>,
    /// A shell command that prints the password; it is kept in the config, and the keychain is not used
    #[arg(long, value_name = "COMMAND")]
    pub password_command: Option<String>,
    /// Sign in with the browser, as the program that the provider knows by this client id (OAuth2)
    #[arg(long, value_name = "ID", value_parser = NonEmptyStringValueParser::new())]
    pub client_id: Option<String>,
    /// A shell command that prints the secret of that client; kept in the config
    #[arg(long, value_name = "COMMAND")]
    pub client_secret_command: Option<String>,
    /// The certificate authority to trust in place of the system's, a PEM file; kept in the config
    #[arg(long, value_name = "FILE")]
    pub ca_file: Option<PathBuf>,
    /// Allow http:// to another machine, where others may read the password on its way; kept in the config
    #[arg(long)]
    pub allow_http: bool,
}

const SETUP_HELP: &str = "\
Finds your address books, says which password is wanted and where it is made, and checks it. Only
when the server has accepted it is the password stored in the keychain of your system and the
account written to the config. On a terminal, what is not given is asked for; elsewhere everything
must be given, the password by the variable CONTACTCMD_PASSWORD or by --password-command. An account
that is there already is left as it is; an unfinished table of the config, one without a server, is
finished.

Google takes no password: your browser opens, you sign in, and the keychain keeps what Google gives.
Google knows you by a program of your own, which you register once; setup says how, and asks for its
client id and secret.

Providers: icloud, fastmail, google, mailbox.org, posteo, gmx, gmx.com, web.de, yahoo, zoho, zoho.eu.
Other servers, such as Nextcloud, ownCloud, Zimbra, Radicale or Baikal, are found by their address, or
by an e-mail address when the domain says where they are.

Examples:
  contactcmd setup
  contactcmd setup ada@example.org
  contactcmd setup icloud --username ada@icloud.com
  contactcmd setup https://cloud.example/nextcloud --username ada --account work
  contactcmd setup ada@fastmail.com --password-command 'pass show fastmail'
  contactcmd setup ada@gmail.com --client-id 123-abc.apps.googleusercontent.com";
