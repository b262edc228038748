//! TLS to the broker.

use rustls::crypto::{CryptoProvider, ring};

/// Sees to it that the process has a provider of cryptography. One that the application has chosen stays; without any, rustls
/// would panic where more than one was built in.
pub(crate) fn provide() {
    if CryptoProvider::get_default().is_none() {
        // It fails if somebody else was quicker, which is as well.
        let _ = ring::default_provider().install_default();
    }
}
