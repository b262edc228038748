//! Connections to the servers that have the keys.

use redis::aio::MultiplexedConnection;
use redis::{ErrorKind, RedisResult, Value, cmd};

use crate::link::{Link, Place};
use crate::patience::answered;
use crate::slots::Slots;

/// Connections to the servers that have the keys: in a cluster several, each made when it is needed.
pub(super) struct Keys {
    slots: Slots,
    open: Vec<(Place, MultiplexedConnection)>,
}

/// The connections that there were, by what the servers call them.
#[derive(Default)]
pub(super) struct Former(Vec<(Place, i64)>);

impl Keys {
    /// Sees which servers there are, and that one of them is there.
    pub(super) async fn connect(link: &Link, former: &mut Former) -> RedisResult<Self> {
        let mut keys = Self { slots: link.slots().await?, open: Vec::new() };
        let place = keys.slots.any().clone();
        keys.open(place, former).await?;
        Ok(keys)
    }

    /// The connection to the server that has a key.
    pub(super) async fn at(&mut self, key: &str, former: &mut Former) -> RedisResult<MultiplexedConnection> {
        let place = self.slots.owner(key).ok_or((ErrorKind::Client, "no server has the key"))?;
        match self.open.iter().find(|(open, _)| open == place) {
            Some((_, connection)) => Ok(connection.clone()),
            None => {
                let place = place.clone();
                self.open(place, former).await
            }
        }
    }

    /// The connections that there are.
    pub(super) fn connections(&self) -> impl Iterator<Item = MultiplexedConnection> {
        self.open.iter().map(|(_, connection)| connection.clone())
    }

    /// Connects, and has the server forget what it still may have to read on the connection before: nothing of that is to
    /// happen after we have looked at what has.
    async fn open(&mut self, place: Place, former: &mut Former) -> RedisResult<MultiplexedConnection> {
        let mut connection = place.connect(None).await?;
        if let Some(at) = former.0.iter().position(|(before, _)| *before == place) {
            let (_, id) = former.0.swap_remove(at);
            let mut command = cmd("CLIENT");
            command.arg("KILL").arg("ID").arg(id);
            // It is gone already, or we are not allowed to.
            let _ = answered(connection.send_packed_command(&command)).await?;
        }
        let mut command = cmd("CLIENT");
        command.arg("ID");
        if let Value::Int(id) = answered(connection.send_packed_command(&command)).await? {
            former.0.push((place.clone(), id));
        }
        self.open.push((place, connection.clone()));
        Ok(connection)
    }
}
