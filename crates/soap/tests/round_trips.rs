//! What is built parses back; what is changed never panics.

use pagetally_soap::{Element, Envelope, Limits, Name, Node, ReadError, SoapVersion, Writer, read};
use proptest::prelude::*;

fn bytes(element: &Element) -> Vec<u8> {
    let mut writer = Writer::new();
    element.write(&mut writer);
    writer.finish().expect("only characters that XML can carry")
}

/// Characters of XML 1.0 (production 2), its troublemakers more often than others.
fn text() -> impl Strategy<Value = String> {
    let character = prop_oneof![
        4 => proptest::char::range(' ', '~'),
        2 => proptest::sample::select(vec!['<', '>', '&', '"', '\'', ']', '\t', '\n', '\r', ' ']),
        1 => any::<char>().prop_filter("XML cannot carry it", |c| {
            pagetally_soap::is_xml_text(c.encode_utf8(&mut [0; 4]))
        }),
    ];
    proptest::collection::vec(character, 0..16)
        .prop_map(|characters| characters.into_iter().collect())
}

fn name() -> impl Strategy<Value = (String, String)> {
    (
        proptest::sample::select(vec!["", "urn:a", "urn:b&<\">", "http://x/y?z"]),
        "[A-Za-z_][A-Za-z0-9_.-]{0,9}",
    )
        .prop_map(|(namespace, local)| (namespace.to_owned(), local))
}

/// Trees as the reader gives them: neighbouring texts merged, and no blanks between elements.
fn element() -> impl Strategy<Value = Element> {
    let attributes = proptest::collection::btree_map(name(), text(), 0..4).boxed();
    let leaf = (name(), attributes.clone(), text()).prop_map(|(name, attributes, text)| {
        let element = start(name, attributes);
        if text.is_empty() {
            element
        } else {
            element.with(Node::Text(text))
        }
    });
    leaf.prop_recursive(4, 24, 4, move |inner| {
        let children = proptest::collection::vec((text(), inner), 0..4);
        (name(), attributes.clone(), children).prop_map(|(name, attributes, children)| {
            children
                .into_iter()
                .fold(start(name, attributes), |element, (text, child)| {
                    let blank = text.bytes().all(|b| b" \t\r\n".contains(&b));
                    let element = if blank {
                        element
                    } else {
                        element.with(Node::Text(text))
                    };
                    element.with(Node::Element(child))
                })
        })
    })
}

fn start(
    (namespace, local): (String, String),
    attributes: std::collections::BTreeMap<(String, String), String>,
) -> Element {
    attributes.into_iter().fold(
        Element::new(&namespace, &local),
        |element, ((namespace, local), value)| element.with_attribute(&namespace, &local, &value),
    )
}

proptest! {
    #[test]
    fn what_is_built_parses_back(element in element()) {
        prop_assert_eq!(read(&bytes(&element), None, &Limits::default()), Ok(element));
    }

    #[test]
    fn an_envelope_parses_back(
        body in element(), headers in proptest::collection::vec(element(), 0..3), twelve: bool
    ) {
        let version = if twelve { SoapVersion::V12 } else { SoapVersion::V11 };
        let mut writer = Envelope::begin_with(version, &headers);
        body.write(&mut writer);
        let built = writer.finish().expect("only characters that XML can carry");
        let parsed = Envelope::parse(&built, None, &Limits::default(), &[]);
        prop_assert_eq!(parsed, Ok(Envelope { version, headers, body }));
    }

    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = Envelope::parse(&bytes, None, &Limits::default(), &[]);
    }

    #[test]
    fn no_markup_panics(text in "[<>/!?&;=\"'a-c\\[\\]:x -]{0,80}") {
        let _ = read(text.as_bytes(), None, &Limits::default());
    }

    #[test]
    fn a_changed_envelope_never_panics(
        element in element(), at in any::<prop::sample::Index>(), byte: u8, cut: bool
    ) {
        let mut writer = Envelope::begin(SoapVersion::V11);
        element.write(&mut writer);
        let mut built = writer.finish().expect("only characters that XML can carry");
        let at = at.index(built.len());
        if cut {
            built.truncate(at);
            prop_assert!(Envelope::parse(&built, None, &Limits::default(), &[]).is_err());
        } else {
            built[at] = byte;
            let _ = Envelope::parse(&built, None, &Limits::default(), &[]);
        }
    }

    #[test]
    fn what_xml_cannot_carry_is_refused_and_not_lost(text: String) {
        let element = Element::new("", "a").with(Node::Text(text.clone()));
        let mut writer = Writer::new();
        element.write(&mut writer);
        prop_assert_eq!(writer.finish().is_ok(), pagetally_soap::is_xml_text(&text));
    }
}

