//! What a real app has in a database: who may go where.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

pub(crate) type TenantId = u32;

/// How long an answer takes.
const ROUND_TRIP: Duration = Duration::from_millis(2);

const TENANTS: [(&str, TenantId); 2] = [("key of acme", 1), ("key of globex", 2)];
const ADMIN: &str = "master key";

/// Clones are handles to the same one.
#[derive(Clone)]
pub(crate) struct Database {
    boards: Arc<Mutex<HashSet<String>>>,
}

impl Database {
    /// Whose token it is.
    pub(crate) async fn tenant_of(&self, token: &str) -> Option<TenantId> {
        tokio::time::sleep(ROUND_TRIP).await;
        TENANTS.iter().find(|(known, _)| *known == token).map(|&(_, id)| id)
    }

    pub(crate) async fn is_admin(&self, token: &str) -> bool {
        tokio::time::sleep(ROUND_TRIP).await;
        token == ADMIN
    }

    pub(crate) async fn has_board(&self, name: &str) -> bool {
        tokio::time::sleep(ROUND_TRIP).await;
        self.boards().contains(name)
    }

    pub(crate) async fn add_board(&self, name: String) {
        tokio::time::sleep(ROUND_TRIP).await;
        self.boards().insert(name);
    }

    /// Whether it was there.
    pub(crate) async fn remove_board(&self, name: &str) -> bool {
        tokio::time::sleep(ROUND_TRIP).await;
        self.boards().remove(name)
    }

    fn boards(&self) -> MutexGuard<'_, HashSet<String>> {
        self.boards.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Database {
    fn default() -> Self {
        Self { boards: Arc::new(Mutex::new(HashSet::from(["/plans".to_owned()]))) }
    }
}
