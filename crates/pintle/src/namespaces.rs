//! The namespaces of a server: those that were declared by name, and those that come and go.

mod children;

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use hashbrown::HashMap;
use smallvec::SmallVec;
use tokio::sync::broadcast::{Receiver, error::RecvError};

use self::children::Children;
use crate::cluster::Hub;
use crate::config::Config;
use crate::handler::{Endpoint, Handlers};
use crate::io::SocketIo;
use crate::news::News;
use crate::nsp::{Child, Nsp};
use crate::pattern::{ParamValues, Pattern};
use crate::recovery::{Log, StateRecovery};

/// The namespaces of a server.
pub(crate) struct Namespaces {
    fixed: HashMap<Arc<str>, Arc<Nsp>>,
    parents: Vec<Parent>,
    children: RwLock<Children>,
    config: Config,
    /// If there are other nodes.
    hub: Option<Arc<Hub>>,
    /// A task throws away what is too old.
    tidied: AtomicBool,
    created: News<Arc<str>>,
}

/// The declaration of a dynamic namespace.
pub(crate) struct Parent {
    pub(crate) matcher: Matcher,
    pub(crate) handlers: Arc<Handlers>,
}

/// Which names a dynamic namespace has.
pub(crate) enum Matcher {
    Pattern(Pattern),
    Predicate(Arc<dyn Endpoint>),
}

/// What there is by the name that a client asks for.
pub(crate) enum Found {
    /// A namespace. If it is a dynamic one, the client counts among its users from now on.
    Nsp(Arc<Nsp>),
    /// Nobody knows before this predicate has been asked; the name would then be that of this namespace.
    Ask {
        parent: usize,
        predicate: Arc<dyn Endpoint>,
        nsp: Arc<Nsp>,
    },
    Nothing,
}

impl Namespaces {
    pub(crate) fn new(
        fixed: impl IntoIterator<Item = (Arc<str>, Arc<Handlers>)>,
        parents: Vec<Parent>,
        config: Config,
    ) -> Self {
        let hub = config.adapter.clone().map(Hub::open);
        let nsp = |(name, handlers): (Arc<str>, _)| {
            let link = hub.as_ref().map(|hub| hub.link(&name));
            (name.clone(), Arc::new(Nsp::new(name, handlers, &config, link, None)))
        };
        let fixed: HashMap<_, _> = fixed.into_iter().map(nsp).collect();
        let tidied = AtomicBool::new(false);
        Self { fixed, parents, children: RwLock::default(), config, hub, tidied, created: News::default() }
    }

    /// Makes those that were declared by name part of the cluster of this server, if it has one.
    pub(crate) fn join_cluster(&self, io: &SocketIo) {
        if let Some(hub) = &self.hub {
            hub.serve(io);
            self.fixed.values().for_each(|nsp| hub.attach(nsp));
        }
    }

    /// The server's end of the wire, if there are other nodes.
    pub(crate) const fn hub(&self) -> Option<&Arc<Hub>> {
        self.hub.as_ref()
    }

    /// Finds what a client asks for: by name, then among the declarations in their order, from the given one on.
    pub(crate) fn find(&self, name: &str, from: usize) -> Found {
        if let Some(nsp) = self.fixed.get(name) {
            return Found::Nsp(nsp.clone());
        }
        if self.parents.is_empty() {
            return Found::Nothing;
        }
        if let Some(nsp) = self.enter_existing(name) {
            return Found::Nsp(nsp);
        }
        for (parent, Parent { matcher, .. }) in self.parents.iter().enumerate().skip(from) {
            match matcher {
                Matcher::Pattern(pattern) => {
                    if let Some(params) = pattern.matches(name) {
                        return Found::Nsp(self.enter(parent, name, Some(params)));
                    }
                }
                Matcher::Predicate(predicate) => {
                    let nsp = Arc::new(self.child(parent, name, None));
                    return Found::Ask { parent, predicate: predicate.clone(), nsp };
                }
            }
        }
        Found::Nothing
    }

    /// The namespace of this name, made if there is none. The client counts among its users.
    pub(crate) fn enter(&self, parent: usize, name: &str, params: Option<ParamValues>) -> Arc<Nsp> {
        let mut children = self.children_mut();
        children.enter(name).unwrap_or_else(|| {
            let nsp = Arc::new(self.child(parent, name, params));
            children.insert(nsp.clone());
            children.enter(name);
            if let Some(hub) = &self.hub {
                hub.attach(&nsp);
            }
            nsp
        })
    }

    /// A client is no longer in a namespace, or on its way in. A dynamic one that nobody uses any more goes.
    pub(crate) fn leave(&self, nsp: &Arc<Nsp>) {
        if nsp.child().is_some() {
            let limit = self.config.recovery.as_ref().map_or(0, StateRecovery::most_sessions);
            let evicted = self.children_mut().leave(nsp, limit);
            // Whoever still has it must see that nobody comes back to it.
            if let Some(log) = evicted.as_ref().and_then(|nsp| nsp.log()) {
                log.give_up();
            }
        }
    }

