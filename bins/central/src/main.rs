//! The central binary.

fn main() {}
