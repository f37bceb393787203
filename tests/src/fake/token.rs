//! Sync tokens in the forms that servers use.

use super::knobs::TokenForm;

/// What a token stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Token {
    /// Everything up to this change is known.
    pub(super) seq: u64,
    /// In the middle of a first sync: the id of the last card that was listed.
    pub(super) after: Option<u64>,
}

impl Token {
    pub(super) fn now(seq: u64) -> Self {
        Self { seq, after: None }
    }

    /// The text of this token in a book of that `epoch`.
    pub(super) fn write(self, form: TokenForm, epoch: u64) -> String {
        let Self { seq, after } = self;
        let id = after.unwrap_or_default();
        match (form, after) {
            (TokenForm::Sabre, None) => format!("http://sabre.io/ns/sync/{seq}"),
            (TokenForm::Sabre, Some(_)) => format!("http://sabre.io/ns/sync/init_{id}_{seq}"),
            (TokenForm::Data, None) => format!("data:,{epoch}-{seq}"),
            (TokenForm::Data, Some(_)) => format!("data:,{epoch}-{seq}-{id}"),
            (TokenForm::Number, None) => seq.to_string(),
            (TokenForm::Number, Some(_)) => format!("{seq}.{id}"),
            (TokenForm::Urn, None) => format!("urn:stalwart:davsync:{seq:x}"),
            (TokenForm::Urn, Some(_)) => format!("urn:stalwart:davsync:{seq:x}:{id:x}"),
            (TokenForm::Path, _) => format!("/sync state?book={epoch}&at={seq}&after={id}"),
            (TokenForm::Hex, _) => format!("{epoch:016x}{seq:012x}{id:012x}"),
        }
    }

    /// Reads what [`Token::write`] wrote for this book; `None` for everything else.
    pub(super) fn read(text: &str, form: TokenForm, epoch: u64) -> Option<Self> {
        let numbers: Vec<u64> = text
            .split(|c: char| !c.is_ascii_hexdigit())
            .filter(|part| !part.is_empty())
            .filter_map(|part| u64::from_str_radix(part, radix(form)).ok())
            .collect();
        let candidates = match (form, numbers.as_slice()) {
            (TokenForm::Hex, _) => vec![Self {
                seq: u64::from_str_radix(text.get(16..28)?, 16).ok()?,
                after: u64::from_str_radix(text.get(28..40)?, 16).ok().filter(|id| *id > 0),
            }],
            (_, [.., a, b]) => vec![
                Self::now(*b),
                Self { seq: *b, after: Some(*a) },
                Self::now(*a),
                Self { seq: *a, after: Some(*b) },
            ],
            (_, [a]) => vec![Self::now(*a)],
            _ => Vec::new(),
        };
        // Whatever was read must be what would be written, to the letter.
        candidates.into_iter().find(|token| token.write(form, epoch) == text)
    }
}

fn radix(form: TokenForm) -> u32 {
    match form {
        TokenForm::Urn | TokenForm::Hex => 16,
        _ => 10,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORMS: [TokenForm; 6] = [
        TokenForm::Sabre,
        TokenForm::Data,
        TokenForm::Number,
        TokenForm::Urn,
        TokenForm::Path,
        TokenForm::Hex,
    ];

    #[test]
    fn every_form_reads_what_it_wrote_and_nothing_else() {
        for form in FORMS {
            for token in [
                Token::now(0),
                Token::now(7),
                Token::now(2600),
                Token { seq: 12, after: Some(5) },
                Token { seq: 5, after: Some(12) },
            ] {
                let text = token.write(form, 99);
                assert_eq!(Token::read(&text, form, 99), Some(token), "{text}");
            }
            for text in ["", "no-such-token", "http://other.example/ns/7", "é7", "-1"] {
                assert_eq!(Token::read(text, form, 99), None, "{form:?} {text}");
            }
        }
    }

    #[test]
    fn a_token_of_another_book_is_unknown_where_the_form_tells() {
        for form in [TokenForm::Data, TokenForm::Path, TokenForm::Hex] {
            let text = Token::now(7).write(form, 1);
            assert_eq!(Token::read(&text, form, 2), None, "{form:?}");
        }
    }
}
