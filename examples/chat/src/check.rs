//! Limits: nothing that a client sends is kept or passed on without them.

use crate::error::ChatError;
use crate::message::{Draft, Picture};

const NICKNAME: usize = 24;
const ROOM_NAME: usize = 32;
const KEY: usize = 64;
const TEXT: usize = 2_000;
const PICTURE: usize = 500_000;
const PICTURE_SIDE: u32 = 8_192;

/// The pictures every browser shows, with what their bytes begin with. No SVG: it may hold scripts.
const KINDS: [(&str, &[u8]); 4] =
    [("image/jpeg", b"\xff\xd8\xff"), ("image/png", b"\x89PNG\r\n"), ("image/webp", b"RIFF"), ("image/gif", b"GIF8")];

pub(crate) fn nickname(name: &str) -> Result<(), ChatError> {
    at_most("name", NICKNAME, name.chars().count())?;
    let visible = name.chars().any(char::is_alphanumeric) && !name.chars().any(char::is_control);
    if visible && name.trim() == name { Ok(()) } else { Err(ChatError::Nickname) }
}

pub(crate) fn room_name(name: &str) -> Result<(), ChatError> {
    at_most("name of the room", ROOM_NAME, name.chars().count())?;
    let fine = |char: char| char.is_alphanumeric() || matches!(char, '-' | '_');
    if !name.is_empty() && name.chars().all(fine) { Ok(()) } else { Err(ChatError::RoomName) }
}

pub(crate) fn draft(draft: Draft) -> Result<Draft, ChatError> {
    at_most("key", KEY, draft.key.len())?;
    at_most("text", TEXT, draft.text.chars().count())?;
    let text = draft.text.trim().to_owned();
    match &draft.picture {
        Some(picture) => shown(picture)?,
        None if text.is_empty() => return Err(ChatError::Empty),
        None => {}
    }
    Ok(Draft { text, ..draft })
}

pub(crate) fn announcement(text: &str) -> Result<String, ChatError> {
    at_most("text", TEXT, text.chars().count())?;
    let text = text.trim();
    if text.is_empty() { Err(ChatError::Empty) } else { Ok(text.to_owned()) }
}

fn shown(picture: &Picture) -> Result<(), ChatError> {
    let bytes = picture.bytes.as_ref().ok_or(ChatError::Picture)?;
    at_most("picture", PICTURE, bytes.len())?;
    let begins = |(kind, start): &(&str, &[u8])| *kind == picture.kind && bytes.starts_with(start);
    let side = 1..=PICTURE_SIDE;
    let fine = KINDS.iter().any(begins) && side.contains(&picture.width) && side.contains(&picture.height);
    if fine { Ok(()) } else { Err(ChatError::Picture) }
}

fn at_most(what: &'static str, most: usize, length: usize) -> Result<(), ChatError> {
    if length > most { Err(ChatError::TooLong { what, most }) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    #[test]
    fn names_are_short_and_visible() {
        assert_eq!(nickname("Ada Lovelace"), Ok(()));
        for wrong in ["", " ", " Ada", "Ada\n", "\u{200b}", "--"] {
            assert_eq!(nickname(wrong), Err(ChatError::Nickname), "{wrong:?}");
        }
        assert_eq!(nickname(&"a".repeat(25)), Err(ChatError::TooLong { what: "name", most: 24 }));
        assert_eq!(room_name("größe-7_b"), Ok(()));
        assert_eq!(room_name("a room"), Err(ChatError::RoomName));
        assert_eq!(room_name(""), Err(ChatError::RoomName));
    }

    fn message(text: &str, picture: Option<(&str, &'static [u8], u32)>) -> Draft {
        let picture = picture.map(|(kind, bytes, width)| Picture {
            kind: kind.to_owned(),
            width,
            height: 1,
            bytes: Some(Bytes::from_static(bytes)),
        });
        Draft { room: "lobby".to_owned(), key: "1".to_owned(), text: text.to_owned(), picture }
    }

    #[test]
    fn a_message_holds_a_text_or_a_picture() {
        assert_eq!(draft(message(" hi ", None)).unwrap().text, "hi");
        assert!(draft(message("", Some(("image/png", b"\x89PNG\r\n\x1a\n", 5)))).is_ok());
        assert_eq!(draft(message(" ", None)).unwrap_err(), ChatError::Empty);
        assert_eq!(
            draft(message(&"a".repeat(2001), None)).unwrap_err(),
            ChatError::TooLong { what: "text", most: 2000 }
        );
        for (kind, bytes, width) in
            [("image/png", b"GIF89a".as_slice(), 5), ("image/svg+xml", b"<svg/>", 5), ("image/gif", b"GIF89a", 0)]
        {
            assert_eq!(draft(message("", Some((kind, bytes, width)))).unwrap_err(), ChatError::Picture, "{kind}");
        }
    }
}
