//! Dates as JavaScript prints them.

/// What `new Date(ms).toString()` says in UTC: `Wed Jan 01 2020 01:00:00 GMT+0000 (Coordinated Universal Time)`.
///
/// `ms` counts from 1970.
pub fn date_string(ms: u64) -> String {
    let time = Time::at((ms / 1000) as i64);
    let weekday = WEEKDAYS[time.days.rem_euclid(7) as usize];
    let Time { year, month, day, hour, minute, second, .. } = time;
    let month = MONTHS[month];
    format!(
        "{weekday} {month} {day:02} {year:04} {hour:02}:{minute:02}:{second:02} GMT+0000 (Coordinated Universal Time)"
    )
}

/// What `date.toISOString()` says, which is how JSON has a date: `2020-01-01T01:00:00.000Z`. `None` for what is no date to
/// JavaScript: more than a hundred million days from 1970.
pub(crate) fn iso_string(seconds: i64, ms: u32) -> Option<String> {
    const FURTHEST: i64 = 100_000_000 * SECONDS_PER_DAY;
    if !(-FURTHEST..=FURTHEST).contains(&seconds) || seconds == FURTHEST && ms > 0 {
        return None;
    }
    let Time { year, month, day, hour, minute, second, .. } = Time::at(seconds);
    let month = month + 1;
    let year = if (0..=9999).contains(&year) { format!("{year:04}") } else { format!("{year:+07}") };
    Some(format!("{year}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{ms:03}Z"))
}

/// A second of the Gregorian calendar.
struct Time {
    /// Since 1970.
    days: i64,
    year: i64,
    /// From 0.
    month: usize,
    /// From 1.
    day: i64,
    hour: i64,
    minute: i64,
    second: i64,
}

impl Time {
    fn at(seconds: i64) -> Self {
        let (days, second) = (seconds.div_euclid(SECONDS_PER_DAY), seconds.rem_euclid(SECONDS_PER_DAY));
        let (year, month, day) = civil(days);
        Self { days, year, month, day, hour: second / 3600, minute: second / 60 % 60, second: second % 60 }
    }
}

const SECONDS_PER_DAY: i64 = 86_400;

/// From that of day 0, which was the first of January 1970.
const WEEKDAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Year, month (from 0) and day (from 1) of a day since 1970, in the Gregorian calendar.
///
/// Years are counted from March here, so that a leap day is the last of its year, and in eras of 400, which all have the
/// same number of days.
const fn civil(days: i64) -> (i64, usize, i64) {
    const DAYS_PER_ERA: i64 = 146_097;
    /// From the first of March of the year 0 to the first of January 1970.
    const BEFORE_1970: i64 = 719_468;

    let days = days + BEFORE_1970;
    let (era, day_of_era) = (days.div_euclid(DAYS_PER_ERA), days.rem_euclid(DAYS_PER_ERA));
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    // From March on, five months have 153 days, again and again.
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let january_or_february = month >= 10;
    let year = era * 400 + year_of_era + january_or_february as i64;
    (year, ((month + 2) % 12) as usize, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Node 20 with `TZ=UTC` says the same.
    #[test]
    fn it_reads_as_javascript_does() {
        for (ms, expected) in [
            (0, "Thu Jan 01 1970 00:00:00"),
            (951_782_399_999, "Mon Feb 28 2000 23:59:59"),
            (951_782_400_000, "Tue Feb 29 2000 00:00:00"),
            (1_577_840_400_000, "Wed Jan 01 2020 01:00:00"),
            (4_107_542_399_000, "Sun Feb 28 2100 23:59:59"),
            (4_107_542_400_000, "Mon Mar 01 2100 00:00:00"),
            (253_402_300_800_000, "Sat Jan 01 10000 00:00:00"),
            (8_640_000_000_000_000, "Sat Sep 13 275760 00:00:00"),
        ] {
            assert_eq!(date_string(ms), format!("{expected} GMT+0000 (Coordinated Universal Time)"));
        }
    }

    #[test]
    fn a_day_follows_the_other() {
        let lengths = |year: i64| {
            let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
            [31, if leap { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        };
        let every_day = (1970_i64..2500).flat_map(|year| {
            lengths(year)
                .into_iter()
                .enumerate()
                .flat_map(move |(month, len)| (1..=len).map(move |day| (year, month, day)))
        });
        for (days, expected) in every_day.enumerate() {
            assert_eq!(civil(days as i64), expected);
        }
    }

    /// Node 20 says the same.
    #[test]
    fn it_reads_as_json_has_it() {
        for (seconds, ms, expected) in [
            (0, 0, Some("1970-01-01T00:00:00.000Z")),
            (960_854_400, 7, Some("2000-06-13T00:00:00.007Z")),
            (-1, 999, Some("1969-12-31T23:59:59.999Z")),
            (-62_167_219_200, 0, Some("0000-01-01T00:00:00.000Z")),
            (-62_167_219_201, 0, Some("-000001-12-31T23:59:59.000Z")),
            (253_402_300_800, 0, Some("+010000-01-01T00:00:00.000Z")),
            (8_640_000_000_000, 0, Some("+275760-09-13T00:00:00.000Z")),
            (8_640_000_000_000, 1, None),
            (-8_640_000_000_000, 0, Some("-271821-04-20T00:00:00.000Z")),
            (i64::MIN, 0, None),
            (i64::MAX, 0, None),
        ] {
            assert_eq!(iso_string(seconds, ms).as_deref(), expected);
        }
    }

    #[test]
    fn no_time_is_too_late() {
        assert!(date_string(u64::MAX).ends_with("(Coordinated Universal Time)"));
    }
}
