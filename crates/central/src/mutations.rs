//! What can be broken on purpose, so that a whole-system run can show that it would notice.

use std::sync::atomic::{AtomicBool, Ordering};

static BOOK_REPEATS: AtomicBool = AtomicBool::new(false);

/// Lets every Central of this process book a submission again when it comes again.
pub fn book_repeats(yes: bool) {
    BOOK_REPEATS.store(yes, Ordering::Relaxed);
}

pub(crate) fn books_repeats() -> bool {
    BOOK_REPEATS.load(Ordering::Relaxed)
}
