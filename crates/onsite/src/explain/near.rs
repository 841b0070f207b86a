//! What somebody may have meant.

use super::NoSuchReading;
use super::readings::{Reading, names};
use std::fmt::Write as _;

/// Groups that a device may have nothing of.
const LISTS: [&str; 9] = [
    "alerts",
    "comparison",
    "contradictions",
    "covers",
    "markers",
    "meters",
    "outputs",
    "supplies",
    "trays",
];
/// How many near matches are worth reading.
const NEAR: usize = 8;
/// A path may be this many letters away from what was typed.
const LETTERS: usize = 3;
/// Longer words are compared by their beginning: they come from a keyboard.
const MAX_LETTERS: usize = 64;

/// The paths that look like `path`, the nearest first: a part of them is typed, or letters are wrong.
pub(super) fn readings(all: &[Reading<'_>], path: &str) -> Vec<String> {
    let wanted = path.to_lowercase();
    let mut found: Vec<(usize, &str)> = Vec::new();
    for reading in all {
        let all_names = std::iter::once(&reading.path).chain(&reading.aliases);
        let best = all_names
            .filter_map(|own| Some((nearness(&wanted, own)?, own.as_str())))
            .min_by_key(|(far, own)| (*far, own.len()));
        found.extend(best);
    }
    found.sort_by_key(|(far, _)| *far);
    let mut near: Vec<String> = found.into_iter().map(|(_, own)| own.to_owned()).collect();
    near.dedup();
    near.truncate(NEAR);
    near
}

/// How far a path is from what was typed; nothing where they have nothing in common.
fn nearness(wanted: &str, own: &str) -> Option<usize> {
    let own = own.to_lowercase();
    let words = own.split(['.', '[', ']', '-']);
    let names = std::iter::once(own.as_str()).chain(words.filter(|word| word.len() > 2));
    let letters = names.map(|name| distance(wanted, name)).min()?;
    // A third of what was typed may be wrong, or one letter of a short word.
    if letters <= (wanted.chars().count() / 3).clamp(1, LETTERS) {
        return Some(letters);
    }
    // Every part that was typed stands somewhere in it.
    let parts = || {
        wanted
            .split(|c: char| !c.is_alphanumeric())
            .filter(|part| part.len() > 2)
    };
    (parts().count() > 0 && parts().all(|part| own.contains(part))).then_some(LETTERS + 1)
}

/// The paths of the group that `path` begins with, or the groups where there is no such group.
pub(super) fn group_or_groups(all: &[Reading<'_>], path: &str) -> Vec<String> {
    let first = path.split(['.', '[']).next().unwrap_or_default();
    let of_group: Vec<String> = all
        .iter()
        .filter(|reading| names(first, &reading.path))
        .map(|reading| reading.path.clone())
        .collect();
    if !of_group.is_empty() {
        return of_group;
    }
    let mut groups: Vec<String> = all
        .iter()
        .filter_map(|reading| reading.path.split(['.', '[']).next())
        .map(str::to_owned)
        .collect();
    groups.dedup();
    groups
}

/// The words of the error: what is near, and what there is.
pub(super) fn no_such_reading(error: &NoSuchReading) -> String {
    /// A group may have hundreds of paths.
    const SHOWN: usize = 24;
    let mut text = format!("the audit has no reading {:?}", error.path);
    let group = error.path.split(['.', '[']).next().unwrap_or_default();
    if LISTS.contains(&group) && !error.known.iter().any(|known| names(group, known)) {
        text.push_str(&format!(": it has no {group} at all"));
    }
    // Writing to a String cannot fail.
    if !error.near.is_empty() {
        let _ = write!(text, "\n  near it: {}", error.near.join(", "));
    }
    if error.known.is_empty() {
        text.push_str("; it has no readings at all");
    } else {
        let shown: Vec<&str> = error.known.iter().take(SHOWN).map(String::as_str).collect();
        let _ = write!(text, "\n  it has: {}", shown.join(", "));
        let rest = error.known.len().saturating_sub(SHOWN);
        if rest > 0 {
            let _ = write!(text, " and {rest} more");
        }
    }
    text
}

/// How many letters must be put in, taken out or changed to make one word the other (Levenshtein).
pub(crate) fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().take(MAX_LETTERS).collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().take(MAX_LETTERS).enumerate() {
        let mut left = i + 1;
        let mut diagonal = i;
        for (place, y) in row.iter_mut().skip(1).zip(&b) {
            let above = *place;
            let change = diagonal + usize::from(x != *y);
            left = change.min(above + 1).min(left + 1);
            diagonal = above;
            *place = left;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_that_differ_are_counted() {
        for (a, b, expected) in [
            ("", "", 0),
            ("serial", "serial", 0),
            ("serail", "serial", 2),
            ("meters.totl", "meters.total", 1),
            ("abc", "", 3),
            ("", "abc", 3),
            ("kitten", "sitting", 3),
        ] {
            assert_eq!(distance(a, b), expected, "{a} {b}");
        }
    }
}
