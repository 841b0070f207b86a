//! Runnable examples of embedding Pagetally: see the files beside `Cargo.toml`.
