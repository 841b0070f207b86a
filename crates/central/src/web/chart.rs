//! A meter's history as a small SVG, drawn on the server.

use super::format::{absolute, number};
use crate::books::MeterPoint;

const WIDTH: f64 = 620.0;
const HEIGHT: f64 = 180.0;
const LEFT: f64 = 8.0;
const RIGHT: f64 = 8.0;
const TOP: f64 = 22.0;
const BOTTOM: f64 = 26.0;

/// A drawn history.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Chart {
    /// `x,y` pairs for a polyline.
    pub(crate) line: String,
    /// The same closed along the bottom, for the area below.
    pub(crate) area: String,
    /// One dot a reading; left out where there are too many to tell apart.
    pub(crate) dots: Vec<Dot>,
    pub(crate) first_label: String,
    pub(crate) last_label: String,
    pub(crate) low_label: String,
    pub(crate) high_label: String,
    /// The whole chart in one sentence, for those who do not see it.
    pub(crate) summary: String,
}

/// One reading.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Dot {
    pub(crate) x: String,
    pub(crate) y: String,
    pub(crate) title: String,
}

impl Chart {
    /// Draws two readings or more; the vertical axis runs from the lowest to the highest.
    pub(crate) fn new(points: &[MeterPoint], zone: &str) -> Option<Self> {
        let (first, last) = (points.first()?, points.last()?);
        if points.len() < 2 {
            return None;
        }
        let times = points.iter().map(|point| point.read.unix_millis());
        let (from, to) = (times.clone().min()?, times.max()?);
        let values = points.iter().map(|point| point.value);
        let (low, high) = (values.clone().min()?, values.max()?);
        let place = |point: &MeterPoint| {
            let along = share(point.read.unix_millis() - from, to - from);
            let up = share(
                i64::try_from(point.value - low).unwrap_or(i64::MAX),
                i64::try_from(high - low).unwrap_or(i64::MAX),
            );
            let x = LEFT + along * (WIDTH - LEFT - RIGHT);
            let y = HEIGHT - BOTTOM - up * (HEIGHT - TOP - BOTTOM);
            (format!("{x:.1}"), format!("{y:.1}"))
        };
        let placed: Vec<(String, String)> = points.iter().map(place).collect();
        let line: Vec<String> = placed.iter().map(|(x, y)| format!("{x},{y}")).collect();
        let line = line.join(" ");
        let floor = HEIGHT - BOTTOM;
        let (left, right) = (&placed.first()?.0, &placed.last()?.0);
        let dots = if points.len() > 60 {
            Vec::new()
        } else {
            let dot = |(point, (x, y)): (&MeterPoint, &(String, String))| Dot {
                x: x.clone(),
                y: y.clone(),
                title: format!("{} on {}", number(point.value), absolute(point.read, zone)),
            };
            points.iter().zip(&placed).map(dot).collect()
        };
        Some(Self {
            area: format!("{left},{floor} {line} {right},{floor}"),
            line,
            dots,
            first_label: absolute(first.read, zone),
            last_label: absolute(last.read, zone),
            low_label: number(low),
            high_label: number(high),
            summary: format!(
                "Total from {} on {} to {} on {}, {} readings.",
                number(first.value),
                absolute(first.read, zone),
                number(last.value),
                absolute(last.read, zone),
                points.len()
            ),
        })
    }
}

/// How far `part` lies within `whole`; the middle where all are the same.
#[allow(
    clippy::cast_precision_loss,
    reason = "a place on a page, to a tenth of a pixel"
)]
fn share(part: i64, whole: i64) -> f64 {
    if whole <= 0 {
        0.5
    } else {
        part as f64 / whole as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pagetally_model::Timestamp;

    fn point(millis: i64, value: u64) -> MeterPoint {
        MeterPoint {
            read: Timestamp::from_unix_millis(millis),
            value,
        }
    }

    #[test]
    fn one_reading_is_no_history() {
        assert_eq!(Chart::new(&[point(0, 5)], "Etc/UTC"), None);
        assert_eq!(Chart::new(&[], "Etc/UTC"), None);
    }

    #[test]
    fn a_history_runs_from_the_lower_left_to_the_upper_right() {
        let chart = Chart::new(&[point(0, 10), point(60_000, 30)], "Etc/UTC").expect("two points");
        assert_eq!(chart.line, "8.0,154.0 612.0,22.0");
        assert_eq!(
            (chart.low_label.as_str(), chart.high_label.as_str()),
            ("10", "30")
        );
    }

    #[test]
    fn readings_that_do_not_move_are_drawn_in_the_middle() {
        let chart = Chart::new(&[point(5, 7), point(5, 7)], "Etc/UTC").expect("two points");
        assert!(!chart.line.contains("NaN"), "{}", chart.line);
    }
}
