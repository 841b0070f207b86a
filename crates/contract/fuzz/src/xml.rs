//! XML: any document.

use pagetally_soap::{Limits, Writer, read};

/// No document panics; the short cut for the writer's own form and the general parser, which a
/// comment in front forces, read the same tree; what was read can be written and reads back.
pub(super) fn check(data: &[u8]) {
    let limits = Limits::default();
    let more = Limits {
        bytes: limits.bytes + 8,
        events: limits.events + 1,
        ..limits
    };
    let quick = read(data, None, &limits);
    if data.first() == Some(&b'<') && !data.starts_with(b"<?xml") {
        let general = read(&[b"<!--x-->", data].concat(), None, &more);
        if let (Ok(quick), general) = (&quick, &general) {
            assert_eq!(Some(quick), general.as_ref().ok());
        }
    }
    let Ok(root) = quick else { return };
    let mut writer = Writer::new();
    root.write(&mut writer);
    // Names that the writer never writes, such as those beyond ASCII, are refused by name.
    let Ok(written) = writer.finish() else { return };
    assert_eq!(
        read(
            &written,
            None,
            &Limits {
                prefixes: 1_000,
                ..more
            }
        ),
        Ok(root)
    );
}