fn tree(text: &str) -> Result<Element, ReadError> {
    read(text.as_bytes(), None, &Limits::default())
}

#[test]
fn other_spellings_of_one_document_are_one_tree() {
    let plain = tree("<a xmlns='urn:x' k='1' l='2'><b>x &amp; y</b></a>").unwrap();
    for other in [
        "<?xml version='1.0'?>\n<!-- c --><a xmlns='urn:x' k='1' l='2'>\n  <b>x &amp; y</b>\n</a>\n",
        "<p:a xmlns:p='urn:x' k='1' l='2'><p:b>x &amp; y</p:b></p:a>",
        "<a xmlns='urn:x' k=\"1\" l='2'><b>x <![CDATA[& y]]></b><?pi?></a>",
        "<a xmlns='urn:x' k='&#49;' l='&#x32;'><b>x<!-- --> &#38; y</b></a>",
        "<a xmlns='urn:x' k='1' l='2'><q:b xmlns:q='urn:x'>x &amp; y</q:b></a>",
    ] {
        assert_eq!(tree(other).as_ref(), Ok(&plain), "{other}");
    }
}

#[test]
fn utf_16_is_read_with_and_without_a_byte_order_mark() {
    let text = "<?xml version='1.0' encoding='UTF-16'?><a>é日𝄞</a>";
    let expected = Element::new("", "a").with(Node::Text("é日𝄞".to_owned()));
    let with_mark: Vec<u16> = std::iter::once(0xfeff).chain(text.encode_utf16()).collect();
    for bytes in [
        with_mark
            .iter()
            .copied()
            .flat_map(u16::to_be_bytes)
            .collect(),
        with_mark
            .iter()
            .copied()
            .flat_map(u16::to_le_bytes)
            .collect::<Vec<u8>>(),
    ] {
        assert_eq!(
            read(&bytes, None, &Limits::default()).as_ref(),
            Ok(&expected)
        );
    }
    // Without a mark, UTF-16 means big-endian (RFC 2781 section 4.3).
    let plain: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
    let content_type = Some("text/xml; charset=utf-16");
    assert_eq!(read(&plain, content_type, &Limits::default()), Ok(expected));
}

#[test]
fn headers_that_must_be_understood_are() {
    let envelope = |attributes: &str| {
        format!(
            "<e:Envelope xmlns:e='http://schemas.xmlsoap.org/soap/envelope/'><e:Header>\
             <h xmlns='urn:h' {attributes}/></e:Header><e:Body><x/></e:Body></e:Envelope>"
        )
    };
    let parse = |text: &str, understood: &[Name]| {
        Envelope::parse(text.as_bytes(), None, &Limits::default(), understood)
    };
    let must = envelope("e:mustUnderstand='1'");
    assert!(parse(&must, &[]).is_err());
    assert!(parse(&must, &[Name::new("urn:h", "h")]).is_ok());
    assert!(parse(&envelope("e:mustUnderstand='0'"), &[]).is_ok());
    assert!(parse(&envelope("mustUnderstand='1'"), &[]).is_ok());
    // A header for somebody on the way is not ours to understand.
    let other = envelope("e:mustUnderstand='1' e:actor='urn:proxy'");
    assert!(parse(&other, &[]).is_ok());
    let next =
        envelope("e:mustUnderstand='1' e:actor='http://schemas.xmlsoap.org/soap/actor/next'");
    assert!(parse(&next, &[]).is_err());
}

#[test]
fn an_envelope_holds_one_thing_in_one_body() {
    let parse = |inside: &str| {
        let text = format!(
            "<Envelope xmlns='http://www.w3.org/2003/05/soap-envelope'>{inside}</Envelope>"
        );
        Envelope::parse(text.as_bytes(), None, &Limits::default(), &[]).map(|_| ())
    };
    assert_eq!(parse("<Body><x xmlns=''/></Body>"), Ok(()));
    for wrong in [
        "",
        "<Body/>",
        "<Body>text</Body>",
        "<Body><x/><y/></Body>",
        "<Body><x/></Body><Body><y/></Body>",
        "<Body><x/></Body><Header/>",
        "<Header/><Header/><Body><x/></Body>",
        "<Body><x/></Body><extra xmlns='urn:x'/>",
    ] {
        assert!(parse(wrong).is_err(), "{wrong}");
    }
}
