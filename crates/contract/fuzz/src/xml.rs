//! XML: any document.

use pagetally_soap::{Element, Limits, View, Writer, read, read_document};

/// No document panics; the short cut for the writer's own form and the general parser, which a
/// comment in front forces, read the same tree; a document that is looked at shows what its tree holds;
/// what was read can be written and reads back.
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
    let document = read_document(data, None, &limits).expect("it was read");
    assert!(alike(document.root(), &root));
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

/// Whether a document shows what a tree holds.
fn alike(view: View<'_>, tree: &Element) -> bool {
    let (namespace, local) = (tree.name().namespace(), tree.name().local());
    let mut attributes = tree.attributes().iter();
    let mut children = view.children();
    view.is(namespace, local)
        && view.text() == tree.text()
        && attributes.all(|attribute| {
            let local = attribute.name.local();
            view.attribute(local) == tree.attribute(local)
        })
        && tree
            .children()
            .all(|tree| children.next().is_some_and(|view| alike(view, tree)))
        && children.next().is_none()
}
