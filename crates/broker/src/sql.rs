//! Names in PostgreSQL's SQL.

/// A name as SQL has it, whatever is in it.
pub fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// The name of a table. Node does not quote it, so a plain one is read as PostgreSQL reads it: letters become lower case, and
/// a dot ends the name of a schema.
pub fn table(name: &str) -> String {
    let plain = |part: &str| {
        part.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
            && part.chars().all(|char| char.is_ascii_alphanumeric() || matches!(char, '_' | '$'))
    };
    if name.split('.').all(plain) {
        let parts: Vec<String> = name.split('.').map(|part| quoted(&part.to_ascii_lowercase())).collect();
        parts.join(".")
    } else {
        quoted(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_quoted_stays_one_name() {
        assert_eq!(quoted("socket.io#/"), r#""socket.io#/""#);
        assert_eq!(quoted(r#"a"; DROP TABLE b; --"#), r#""a""; DROP TABLE b; --""#);
    }

    #[test]
    fn a_table_is_found_where_node_finds_it() {
        assert_eq!(table("socket_io_attachments"), r#""socket_io_attachments""#);
        assert_eq!(table("Socket_IO"), r#""socket_io""#);
        assert_eq!(table("realtime.Attachments"), r#""realtime"."attachments""#);
        assert_eq!(table("My Table"), r#""My Table""#);
        assert_eq!(table("1st.a"), r#""1st.a""#);
        assert_eq!(table(r#"a"b"#), r#""a""b""#);
        assert_eq!(table(""), r#""""#);
    }
}
