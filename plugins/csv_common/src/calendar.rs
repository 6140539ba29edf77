//! Days and dates of the proleptic Gregorian calendar.
//!
//! The arithmetic is Howard Hinnant's `days_from_civil` and `civil_from_days`,
//! <https://howardhinnant.github.io/date_algorithms.html>: eras of 400 years
//! that begin in March, so that the leap day comes last.

/// A date of the proleptic Gregorian calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Civil {
    /// Astronomical: 0 is 1 BC.
    pub year: i64,
    /// From 1.
    pub month: u8,
    /// From 1.
    pub day: u8,
}

/// Days from 1970-01-01 to a date, or none when there is no such date.
#[must_use]
pub fn days(date: Civil) -> Option<i64> {
    let Civil { year, month, day } = date;
    if !(1..=12).contains(&month) || day == 0 || day > days_in(year, month) {
        return None;
    }
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let month_from_march = (i64::from(month) + 9) % 12;
    let day_of_year = (153 * month_from_march + 2) / 5 + i64::from(day) - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    Some(era * 146_097 + day_of_era - 719_468)
}

/// The date that lies `days` after 1970-01-01.
#[must_use]
pub fn civil(days: i64) -> Civil {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = (day_of_year - (153 * month_from_march + 2) / 5 + 1) as u8;
    let month =
        (if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 }) as u8;
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    Civil { year, month, day }
}

fn days_in(year: i64, month: u8) -> u8 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_dates_have_their_day_number() {
        let at = |year, month, day| days(Civil { year, month, day });
        assert_eq!(at(1970, 1, 1), Some(0));
        assert_eq!(at(2000, 2, 29), Some(11_016));
        assert_eq!(at(1969, 12, 31), Some(-1));
        assert_eq!(at(1900, 2, 29), None);
        assert_eq!(at(2025, 13, 1), None);
        assert_eq!(at(2025, 4, 31), None);
        assert_eq!(at(2025, 4, 0), None);
    }

    #[test]
    fn day_numbers_survive_a_round_trip() {
        for day in -200_000..200_000 {
            assert_eq!(days(civil(day)), Some(day));
        }
        for day in [i64::from(i32::MIN), i64::from(i32::MAX)] {
            assert_eq!(days(civil(day)), Some(day));
        }
    }
}
