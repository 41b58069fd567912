use super::*;

fn read(text: &str) -> (Option<Node>, Vec<String>) {
    let mut faults = Faults::default();
    let node = parse(&Arc::from("f.yaml"), text, &mut faults);
    (node, faults.0.iter().map(|fault| format!("{}: {}", fault.place, fault.message)).collect())
}

fn faults(text: &str) -> Vec<String> {
    read(text).1
}

fn sound(text: &str) -> Node {
    let (node, faults) = read(text);
    assert!(faults.is_empty(), "{faults:?}");
    node.expect("a tree")
}

#[test]
fn keys_and_values_have_line_and_column_from_one() {
    let root = sound("a: 1\nbb:\n  - x\n  - {c: 'y'}\n");
    let at = |place: &Place| (place.line, place.column);
    assert_eq!(at(&root.entries()[0].place), (1, 1));
    assert_eq!(at(&root.get("a").expect("a").place), (1, 4));
    assert_eq!(at(&root.entries()[1].place), (2, 1));
    let items = root.get("bb").expect("bb").items();
    assert_eq!(at(&items[0].place), (3, 5));
    assert_eq!(at(&items[1].place), (4, 5));
    assert_eq!(at(&items[1].entries()[0].place), (4, 6));
    assert_eq!(at(&items[1].entries()[0].value.place), (4, 9));
}

#[test]
fn columns_count_characters_not_bytes() {
    let root = sound("{münchen: 1, b: 2}\n");
    assert_eq!((root.entries()[1].place.line, root.entries()[1].place.column), (1, 14));
}

#[test]
fn carriage_returns_and_tabs_between_tokens_change_nothing() {
    let root = sound("a: 1\r\nb: \t2\r\n# note\r\nc: 'x'\r\n");
    assert_eq!(root.value(), serde_json::json!({"a": 1, "b": 2, "c": "x"}));
    assert_eq!(root.entries()[2].place.line, 4);
}

#[test]
fn plain_scalars_are_typed_as_yaml_1_2_and_quoted_ones_are_texts() {
    let root =
        sound("[1, -2, 0x1F, 1.5, true, ~, null, no, NO, '1', \"true\", 2026-11-21, 0012, 1e3, .nan, 12:30, +4]");
    let nan = "NaN is no JSON number, so it stays a text";
    assert_eq!(
        root.value(),
        serde_json::json!([
            1,
            -2,
            31,
            1.5,
            true,
            null,
            null,
            "no",
            "NO",
            "1",
            "true",
            "2026-11-21",
            "0012",
            1000.0,
            ".nan",
            "12:30",
            4
        ]),
        "{nan}"
    );
}

#[test]
fn a_repeated_key_is_a_fault_at_the_second_one_and_both_values_stay() {
    let (root, faults) = read("a: 1\nb: 2\n  \na: 3\n");
    assert_eq!(faults, ["f.yaml:4:1: key \"a\" stands here a second time, first in line 1"]);
    assert_eq!(root.expect("a tree").entries().len(), 3);
}

#[test]
fn a_key_repeated_in_a_long_mapping_is_found_too() {
    let text = (0..100).map(|number| format!("k{number}: 0")).collect::<Vec<_>>().join("\n");
    assert_eq!(
        faults(&format!("{text}\nk50: 1\nk3: 1\n")),
        [
            "f.yaml:101:1: key \"k50\" stands here a second time, first in line 51",
            "f.yaml:102:1: key \"k3\" stands here a second time, first in line 4",
        ]
    );
}

#[test]
fn anchors_aliases_and_tags_are_refused_so_nothing_expands() {
    let bomb = "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n";
    assert_eq!(
        faults(bomb),
        [
            "f.yaml:1:7: an anchor (&) is not read here",
            "f.yaml:2:7: an anchor (&) is not read here",
            "f.yaml:2:8: an alias (*) is not read here",
            "f.yaml:2:12: an alias (*) is not read here",
            "f.yaml:3:5: an alias (*) is not read here",
            "f.yaml:3:9: an alias (*) is not read here",
        ]
    );
    assert_eq!(faults("a: !!str 1\n"), ["f.yaml:1:10: a tag (!) is not read here"]);
}

