use proptest::prelude::*;

use super::*;

#[test]
fn each_class_is_shown_as_the_policy_says() {
    let cases = [
        ("plain text, 漢字, é", "plain text, 漢字, é", 0),
        ("a\nb", "a<0A>b", 1),
        ("a\r\nb", "a<0A>b", 1),
        ("a\rb", "a<0D>b", 1),
        ("a\tb", "a<09>b", 1),
        ("\u{1b}[31mred\u{7f}", "<1B>[31mred<7F>", 2),
        ("\u{9b}2J\u{85}", "<9B>2J<85>", 2),
        ("a\u{202e}b\u{2066}c\u{61c}", "a<U+202E>b<U+2066>c<U+061C>", 3),
        (
            "a\u{200b}b\u{200c}c\u{2060}\u{feff}\u{ad}",
            "a<U+200B>b<U+200C>c<U+2060><U+FEFF><U+00AD>",
            5,
        ),
        ("a\u{2028}b\u{2029}", "a<U+2028>b<U+2029>", 2),
        ("x\u{e0041}y", "x<U+E0041>y", 1),
        ("x\u{e0041}\u{e0042}\u{e0043}y", "x<3 tag characters>y", 3),
        ("x\u{e0100}\u{e0101}", "x<2 variation selectors>", 2),
        ("a\u{fe0f}b\u{fe00}", "a<U+FE0F>b<U+FE00>", 2),
        ("\u{301}a", "<U+0301>a", 1),
        ("\u{3164}", "<U+3164>", 1),
    ];
    for (input, shown, marked) in cases {
        let printable = Printable::line(input);
        assert_eq!(printable.as_str(), shown, "{input:?}");
        assert_eq!(printable.marked(), marked, "{input:?}");
    }
}

#[test]
fn a_joiner_stays_where_it_does_visible_work() {
    for kept in [
        "👩\u{200d}🚀",
        "👩🏽\u{200d}🚀",
        "🏳\u{fe0f}\u{200d}🌈",
        "क्\u{200d}ष",
        "1\u{fe0f}\u{20e3}",
        "❤\u{fe0f}",
    ] {
        assert_eq!(Printable::line(kept).as_str(), kept);
    }
    for (input, shown) in [
        ("a\u{200d}b", "a<U+200D>b"),
        ("👩\u{200d}", "👩<U+200D>"),
        ("👩\u{200d}x", "👩<U+200D>x"),
        ("\u{200d}👩", "<U+200D>👩"),
        ("क\u{200d}\u{200d}ष", "क<U+200D><U+200D>ष"),
        ("1\u{fe0f}2", "1<U+FE0F>2"),
    ] {
        assert_eq!(Printable::line(input).as_str(), shown);
    }
}

#[test]
fn an_emoji_cannot_be_joined_without_end() {
    let endless = vec!["👩"; 20].join("\u{200d}");
    let joins = Printable::line(&endless).as_str().matches(JOINER).count();
    assert!(joins < 20 && Printable::line(&endless).marked() > 0);
}

#[test]
fn a_pile_of_combining_marks_is_folded() {
    let pile = format!("e{}x", "\u{301}".repeat(41));
    let printable = Printable::line(&pile);
    assert_eq!(printable.as_str(), "e\u{301}\u{301}\u{301}\u{301}<+37 marks>x");
    assert_eq!(printable.marked(), 37);
}

#[test]
fn a_block_keeps_line_breaks_and_expands_tabs_to_stops() {
    assert_eq!(Printable::block("a\r\nb\n").as_str(), "a\nb\n");
    assert_eq!(
        Printable::block("\tx\na\tb\tc\n漢\tx").as_str(),
        "    x\na   b   c\n漢  x"
    );
    assert_eq!(Printable::block("a\rb").as_str(), "a<0D>b");
    let one_line = Printable::block("a\nb\u{1b}").one_line();
    assert_eq!((one_line.as_str(), one_line.marked()), ("a<0A>b<1B>", 2));
}

#[test]
fn bytes_that_are_not_utf8_are_shown_each() {
    let printable = Printable::from_bytes(b"ok \xff\xfe caf\xc3\xa9 \xe2\x82");
    assert_eq!(printable.as_str(), "ok <FF><FE> café <E2><82>");
    assert_eq!(printable.marked(), 4);
}

#[test]
fn segments_tell_marks_from_text_that_looks_like_one() {
    let printable = Printable::line("<1B>\u{1b}x");
    let segments: Vec<_> = printable
        .segments()
        .map(|segment| (segment.text, segment.is_mark))
        .collect();
    assert_eq!(segments, [("<1B>", false), ("<1B>", true), ("x", false)]);
    let inside: Vec<_> = printable
        .segments_in(2..6)
        .map(|segment| (segment.text, segment.is_mark))
        .collect();
    assert_eq!(inside, [("B>", false), ("<1", true)]);
    assert_eq!(printable.segments_in(90..95).count(), 0);
}

/// Characters that hostile text is made of, beside any others.
fn hostile() -> impl Strategy<Value = String> {
    let special = prop::sample::select(vec![
        '\u{200d}',
        '\u{fe0f}',
        '\u{301}',
        '\u{e0041}',
        '\u{e0100}',
        '\u{202e}',
        '\t',
        '\n',
        '\r',
        '\u{1b}',
        '\u{9b}',
        '👩',
        '🏽',
        '❤',
        '🇩',
        '1',
        '\u{20e3}',
        'क',
        '\u{94d}',
        'ष',
        '\u{93e}',
        'ᄀ',
        'ᅡ',
        'ᆨ',
        '\u{600}',
        '漢',
        ' ',
        'a',
        '\u{feff}',
        '\u{115f}',
    ]);
    prop::collection::vec(prop_oneof![3 => special, 1 => any::<char>()], 0..60).prop_map(String::from_iter)
}

fn is_forbidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200B}' | '\u{200C}' | '\u{200E}' | '\u{200F}' | '\u{61C}' | '\u{FEFF}' | '\u{AD}'
            | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{2028}' | '\u{2029}' | '\u{E0000}'..='\u{E0FFF}')
}

proptest! {
    #[test]
    fn nothing_forbidden_comes_out_and_again_changes_nothing(text in hostile()) {
        let line = Printable::line(&text);
        prop_assert!(!line.as_str().chars().any(is_forbidden), "{line:?}");
        let again = Printable::line(line.as_str());
        prop_assert_eq!(again.as_str(), line.as_str());

        let block = Printable::block(&text);
        prop_assert!(!block.as_str().chars().any(|c| c != '\n' && is_forbidden(c)), "{block:?}");
        let again = Printable::block(block.as_str());
        prop_assert_eq!(again.as_str(), block.as_str());
        let one_line = block.one_line();
        prop_assert!(!one_line.as_str().contains('\n'));
    }

    #[test]
    fn any_bytes_are_made_printable(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
        let printable = Printable::from_bytes(&bytes);
        prop_assert!(!printable.as_str().chars().any(|c| c != '\n' && is_forbidden(c)));
    }

    #[test]
    fn segments_put_together_are_the_text(text in hostile()) {
        let block = Printable::block(&text);
        let joined: String = block.segments().map(|segment| segment.text).collect();
        prop_assert_eq!(joined, block.as_str());
    }
}
