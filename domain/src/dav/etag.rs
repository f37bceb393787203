//! ETags, kept exactly as the server wrote them.

/// The version of one card at one href, in the server's own spelling: quotes, `W/` and suffixes
/// included, because `If-Match` must repeat it exactly (Q95). Never empty.
///
/// It means something only together with its href: SOGo's are counters that cards share (Q133).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ETag(String);

impl ETag {
    /// The tag, trimmed of white space; `None` when nothing is left (unknown, Q44).
    pub fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        (!text.is_empty()).then(|| Self(text.to_owned()))
    }

    /// The server's spelling.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether both name the same version by weak comparison (RFC 9110 8.8.3.2).
    ///
    /// Quotes, `W/` and the `-gzip` and `;gzip` that Apache and Jetty add are passed over (Q93).
    pub fn same_version(&self, other: &Self) -> bool {
        core(&self.0) == core(&other.0)
    }

    /// Whether it is strong and as the server compares it, without what is added to it on the way (Q93).
    pub fn is_plain(&self) -> bool {
        let inside = self.0.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
        inside == Some(core(&self.0))
    }
}

fn core(text: &str) -> &str {
    let text = text.strip_prefix("W/").or_else(|| text.strip_prefix("w/")).unwrap_or(text);
    let text = text.strip_prefix('"').and_then(|t| t.strip_suffix('"')).unwrap_or(text);
    text.strip_suffix("-gzip").or_else(|| text.strip_suffix(";gzip")).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_weakly_and_kept_verbatim() {
        let cases = [
            ("\"a\"", "\"a\"", true),
            ("\"a\"", "W/\"a\"", true),
            ("\"a-gzip\"", "\"a\"", true),
            ("a", "\"a\"", true),
            ("\"a\"", "\"A\"", false),
            ("\"a\"", "\"b\"", false),
        ];
        for (one, other, same) in cases {
            let (Some(a), Some(b)) = (ETag::new(one), ETag::new(other)) else { panic!("{one}") };
            assert_eq!(a.same_version(&b), same, "{one} {other}");
            assert_eq!(a.as_str(), one);
        }
        assert_eq!(ETag::new("  "), None);
    }

    #[test]
    fn only_a_strong_version_without_additions_is_plain() {
        let cases = [
            ("\"a\"", true),
            ("W/\"a\"", false),
            ("\"a-gzip\"", false),
            ("a", false),
            ("\"", false),
        ];
        for (text, plain) in cases {
            assert_eq!(ETag::new(text).map(|tag| tag.is_plain()), Some(plain), "{text}");
        }
    }
}
