//! Words that texts are searched for, by their first octet: of hundreds nearly all are told by it.

use std::sync::LazyLock;

/// Words and what they mean, by their first octet, each octet's in the order of the list.
pub(super) type ByOctet<M> = LazyLock<Box<[Vec<(&'static str, M)>]>>;

/// Sorts a list of words.
pub(super) fn by_octet<M>(
    words: impl Iterator<Item = (&'static str, M)>,
) -> Box<[Vec<(&'static str, M)>]> {
    let mut table: Box<[Vec<_>]> = (0..=u8::MAX).map(|_| Vec::new()).collect();
    for (word, meaning) in words {
        let first = word.as_bytes().first().copied().map(usize::from);
        if let Some(words) = first.and_then(|first| table.get_mut(first)) {
            words.push((word, meaning));
        }
    }
    table
}

/// The words that a text may begin with.
pub(super) fn words_at<'t, M>(
    table: &'t [Vec<(&'static str, M)>],
    text: &str,
) -> &'t [(&'static str, M)] {
    let first = text.as_bytes().first().copied().map(usize::from);
    first
        .and_then(|first| table.get(first))
        .map_or(&[], Vec::as_slice)
}
