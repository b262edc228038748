//! What an app keeps with a socket.

use std::sync::Arc;

use http::Extensions;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Socket;
use super::listeners::Listeners;
use crate::data::SocketData;

/// What most sockets do without.
#[derive(Default)]
pub(crate) struct Extras {
    pub(super) data: Option<SocketData>,
    extensions: Arc<Extensions>,
    pub(super) listeners: Listeners,
}

impl Extras {
    pub(super) fn with_data(data: SocketData) -> Self {
        Self { data: Some(data), ..Self::default() }
    }
}

impl Socket {
    /// The socket's data, if it is there and a `T`. Node's `socket.data`.
    ///
    /// It is one value of any type that serde can write and read: other nodes of a cluster, the admin page and
    /// [`RemoteSocket::data`](crate::RemoteSocket::data) see it as JSON. As the type that was set it is the value itself; any
    /// other type is read from its JSON, at each call. A socket that is [recovered](Self::is_recovered) still has it, as
    /// `on_disconnect` left it. What need not leave this process is better an [extension](Self::set_extension).
    ///
    /// ```
    /// use pintle::{Data, Socket};
    /// use serde::{Deserialize, Serialize};
    ///
    /// #[derive(Clone, Default, Serialize, Deserialize)]
    /// struct Player { name: String, score: u32 }
    ///
    /// async fn log_in(socket: Socket, Data(name): Data<String>) {
    ///     socket.set_data(Player { name, score: 0 });
    /// }
    ///
    /// async fn hit(socket: Socket) {
    ///     socket.update_data(|player: &mut Player| player.score += 1);
    ///     if let Some(player) = socket.data::<Player>() {
    ///         println!("{} has {}", player.name, player.score);
    ///     }
    /// }
    /// # let _ = (log_in, hit);
    /// ```
    pub fn data<T: DeserializeOwned + Send + Sync + 'static>(&self) -> Option<Arc<T>> {
        self.raw_data()?.read()
    }

    /// Sets the socket's data.
    pub fn set_data<T: Serialize + Send + Sync + 'static>(&self, data: T) {
        let data = SocketData::new(data);
        let before = self.lock().extras.get_or_insert_default().data.replace(data);
        // Not under the lock: what it does at its end is the user's.
        drop(before);
    }

    /// Changes the socket's data: a copy of it, or of the default if there is none of this type, which then takes its place.
    /// If somebody else has changed it meanwhile, `change` is called again.
    pub fn update_data<T>(&self, mut change: impl FnMut(&mut T))
    where
        T: Serialize + DeserializeOwned + Clone + Default + Send + Sync + 'static,
    {
        loop {
            let before = self.raw_data();
            let mut data =
                before.as_ref().and_then(SocketData::read::<T>).map(Arc::unwrap_or_clone).unwrap_or_default();
            change(&mut data);
            let data = SocketData::new(data);
            let mut shared = self.lock();
            let now = &mut shared.extras.get_or_insert_default().data;
            let same = match (&before, &*now) {
                (Some(before), Some(now)) => before.ptr_eq(now),
                (None, None) => true,
                _ => false,
            };
            if same {
                *now = Some(data);
                return;
            }
        }
    }

    /// Keeps a value of this type with the socket: what a middleware finds out, for the handlers that come after it. axum's
    /// `Extension<T>` extracts it. Gives the one that was there before.
    ///
    /// A socket that is [recovered](Self::is_recovered) does not have it, unless the middleware or `on_connect` sets it again.
    ///
    /// ```
    /// use axum::Extension;
    /// use pintle::{Auth, ClientError, Socket};
    ///
    /// #[derive(Clone)]
    /// struct User(String);
    ///
    /// async fn authenticate(socket: Socket, Auth(token): Auth<serde_json::Value>) -> Result<(), ClientError> {
    ///     let name = token["name"].as_str().ok_or_else(|| ClientError::new("who are you?"))?;
    ///     socket.set_extension(User(name.to_owned()));
    ///     Ok(())
    /// }
    ///
    /// async fn whoami(Extension(user): Extension<User>) -> pintle::Ack<String> {
    ///     pintle::Ack(user.0)
    /// }
    /// # let _: pintle::SocketIoLayer = pintle::SocketIoLayer::new().middleware(authenticate).on("whoami", whoami);
    /// ```
    pub fn set_extension<T: Clone + Send + Sync + 'static>(&self, value: T) -> Option<T> {
        loop {
            let before = self.raw_extensions();
            // Copied outside of the lock: how values are copied is the user's code.
            let mut extensions = Extensions::clone(&before);
            let replaced = extensions.insert(value.clone());
            let mut shared = self.lock();
            let now = &mut shared.extras.get_or_insert_default().extensions;
            if now.is_empty() || Arc::ptr_eq(&before, now) {
                *now = Arc::new(extensions);
                return replaced;
            }
        }
    }

    /// The value of this type that is kept with the socket; if there is none, that of the request that opened the connection,
    /// where layers outside of this one may have put it.
    pub fn extension<T: Clone + Send + Sync + 'static>(&self) -> Option<T> {
        let own = self.raw_extensions();
        own.get().or_else(|| self.handshake().extensions()?.get()).cloned()
    }

    /// Adds what is kept with the socket.
    pub(crate) fn extend(&self, extensions: &mut Extensions) {
        let own = self.raw_extensions();
        if !own.is_empty() {
            extensions.extend(Extensions::clone(&own));
        }
    }

    fn raw_extensions(&self) -> Arc<Extensions> {
        self.lock().extras.as_ref().map(|extras| extras.extensions.clone()).unwrap_or_default()
    }

    pub(crate) fn raw_data(&self) -> Option<SocketData> {
        self.lock().extras.as_ref()?.data.clone()
    }
}
