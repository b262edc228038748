//! The list, in memory. A real one would be in a database.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use crate::error::TodoError;

const MAX_TODOS: usize = 1_000;

#[derive(Clone, Serialize)]
pub(crate) struct Todo {
    id: u32,
    text: String,
    done: bool,
}

/// What is to be another way; what is left out stays.
#[derive(Deserialize)]
pub(crate) struct Change {
    text: Option<String>,
    done: Option<bool>,
}

/// Clones are handles to the same list.
#[derive(Clone, Default)]
pub(crate) struct Todos(Arc<Mutex<List>>);

#[derive(Default)]
pub(crate) struct List {
    last_id: u32,
    todos: BTreeMap<u32, Todo>,
}

impl Todos {
    pub(crate) fn lock(&self) -> MutexGuard<'_, List> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl List {
    pub(crate) fn all(&self) -> Vec<Todo> {
        self.todos.values().cloned().collect()
    }

    pub(crate) fn add(&mut self, text: String) -> Result<Todo, TodoError> {
        if self.todos.len() >= MAX_TODOS {
            return Err(TodoError::TooMany);
        }
        let todo = Todo { id: self.last_id + 1, text: checked(text)?, done: false };
        self.last_id = todo.id;
        self.todos.insert(todo.id, todo.clone());
        Ok(todo)
    }

    pub(crate) fn change(&mut self, id: u32, change: Change) -> Result<Todo, TodoError> {
        let todo = self.todos.get_mut(&id).ok_or(TodoError::NotFound { id })?;
        if let Some(text) = change.text {
            todo.text = checked(text)?;
        }
        todo.done = change.done.unwrap_or(todo.done);
        Ok(todo.clone())
    }

    pub(crate) fn remove(&mut self, id: u32) -> Result<(), TodoError> {
        self.todos.remove(&id).map(drop).ok_or(TodoError::NotFound { id })
    }
}

fn checked(text: String) -> Result<String, TodoError> {
    if text.trim().is_empty() { Err(TodoError::Empty) } else { Ok(text) }
}
