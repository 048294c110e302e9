//! Step 7. Times as text: IMF-fixdate for the Date field (RFC 9110, section 5.6.7), RFC 3339 for JSON.
//!
//! Right from 1970 to 9999; later times are written as the last second of 9999, as both forms have four digits of year.

/// `Sun, 06 Nov 1994 08:49:37 GMT`, made once a second and kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DateText {
    unix_seconds: u64,
    text: [u8; 29],
}

impl DateText {
    /// The text for a time.
    pub fn at(unix_seconds: u64) -> DateText {
        let time = Civil::at(unix_seconds);
        let mut text = *b"ddd, 00 mmm 0000 00:00:00 GMT";
        text[0..3].copy_from_slice(WEEKDAYS[time.weekday]);
        put(&mut text[5..7], time.day);
        text[8..11].copy_from_slice(MONTHS[time.month - 1]);
        put(&mut text[12..16], time.year);
        put(&mut text[17..19], time.hour);
        put(&mut text[20..22], time.minute);
        put(&mut text[23..25], time.second);
        DateText { unix_seconds, text }
    }

    /// Makes the text anew if the second has changed.
    pub fn refresh(&mut self, unix_seconds: u64) {
        if self.unix_seconds != unix_seconds {
            *self = DateText::at(unix_seconds);
        }
    }

    /// The text.
    pub fn as_bytes(&self) -> &[u8] {
        &self.text
    }
}

/// `2026-11-23T08:49:37Z` (RFC 3339), for JSON.
pub fn rfc3339(unix_seconds: u64) -> String {
    let Civil {
        year,
        month,
        day,
        hour,
        minute,
        second,
        ..
    } = Civil::at(unix_seconds);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

const WEEKDAYS: [&[u8; 3]; 7] = [b"Sun", b"Mon", b"Tue", b"Wed", b"Thu", b"Fri", b"Sat"];

const MONTHS: [&[u8; 3]; 12] = [
    b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec",
];

/// 9999-12-31T23:59:59Z
const LAST_SECOND: u64 = 253_402_300_799;

/// A time as people count it; month and day from 1, weekday from Sunday as 0.
struct Civil {
    year: usize,
    month: usize,
    day: usize,
    weekday: usize,
    hour: usize,
    minute: usize,
    second: usize,
}

impl Civil {
    #[allow(clippy::cast_possible_truncation)] // the largest value is LAST_SECOND's 2,932,896 days
    fn at(unix_seconds: u64) -> Civil {
        let seconds = unix_seconds.min(LAST_SECOND);
        let (days, in_day) = ((seconds / 86_400) as usize, (seconds % 86_400) as usize);
        let (year, month, day) = civil_from_days(days);
        Civil {
            year,
            month,
            day,
            weekday: (days + 4) % 7, // 1970-01-01 was a Thursday
            hour: in_day / 3600,
            minute: in_day / 60 % 60,
            second: in_day % 60,
        }
    }
}

/// Year, month and day of the n-th day after 1970-01-01.
///
/// Counted from 0000-03-01, so that a leap day is the last of its year, and in eras of 400 years, which all have
/// 146,097 days; the months from March on have 153 days in every five.
fn civil_from_days(days: usize) -> (usize, usize, usize) {
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let months_since_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * months_since_march + 2) / 5 + 1;
    let (month, years_on) = if months_since_march < 10 {
        (months_since_march + 3, 0)
    } else {
        (months_since_march - 9, 1)
    };
    (era * 400 + year_of_era + years_on, month, day)
}

/// Fills `digits` with a number, leading zeros included.
fn put(digits: &mut [u8], mut number: usize) {
    for digit in digits.iter_mut().rev() {
        *digit = b"0123456789"[number % 10];
        number /= 10;
    }
}
