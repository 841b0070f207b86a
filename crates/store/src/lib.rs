//! Encrypted local storage: a sealed append-only journal with sled as its index.
