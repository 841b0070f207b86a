//! A named corpus of documents that want to hurt the reader. Each must end in its own error, and
//! the work done for it is bounded by counting, not by a clock.

use pagetally_soap::{Envelope, EnvelopeError, Limits, ReadErrorKind, read};

fn refused(document: &str) -> ReadErrorKind {
    refused_with(document, &Limits::default())
}

fn refused_with(document: &str, limits: &Limits) -> ReadErrorKind {
    match read(document.as_bytes(), None, limits) {
        Err(error) => error.kind,
        Ok(_) => panic!("accepted: {}", &document[..document.len().min(80)]),
    }
}

#[test]
fn an_external_entity_is_refused_at_its_doctype() {
    let kind = refused(
        "<?xml version='1.0'?><!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><a>&x;</a>",
    );
    assert_eq!(kind, ReadErrorKind::Doctype);
}

#[test]
fn an_external_subset_is_refused_at_its_doctype() {
    let kind = refused("<!DOCTYPE a PUBLIC 'x' 'http://192.0.2.1/evil.dtd'><a/>");
    assert_eq!(kind, ReadErrorKind::Doctype);
}

#[test]
fn a_billion_laughs_are_refused_before_the_first() {
    let mut dtd = "<!DOCTYPE a [<!ENTITY l0 'lol'>".to_owned();
    for level in 1..10 {
        let inner = format!("&l{};", level - 1).repeat(10);
        dtd.push_str(&format!("<!ENTITY l{level} '{inner}'>"));
    }
    assert_eq!(
        refused(&format!("{dtd}]><a>&l9;</a>")),
        ReadErrorKind::Doctype
    );
}

#[test]
fn quadratic_blowup_is_refused_before_it_begins() {
    let entity = "x".repeat(50_000);
    let uses = "&e;".repeat(5_000);
    let document = format!("<!DOCTYPE a [<!ENTITY e '{entity}'>]><a>{uses}</a>");
    assert_eq!(refused(&document), ReadErrorKind::Doctype);
}

#[test]
fn parameter_entities_are_refused() {
    let kind = refused("<!DOCTYPE a [<!ENTITY % p '<!ENTITY x \"y\">'> %p;]><a>&x;</a>");
    assert!(
        matches!(kind, ReadErrorKind::Doctype | ReadErrorKind::Syntax(_)),
        "{kind:?}"
    );
}

#[test]
fn entities_that_nobody_declared_are_unknown() {
    assert!(matches!(refused("<a>&nbsp;</a>"), ReadErrorKind::Syntax(_)));
    assert!(matches!(refused("<a b='&x;'/>"), ReadErrorKind::Syntax(_)));
    assert!(matches!(refused("<a>&#0;</a>"), ReadErrorKind::Syntax(_)));
    assert!(matches!(
        refused("<a>&#xD800;</a>"),
        ReadErrorKind::Syntax(_)
    ));
    assert!(matches!(
        refused("<a>&#x110000;</a>"),
        ReadErrorKind::Syntax(_)
    ));
}

#[test]
fn deep_nesting_stops_at_the_limit_and_not_at_the_end() {
    // 2.1 MB of this cost the parser alone 50 seconds. Were it read to its end, its missing end tags
    // would be the error; the limit is met first.
    let limits = Limits {
        bytes: 4 << 20,
        ..Limits::default()
    };
    let document = "<a><b>".repeat(350_000);
    match read(document.as_bytes(), None, &limits) {
        Err(error) => {
            assert_eq!(
                error.kind,
                ReadErrorKind::TooDeep {
                    limit: limits.depth
                }
            );
            assert!(error.column < 300, "stopped at column {}", error.column);
        }
        Ok(_) => panic!("accepted"),
    }
}

#[test]
fn the_depth_limit_is_exact() {
    let nested = |depth: usize| "<a>".repeat(depth) + &"</a>".repeat(depth);
    let limits = Limits::default();
    assert!(read(nested(limits.depth).as_bytes(), None, &limits).is_ok());
    let limit = limits.depth;
    assert_eq!(
        refused(&nested(limit + 1)),
        ReadErrorKind::TooDeep { limit }
    );
}

#[test]
fn a_flood_of_attributes_is_refused() {
    let attributes: String = (0..10_000).map(|index| format!(" a{index}='x'")).collect();
    let kind = refused(&format!("<a{attributes}/>"));
    assert!(matches!(kind, ReadErrorKind::Syntax(_)), "{kind:?}");
}

#[test]
fn a_flood_of_namespaces_is_refused_on_one_element_and_over_many() {
    let one: String = (0..60)
        .map(|index| format!(" xmlns:p{index}='urn:{index}'"))
        .collect();
    let limit = Limits::default().prefixes;
    assert_eq!(
        refused(&format!("<a{one}/>")),
        ReadErrorKind::TooManyPrefixes { limit }
    );
    // 3,000 nested tags with a prefix each cost the parser alone 1.7 seconds for 88 kB.
    let many: String = (0..3_000)
        .map(|index| format!("<p{index}:a xmlns:p{index}='urn:{index}'>"))
        .collect();
    assert_eq!(refused(&many), ReadErrorKind::TooManyPrefixes { limit });
}

