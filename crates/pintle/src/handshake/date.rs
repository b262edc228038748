//! Dates as JavaScript prints them.

/// What JavaScript's `new Date(ms).toString()` says in UTC: `Wed Jan 01 2020 01:00:00 GMT+0000 (Coordinated Universal
/// Time)`.
pub(super) fn to_string(ms: u64) -> String {
    let seconds = ms / 1000;
    let (days, second) = (seconds / SECONDS_PER_DAY, seconds % SECONDS_PER_DAY);
    let (year, month, day) = civil(days);
    let (weekday, month) = (WEEKDAYS[(days % 7) as usize], MONTHS[month]);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!(
        "{weekday} {month} {day:02} {year:04} {hour:02}:{minute:02}:{second:02} GMT+0000 (Coordinated Universal Time)"
    )
}

const SECONDS_PER_DAY: u64 = 86_400;

/// From that of day 0, which was the first of January 1970.
const WEEKDAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Year, month (from 0) and day (from 1) of a day since 1970, in the Gregorian calendar.
///
/// Years are counted from March here, so that a leap day is the last of its year, and in eras of 400, which all have the
/// same number of days.
const fn civil(days: u64) -> (u64, usize, u64) {
    const DAYS_PER_ERA: u64 = 146_097;
    /// From the first of March of the year 0 to the first of January 1970.
    const BEFORE_1970: u64 = 719_468;

    let days = days + BEFORE_1970;
    let (era, day_of_era) = (days / DAYS_PER_ERA, days % DAYS_PER_ERA);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    // From March on, five months have 153 days, again and again.
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let january_or_february = month >= 10;
    let year = era * 400 + year_of_era + january_or_february as u64;
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
            assert_eq!(to_string(ms), format!("{expected} GMT+0000 (Coordinated Universal Time)"));
        }
    }

    #[test]
    fn a_day_follows_the_other() {
        let lengths = |year: u64| {
            let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
            [31, if leap { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        };
        let every_day = (1970_u64..2500).flat_map(|year| {
            lengths(year)
                .into_iter()
                .enumerate()
                .flat_map(move |(month, len)| (1..=len).map(move |day| (year, month, day)))
        });
        for (days, expected) in every_day.enumerate() {
            assert_eq!(civil(days as u64), expected);
        }
    }

    #[test]
    fn no_time_is_too_late() {
        assert!(to_string(u64::MAX).ends_with("(Coordinated Universal Time)"));
    }
}
