//! Redis as the way between the nodes of a cluster.