#[test]
fn a_bomb_of_nine_levels_is_refused_without_being_expanded() {
    let mut bomb = "l0: &l0 [lol]\n".to_owned();
    for level in 1..10 {
        let below = format!("*l{}", level - 1);
        let nine = vec![below; 9].join(", ");
        bomb = format!("{bomb}l{level}: &l{level} [{nine}]\n");
    }
    assert_eq!(faults(&bomb).len(), MOST_REFUSALS);
}

#[test]
fn nesting_ends_at_its_limit() {
    assert_eq!(faults(&format!("{}{}", "[".repeat(64), "]".repeat(64))), Vec::<String>::new());
    assert_eq!(faults(&"[".repeat(100_000)), ["f.yaml:1:256: nested deeper than 64 levels"]);
    let mapping = (0..100).map(|level| format!("{}a:", " ".repeat(level))).collect::<Vec<_>>().join("\n");
    assert_eq!(faults(&mapping), ["f.yaml:65:65: nested deeper than 64 levels"]);
    assert_eq!(faults(&"- ".repeat(100_000)), ["f.yaml:1:129: nested deeper than 64 levels"]);
}

#[test]
fn a_flood_of_values_ends_at_its_limit() {
    let flood = format!("[{}]", "1,".repeat(MOST_NODES + 10));
    assert_eq!(faults(&flood), [format!("f.yaml:1:{}: the file holds more than {MOST_NODES} values", MOST_NODES * 2)]);
}

#[test]
fn one_document_is_read_and_a_second_is_a_fault() {
    let (root, found) = read("a: 1\n---\nb: 2\n");
    assert_eq!(found, ["f.yaml:2:1: a second document begins here, one is read"]);
    assert!(root.is_some());
    assert_eq!(faults("---\na: 1\n...\n"), Vec::<String>::new());
}

#[test]
fn an_empty_file_is_a_fault() {
    for empty in ["", "\n\n", "# only a note\n"] {
        assert_eq!(faults(empty), ["f.yaml:1:1: the file is empty"], "{empty:?}");
    }
}

#[test]
fn nul_does_not_end_the_file_unseen() {
    assert_eq!(faults("a: 1\nb: \0\nc: 3\n"), ["f.yaml:2:4: not YAML: control character U+0000"]);
}

#[test]
fn a_syntax_error_has_its_place_and_what_came_before_is_kept() {
    let (root, found) = read("a: 1\na: 2\nb: [1, 2\nc: 3\n");
    assert!(root.is_none());
    assert_eq!(found[0], "f.yaml:2:1: key \"a\" stands here a second time, first in line 1");
    assert!(found[1].starts_with("f.yaml:4:") && found[1].contains("not YAML: "), "{found:?}");
    assert_eq!(found.len(), 2);
}

#[test]
fn a_tab_where_yaml_wants_spaces_is_named_in_the_hint() {
    let mut faults = Faults::default();
    assert!(parse(&Arc::from("f.yaml"), "a:\n\tb: 1\n", &mut faults).is_none());
    assert_eq!((faults.0[0].place.line, faults.0[0].place.column), (2, 2), "{faults}");
    assert_eq!(faults.0[0].hint.as_deref(), Some("the line holds a tab: YAML wants spaces"));
}

#[test]
fn a_key_that_is_no_word_is_a_fault_and_the_rest_is_read() {
    let (root, found) = read("? [a, b]\n: 1\nc: 2\n");
    assert_eq!(found, ["f.yaml:1:3: a key must be a plain word"]);
    assert_eq!(root.expect("a tree").value(), serde_json::json!({"c": 2}));
}

proptest::proptest! {
    #[test]
    fn no_text_panics(text in "\\PC{0,200}|[\\[\\]{}:,&*!|>'\"\\-? #%@`\n\r\t a0~]{0,200}") {
        read(&text);
    }

    /// What we read as a tree is what serde_yaml reads, wherever both take the text.
    #[test]
    fn values_agree_with_serde_yaml(text in "([a-c]{1,2}: ?[a-z0-9'\"\\[\\]{}, -]{0,12}\n){1,6}") {
        let (root, faults) = read(&text);
        if let (Some(root), true, Ok(theirs)) = (root, faults.is_empty(), serde_yaml::from_str::<serde_json::Value>(&text)) {
            proptest::prop_assert_eq!(root.value(), theirs);
        }
    }
}
