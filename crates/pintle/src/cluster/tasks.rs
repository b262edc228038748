//! What other nodes want done here.

use std::sync::Arc;

use pintle_adapter::cluster::{Asker, Event, Said, Targets, Task};
use pintle_proto::Encoded;

use super::answers;
use super::link::Link;
use crate::ack::{self, Question};
use crate::clock;
use crate::nsp::Nsp;
use crate::remote;
use crate::socket::Socket;

impl Link {
    /// Does what another node wants, on a task of the driver: in the order in which it came, and without waiting.
    pub(super) fn perform(&self, nsp: &Arc<Nsp>, task: Task) {
        match task {
            Task::Broadcast { event, to } => broadcast(nsp, &event, &to),
            Task::Ask { event, to, asker } => self.ask_sockets(nsp, &event, &to, asker),
            Task::Join { to, rooms } => nsp.put_into(&to.select, &rooms),
            Task::Leave { to, rooms } => for_each(nsp, &to, |socket| socket.leave(&rooms)),
            Task::Disconnect { to, close: false } => for_each(nsp, &to, Socket::disconnect),
            Task::Disconnect { to, close: true } => for_each(nsp, &to, Socket::close),
            Task::Fetch { to, asker } => {
                let sockets = nsp.select(&to.select).iter().map(remote::described).collect();
                self.answer(&asker, Said::Sockets(sockets));
            }
            Task::Rooms { asker } => {
                let rooms = nsp.rooms().all_rooms();
                self.answer(&asker, Said::Rooms(rooms));
            }
            Task::SideEmit { event, asker } => self.call_handlers(nsp, event, asker),
            // Whoever waits for it has been told.
            Task::Finished { .. } => {}
        }
    }

    /// Asks the sockets of this node. How many they are is said at once, even if there is none.
    fn ask_sockets(&self, nsp: &Arc<Nsp>, event: &Event, to: &Targets, asker: Asker) {
        let id = nsp.next_ack_id();
        let packet = match Encoded::event(nsp.name(), Some(id), &event.name, &event.args) {
            Ok(packet) => packet,
            Err(error) => {
                tracing::debug!(namespace = %nsp.name(), %error, "an event of another node cannot be sent on");
                return self.answer(&asker, Said::ClientCount(0));
            }
        };
        let sockets: Vec<Socket> = nsp.select(&to.select).iter().cloned().collect();
        self.answer(&asker, Said::ClientCount(sockets.len() as u64));
        if sockets.is_empty() {
            return;
        }
        let timeout = answers::timeout(nsp, to);
        let mut asked = ack::ask_many(vec![Question { sockets, id, packet, volatile: to.flags.volatile }]);
        let nsp = Arc::downgrade(nsp);
        self.hub().runtime().spawn(async move {
            let answer_all = async {
                while let Some(args) = asked.next().await {
                    // Node sends one value on, and so are all others used to.
                    let first = args.values().ok().and_then(|values| values.into_iter().next());
                    let Some(nsp) = nsp.upgrade() else {
                        return;
                    };
                    nsp.link().into_iter().for_each(|link| link.answer(&asker, Said::Ack(first.clone())));
                }
            };
            // In time or not: who asked has a time limit of its own.
            let _ = clock::within(timeout, answer_all).await;
        });
    }

    /// Calls the handlers of an event for servers.
    fn call_handlers(&self, nsp: &Arc<Nsp>, event: Event, asker: Option<Asker>) {
        let Some(io) = self.hub().io() else {
            return;
        };
        let Some(answer) = nsp.handlers().server_event(&io, nsp, &event.name, event.args) else {
            return;
        };
        let nsp = Arc::downgrade(nsp);
        self.hub().runtime().spawn(async move {
            let said = answer.await;
            if let (Some(said), Some(asker), Some(nsp)) = (said, asker, nsp.upgrade()) {
                nsp.link().into_iter().for_each(|link| link.answer(&asker, said.clone()));
            }
        });
    }
}

fn broadcast(nsp: &Nsp, event: &Event, to: &Targets) {
    match Encoded::draft(nsp.name(), &event.name, &event.args) {
        Ok(draft) => nsp.emit(&to.select, to.flags.volatile, draft),
        Err(error) => {
            tracing::debug!(namespace = %nsp.name(), %error, "an event of another node cannot be sent on");
        }
    }
}

fn for_each(nsp: &Nsp, to: &Targets, act: impl FnMut(&Socket)) {
    nsp.select(&to.select).iter().for_each(act);
}
