//! Names of channels.

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_have_sixty_three_bytes() {
        assert_eq!(refused(&"a".repeat(63)), None);
        assert!(refused(&"a".repeat(64)).is_some());
        // Not characters.
        assert!(refused(&"ä".repeat(32)).is_some());
        assert!(refused("a\0b").is_some());
    }
}