#[test]
fn a_flood_of_elements_is_refused() {
    let limits = Limits {
        events: 1_000,
        ..Limits::default()
    };
    for part in ["<b/>", "<b c='1'/>", "<!--x-->", "<?x y?>", "x<b/>"] {
        let document = format!("<a>{}</a>", part.repeat(1_001));
        assert_eq!(
            refused_with(&document, &limits),
            ReadErrorKind::TooManyEvents { limit: 1_000 },
            "{part}"
        );
    }
}

#[test]
fn long_names_values_and_texts_are_refused() {
    let long = "x".repeat(100);
    let limits = Limits {
        name: 50,
        attribute_value: 50,
        text: 50,
        ..Limits::default()
    };
    for document in [
        format!("<{long}/>"),
        format!("<a {long}='1'/>"),
        format!("<a b='{long}'/>"),
        format!("<a>{long}</a>"),
        format!("<a><![CDATA[{long}]]></a>"),
        format!("<a><!--{long}--></a>"),
        format!("<a><?x {long}?></a>"),
        // In pieces that the parser hands over one by one.
        format!("<a>{}</a>", "xxxxxxxxx<!-- -->".repeat(10)),
        format!("<a>{}</a>", "xxxxxxxxx<![CDATA[yyyyy]]>".repeat(10)),
    ] {
        let kind = refused_with(&document, &limits);
        assert!(
            matches!(
                kind,
                ReadErrorKind::TooMuchText { .. } | ReadErrorKind::Syntax(_)
            ),
            "{document}: {kind:?}"
        );
    }
}

#[test]
fn too_many_bytes_are_refused_unread() {
    let limits = Limits {
        bytes: 10,
        ..Limits::default()
    };
    assert_eq!(
        refused_with("<a>aaaaaaaaaaa</a>", &limits),
        ReadErrorKind::TooManyBytes {
            found: 18,
            limit: 10
        }
    );
}

#[test]
fn one_attribute_twice_is_refused_by_name_and_by_namespace() {
    // With two prefixes for one namespace, two readers could believe two different values.
    for document in [
        "<a b='1' b='2'/>",
        "<a xmlns:p='urn:x' xmlns:q='urn:x' p:b='1' q:b='2'/>",
    ] {
        let kind = refused(document);
        assert!(
            matches!(&kind, ReadErrorKind::Syntax(words) if words.contains("redefined")),
            "{kind:?}"
        );
    }
}

#[test]
fn what_is_not_well_formed_is_refused_with_its_place() {
    for document in [
        "",
        "   ",
        "text",
        "<a>",
        "<a></b>",
        "<a/><b/>",
        "<a/>text",
        "<p:a/>",
        "<a p:b='1'/>",
        "<a b=1/>",
        "<a b='<'/>",
        "<a>]]></a",
        "<a><!-- -- --></a",
        "<a>\u{0}</a>",
        "<a>\u{1}</a>",
        "<a>\u{fffe}</a>",
        "<?xml version='1.0' encoding='EBCDIC'?><a/>",
        "<xml:a/><",
        "<a xmlns:p=''><p:b/></a>",
    ] {
        let error = read(document.as_bytes(), None, &Limits::default());
        assert!(error.is_err(), "accepted: {document:?}");
    }
    let error = read(b"<a>\n  <b></c>\n</a>", None, &Limits::default()).unwrap_err();
    assert_eq!(error.line, 2, "{error}");
}

#[test]
fn bytes_that_are_no_text_are_refused() {
    for document in [
        &b"<a>\xff\xfe</a>"[..],
        b"<a>\xc3</a>",
        b"\xff\xfe<\0a",
        b"\xfe\xff\0<\0a\xd8\0\0/\0>",
        b"\x00\x00\xfe\xff\x00\x00\x00<",
        b"\x1f\x8b\x08\x00\x00\x00\x00\x00",
    ] {
        assert!(read(document, None, &Limits::default()).is_err());
    }
}

#[test]
fn a_second_body_wrapped_in_a_header_is_not_taken_for_the_body() {
    let envelope = "<e:Envelope xmlns:e='http://schemas.xmlsoap.org/soap/envelope/'>\
        <e:Header><wrapper><e:Body><good/></e:Body></wrapper></e:Header>\
        <e:Body><evil/></e:Body></e:Envelope>";
    let parsed = Envelope::parse(envelope.as_bytes(), None, &Limits::default(), &[]).unwrap();
    assert!(parsed.body.is("", "evil"));
    let two = "<e:Envelope xmlns:e='http://schemas.xmlsoap.org/soap/envelope/'>\
        <e:Body><good/></e:Body><e:Body><evil/></e:Body></e:Envelope>";
    assert!(matches!(
        Envelope::parse(two.as_bytes(), None, &Limits::default(), &[]),
        Err(EnvelopeError::Structure(_))
    ));
}
