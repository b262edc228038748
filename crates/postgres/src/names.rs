//! Names in SQL.

/// How many bytes PostgreSQL allows a channel's name. `LISTEN` would cut off the rest, and hear nothing.
const MAX_CHANNEL: usize = 63;

/// Why there cannot be a channel of this name.
pub(crate) fn refused(channel: &str) -> Option<&'static str> {
    if channel.len() > MAX_CHANNEL {
        Some("is too long: PostgreSQL allows the name of a channel 63 bytes")
    } else if channel.contains('\0') {
        Some("has a NUL in it, which PostgreSQL does not allow")
    } else {
        None
    }
}

/// A name as SQL has it, whatever is in it.
pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// The name of a table. Node does not quote it, so a plain one is read as PostgreSQL reads it: letters become lower case, and
/// a dot ends the name of a schema.
pub(crate) fn table(name: &str) -> String {
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

    #[test]
    fn a_name_may_have_sixty_three_bytes() {
        assert_eq!(refused(&"a".repeat(63)), None);
        assert!(refused(&"a".repeat(64)).is_some());
        // Not characters.
        assert!(refused(&"ä".repeat(32)).is_some());
        assert!(refused("a\0b").is_some());
    }
}
