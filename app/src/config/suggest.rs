//! "Did you mean?"

/// The candidate that is nearest to what was written, if one is near enough to have been meant.
pub(super) fn nearest<'a>(
    written: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let allowed = 1 + written.chars().count() / 4;
    candidates
        .into_iter()
        .map(|candidate| (distance(&written.to_lowercase(), candidate), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// How many letters must be changed, added or left out to get from one to the other.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, a) in one.chars().enumerate() {
        let mut next = vec![i + 1];
        for ((b, across), below) in other.iter().zip(row.windows(2)).zip(0..) {
            let (diagonal, above) = match across {
                [diagonal, above] => (*diagonal, *above),
                _ => continue,
            };
            let left: usize = next.get(below).copied().unwrap_or_default();
            next.push((diagonal + usize::from(a != *b)).min(above + 1).min(left + 1));
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_near_words_are_suggested() {
        let keys = ["server", "username", "addressbook", "timeout"];
        let cases = [
            ("servr", Some("server")),
            ("Server", Some("server")),
            ("address_book", Some("addressbook")),
            ("addressbooks", Some("addressbook")),
            ("time_out", Some("timeout")),
            ("colour", None),
            ("", None),
        ];
        for (written, suggestion) in cases {
            assert_eq!(nearest(written, keys), suggestion, "{written}");
        }
    }

    #[test]
    fn the_distance_counts_letters() {
        for (one, other, letters) in
            [("", "abc", 3), ("abc", "abc", 0), ("kitten", "sitting", 3), ("ab", "ba", 2)]
        {
            assert_eq!(distance(one, other), letters, "{one} {other}");
        }
    }
}
