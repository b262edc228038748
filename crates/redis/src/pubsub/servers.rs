//! The servers that are published to.

use std::sync::Arc;

use futures_util::future::join_all;
use redis::aio::{AsyncPushSender, MultiplexedConnection, SendError};
use redis::{Pipeline, PushInfo, PushKind, RedisError, RedisResult, ServerErrorKind, Value};
use tokio::sync::Notify;

use super::queue::Command;
use crate::link::{Link, Place};
use crate::patience::answered;
use crate::slots::Slots;

/// Connections to all masters, as far as they are there.
#[derive(Clone, Debug)]
pub(super) struct Servers {
    is_sharded: bool,
    slots: Slots,
    /// In the order of the masters.
    connections: Vec<Option<MultiplexedConnection>>,
}

/// What became of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Published,
    /// So many listen.
    Counted(usize),
    Failed,
    /// Another server has the channel now.
    Moved,
}

/// What became of what was sent in one go.
#[derive(Debug, Default)]
pub(super) struct Delivery {
    /// In the order of the commands.
    pub(super) outcomes: Vec<Outcome>,
    /// A connection that broke, or the last thing that a server would not do.
    pub(super) error: Option<RedisError>,
}

/// What is sent to one server.
#[derive(Default)]
struct Share {
    pipeline: Pipeline,
    /// Which commands these are.
    commands: Vec<usize>,
}

impl Servers {
    /// Connects to all masters, but for those that `before` is connected to. When one of the connections breaks, `broken` is
    /// notified.
    ///
    /// # Errors
    ///
    /// When there is no connection at all.
    pub(super) async fn connect(
        link: Link,
        is_sharded: bool,
        before: Option<Self>,
        broken: Arc<Notify>,
    ) -> RedisResult<Self> {
        let slots = link.slots().await?;
        let known = |place: &Place| before.as_ref().and_then(|before| before.connection(place)).cloned();
        let connecting = slots.masters().iter().map(async |place| match known(place) {
            Some(connection) => Ok(connection),
            None => place.connect(Some(disconnections(broken.clone()))).await,
        });
        let (mut connections, mut failure) = (Vec::new(), None);
        for connected in join_all(connecting).await {
            connections.push(connected.map_err(|error| failure = Some(error)).ok());
        }
        match failure {
            Some(error) if connections.iter().all(Option::is_none) => Err(error),
            _ => Ok(Self { is_sharded, slots, connections }),
        }
    }

    /// Whether somebody is connected to.
    pub(super) fn is_there(&self) -> bool {
        self.connections.iter().any(Option::is_some)
    }

    /// Whether everybody is.
    pub(super) fn is_whole(&self) -> bool {
        self.connections.iter().all(Option::is_some)
    }

    /// Sends commands, all those for one server in one go, and waits for the answers. A connection that breaks is given up.
    pub(super) async fn deliver(&mut self, commands: &[Command]) -> Delivery {
        let mut shares: Vec<Share> = Vec::new();
        shares.resize_with(self.connections.len(), Share::default);
        for (index, command) in commands.iter().enumerate() {
            self.share_out(&mut shares, index, command);
        }
        let sent = self.connections.iter_mut().zip(&shares).map(async |(connection, share)| match connection {
            Some(connection) if !share.commands.is_empty() => {
                answered(connection.send_packed_commands(&share.pipeline, 0, share.commands.len())).await
            }
            _ => Ok(Vec::new()),
        });
        let answers = join_all(sent).await;

        let mut outcomes: Vec<Option<Outcome>> = vec![None; commands.len()];
        let mut error = None;
        for (server, (share, answer)) in shares.iter().zip(answers).enumerate() {
            match answer {
                Ok(values) => {
                    for (&index, value) in share.commands.iter().zip(values) {
                        outcomes[index] = Some(together(outcomes[index], read(value, &mut error)));
                    }
                }
                Err(broken) => {
                    self.connections[server] = None;
                    error = Some(broken);
                    share.commands.iter().for_each(|&index| outcomes[index] = Some(Outcome::Failed));
                }
            }
        }
        // What nobody was sent was for a server that is away.
        let outcomes = outcomes.into_iter().map(|outcome| outcome.unwrap_or(Outcome::Failed)).collect();
        Delivery { outcomes, error }
    }

    /// Sees whether all connections still are what they seem.
    pub(super) async fn ping(&mut self) -> RedisResult<()> {
        let pings = self.connections.iter_mut().map(async |connection| match connection {
            Some(connection) => answered(connection.send_packed_command(&redis::cmd("PING"))).await.map(drop),
            None => Ok(()),
        });
        let mut result = Ok(());
        for (server, pong) in join_all(pings).await.into_iter().enumerate() {
            if pong.is_err() {
                self.connections[server] = None;
                result = pong;
            }
        }
        result
    }

    fn share_out(&self, shares: &mut [Share], index: usize, command: &Command) {
        match command {
            Command::Publish { channel, payload } => {
                let name = if self.is_sharded { "SPUBLISH" } else { "PUBLISH" };
                if let Some(share) = self.server(channel).and_then(|server| shares.get_mut(server)) {
                    share.pipeline.cmd(name).arg(channel).arg(&payload[..]);
                    share.commands.push(index);
                }
            }
            // Who listens is known where they do, and only there.
            Command::Count { channel, .. } if self.is_whole() => {
                let name = if self.is_sharded { "SHARDNUMSUB" } else { "NUMSUB" };
                for share in shares {
                    share.pipeline.cmd("PUBSUB").arg(name).arg(channel);
                    share.commands.push(index);
                }
            }
            Command::Count { .. } => {}
        }
    }

    /// The server where something on a channel is to be published.
    fn server(&self, channel: &str) -> Option<usize> {
        if !self.is_sharded {
            // Any will do, as long as it stays the same.
            return self.connections.iter().position(Option::is_some);
        }
        let owner = self.slots.owner(channel)?;
        let server = self.slots.masters().iter().position(|place| place == owner)?;
        self.connections[server].is_some().then_some(server)
    }

    fn connection(&self, place: &Place) -> Option<&MultiplexedConnection> {
        let server = self.slots.masters().iter().position(|known| known == place)?;
        self.connections[server].as_ref()
    }
}

/// Notifies of the end of a connection, which is all that it is told of.
fn disconnections(broken: Arc<Notify>) -> Arc<dyn AsyncPushSender> {
    Arc::new(move |push: PushInfo| {
        if push.kind == PushKind::Disconnection {
            broken.notify_one();
        }
        Ok::<_, SendError>(())
    })
}

fn read(value: Value, error: &mut Option<RedisError>) -> Outcome {
    match value {
        Value::Int(_) => Outcome::Published,
        Value::Array(counts) => match &counts[..] {
            [_, Value::Int(nodes)] => Outcome::Counted(usize::try_from(*nodes).unwrap_or_default()),
            _ => Outcome::Failed,
        },
        Value::ServerError(reason) => {
            let is_moved = reason.kind() == Some(ServerErrorKind::Moved);
            *error = Some(reason.into());
            if is_moved { Outcome::Moved } else { Outcome::Failed }
        }
        _ => Outcome::Failed,
    }
}

/// What two servers say of one command: those who listen are added up.
fn together(before: Option<Outcome>, outcome: Outcome) -> Outcome {
    match (before, outcome) {
        (None, outcome) => outcome,
        (Some(Outcome::Counted(some)), Outcome::Counted(more)) => Outcome::Counted(some + more),
        (Some(_), _) => Outcome::Failed,
    }
}
