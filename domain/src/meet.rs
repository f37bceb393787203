//! Two lists of places, each under a key, and where they meet.

/// The places under each key that both lists have, in order: what a join of two sorted lists gives.
/// Takes the time of sorting them, whatever their keys are.
pub(crate) fn meet<K: Ord>(
    mut ours: Vec<(K, usize)>,
    mut theirs: Vec<(K, usize)>,
    mut found: impl FnMut(&[(K, usize)], &[(K, usize)]),
) {
    if ours.is_empty() || theirs.is_empty() {
        return;
    }
    ours.sort_unstable();
    theirs.sort_unstable();
    let mut theirs = theirs.chunk_by(|a, b| a.0 == b.0).peekable();
    for ours in ours.chunk_by(|a, b| a.0 == b.0) {
        let key = ours.first().map(|(key, _)| key);
        while theirs.next_if(|one| one.first().map(|(key, _)| key) < key).is_some() {}
        if let Some(theirs) = theirs.next_if(|one| one.first().map(|(key, _)| key) == key) {
            found(ours, theirs);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_meet_under_the_keys_that_both_lists_have() {
        let list = |keys: &str| keys.chars().zip(0..).collect::<Vec<_>>();
        let cases = [
            ("", "a", ""),
            ("a", "b", ""),
            ("cab", "bcd", "2:0 0:1 "),
            ("aba", "ccaa", "02:23 "),
            ("az", "yzz", "1:12 "),
        ];
        for (ours, theirs, expected) in cases {
            let mut met = String::new();
            meet(list(ours), list(theirs), |ours, theirs| {
                let places = |all: &[(char, usize)]| {
                    all.iter().map(|(_, at)| at.to_string()).collect::<String>()
                };
                met.push_str(&format!("{}:{} ", places(ours), places(theirs)));
            });
            assert_eq!(met, expected, "{ours} {theirs}");
        }
    }
}
