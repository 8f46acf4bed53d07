//! A file that a person wrote is read with the place of every value, and every mistake in it is
//! named at once, in one sentence each.

use dayfly::document::{Format, Node, Reader, Report, Scalar, Value, parse};
use proptest::prelude::*;

/// The problems of a text that cannot be a document.
fn refused(text: &str, format: Format) -> String {
    let problems = parse(text, "a.file", format).expect_err("a text that is refused");
    let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
    lines.join("\n")
}

/// The problems that a walk over a good document reports.
fn reported(text: &str, format: Format, walk: impl Fn(&Reader<'_>)) -> String {
    let root = parse(text, "a.file", format).expect("a document");
    let report = Report::new("a.file");
    walk(&Reader::new(&root, &report));
    let lines: Vec<String> = report
        .into_problems()
        .iter()
        .map(ToString::to_string)
        .collect();
    lines.join("\n")
}

/// A map's values by key, with the places of the keys.
fn outline(text: &str, format: Format) -> String {
    fn walk(node: &Node, depth: usize, lines: &mut Vec<String>) {
        if let Value::Map(entries) = &node.value {
            for entry in entries {
                let at = format!("{}:{}", entry.place.line, entry.place.column);
                let shown = match &entry.node.value {
                    Value::Map(_) => "map".to_owned(),
                    other => format!("{other:?}"),
                };
                let indent = "  ".repeat(depth);
                lines.push(format!("{indent}{at} {} = {shown}", entry.key));
                walk(&entry.node, depth + 1, lines);
            }
        }
    }
    let root = parse(text, "a.file", format).expect("a document");
    let mut lines = Vec::new();
    walk(&root, 0, &mut lines);
    lines.join("\n")
}

fn scalar(text: &str) -> Scalar {
    match parse(text, "a.file", Format::Yaml)
        .expect("a document")
        .value
    {
        Value::Scalar(scalar) => scalar,
        other => panic!("{other:?} is no scalar"),
    }
}

#[test]
fn yaml_scalars_have_the_types_of_the_core_schema() {
    let decimal = |text: &str| Scalar::Decimal(text.to_owned());
    let plain = |text: &str| Scalar::Text(text.to_owned());
    assert_eq!(scalar("12"), Scalar::Integer(12));
    assert_eq!(scalar("-0x"), plain("-0x"));
    assert_eq!(scalar("0x1F"), Scalar::Integer(31));
    assert_eq!(scalar("\"12\""), plain("12"));
    assert_eq!(scalar("!!str 12"), plain("12"));
    assert_eq!(scalar("yes"), plain("yes"));
    assert_eq!(scalar("True"), Scalar::Boolean(true));
    assert_eq!(scalar("~"), Scalar::Null);
    // As it was written: 1.10 is a version, and no computer may round it.
    assert_eq!(scalar("1.10"), decimal("1.10"));
    assert_eq!(scalar("1e3"), decimal("1e3"));
    assert_eq!(scalar(".5"), decimal(".5"));
    assert_eq!(scalar("."), plain("."));
    assert_eq!(scalar("1.2.3"), plain("1.2.3"));
    assert_eq!(
        scalar("99999999999999999999"),
        decimal("99999999999999999999")
    );
}

#[test]
fn yaml_knows_the_place_of_every_key() {
    let text = "name: ä\nblocks:\n  - task:\n      # why\n      jobs: [a, b]\nlast: &x\n  é: 1\nagain: *x\n";
    insta::assert_snapshot!(outline(text, Format::Yaml), @r#"
    1:1 name = Scalar(Text("ä"))
    2:1 blocks = List([Node { place: Place { line: 3, column: 5 }, value: Map([Entry { key: "task", place: Place { line: 3, column: 5 }, node: Node { place: Place { line: 5, column: 7 }, value: Map([Entry { key: "jobs", place: Place { line: 5, column: 7 }, node: Node { place: Place { line: 5, column: 13 }, value: List([Node { place: Place { line: 5, column: 14 }, value: Scalar(Text("a")) }, Node { place: Place { line: 5, column: 17 }, value: Scalar(Text("b")) }]) } }]) } }]) }])
    6:1 last = map
      7:3 é = Scalar(Integer(1))
    8:1 again = map
      7:3 é = Scalar(Integer(1))
    "#);
}

#[test]
fn toml_keeps_the_order_of_the_file() {
    let text =
        "z = 1\na.b = 2\n[pools.linux]\nx = 1.50\nday = 2026-01-02\n[hub]\nu = { env = \"A\" }\n";
    insta::assert_snapshot!(outline(text, Format::Toml), @r#"
    1:1 z = Scalar(Integer(1))
    2:1 a = map
      2:3 b = Scalar(Integer(2))
    3:2 pools = map
      3:8 linux = map
        4:1 x = Scalar(Decimal("1.50"))
        5:1 day = Scalar(Date("2026-01-02"))
    6:2 hub = map
      7:1 u = map
        7:7 env = Scalar(Text("A"))
    "#);
}

#[test]
fn json_is_read_as_yaml() {
    let text = "{\n\t\"a\": [1, true, null],\n\t\"b\": {\"c\": \"\\u00e9\\n\"}\n}\n";
    insta::assert_snapshot!(outline(text, Format::Yaml), @r#"
    2:2 a = List([Node { place: Place { line: 2, column: 8 }, value: Scalar(Integer(1)) }, Node { place: Place { line: 2, column: 11 }, value: Scalar(Boolean(true)) }, Node { place: Place { line: 2, column: 17 }, value: Scalar(Null) }])
    3:2 b = map
      3:8 c = Scalar(Text("é\n"))
    "#);
}

#[test]
fn broken_yaml_is_refused_with_its_place() {
    insta::assert_snapshot!(refused("a: [1\nb: 2\n", Format::Yaml), @"a.file:2: illegal placement of ':' indicator");
    insta::assert_snapshot!(refused("", Format::Yaml), @"a.file: the file is empty");
    insta::assert_snapshot!(refused("a: 1\n---\nb: 2\n", Format::Yaml), @"a.file:3: a second document in one file");
    insta::assert_snapshot!(refused("[a]: 1\n", Format::Yaml), @"a.file:1: a key that is no single text");
    insta::assert_snapshot!(refused("a: &a [*a]\n", Format::Yaml), @"a.file:1: an alias inside of what it stands for");
}

#[test]
fn every_duplicate_key_is_refused() {
    let yaml = "a: 1\nb:\n  - c: 1\n    c: 2\na: 3\n";
    insta::assert_snapshot!(refused(yaml, Format::Yaml), @"
    a.file:4: b[0].c: given a second time, after line 3; keep one of them
    a.file:5: a: given a second time, after line 1; keep one of them
    ");
    let toml = "a = 1\n[b]\nc = 1\nc = 2\n[b]\n";
    insta::assert_snapshot!(refused(toml, Format::Toml), @"
    a.file:4: c: given a second time; keep one of them
    a.file:5: b: given a second time; keep one of them
    ");
}

#[test]
fn broken_toml_is_refused_with_its_place_and_without_its_values() {
    let text = "token = 0123456789abcdef\na = \n[b\n";
    let problems = refused(text, Format::Toml);
    assert!(!problems.contains("0123456789abcdef"), "{problems}");
    insta::assert_snapshot!(problems, @"
    a.file:1: unexpected leading zero, expected nothing
    a.file:1: invalid float, expected nothing
    a.file:2: string values must be quoted, expected literal string
    a.file:3: unclosed table, expected `]`
    ");
}

#[test]
fn nesting_and_aliases_are_bounded() {
    insta::assert_snapshot!(refused(&"[".repeat(10_000), Format::Yaml), @"a.file:1: recursion limit exceeded");
    insta::assert_snapshot!(refused(&"- ".repeat(10_000), Format::Yaml), @"a.file:1: nested deeper than 100 levels");
    insta::assert_snapshot!(refused(&"[".repeat(10_000), Format::Toml), @"a.file:1: unquoted keys cannot be empty, expected letters, numbers, `-`, `_`");
    let mut laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for at in 1..8 {
        let alias = format!("*a{}, ", at - 1).repeat(10);
        laughs.push_str(&format!("a{at}: &a{at} [{alias}]\n"));
    }
    insta::assert_snapshot!(refused(&laughs, Format::Yaml), @"a.file:5: aliases expand to more than 100000 values");
}

#[test]
fn a_walk_reports_every_problem_in_the_order_of_the_file() {
    let text = "comands: []\nlimit: 51\nname: 1.10\nflag: \"yes\"\nlist: {}\nmode: fast\nmap: x\ntexts: [a, 2, [b]]\nempty: ''\nzzz: 1\n\"a b\": 1\n";
    let problems = reported(text, Format::Yaml, |root| {
        let keys = [
            "commands", "limit", "name", "flag", "list", "mode", "map", "texts", "empty", "gone",
        ];
        let table = root.table(&keys).expect("a map");
        let get = |key| table.optional(key).expect("a value");
        assert_eq!(get("limit").integer(1..=50), None);
        assert_eq!(get("name").text(), None);
        assert_eq!(get("flag").boolean(), None);
        assert!(get("list").list(0..=9).is_none());
        assert_eq!(get("mode").word(&["slow", "slower"]), None);
        assert!(get("map").names().is_none());
        assert_eq!(get("texts").texts(), Some(vec!["a"]));
        assert_eq!(get("empty").filled_text(), None);
        assert!(table.required("gone", "a text").is_none());
    });
    insta::assert_snapshot!(problems, @r#"
    a.file:1: comands: unknown key; did you mean "commands"?
    a.file:1: gone: missing; expected a text
    a.file:2: limit: found the number 51; expected an integer from 1 to 50
    a.file:3: name: found the number 1.10; expected a text, in quotes
    a.file:4: flag: found the text "yes"; expected true or false
    a.file:5: list: found a map; expected a list
    a.file:6: mode: found the text "fast"; expected slow or slower
    a.file:7: map: found the text "x"; expected a map of keys and values
    a.file:8: texts[1]: found the number 2; expected a text, in quotes
    a.file:8: texts[2]: found a list; expected a text
    a.file:9: empty: found the text ""; expected a text that is not empty
    a.file:10: zzz: unknown key; expected commands, limit, name, flag, list, mode, map, texts, empty or gone
    a.file:11: "a b": unknown key; expected commands, limit, name, flag, list, mode, map, texts, empty or gone
    "#);
}

#[test]
fn a_hidden_value_is_in_no_problem() {
    let text = "token = 0x0123\n[a]\npassword = true\n";
    let problems = reported(text, Format::Toml, |root| {
        for (_, value) in root.clone().hidden().names().expect("a map") {
            value.text();
            if let Some(inner) = value.table(&["password"]) {
                inner.required("password", "a text").expect("it").text();
            }
        }
    });
    insta::assert_snapshot!(problems, @"
    a.file:1: token: found a value that is not shown; expected a text, in quotes
    a.file:1: token: found a value that is not shown; expected a map of keys and values
    a.file:2: a: found a map; expected a text
    a.file:3: a.password: found a value that is not shown; expected a text, in quotes
    ");
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused_and_never_a_panic(text in "[ -~\\n]{0,80}|[-\\[\\]{}:,&*!|>'\"#%@ab01 \\n\\t]{0,60}|\\PC{0,40}") {
        for format in [Format::Yaml, Format::Toml] {
            if let Err(problems) = parse(&text, "a.file", format) {
                prop_assert!(!problems.is_empty());
            }
        }
    }
}
