//! Speaks to a cluster without being a server.
