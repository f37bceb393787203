//! ETags in the forms that servers use, and preconditions on them.

use std::borrow::Cow;

use super::card::Card;
use super::knobs::{ETagForm, IfMatch, Knobs};

/// The ETag as listings and multigets give it.
pub(super) fn listed_etag<'a>(knobs: &Knobs, card: &'a Card) -> Cow<'a, str> {
    match knobs.etag_form {
        ETagForm::Hash | ETagForm::WeakHeader | ETagForm::GzipHeader => Cow::from(&card.tag),
        ETagForm::Unquoted => Cow::from(card.tag.trim_matches('"')),
        ETagForm::Counter => Cow::from(format!("\"gcs{:08}\"", card.version)),
        ETagForm::Constant => Cow::from("\"1\""),
        ETagForm::Timestamp => {
            let (minutes, rest) = (card.seq / 60_000 % 1440, card.seq % 60_000);
            let (hour, minute) = (minutes / 60, minutes % 60);
            let (second, milli) = (rest / 1000, rest % 1000);
            let time = format!("{hour:02}:{minute:02}:{second:02}.{milli:03}");
            Cow::from(format!("\"2019-02-28T{time}-08:00\""))
        }
    }
}

/// The same ETag as it stands in the headers of GET and PUT.
pub(super) fn header_etag(knobs: &Knobs, listed: &str) -> String {
    match knobs.etag_form {
        ETagForm::WeakHeader => format!("W/{listed}"),
        ETagForm::GzipHeader => format!("{}-gzip\"", listed.trim_end_matches('"')),
        _ => listed.to_owned(),
    }
}

/// Whether a write with this `If-Match` may go on; `current` is `None` when the card is not there.
pub(super) fn passes(rule: IfMatch, if_match: Option<&str>, current: Option<&str>) -> bool {
    let Some(wanted) = if_match else { return true };
    match (rule, current) {
        (IfMatch::Ignored, _) | (IfMatch::IgnoredIfMissing, None) => true,
        (_, None) => false,
        (IfMatch::Exact | IfMatch::IgnoredIfMissing, Some(current)) => wanted == current,
        (IfMatch::Honoured, Some(current)) => {
            wanted.trim() == "*" || wanted.split(',').any(|one| one.trim() == current)
        }
    }
}

/// Whether `If-None-Match` names this ETag, weakly compared (RFC 9110 13.1.2).
pub(super) fn names(if_none_match: &str, current: &str) -> bool {
    let strong = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    if_none_match.trim() == "*" || if_none_match.split(',').any(|one| strong(one) == current)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn preconditions_pass_as_each_kind_of_server_has_them() {
        use IfMatch::{Exact, Honoured, Ignored, IgnoredIfMissing};
        let cases = [
            (Honoured, None, Some("\"a\""), true),
            (Honoured, Some("\"a\""), Some("\"a\""), true),
            (Honoured, Some("\"b\", \"a\""), Some("\"a\""), true),
            (Honoured, Some("*"), Some("\"a\""), true),
            (Honoured, Some("W/\"a\""), Some("\"a\""), false),
            (Honoured, Some("*"), None, false),
            (Exact, Some("*"), Some("\"a\""), false),
            (Exact, Some("\"b\", \"a\""), Some("\"a\""), false),
            (Exact, Some("\"a\""), None, false),
            (IgnoredIfMissing, Some("\"a\""), None, true),
            (IgnoredIfMissing, Some("\"b\""), Some("\"a\""), false),
            (Ignored, Some("\"b\""), Some("\"a\""), true),
        ];
        for (rule, wanted, current, passing) in cases {
            assert_eq!(passes(rule, wanted, current), passing, "{rule:?} {wanted:?} {current:?}");
        }
    }
}
