//! Moments in time. They come in as values: only the host reads a clock.

use std::cell::Cell;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::DomainError;

/// A moment, in milliseconds since 1970-01-01 UTC. Printed as RFC 3339.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// Milliseconds from `earlier` to this moment; 0 where the clock was set back.
    pub fn since_ms(self, earlier: Timestamp) -> u64 {
        u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0)
    }

    /// The moment so many milliseconds earlier.
    #[must_use]
    pub fn before_ms(self, ms: u64) -> Timestamp {
        Timestamp(self.0.saturating_sub_unsigned(ms))
    }

    /// Time of day as `12:04:31`, UTC.
    pub fn clock_text(self) -> String {
        self.to_string().get(11..19).unwrap_or_default().to_owned()
    }

    /// The day as `2026-06-01`, UTC.
    pub fn date_text(self) -> String {
        self.to_string().get(..10).unwrap_or_default().to_owned()
    }

    /// How long ago this was, in one unit: `40s`, `12 min`, `3h`, `6d`.
    pub fn ago_text(self, now: Timestamp) -> String {
        let seconds = now.since_ms(self) / 1_000;
        match seconds {
            0..60 => format!("{seconds}s"),
            60..3_600 => format!("{} min", seconds / 60),
            3_600..172_800 => format!("{}h", seconds / 3_600),
            _ => format!("{}d", seconds / 86_400),
        }
    }
}

impl FromStr for Timestamp {
    type Err = DomainError;

    /// Reads `2026-06-01T12:00:00Z`, or `2026-06-01` for the moment in which that day begins in UTC.
    fn from_str(text: &str) -> Result<Self, DomainError> {
        let moment = text.parse::<jiff::Timestamp>().or_else(|_| {
            let day: jiff::civil::Date = text.parse()?;
            Ok(day.to_zoned(jiff::tz::TimeZone::UTC)?.timestamp())
        });
        moment
            .map(|moment| Self(moment.as_millisecond()))
            .map_err(|_error: jiff::Error| {
                DomainError::field(
                    text,
                    "not a moment: write one such as 2026-06-01 or 2026-06-01T12:00:00Z",
                )
            })
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(moment) => write!(f, "{moment:.0}"),
            // Outside the years that jiff knows: the number says more than a wrong date.
            Err(_) => write!(f, "{} ms", self.0),
        }
    }
}

/// A length of time as people write it, `90s`, `10m`, `2h` or `30d`, in milliseconds.
///
/// # Errors
///
/// The text is none, or no time at all.
pub fn duration_ms(text: &str) -> Result<u64, DomainError> {
    let read = UNITS.iter().find_map(|(unit, ms)| {
        let number: u64 = text.strip_suffix(unit)?.parse().ok()?;
        number.checked_mul(*ms)
    });
    read.filter(|ms| *ms > 0)
        .ok_or_else(|| DomainError::field(text, "not a time: write one such as 90s, 10m, 2h or 30d"))
}

/// The same as text, in the largest unit of which it is a whole number.
pub fn duration_short(ms: u64) -> String {
    let fits = |(_, unit_ms): &&(&str, u64)| ms.is_multiple_of(*unit_ms);
    let (unit, unit_ms) = UNITS.iter().rev().find(fits).unwrap_or(&UNITS[0]);
    format!("{}{unit}", ms.div_ceil(*unit_ms))
}

const UNITS: [(&str, u64); 4] = [("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];

thread_local! {
    static WITH_MILLISECONDS: Cell<bool> = const { Cell::new(false) };
}

/// Writes JSON in which moments keep their milliseconds. Everywhere else they are whole seconds, and content hashes are
/// taken over those, so that cannot change; an export must not lose them.
pub fn with_milliseconds<T>(write: impl FnOnce() -> T) -> T {
    let outer = WITH_MILLISECONDS.replace(true);
    let written = write();
    WITH_MILLISECONDS.set(outer);
    written
}

impl Serialize for Timestamp {
    /// RFC 3339 text for people's JSON, the number on disk.
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            match jiff::Timestamp::from_millisecond(self.0) {
                Ok(moment) if WITH_MILLISECONDS.get() => serializer.collect_str(&moment),
                _ => serializer.collect_str(self),
            }
        } else {
            serializer.serialize_i64(self.0)
        }
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            let text = String::deserialize(deserializer)?;
            let moment: jiff::Timestamp = text.parse().map_err(serde::de::Error::custom)?;
            Ok(Self(moment.as_millisecond()))
        } else {
            i64::deserialize(deserializer).map(Self)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_as_rfc_3339() {
        let moment = Timestamp(1_780_315_200_000);
        assert_eq!(moment.to_string(), "2026-06-01T12:00:00Z");
        assert_eq!(
            (moment.date_text(), moment.clock_text()),
            ("2026-06-01".into(), "12:00:00".into())
        );
        assert_eq!(Timestamp(i64::MAX).to_string(), format!("{} ms", i64::MAX));
    }

    #[test]
    fn days_and_moments_are_read() {
        for text in ["2026-06-01T12:00:00Z", "2026-06-01T14:00:00+02:00"] {
            assert_eq!(text.parse(), Ok(Timestamp(1_780_315_200_000)), "{text}");
        }
        assert_eq!("2026-06-01".parse(), Ok(Timestamp(1_780_272_000_000)));
        for text in ["", "yesterday", "2026-13-01", "12:00"] {
            assert!(text.parse::<Timestamp>().is_err(), "{text}");
        }
    }

    #[test]
    fn ages_have_one_unit() {
        let now = Timestamp(1_000_000_000);
        for (ago_ms, text) in [
            (0, "0s"),
            (61_000, "1 min"),
            (3_600_000, "1h"),
            (172_800_000, "2d"),
            (-5_000, "0s"),
        ] {
            assert_eq!(Timestamp(now.0 - ago_ms).ago_text(now), text);
        }
    }
}
