//! Entries, as Redis answers with them.

use pintle_adapter::cluster::EntryId;
use redis::aio::MultiplexedConnection;
use redis::{ErrorKind, RedisResult, Value, cmd};

use crate::patience::answered;

/// An entry of a stream, with its fields in their order. One with other things than text in it has none.
pub(super) type Entry = (EntryId, Vec<(String, String)>);

/// Reads entries from one on, that one included, oldest first.
pub(super) async fn range(
    connection: &mut MultiplexedConnection,
    stream: &str,
    from: EntryId,
    count: usize,
) -> RedisResult<Vec<Entry>> {
    let mut command = cmd("XRANGE");
    command.arg(stream).arg(from.to_string()).arg("+").arg("COUNT").arg(count);
    let reply = answered(connection.send_packed_command(&command)).await?;
    entries(reply.extract_error()?)
}

/// The place of the last entry; that of the first of a stream to come if there is none.
pub(super) async fn last(connection: &mut MultiplexedConnection, stream: &str) -> RedisResult<EntryId> {
    let mut command = cmd("XREVRANGE");
    command.arg(stream).arg("+").arg("-").arg("COUNT").arg(1);
    let reply = answered(connection.send_packed_command(&command)).await?;
    let entries = entries(reply.extract_error()?)?;
    Ok(entries.first().map_or(EntryId::START, |(id, _)| *id))
}

/// The place of the first entry, if there is one.
pub(super) async fn first(connection: &mut MultiplexedConnection, stream: &str) -> RedisResult<Option<EntryId>> {
    let entries = range(connection, stream, EntryId::START, 1).await?;
    Ok(entries.first().map(|(id, _)| *id))
}

/// The entries in the answer to `XREAD` for one stream; none if there are none yet.
pub(super) fn of_stream(reply: Value) -> RedisResult<Vec<Entry>> {
    match reply {
        Value::Nil => Ok(Vec::new()),
        Value::Map(mut streams) if streams.len() == 1 => entries(streams.swap_remove(0).1),
        // As the older protocol has it.
        Value::Array(mut streams) if streams.len() == 1 => match streams.swap_remove(0) {
            Value::Array(mut parts) if parts.len() == 2 => entries(parts.swap_remove(1)),
            _ => Err(odd()),
        },
        _ => Err(odd()),
    }
}

fn entries(reply: Value) -> RedisResult<Vec<Entry>> {
    let Value::Array(entries) = reply else {
        return Err(odd());
    };
    entries.into_iter().map(entry).collect()
}

fn entry(reply: Value) -> RedisResult<Entry> {
    let Value::Array(parts) = reply else {
        return Err(odd());
    };
    let Ok([id, fields]) = <[Value; 2]>::try_from(parts) else {
        return Err(odd());
    };
    let id = text(id).and_then(|id| EntryId::parse(&id)).ok_or_else(odd)?;
    match fields {
        Value::Array(fields) => Ok((id, pairs(fields).unwrap_or_default())),
        // It was deleted.
        Value::Nil => Ok((id, Vec::new())),
        _ => Err(odd()),
    }
}

fn pairs(fields: Vec<Value>) -> Option<Vec<(String, String)>> {
    let mut pairs = Vec::with_capacity(fields.len() / 2);
    let mut fields = fields.into_iter();
    while let (Some(name), Some(value)) = (fields.next(), fields.next()) {
        pairs.push((text(name)?, text(value)?));
    }
    Some(pairs)
}

pub(super) fn text(value: Value) -> Option<String> {
    match value {
        Value::BulkString(bytes) => String::from_utf8(bytes).ok(),
        Value::SimpleString(text) => Some(text),
        _ => None,
    }
}

fn odd() -> redis::RedisError {
    (ErrorKind::UnexpectedReturnType, "no entries of a stream").into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bulk(text: &[u8]) -> Value {
        Value::BulkString(text.to_vec())
    }

    fn reply(fields: Vec<Value>) -> Value {
        let entries = Value::Array(vec![Value::Array(vec![bulk(b"5-0"), Value::Array(fields)])]);
        Value::Map(vec![(bulk(b"socket.io"), entries)])
    }

    #[test]
    fn fields_stay_in_their_order() {
        let fields = vec![bulk(b"uid"), bulk(b"a"), bulk(b"nsp"), bulk(b"/")];
        let entries = of_stream(reply(fields)).expect("entries");
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(entries, [(EntryId::parse("5-0").expect("an id"), vec![pair("uid", "a"), pair("nsp", "/")])]);
    }

    #[test]
    fn what_is_no_text_spoils_its_entry_alone() {
        let entries = of_stream(reply(vec![bulk(b"uid"), bulk(b"\xff")])).expect("entries");
        assert_eq!(entries, [(EntryId::parse("5-0").expect("an id"), Vec::new())]);
    }

    #[test]
    fn what_is_no_answer_is_an_error() {
        for odd in [Value::Int(1), Value::Array(vec![Value::Nil]), Value::Map(vec![(Value::Nil, Value::Int(1))])] {
            assert!(of_stream(odd.clone()).is_err(), "{odd:?}");
        }
        assert_eq!(of_stream(Value::Nil).expect("none"), []);
    }
}
