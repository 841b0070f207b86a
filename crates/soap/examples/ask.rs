//! Builds a SOAP request, answers it with a fault, and reads both back.
//!
//! `cargo run -p pagetally-soap --example ask`

use pagetally_soap::{Envelope, EnvelopeError, Fault, FaultCode, Limits, SoapVersion};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut writer = Envelope::begin(SoapVersion::V12);
    writer
        .start("urn:example:stock", "Order")
        .attribute("number", "42")
        .leaf("item", "1 x \"black toner\" <A4>");
    let request = writer.finish()?;
    println!("{}\n", String::from_utf8_lossy(&request));

    let envelope = Envelope::parse(&request, None, &Limits::default(), &[])?;
    let order = &envelope.body;
    println!(
        "order {} for {:?}\n",
        order.attribute("number").unwrap_or("?"),
        order
            .child("urn:example:stock", "item")
            .map(|item| item.text())
    );

    let fault = Fault {
        code: FaultCode::Sender,
        reason: "black toner is out of stock".to_owned(),
        detail: Vec::new(),
    };
    let answer = fault.to_envelope(envelope.version);
    println!("{}\n", String::from_utf8_lossy(&answer));
    match Envelope::parse(&answer, None, &Limits::default(), &[]) {
        Err(EnvelopeError::Fault(fault)) => println!("refused: {}", fault.reason),
        other => println!("{other:?}"),
    }
    Ok(())
}