    /// Whether a task is to be started that [tidies](Self::tidy) at these intervals: not if there is one.
    pub(crate) fn begin_tidying(&self) -> Option<Duration> {
        let recovery = self.config.recovery.as_ref()?;
        (!self.tidied.swap(true, Ordering::AcqRel)).then(|| recovery.tidying_interval())
    }

    /// Throws away what clients did not come back for in time, and namespaces that were kept for that alone. Whether to go
    /// on with it: not if nothing is left.
    pub(crate) fn tidy(&self) -> bool {
        for nsp in self.all() {
            if nsp.log().is_some_and(Log::purge) && nsp.child().is_some() {
                self.children_mut().forget_unused(&nsp);
            }
        }
        if !self.is_idle() {
            return true;
        }
        self.tidied.store(false, Ordering::Release);
        // Who came since the look has started a task, or is seen now.
        !self.is_idle() && !self.tidied.swap(true, Ordering::AcqRel)
    }

    fn is_idle(&self) -> bool {
        self.all().iter().all(|nsp| nsp.log().is_none_or(Log::is_idle))
    }

    fn all(&self) -> Vec<Arc<Nsp>> {
        self.fixed.values().cloned().chain(self.children().iter().cloned()).collect()
    }

    /// A socket was let in: now there is such a namespace.
    pub(crate) fn announce(&self, nsp: &Nsp) {
        let news = nsp.child().is_some_and(|child| !child.announced.swap(true, Ordering::AcqRel));
        if news {
            self.created.tell(nsp.name().clone());
        }
    }

    pub(crate) fn fixed(&self, name: &str) -> Option<&Arc<Nsp>> {
        self.fixed.get(name)
    }

    /// The dynamic namespaces that a name or a pattern means at this moment.
    pub(crate) fn dynamic(&self, name: &str) -> SmallVec<[Arc<Nsp>; 1]> {
        let children = self.children();
        let is_meant =
            |parent: &Parent| matches!(&parent.matcher, Matcher::Pattern(pattern) if pattern.as_str() == name);
        match self.parents.iter().position(is_meant) {
            None => children.get(name).filter(|nsp| nsp.is_announced()).cloned().into_iter().collect(),
            Some(parent) => {
                let of_parent = |nsp: &&Arc<Nsp>| nsp.child().is_some_and(|child| child.parent == parent);
                children.iter().filter(|nsp| nsp.is_announced()).filter(of_parent).cloned().collect()
            }
        }
    }

    /// The names of all there are.
    pub(crate) fn names(&self) -> Vec<Arc<str>> {
        let children = self.children();
        let announced = children.iter().filter(|nsp| nsp.is_announced());
        self.fixed.values().chain(announced).map(|nsp| nsp.name().clone()).collect()
    }

    pub(crate) fn created(&self) -> NewNamespaces {
        NewNamespaces(self.created.subscribe())
    }

    fn child(&self, parent: usize, name: &str, params: Option<ParamValues>) -> Nsp {
        let child = Child { parent, params, announced: AtomicBool::new(false) };
        let name: Arc<str> = name.into();
        let link = self.hub.as_ref().map(|hub| hub.link(&name));
        Nsp::new(name, self.parents[parent].handlers.clone(), &self.config, link, Some(child))
    }

    /// A dynamic namespace that somebody has been let into.
    fn enter_existing(&self, name: &str) -> Option<Arc<Nsp>> {
        // Under the same lock as leaving, so that it is not forgotten meanwhile.
        let mut children = self.children_mut();
        children.get(name).filter(|nsp| nsp.is_announced())?;
        children.enter(name)
    }

    // Nothing under this lock can panic half-way, so a poisoned one is still whole.

    fn children(&self) -> RwLockReadGuard<'_, Children> {
        self.children.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn children_mut(&self) -> RwLockWriteGuard<'_, Children> {
        self.children.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Namespaces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.fixed.values()).entries(self.children().iter()).finish()
    }
}

/// The names of dynamic namespaces that come to be from now on: what
/// [`SocketIo::new_namespaces`](crate::SocketIo::new_namespaces) gives. Node's `new_namespace`.
///
/// A namespace comes to be when its first socket is let in. 1,024 names wait for a subscriber; one that is slower than that
/// misses some.
#[derive(Debug)]
pub struct NewNamespaces(Receiver<Arc<str>>);

impl NewNamespaces {
    /// The name of the next one; `None` when the server is gone.
    pub async fn recv(&mut self) -> Option<Arc<str>> {
        loop {
            match self.0.recv().await {
                Ok(name) => return Some(name),
                Err(RecvError::Lagged(missed)) => tracing::warn!(missed, "a subscriber to new namespaces is too slow"),
                Err(RecvError::Closed) => return None,
            }
        }
    }
}
