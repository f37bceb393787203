//! Digest logins (RFC 7616) as a server sees them: nonces given out, and answers to them.

use std::collections::{HashMap, HashSet};

use sha2::{Digest as _, Sha256};

use super::ask::Ask;
use super::auth::REALM;
use super::knobs::{DigestAlgorithm, DigestRule, OldNonce};
use super::md5;

/// What a login is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    /// Right.
    Good,
    /// Right, to a Digest nonce that has had its time.
    Old,
    /// Wrong, or none at all.
    Bad,
}

/// The nonces given out so far, and which counts each of them has seen.
#[derive(Default)]
pub(super) struct Nonces {
    given: u32,
    seen: HashMap<String, HashSet<String>>,
}

impl Nonces {
    /// The challenge after `answer`, each with a nonce of its own.
    pub(super) fn challenge(&mut self, rule: DigestRule, answer: Answer) -> String {
        self.given += 1;
        let nonce = nonce(self.given);
        let (algorithm, qop) = match rule.algorithm {
            DigestAlgorithm::Md5 => ("", ",qop=\"auth\""),
            DigestAlgorithm::LowerCaseMd5 => (",algorithm=\"md5\"", ""),
            DigestAlgorithm::Md5Sess => (",algorithm=MD5-sess", ",qop=\"auth,auth-int\""),
            DigestAlgorithm::Sha256 => (",algorithm=SHA-256", ",qop=\"auth\""),
        };
        let is_stale = answer == Answer::Old && rule.old_nonce == OldNonce::Stale;
        let stale = if is_stale { ",stale=true" } else { "" };
        format!(
            "Digest realm=\"{REALM}\",nonce=\"{nonce}\",\
             opaque=\"df58bdff8cf60599c939187d0b5c54de\"{algorithm}{qop}{stale}"
        )
    }

    /// What the answer in `ask` is, if the user has this name and password. A count is good once.
    pub(super) fn judge(&mut self, rule: DigestRule, ask: &Ask, login: (&str, &str)) -> Answer {
        let value = ask.header("authorization").unwrap_or_default();
        let (scheme, params) = value.split_once(' ').unwrap_or_default();
        if !scheme.eq_ignore_ascii_case("digest") {
            return Answer::Bad;
        }
        let param = |name: &str| {
            params.split(',').find_map(|param| {
                let (key, value) = param.trim().split_once('=')?;
                (key == name).then(|| value.trim_matches('"').to_owned())
            })
        };
        let of = |name: &str| param(name).unwrap_or_default();
        let (given, nc) = (of("nonce"), of("nc"));
        let expected = expected(rule, ask, login, &of);
        if of("username") != login.0 || of("uri") != ask.path || of("response") != expected {
            return Answer::Bad;
        }
        let is_ours = (0..=self.given).any(|number| nonce(number) == given);
        let seen = self.seen.entry(given).or_default();
        let is_spent = rule.nonce_life.is_some_and(|life| seen.len() >= life as usize);
        let is_new = rule.algorithm == DigestAlgorithm::LowerCaseMd5 || seen.insert(nc);
        match is_ours && is_new && !is_spent {
            true => Answer::Good,
            false => Answer::Old,
        }
    }
}

/// The nonce given out as this one; the first is there before anybody asks.
fn nonce(number: u32) -> String {
    format!("dcd98b7102dd2f0e8b11d0f6{:08x}", 0x00bf_b0c0 + number)
}

fn expected(
    rule: DigestRule,
    ask: &Ask,
    (user, password): (&str, &str),
    of: &dyn Fn(&str) -> String,
) -> String {
    let hash = |text: String| match rule.algorithm {
        DigestAlgorithm::Sha256 => {
            Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
        }
        _ => md5::hex(text.as_bytes()),
    };
    let (nonce, nc, cnonce) = (of("nonce"), of("nc"), of("cnonce"));
    let mut secret = hash(format!("{user}:{REALM}:{password}"));
    if rule.algorithm == DigestAlgorithm::Md5Sess {
        secret = hash(format!("{secret}:{nonce}:{cnonce}"));
    }
    let target = hash(format!("{}:{}", ask.method, of("uri")));
    match rule.algorithm {
        // RFC 2069, which has neither counts nor cnonces.
        DigestAlgorithm::LowerCaseMd5 => hash(format!("{secret}:{nonce}:{target}")),
        _ => hash(format!("{secret}:{nonce}:{nc}:{cnonce}:auth:{target}")),
    }
}
