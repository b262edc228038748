//! Which server has which channel.

use redis::{RedisResult, Value};

use crate::link::Place;
use crate::patience::answered;

/// How many slots the channels of a cluster are spread over.
const COUNT: usize = 16_384;

/// The masters, and which of them has which channel of sharded pub/sub.
#[derive(Clone, Debug)]
pub(crate) struct Slots {
    masters: Vec<Place>,
    /// For each slot its master; empty if there is but one, or none has it.
    owners: Vec<Option<u16>>,
}

impl Slots {
    /// One server has everything.
    pub(crate) fn single(place: Place) -> Self {
        Self { masters: vec![place], owners: Vec::new() }
    }

    /// Asks a node of a cluster.
    pub(crate) async fn ask(seed: &Place) -> RedisResult<Self> {
        let mut connection = seed.connect(None).await?;
        let mut command = redis::cmd("CLUSTER");
        command.arg("SLOTS");
        let answer = answered(connection.send_packed_command(&command)).await?.extract_error()?;
        Self::read(seed, &answer).ok_or_else(|| (redis::ErrorKind::Parse, "a cluster without slots").into())
    }

    /// Reads the answer to `CLUSTER SLOTS`; nothing if it is none, or says that there are no slots.
    fn read(seed: &Place, answer: &Value) -> Option<Self> {
        let mut slots = Self { masters: Vec::new(), owners: vec![None; COUNT] };
        for range in answer.as_sequence()? {
            let [Value::Int(first), Value::Int(last), Value::Array(master), ..] = range.as_sequence()? else {
                return None;
            };
            let [host, Value::Int(port), ..] = &master[..] else {
                return None;
            };
            let host = match host {
                Value::BulkString(host) if !host.is_empty() => std::str::from_utf8(host).ok()?,
                // It knows only how it was spoken to.
                _ => seed.host()?,
            };
            let place = seed.beside(host, u16::try_from(*port).ok()?);
            let known = slots.masters.iter().position(|known| *known == place);
            let index = known.unwrap_or_else(|| {
                slots.masters.push(place);
                slots.masters.len() - 1
            });
            let owned = slots.owners.get_mut(usize::try_from(*first).ok()?..=usize::try_from(*last).ok()?)?;
            owned.fill(u16::try_from(index).ok());
        }
        (!slots.masters.is_empty()).then_some(slots)
    }

    /// All masters, at least one.
    pub(crate) fn masters(&self) -> &[Place] {
        &self.masters
    }

    /// Any of them, not always the same.
    pub(crate) fn any(&self) -> &Place {
        let random = getrandom::u32().unwrap_or_default() as usize;
        &self.masters[random % self.masters.len()]
    }

    /// The one that has a channel of sharded pub/sub; nothing if none has.
    pub(crate) fn owner(&self, channel: &str) -> Option<&Place> {
        if self.owners.is_empty() {
            return self.masters.first();
        }
        self.owners[slot(channel.as_bytes())].map(|index| &self.masters[usize::from(index)])
    }
}

/// The slot of a channel: a checksum of its name, or of what stands between the first braces in it.
fn slot(channel: &[u8]) -> usize {
    let braces = || {
        let open = channel.iter().position(|&byte| byte == b'{')?;
        let inner = &channel[open + 1..];
        let length = inner.iter().position(|&byte| byte == b'}')?;
        (length > 0).then(|| &inner[..length])
    };
    usize::from(crc16(braces().unwrap_or(channel))) % COUNT
}

/// CRC-16/XMODEM.
fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |crc, &byte| {
        (0..8).fold(crc ^ (u16::from(byte) << 8), |crc, _| match crc & 0x8000 {
            0 => crc << 1,
            _ => (crc << 1) ^ 0x1021,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slot_of_a_channel_is_that_of_redis() {
        // The first is the example of the cluster specification; the others are what CLUSTER KEYSLOT says.
        for (channel, slot_of_redis) in
            [("123456789", 0x31c3), ("{user1000}.following", 3443), ("foo{}{bar}", 8363), ("foo{{bar}}zap", 4015)]
        {
            assert_eq!(slot(channel.as_bytes()), slot_of_redis, "{channel}");
        }
    }
}
