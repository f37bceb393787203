//! Dates as cards write them: whole, partial, without a year, with a time that means nothing.

use std::fmt;

use super::property::Property;

/// A date as far as it is known (RFC 6350 4.3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Date {
    /// The year, 1 to 9999; `None` when it is unknown.
    pub year: Option<u16>,
    /// The month, 1 to 12.
    pub month: Option<u8>,
    /// The day, 1 to 31.
    pub day: Option<u8>,
}

/// The year that stands for an unknown one: Apple's `X-APPLE-OMIT-YEAR`. Cyrus takes it so without
/// the parameter too, and nobody in an address book was born in it.
pub(super) const OMITTED_YEAR: u16 = 1604;

impl Date {
    /// Reads a date in basic or extended form, in any version of vCard: 4.0 forbids `1980-01-15`
    /// and cards have it all the same. A time after it is left out. `None` when it is not a date.
    pub fn read(text: &str) -> Option<Self> {
        let (date, _) = split_time(text.trim());
        let (year, rest) = match date.strip_prefix("--") {
            Some(rest) => (None, rest),
            None => {
                let year = number(date.get(..4)?)?;
                (Some(year), date.get(4..)?)
            }
        };
        let digits = match (year, rest.strip_prefix('-')) {
            (Some(_), Some(extended)) => extended,
            // `198001` could as well be the first of January 1998.
            (Some(_), None) if rest.len() == 2 => return None,
            _ => rest,
        };
        let (month, day) = match (year, digits.strip_prefix('-')) {
            // `---15`: only the day.
            (None, Some(day)) => (None, Some(two(day)?)),
            _ => month_and_day(digits)?,
        };
        let date = Self { year: year.filter(|year| *year != 0), month, day };
        let year_only = date.month.is_none() && date.day.is_none() && date.year.is_none();
        if year_only || !date.in_range() {
            return None;
        }
        Some(date.without_placeholder())
    }

    /// Whether a calendar has it: 30 February is read, since cards have it, and is no day all the same.
    pub fn exists(&self) -> bool {
        let leap = self.year.is_none_or(|y| y % 4 == 0 && (y % 100 != 0 || y % 400 == 0));
        let days = match self.month {
            Some(2) if leap => 29,
            Some(2) => 28,
            Some(4 | 6 | 9 | 11) => 30,
            _ => 31,
        };
        self.day.is_none_or(|day| day <= days)
    }

    /// As vCard 4.0 writes it, without separators: `19800115`, `--0820`, `1980-01`, `---15`.
    pub fn basic(&self) -> String {
        let whole = self.month.is_some() && self.day.is_some();
        self.write(if whole { "" } else { "-" })
    }

    /// As ISO 8601 writes it: `1980-01-15`, `1980-01`, `1980`, `--08-20`, `--08`, `---15`.
    pub fn iso(&self) -> String {
        self.write("-")
    }

    fn write(&self, gap: &str) -> String {
        let mut out = String::with_capacity(10);
        match self.year {
            Some(year) => {
                digits(&mut out, year / 100);
                digits(&mut out, year % 100);
                out.push_str(if self.month.is_some() { gap } else { "" });
            }
            None => out.push_str("--"),
        }
        match (self.month, self.day) {
            (Some(month), Some(day)) => {
                digits(&mut out, month.into());
                out.push_str(gap);
                digits(&mut out, day.into());
            }
            (Some(month), None) => digits(&mut out, month.into()),
            (None, Some(day)) => {
                out.push('-');
                digits(&mut out, day.into());
            }
            (None, None) => {}
        }
        out
    }

    /// The date with the year that stands for none, for the versions that cannot leave it out;
    /// `None` when month or day are missing, which they cannot say either.
    pub(super) fn with_placeholder(&self) -> Option<Self> {
        let year = Some(self.year.unwrap_or(OMITTED_YEAR));
        (self.month.is_some() && self.day.is_some()).then_some(Self { year, ..*self })
    }

    fn without_placeholder(self) -> Self {
        // 1604 without a month would leave nothing.
        let omitted = self.year == Some(OMITTED_YEAR) && self.month.is_some();
        Self { year: self.year.filter(|_| !omitted), ..self }
    }

    fn in_range(&self) -> bool {
        self.month.is_none_or(|month| (1..=12).contains(&month))
            && self.day.is_none_or(|day| (1..=31).contains(&day))
    }
}

/// As [`Date::iso`].
impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.iso())
    }
}

/// The date of a property such as BDAY, honouring `X-APPLE-OMIT-YEAR`; `None` when it is not one.
pub(super) fn of(property: &Property<'_>) -> Option<Date> {
    let mut date = Date::read(&property.decoded())?;
    if let Some(omitted) = property.param("X-APPLE-OMIT-YEAR") {
        // The year counts as unknown only when it is the one the parameter names.
        date.year = date.year.filter(|year| number(omitted.trim()) != Some(*year));
    }
    Some(date)
}

/// The time that follows a date, without separators; `None` when there is none or it is midnight,
/// which is how programs without dates write a date.
pub(super) fn time(text: &str) -> Option<String> {
    let (_, time) = split_time(text.trim());
    let time: String = time?.chars().filter(|c| *c != ':').collect();
    let clock = time.split(['Z', 'z', '+', '-']).next().unwrap_or_default();
    let midnight = !clock.is_empty() && clock.chars().all(|c| matches!(c, '0' | '.'));
    (!midnight).then(|| time.to_ascii_uppercase())
}

