//! The options and commands that change a contact.

use std::path::PathBuf;

use clap::Args;
use clap::builder::NonEmptyStringValueParser;

/// What a contact says, field by field.
#[derive(Debug, Clone, Default, PartialEq, Eq, Args)]
#[command(next_help_heading = "Fields")]
pub struct FieldArgs {
    /// Given name
    #[arg(long, value_name = "TEXT")]
    pub given: Option<String>,
    /// Family name
    #[arg(long, value_name = "TEXT")]
    pub family: Option<String>,
    /// Middle names
    #[arg(long, value_name = "TEXT")]
    pub middle: Option<String>,
    /// Titles before the name (Dr.)
    #[arg(long, value_name = "TEXT")]
    pub prefix: Option<String>,
    /// Titles after the name (Jr.)
    #[arg(long, value_name = "TEXT")]
    pub suffix: Option<String>,
    /// Nickname
    #[arg(long, value_name = "TEXT")]
    pub nickname: Option<String>,
    /// The name as it is shown, when it is not made of the names above
    #[arg(long = "fn", value_name = "TEXT")]
    pub name: Option<String>,
    /// Organisation
    #[arg(long, value_name = "TEXT")]
    pub org: Option<String>,
    /// Title or position
    #[arg(long, value_name = "TEXT")]
    pub title: Option<String>,
    /// Birthday: 1980-01-15, --01-15 without a year, or 1980
    #[arg(long, value_name = "DATE", allow_hyphen_values = true)]
    pub birthday: Option<String>,
    /// Anniversary, as a birthday
    #[arg(long, value_name = "DATE", allow_hyphen_values = true)]
    pub anniversary: Option<String>,
    /// Note
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub note: Option<String>,
    /// Web page
    #[arg(long, value_name = "TEXT")]
    pub url: Option<String>,
    /// E-mail address; may be given several times
    #[arg(long = "email", value_name = "[TYPE=]VALUE")]
    pub emails: Vec<String>,
    /// Phone number; may be given several times
    #[arg(long = "phone", value_name = "[TYPE=]VALUE")]
    pub phones: Vec<String>,
    /// Postal address: STREET; CITY; REGION; CODE; COUNTRY; may be given several times
    #[arg(long = "address", value_name = "[TYPE=]VALUE")]
    pub addresses: Vec<String>,
    /// Category; may be given several times
    #[arg(long = "category", value_name = "NAME")]
    pub categories: Vec<String>,
    /// A picture: JPEG, PNG, GIF or WebP
    #[arg(long, value_name = "FILE")]
    pub photo: Option<PathBuf>,
}

/// `add`.
#[derive(Debug, Args)]
#[command(after_help = ADD_HELP)]
pub struct AddArgs {
    /// What the contact says.
    #[command(flatten)]
    pub fields: FieldArgs,
}

const ADD_HELP: &str = "\
Without options it asks, on a terminal. TYPE is home, work, cell, fax or another word, also one of
your own; a VALUE that holds `=` itself is written `=VALUE`. The name that is shown is made of the
names, else it is the organisation, the nickname, the e-mail address or the phone number.

Examples:
  contactcmd add
  contactcmd add --given Ada --family Lovelace --phone work=+442071234567 --birthday 1815-12-10
  contactcmd add --org 'Analytical Engines' --address 'work=1 Dorset St; London; ; W1U 4EG; UK'";

/// `edit`.
#[derive(Debug, Args)]
#[command(after_help = EDIT_HELP)]
pub struct EditArgs {
    /// Name, id, the start of an id (four characters or more), or UID
    #[arg(required = true, value_name = "WHO", value_parser = NonEmptyStringValueParser::new())]
    pub who: Vec<String>,
    /// What the contact says from now on.
    #[command(flatten)]
    pub fields: FieldArgs,
    /// Remove every value of a field or vCard property, or the one VALUE; may be given several times
    #[arg(long, value_name = "PROPERTY[=VALUE]")]
    pub remove: Vec<String>,
}

const EDIT_HELP: &str = "\
Without options the contact opens as a form in your editor ($VISUAL, $EDITOR, else vi). Whatever you
do not change stays as it is, byte for byte.

--phone, --email and --address add a value. With a TYPE that exactly one value there has, they
replace that value; but not beside a --remove of the same field, nor when the option is given twice
with that TYPE. --category adds. The other options set the one value of their field, and an empty
TEXT removes it. The name that is shown follows the names if it was made of them; --fn sets it.

TYPE is home, work, cell, fax or another word, also one of your own; a VALUE that holds `=` itself
is written `=VALUE`. PROPERTY is phone, email, address, category, nickname, note, url, photo, or the
name of a vCard property; its VALUE is the value or its type, of an address the street.

Examples:
  contactcmd edit Ada Lovelace
  contactcmd edit Ada --phone work=+442071234567 --category Friends
  contactcmd edit Ada --remove phone=+442070000000 --remove photo --remove X-FOO
  contactcmd edit 3f2b9c1e --photo ada.jpg --note ''";

/// `delete`.
#[derive(Debug, Args)]
#[command(after_help = DELETE_HELP)]
pub struct DeleteArgs {
    /// Name, id, the start of an id (four characters or more), or UID
    #[arg(required = true, value_name = "WHO", value_parser = NonEmptyStringValueParser::new())]
    pub who: Vec<String>,
    /// Do not ask
    #[arg(short, long)]
    pub yes: bool,
}

const DELETE_HELP: &str = "\
A contact that is on a server is deleted there by the next sync that sends changes. What is deleted
is kept in the history. Groups that the contact is a member of stay as they are.

Examples:
  contactcmd delete Ada Lovelace
  contactcmd delete 3f2b9c1e --yes";
