//! Prints what target texts mean: `targets 192.168.1-2.10-12 192.0.2.0/30 printer.example`.

use pagetally_model::targets;

fn main() {
    for text in std::env::args().skip(1) {
        match targets::parse(&text) {
            Ok(target) => {
                let first: Vec<String> = target
                    .v4_addresses()
                    .take(5)
                    .map(|address| address.to_string())
                    .collect();
                println!(
                    "{target}: {} addresses, first {}",
                    target.count(),
                    first.join(", ")
                );
            }
            Err(error) => println!("{error}"),
        }
    }
}
