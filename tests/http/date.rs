//! Claims about src/http/date.rs.

use crate::harness::Test;
use nanoserve::http::date::{DateText, rfc3339};

pub const TESTS: &[Test] = &[
    (
        "known_moments_read_as_the_rfcs_write_them",
        known_moments_read_as_the_rfcs_write_them,
    ),
    (
        "every_day_to_the_year_9999_follows_the_one_before",
        every_day_to_the_year_9999_follows_the_one_before,
    ),
    (
        "times_after_9999_stay_at_its_last_second",
        times_after_9999_stay_at_its_last_second,
    ),
    (
        "a_text_is_made_anew_when_the_second_changes",
        a_text_is_made_anew_when_the_second_changes,
    ),
];

fn imf(seconds: u64) -> String {
    String::from_utf8_lossy(DateText::at(seconds).as_bytes()).into_owned()
}

// RFC 9110, section 5.6.7; RFC 3339, section 5.6
fn known_moments_read_as_the_rfcs_write_them() {
    for (seconds, date, timestamp) in [
        (0, "Thu, 01 Jan 1970 00:00:00 GMT", "1970-01-01T00:00:00Z"),
        (
            784_111_777,
            "Sun, 06 Nov 1994 08:49:37 GMT",
            "1994-11-06T08:49:37Z",
        ),
        (
            951_782_399,
            "Mon, 28 Feb 2000 23:59:59 GMT",
            "2000-02-28T23:59:59Z",
        ),
        (
            951_782_400,
            "Tue, 29 Feb 2000 00:00:00 GMT",
            "2000-02-29T00:00:00Z",
        ),
        (
            951_868_800,
            "Wed, 01 Mar 2000 00:00:00 GMT",
            "2000-03-01T00:00:00Z",
        ),
        (
            1_709_164_800,
            "Thu, 29 Feb 2024 00:00:00 GMT",
            "2024-02-29T00:00:00Z",
        ),
        (
            1_795_423_777,
            "Mon, 23 Nov 2026 08:49:37 GMT",
            "2026-11-23T08:49:37Z",
        ),
        (
            2_147_483_648,
            "Tue, 19 Jan 2038 03:14:08 GMT",
            "2038-01-19T03:14:08Z",
        ),
        (
            4_107_542_400,
            "Mon, 01 Mar 2100 00:00:00 GMT",
            "2100-03-01T00:00:00Z",
        ),
        (
            253_402_300_799,
            "Fri, 31 Dec 9999 23:59:59 GMT",
            "9999-12-31T23:59:59Z",
        ),
    ] {
        assert_eq!(imf(seconds), date);
        assert_eq!(rfc3339(seconds), timestamp);
    }
}

/// A calendar kept by counting, beside the one that computes.
fn every_day_to_the_year_9999_follows_the_one_before() {
    let (mut year, mut month, mut day) = (1970, 1, 1);
    for days in 0..2_932_897_u64 {
        // Formatting three million texts takes long; every 7th and the ends of months show any slip.
        if days % 7 == 0 || day > 27 || day == 1 {
            assert_eq!(
                &rfc3339(days * 86_400)[..10],
                format!("{year:04}-{month:02}-{day:02}")
            );
        }
        let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let last = match month {
            2 if leap => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        };
        day += 1;
        if day > last {
            (month, day) = (month + 1, 1);
        }
        if month > 12 {
            (year, month) = (year + 1, 1);
        }
    }
    assert_eq!((year, month, day), (10_000, 1, 1));
}

fn times_after_9999_stay_at_its_last_second() {
    for seconds in [253_402_300_800, u64::MAX] {
        assert_eq!(imf(seconds), "Fri, 31 Dec 9999 23:59:59 GMT");
        assert_eq!(rfc3339(seconds), "9999-12-31T23:59:59Z");
    }
}

// N-54
fn a_text_is_made_anew_when_the_second_changes() {
    let mut text = DateText::at(784_111_776);
    text.refresh(784_111_776);
    assert_eq!(text, DateText::at(784_111_776));
    text.refresh(784_111_777);
    assert_eq!(text.as_bytes(), b"Sun, 06 Nov 1994 08:49:37 GMT");
}
