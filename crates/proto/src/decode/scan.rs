//! Whether a text is JSON, told without making anything of it.
//!
//! Arguments that are only passed on are scanned once, and this is that scan. What it does not take is left to serde_json to
//! judge: so it need not know every way in which a text can be wrong, only what is right.

use crate::plain::plain;

/// How deep values may be nested: one less than where serde_json stops.
const MAX_DEPTH: u32 = 127;
/// A number of this many digits could be too great for a double.
const MANY_DIGITS: usize = 300;

/// Counts values that are separated by commas; `None` if they may not be JSON.
pub(super) fn scan(text: &str) -> Option<usize> {
    if text.is_empty() {
        return Some(0);
    }
    let mut scanner = Scanner { text, at: 0 };
    let mut values = 0;
    loop {
        scanner.value()?;
        values += 1;
        scanner.whitespace();
        match scanner.next() {
            None => return Some(values),
            Some(b',') => {}
            Some(_) => return None,
        }
    }
}

struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

impl Scanner<'_> {
    /// Passes a value, without recursion: `objects` says for each level whether it is an object.
    fn value(&mut self) -> Option<()> {
        let mut depth = 0;
        let mut objects = 0_u128;
        loop {
            self.whitespace();
            match self.peek()? {
                b'"' => self.string()?,
                b'-' | b'0'..=b'9' => self.number()?,
                b't' => self.literal("true")?,
                b'f' => self.literal("false")?,
                b'n' => self.literal("null")?,
                opening @ (b'[' | b'{') => {
                    if depth == MAX_DEPTH {
                        return None;
                    }
                    self.at += 1;
                    let is_object = opening == b'{';
                    self.whitespace();
                    if self.peek()? == if is_object { b'}' } else { b']' } {
                        self.at += 1;
                    } else {
                        objects = objects << 1 | u128::from(is_object);
                        depth += 1;
                        if is_object {
                            self.name()?;
                        }
                        continue;
                    }
                }
                _ => return None,
            }
            // A value has ended, and with it perhaps what it was in.
            loop {
                if depth == 0 {
                    return Some(());
                }
                self.whitespace();
                let is_object = objects & 1 == 1;
                match self.next()? {
                    b',' => {
                        if is_object {
                            self.name()?;
                        }
                        break;
                    }
                    b'}' if is_object => {}
                    b']' if !is_object => {}
                    _ => return None,
                }
                objects >>= 1;
                depth -= 1;
            }
        }
    }

    /// Passes the name of a value, and the colon.
    fn name(&mut self) -> Option<()> {
        self.whitespace();
        self.peek().filter(|&byte| byte == b'"')?;
        self.string()?;
        self.whitespace();
        self.next().filter(|&byte| byte == b':').map(drop)
    }

    /// Passes a string, of which the quote is next.
    fn string(&mut self) -> Option<()> {
        self.at += 1;
        loop {
            self.at += plain(&self.text.as_bytes()[self.at..]);
            match self.next()? {
                b'"' => return Some(()),
                b'\\' => self.escape()?,
                _ => return None,
            }
        }
    }

    /// Passes what comes after a backslash.
    fn escape(&mut self) -> Option<()> {
        match self.next()? {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Some(()),
            b'u' => match self.unit()? {
                0xd800..=0xdbff => {
                    self.literal("\\u")?;
                    matches!(self.unit()?, 0xdc00..=0xdfff).then_some(())
                }
                0xdc00..=0xdfff => None,
                _ => Some(()),
            },
            _ => None,
        }
    }

    /// Reads the four digits of an escape.
    fn unit(&mut self) -> Option<u16> {
        let digits = self.text.get(self.at..self.at + 4)?;
        self.at += 4;
        // The standard library would take a sign.
        digits.bytes().all(|byte| byte.is_ascii_hexdigit()).then(|| u16::from_str_radix(digits, 16).ok())?
    }

    fn number(&mut self) -> Option<()> {
        let start = self.at;
        self.at += usize::from(self.peek() == Some(b'-'));
        if self.peek() == Some(b'0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        let exponent = matches!(self.peek(), Some(b'e' | b'E'));
        if exponent {
            self.at += 1;
            self.at += usize::from(matches!(self.peek(), Some(b'+' | b'-')));
            self.digits()?;
        }
        if exponent || self.at - start > MANY_DIGITS {
            serde_json::from_str::<f64>(&self.text[start..self.at]).ok()?;
        }
        Some(())
    }

    /// Passes digits, of which there must be one.
    fn digits(&mut self) -> Option<()> {
        let digits = self.text.as_bytes()[self.at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        self.at += digits;
        (digits > 0).then_some(())
    }

    fn literal(&mut self, literal: &str) -> Option<()> {
        let is_next = self.text.as_bytes()[self.at..].starts_with(literal.as_bytes());
        self.at += literal.len();
        is_next.then_some(())
    }

    fn whitespace(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn next(&mut self) -> Option<u8> {
        let next = self.peek();
        self.at += 1;
        next
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::text::count;
    use super::*;

    /// What the scan takes, serde_json takes, and counts the same.
    fn agrees(text: &str) -> Option<usize> {
        let scanned = scan(text);
        if let Some(values) = scanned {
            assert_eq!(count(text).ok(), Some(values), "{text:?}");
        }
        scanned
    }

    #[test]
    fn what_is_right_is_taken() {
        let long = format!("\"{}\"", "é".repeat(100));
        let deep = format!("{}1{}", "[".repeat(127), "]".repeat(127));
        for (text, values) in [
            ("", 0),
            (" 1 , 2\t", 2),
            ("-0,0.5,10,-1.25,1e5,1E-5,1e+5", 7),
            ("true,false,null", 3),
            (r#""","a","\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00""#, 3),
            (r#"[],{},[[]],[1,[2,{"a":{"b":[3]},"c":null}]]"#, 4),
            ("[ ] , { \"a\" : [ 1 , 2 ] }", 2),
            ("18446744073709551616", 1),
            (&long, 1),
            (&deep, 1),
        ] {
            assert_eq!(agrees(text), Some(values), "{text}");
        }
    }

    #[test]
    fn what_is_wrong_is_not() {
        let deep = format!("{}1{}", "[".repeat(128), "]".repeat(128));
        let great = format!("{}.0", "9".repeat(400));
        for text in [
            " ",
            ",",
            "1,",
            ",1",
            "1 2",
            "]",
            "[",
            "[1",
            "[1,]",
            "[1 2]",
            "{",
            "{1:2}",
            r#"{"a"}"#,
            r#"{"a":}"#,
            r#"{"a":1,}"#,
            r#"{"a":1]"#,
            "[1}",
            "01",
            "-",
            "1.",
            ".5",
            "1e",
            "1e+",
            "+1",
            "1e999",
            "tru",
            "truex",
            "nul",
            "NaN",
            "'a'",
            r#"""#,
            r#""\"#,
            r#""\x""#,
            r#""\u00g0""#,
            r#""\u+0e9""#,
            r#""\ud83d""#,
            r#""\ude00""#,
            r#""\ud83dx""#,
            r#""\ud83d\u0041""#,
            "\"\n\"",
            "\"\u{0}\"",
            "\u{feff}1",
            &deep,
            &great,
        ] {
            assert_eq!(agrees(text), None, "{text}");
            assert!(count(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn nothing_is_taken_that_serde_json_refuses(text in r#"[ \[\]{},:"\\u0-9a-fnrtlse.eE+\-\u{1}é]{0,40}"#) {
            agrees(&text);
        }

        #[test]
        fn every_value_is_taken(value in any_json()) {
            prop_assert_eq!(agrees(&value), Some(1));
        }

        #[test]
        fn nothing_broken_is_taken(value in any_json(), at in any::<prop::sample::Index>(), with in ".") {
            let mut at = at.index(value.len());
            while !value.is_char_boundary(at) {
                at -= 1;
            }
            agrees(&format!("{}{with}{}", &value[..at], &value[at..]));
            agrees(&value[..at]);
        }
    }

    fn any_json() -> impl Strategy<Value = String> {
        let leaf = prop_oneof![
            any::<i64>().prop_map(|number| number.to_string()),
            any::<f64>().prop_map(|number| serde_json::to_string(&number).unwrap()),
            any::<bool>().prop_map(|value| value.to_string()),
            any::<String>().prop_map(|text| serde_json::to_string(&text).unwrap()),
        ];
        leaf.prop_recursive(6, 40, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(|values| format!("[{}]", values.join(" ,"))),
                prop::collection::vec((any::<String>(), inner), 0..5).prop_map(|entries| {
                    let entry = |(name, value)| format!("{}: {value}", serde_json::to_string::<String>(&name).unwrap());
                    format!("{{{}}}", entries.into_iter().map(entry).collect::<Vec<_>>().join(","))
                }),
            ]
        })
    }
}
