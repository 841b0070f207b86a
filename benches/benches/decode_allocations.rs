//! How often decoding an audit allocates.
//!
//! `cargo bench -p pagetally-benches --bench decode_allocations`

mod devices;

use devices::{context, devices};
use pagetally_printer_mib::{Definitions, decode};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use std::alloc::System;

/// Counts what every decode asks of the system's allocator.
#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

fn main() {
    let definitions = Definitions::builtin();
    let context = context();
    println!("allocations of one decode:");
    for device in &devices(&definitions) {
        let region = Region::new(ALLOCATOR);
        let audit = decode(&device.answers, &context, &definitions);
        let change = region.change();
        println!(
            "  {:>6} in {:>7} bytes for {:>4} variables: {}",
            change.allocations + change.reallocations,
            change.bytes_allocated,
            device.answers.len(),
            device.name
        );
        drop(audit);
    }
}
