//! What an app may know of its cluster.

/// Whether a server speaks to other nodes: what [`SocketIo::cluster_status`](crate::SocketIo::cluster_status) gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClusterStatus {
    /// It has no adapter: it is the only node.
    Alone,
    /// The broker is there.
    Connected,
    /// The broker is away. Clients of this node are served as before, those of others are not reached. It is tried again all the
    /// time.
    CutOff,
}
