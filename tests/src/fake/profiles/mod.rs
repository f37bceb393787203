//! Whole servers, as far as they are known. A test names one and turns what it wants to stress.

mod hosted;
mod self_hosted;

use super::knobs::{Demand, Demands, Knobs};

/// sabre adds what is missing.
const ADDED: Demands = Demands { uid: Demand::Added, fn_: Demand::Added, n: Demand::Optional };

/// Nothing must be there.
const LENIENT: Demands =
    Demands { uid: Demand::Optional, fn_: Demand::Optional, n: Demand::Optional };

/// The name that the command line takes, and what makes the profile.
type Profile = (&'static str, fn() -> Knobs);

const PROFILES: [Profile; 17] = [
    ("rfc", Knobs::default),
    ("icloud", Knobs::icloud),
    ("google", Knobs::google),
    ("fastmail", Knobs::fastmail),
    ("nextcloud", Knobs::nextcloud),
    ("nextcloud-paged", Knobs::nextcloud_paged),
    ("nextcloud-old", Knobs::nextcloud_old),
    ("owncloud", Knobs::owncloud),
    ("zimbra", Knobs::zimbra),
    ("radicale", Knobs::radicale),
    ("sogo", Knobs::sogo),
    ("stalwart", Knobs::stalwart),
    ("xandikos", Knobs::xandikos),
    ("baikal", Knobs::baikal),
    ("davical", Knobs::davical),
    ("calypso", Knobs::calypso),
    ("yahoo", Knobs::yahoo),
];

impl Knobs {
    /// Every profile with its name.
    pub fn profiles() -> impl Iterator<Item = (&'static str, Self)> {
        PROFILES.iter().map(|(name, make)| (*name, make()))
    }

    /// The profile of that name.
    pub fn named(name: &str) -> Option<Self> {
        PROFILES.iter().find(|(known, _)| *known == name).map(|(_, make)| make())
    }

    /// The names that [`Knobs::named`] knows.
    pub fn names() -> impl Iterator<Item = &'static str> {
        PROFILES.iter().map(|(name, _)| *name)
    }
}
