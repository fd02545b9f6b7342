//! The floor on a server: a binary COPY into one table of PostgreSQL, as durable as the product.

use std::pin::pin;

use afterword_model::record::{DeviceId, Seq, StoreEpoch};
use anyhow::{Context as _, Result};
use tokio::runtime::{Builder, Runtime};
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::types::Type;
use tokio_postgres::{Client, NoTls};

use crate::bare::Bundle;

/// A bare connection.
pub(crate) struct BareCopy {
    client: Client,
    runtime: Runtime,
}

impl BareCopy {
    /// An empty table in the database of this URL.
    pub(crate) fn create(url: &str) -> Result<Self> {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let client = runtime.block_on(async {
            let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
            tokio::spawn(connection);
            client
                .batch_execute(
                    "set synchronous_commit = on;
                     create table records (
                         device bytea not null,
                         epoch  bytea not null,
                         seq    bigint not null,
                         head   bytea not null,
                         bytes  bytea not null,
                         primary key (device, epoch, seq)
                     )",
                )
                .await?;
            anyhow::Ok(client)
        })?;
        Ok(Self { client, runtime })
    }

    /// A bundle in one transaction; durable when this returns.
    pub(crate) fn insert(&mut self, device: &DeviceId, epoch: &StoreEpoch, bundle: &Bundle) -> Result<()> {
        self.runtime.block_on(async {
            let sink = self.client.copy_in("copy records from stdin binary").await?;
            let types = [Type::BYTEA, Type::BYTEA, Type::INT8, Type::BYTEA, Type::BYTEA];
            let mut writer = pin!(BinaryCopyInWriter::new(sink, &types));
            for (seq, (bytes, head)) in (bundle.first_seq..).zip(&bundle.records) {
                let seq = i64::try_from(seq as Seq).context("no number of a record is so large")?;
                let (device, epoch) = (&device.as_bytes()[..], &epoch.as_bytes()[..]);
                writer.as_mut().write(&[&device, &epoch, &seq, &&head.as_bytes()[..], &&bytes[..]]).await?;
            }
            writer.finish().await?;
            Ok(())
        })
    }
}
