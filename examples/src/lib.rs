//! Runnable examples of embedding Pagetally.
