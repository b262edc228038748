//! What is heard, of channels and of streams, becomes one.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use pintle_adapter::cluster::{Claimed, Incoming, Listener};

/// Hears what comes over pub/sub, and passes it on: that everything is listened to only when it is so of streams as well, and
/// the end only when what waits for the streams has ended too.
pub(super) struct Relay {
    listener: Arc<dyn Listener>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Whether all channels are listened to.
    listening: bool,
    /// How many streams are not read yet.
    beginning: usize,
    /// How many of the two halves have ended.
    closed: u8,
}

/// A stream that is not read yet.
pub(super) struct Beginning(Arc<Relay>);

/// An answer to who asks for a session. It is given when this is dropped.
pub(super) struct Answer {
    relay: Arc<Relay>,
    request: String,
    pub(super) claimed: Option<Claimed>,
}

impl Relay {
    pub(super) fn new(listener: Arc<dyn Listener>) -> Self {
        Self { listener, state: Mutex::default() }
    }

    /// A stream is to be read. Once it is, what this gives is to be dropped.
    pub(super) fn begin(self: &Arc<Self>) -> Beginning {
        self.lock().beginning += 1;
        Beginning(self.clone())
    }

    /// One of the two halves has ended.
    pub(super) fn close(&self) {
        let mut state = self.lock();
        state.closed += 1;
        let both = state.closed == 2;
        drop(state);
        if both {
            self.listener.hear(Incoming::Closed);
        }
    }

    /// Somebody asks for a session, and gets an answer in any case.
    pub(super) fn answer(self: &Arc<Self>, request: String) -> Answer {
        Answer { relay: self.clone(), request, claimed: None }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing under this lock can panic half-way, so a poisoned one is still whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Listener for Relay {
    fn hear(&self, incoming: Incoming<'_>) {
        match incoming {
            Incoming::Closed => return self.close(),
            Incoming::Listening => {
                let mut state = self.lock();
                state.listening = true;
                if state.beginning > 0 {
                    return;
                }
            }
            Incoming::CutOff => self.lock().listening = false,
            _ => {}
        }
        self.listener.hear(incoming);
    }
}

impl Drop for Beginning {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.beginning -= 1;
        let all = state.listening && state.beginning == 0;
        drop(state);
        if all {
            self.0.listener.hear(Incoming::Listening);
        }
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        let claimed = self.claimed.as_ref();
        self.relay.listener.hear(Incoming::Claimed { request: &self.request, claimed });
    }
}