/// A moment as REV has it, in the extended form (`1995-10-31T22:27:10Z`).
pub(super) fn utc(milliseconds: i64) -> String {
    let seconds = milliseconds.div_euclid(1000);
    let (days, clock) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let (year, month, day) = civil(days);
    let (hour, minute, second) = (clock / 3600, clock / 60 % 60, clock % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// Days since 1970-01-01 as a date of the Gregorian calendar. Counts from 1 March of the year 0, so
/// that the leap day is the last of its year.
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let years = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * years + years / 4 - years / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    (years + era * 400 + i64::from(month <= 2), month, day)
}

/// Appends a number below 100 as two digits.
fn digits(out: &mut String, number: u16) {
    for digit in [number / 10, number % 10] {
        out.extend(char::from_digit(digit.into(), 10));
    }
}

fn split_time(text: &str) -> (&str, Option<&str>) {
    let at = text.bytes().position(|b| matches!(b, b'T' | b't' | b' '));
    match at.and_then(|at| Some((text.get(..at)?, text.get(at + 1..)?))) {
        Some((date, time)) => (date, Some(time)),
        None => (text, None),
    }
}

/// `0115`, `01-15`, `1-15`, `01`, or nothing.
fn month_and_day(digits: &str) -> Option<(Option<u8>, Option<u8>)> {
    if digits.is_empty() {
        return Some((None, None));
    }
    if let Some((month, day)) = digits.split_once('-') {
        return Some((Some(two(month)?), Some(two(day)?)));
    }
    match digits.len() {
        2 => Some((Some(two(digits)?), None)),
        4 => Some((Some(two(digits.get(..2)?)?), Some(two(digits.get(2..)?)?))),
        _ => None,
    }
}

fn two(digits: &str) -> Option<u8> {
    (digits.len() <= 2).then(|| number(digits)).flatten().and_then(|n| u8::try_from(n).ok())
}

fn number(digits: &str) -> Option<u16> {
    let all = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    all.then(|| digits.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::super::Card;
    use super::*;

    #[test]
    fn every_form_of_a_date_is_read_and_written_alike() {
        let cases = [
            // (as found, as shown, as vCard 4.0 writes it)
            ("1980-01-15", "1980-01-15", "19800115"),
            ("19800115", "1980-01-15", "19800115"),
            ("1980-01-15T00:00:00Z", "1980-01-15", "19800115"),
            ("19800115T101112-0500", "1980-01-15", "19800115"),
            ("1980-01-15 00:00:00", "1980-01-15", "19800115"),
            ("1980-1-5", "1980-01-05", "19800105"),
            ("1980-01", "1980-01", "1980-01"),
            ("1980", "1980", "1980"),
            ("--0820", "--08-20", "--0820"),
            ("--08-20", "--08-20", "--0820"),
            ("--08", "--08", "--08"),
            ("---15", "---15", "---15"),
            ("1604-08-20", "--08-20", "--0820"),
            ("0000-08-20", "--08-20", "--0820"),
            ("--0229", "--02-29", "--0229"),
        ];
        for (found, shown, basic) in cases {
            let date = Date::read(found).unwrap_or_else(|| panic!("{found}"));
            assert_eq!(
                (date.to_string().as_str(), date.basic().as_str()),
                (shown, basic),
                "{found}"
            );
        }
    }

    #[test]
    fn what_is_not_a_date_is_not_guessed_at() {
        for text in [
            "",
            "circa 1800",
            "206-12-15",
            "80-1-15",
            "1980-13-01",
            "1980-01-32",
            "0000-00-00",
            "--",
            "----",
            "1980/01/15",
            "198001",
            "T101112",
            "ü",
            "19800115x",
            "--08-",
        ] {
            assert_eq!(Date::read(text), None, "{text}");
        }
    }

    #[test]
    fn the_omitted_year_counts_only_when_it_is_the_one_named() {
        let cases = [
            ("BDAY;X-APPLE-OMIT-YEAR=1604:1604-08-20", "--08-20"),
            ("BDAY;X-APPLE-OMIT-YEAR=1900:1900-08-20", "--08-20"),
            ("BDAY;X-APPLE-OMIT-YEAR=1604:1980-08-20", "1980-08-20"),
        ];
        for (line, shown) in cases {
            let card = Card::parse(format!("BEGIN:VCARD\n{line}\nEND:VCARD\n"));
            let date = card.properties().next().and_then(|bday| of(&bday)).unwrap();
            assert_eq!(date.to_string(), shown, "{line}");
        }
    }

    #[test]
    fn only_days_of_the_calendar_exist() {
        let cases = [
            ("1980-02-29", true),
            ("1981-02-29", false),
            ("1900-02-29", false),
            ("2000-02-29", true),
            ("--02-29", true),
            ("--02-30", false),
            ("--04-31", false),
            ("---31", true),
            ("1980", true),
        ];
        for (text, exists) in cases {
            assert_eq!(Date::read(text).map(|date| date.exists()), Some(exists), "{text}");
        }
    }

    #[test]
    fn midnight_is_no_time() {
        assert_eq!(time("19800115T000000Z"), None);
        assert_eq!(time("1980-01-15T00:00:00.000+02:00"), None);
        assert_eq!(time("1980-01-15"), None);
        assert_eq!(time("1980-01-15t23:10:00z").as_deref(), Some("231000Z"));
    }

    #[test]
    fn a_moment_is_written_in_utc() {
        assert_eq!(utc(0), "1970-01-01T00:00:00Z");
        assert_eq!(utc(951_782_399_999), "2000-02-28T23:59:59Z");
        assert_eq!(utc(951_868_799_000), "2000-02-29T23:59:59Z");
        assert_eq!(utc(-1), "1969-12-31T23:59:59Z");
    }
}
