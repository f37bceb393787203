//! How long to wait before a safe request is repeated.

use std::time::Duration;

/// The longest wait, whatever the server asks for: a person is looking at it.
const LONGEST: Duration = Duration::from_secs(60);

/// What went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// The connection broke or nothing came in time: one second, then twice that, and so on.
    Connection,
    /// The server asked to wait (429, 503): five seconds, then twice that, and so on. Stalwart
    /// refuses for up to a minute without saying how long.
    Busy,
}

/// How long to wait before attempt number `attempt` (1 is the first repetition).
///
/// `asked` is what [`retry_after`] read, in seconds. `fraction` is random in `[0, 1)`: it spreads
/// the requests that failed together. Never more than a minute; never less than half of the step,
/// or of what was asked for.
pub fn pause(trouble: Trouble, attempt: u32, asked: Option<u64>, fraction: f64) -> Duration {
    let fraction = if fraction.is_finite() { fraction.clamp(0.0, 1.0) } else { 0.0 };
    if let Some(seconds) = asked {
        // Not before the time that was asked for, and not all at once after it.
        let jitter = Duration::from_millis(500).mul_f64(fraction);
        return Duration::from_secs(seconds).saturating_add(jitter).min(LONGEST);
    }
    let first = match trouble {
        Trouble::Connection => Duration::from_secs(1),
        Trouble::Busy => Duration::from_secs(5),
    };
    let doublings = attempt.saturating_sub(1).min(16);
    let step = first.saturating_mul(1 << doublings).min(LONGEST);
    step.mul_f64(0.5 + fraction / 2.0)
}

/// What a `Retry-After` asks for, in seconds from `now` (Unix time in seconds): a number of seconds
/// or an HTTP date (RFC 9110 10.2.3). `None` when it is neither; 0 for a time that has passed.
pub fn retry_after(value: &str, now: i64) -> Option<u64> {
    let value = value.trim();
    if !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit()) {
        // Too many digits for a number are too many seconds.
        return Some(value.parse().unwrap_or(u64::MAX));
    }
    let at = http_date(value)?;
    Some(u64::try_from(at.saturating_sub(now)).unwrap_or(0))
}

/// Reads `Sun, 06 Nov 1994 08:49:37 GMT` (IMF-fixdate, RFC 9110 5.6.7) as Unix time. The two older
/// forms are not read: no server that sends a Retry-After writes them.
fn http_date(text: &str) -> Option<i64> {
    let mut words = text.split_once(',')?.1.split_ascii_whitespace();
    let day: i64 = words.next()?.parse().ok()?;
    let month = words.next()?;
    let year: i64 = words.next()?.parse().ok()?;
    let mut time = words.next()?.split(':').map(|part| part.parse::<i64>().ok());
    let (hour, minute, second) = (time.next()??, time.next()??, time.next()??);
    let months =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let month = months.iter().position(|known| known.eq_ignore_ascii_case(month))?;
    let plausible = (1..=31).contains(&day)
        && (1970..=9999).contains(&year)
        && (0..24).contains(&hour)
        && (0..60).contains(&minute)
        && (0..=60).contains(&second);
    let month = i64::try_from(month).ok()? + 1;
    plausible
        .then(|| days_since_1970(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second)
}

/// Days from 1970-01-01 in the Gregorian calendar; the year is taken to begin in March, so that the
/// leap day is its last.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let leap_days = year / 4 - year / 100 + year / 400;
    let day_of_year = (153 * month + 2) / 5 + day - 1;
    year * 365 + leap_days + day_of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_say_how_long_in_seconds_or_by_date() {
        let now = 784_111_777; // Sun, 06 Nov 1994 08:49:37 GMT
        let cases = [
            ("120", Some(120)),
            (" 0 ", Some(0)),
            ("99999999999999999999999", Some(u64::MAX)),
            ("Sun, 06 Nov 1994 08:50:37 GMT", Some(60)),
            ("Sun, 06 Nov 1994 08:49:07 GMT", Some(0)),
            ("Thu, 01 Jan 1970 00:00:00 GMT", Some(0)),
            ("Mon, 29 Feb 2016 00:00:00 GMT", Some(1_456_704_000 - 784_111_777)),
            ("-5", None),
            ("soon", None),
            ("", None),
            ("Sun, 06 Nov 1994", None),
            ("Sun, 99 Nov 1994 08:49:37 GMT", None),
        ];
        for (value, seconds) in cases {
            assert_eq!(retry_after(value, now), seconds, "{value}");
        }
    }

    #[test]
    fn waits_double_and_end_at_a_minute() {
        let ms = |trouble, attempt, asked, fraction| {
            pause(trouble, attempt, asked, fraction).as_millis()
        };
        assert_eq!(ms(Trouble::Connection, 1, None, 0.0), 500);
        assert_eq!(ms(Trouble::Connection, 3, None, 0.5), 3_000);
        assert_eq!(ms(Trouble::Busy, 1, None, 0.0), 2_500);
        assert_eq!(ms(Trouble::Busy, 99, None, 0.999_999), 59_999);
        assert_eq!(ms(Trouble::Busy, 1, Some(7), 0.5), 7_250);
        assert_eq!(ms(Trouble::Busy, 1, Some(u64::MAX), 0.5), 60_000);
        assert_eq!(ms(Trouble::Connection, 0, None, f64::NAN), 500);
    }
}
