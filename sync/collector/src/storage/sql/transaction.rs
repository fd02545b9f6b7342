//! A transaction that is taken back unless it is made durable.

use std::ops::Deref;

use super::{Connection, SqlResult};

/// An open transaction.
pub(crate) struct Transaction<'c> {
    connection: &'c Connection,
    is_open: bool,
}

impl<'c> Transaction<'c> {
    pub(super) fn writing(connection: &'c Connection) -> SqlResult<Self> {
        connection.own().begin()?;
        Ok(Self { connection, is_open: true })
    }

    pub(super) fn reading(connection: &'c Connection) -> SqlResult<Self> {
        connection.own().begin_reading()?;
        Ok(Self { connection, is_open: true })
    }

    /// Makes it durable.
    pub(crate) fn commit(mut self) -> SqlResult<()> {
        self.connection.own().commit()?;
        self.is_open = false;
        Ok(())
    }
}

impl Deref for Transaction<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.connection
    }
}

impl Drop for Transaction<'_> {
    fn drop(&mut self) {
        if self.is_open {
            // One that cannot be taken back ends with its connection.
            let _ = self.connection.own().rollback();
        }
    }
}
