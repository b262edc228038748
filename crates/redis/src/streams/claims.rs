//! Finds a session, and what was sent since.

use pintle_adapter::cluster::{Claimed, EntryId};
use redis::aio::MultiplexedConnection;
use redis::{RedisResult, Value, pipe};

use super::appender::PAGE;
use super::entries::{Entry, range, text};
use super::relay::Answer;
use crate::patience::answered;

/// How many bytes of entries are read for one client. Who missed more begins anew.
const MOST: usize = 32 * 1024 * 1024;

/// Takes a session from its key, and reads a stream from an entry on.
///
/// # Errors
///
/// When the connection does not work. Who asked gets an answer all the same.
pub(super) async fn claim(
    mut answer: Answer,
    sessions: MultiplexedConnection,
    key: String,
    entries: Option<(MultiplexedConnection, String, EntryId)>,
) -> RedisResult<()> {
    answer.claimed = take(sessions, &key, entries).await?;
    Ok(())
}

async fn take(
    mut sessions: MultiplexedConnection,
    key: &str,
    entries: Option<(MultiplexedConnection, String, EntryId)>,
) -> RedisResult<Option<Claimed>> {
    // As one, so that nobody else gets it as well.
    let mut pipeline = pipe();
    pipeline.atomic().cmd("GET").arg(key).cmd("DEL").arg(key);
    let replies = answered(sessions.send_packed_commands(&pipeline, 3, 1)).await?;
    let session = replies.into_iter().next().unwrap_or(Value::Nil).extract_error()?;
    let session = match session {
        Value::Array(replies) => replies.into_iter().next().and_then(text),
        _ => None,
    };
    let mut claimed = Claimed { session, entries: Vec::new() };
    let (Some(_), Some((mut connection, stream, mut from))) = (&claimed.session, entries) else {
        return Ok(Some(claimed));
    };
    let mut bytes = 0;
    loop {
        let page = range(&mut connection, &stream, from, PAGE).await?;
        let is_last = page.len() < PAGE;
        bytes += page.iter().map(size).sum::<usize>();
        if bytes > MOST {
            return Ok(None);
        }
        from = page.last().map_or(from, |(id, _)| id.next());
        claimed.entries.extend(page);
        if is_last {
            return Ok(Some(claimed));
        }
    }
}

fn size((_, fields): &Entry) -> usize {
    fields.iter().map(|(name, value)| name.len() + value.len()).sum()
}
