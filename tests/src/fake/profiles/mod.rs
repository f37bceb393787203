//! Whole servers, as far as they are known. A test names one and turns what it wants to stress.

mod hosted;
mod self_hosted;

use super::knobs::{Demand, Demands, Knobs};

/// sabre adds what is missing.
const ADDED: Demands = Demands { uid: Demand::Added, fn_: Demand::Added, n: Demand::Optional };

/// Nothing must be there.
const LENIENT: Demands =
    Demands { uid: Demand::Optional, fn_: Demand::Optional, n: Demand::Optional };

impl Knobs {
    /// Every profile by the name that the command line takes.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "rfc" => Self::default(),
            "icloud" => Self::icloud(),
            "google" => Self::google(),
            "fastmail" => Self::fastmail(),
            "nextcloud" => Self::nextcloud(),
            "owncloud" => Self::owncloud(),
            "zimbra" => Self::zimbra(),
            "radicale" => Self::radicale(),
            "sogo" => Self::sogo(),
            "stalwart" => Self::stalwart(),
            "xandikos" => Self::xandikos(),
            _ => return None,
        })
    }

    /// The names that [`Knobs::named`] knows.
    pub const NAMES: [&'static str; 11] = [
        "rfc",
        "icloud",
        "google",
        "fastmail",
        "nextcloud",
        "owncloud",
        "zimbra",
        "radicale",
        "sogo",
        "stalwart",
        "xandikos",
    ];
}
