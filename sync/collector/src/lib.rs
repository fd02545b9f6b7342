//! The collector: the server that takes devices' records in, stores them once, and signs for them.
//!
//! | module | what it is |
//! |---|---|
//! | [`config`], [`limits`] | what an operator decides, and every bound with its reason |
//! | [`server`] | a running collector: two ports, one writer, an orderly end |
//! | [`in_process`] | the same without sockets and threads, for a simulator |
//! | [`admin`] | what the command line does to a collector's data, also while it runs |
//! | `pki` | the two private authorities, the server's certificate, the key that signs receipts |
//! | `people` | who may do what, passwords, the audit log's entries |
//! | [`numbers`] | what head office reads: the overview and a store's page |
//! | [`export`] | responses as tables for other programs: CSV, NDJSON, Parquet |
//! | `given` | what is in a response that is given away, and what never is |
//! | `listen` | the accept loop: TLS, deadlines, identity of the peer |
//! | `requests` | what is asked and answered, one file for each address; `refusal` is the one place that maps errors to answers |
//! | `request_id` | the name by which a person can tell which request they mean |
//! | `routes` | requests on the server's threads |
//! | `desk`, `web` | people's wishes carried out, and the pages on which they have them |
//! | `metrics` | what it counts and measures about itself, for Prometheus |
//! | `oidc` | the organisation's own sign-in |
//! | `api` | what programs ask of the same port, with tokens |
//! | `webhooks` | what programs are told without asking |
//! | `storage` | SQLite: migrations, the single writer, ingest, devices, verification |
//!
//! Invariants: a receipt leaves only after the transaction that stored its records is durable; a stored
//! record is never replaced, and changed only by erasing it or what was kept long enough of it; what a device says is believed only as far as its certificate, its
//! signature and the recomputed chain go. There is no queue that could acknowledge early.
//! On failure nothing of the request is stored and the answer says so; the device keeps its records.

pub mod admin;
mod api;
mod beside;
pub mod config;
mod counting;
mod desk;
mod drawing;
pub mod export;
mod given;
pub mod in_process;
mod kept;
pub mod limits;
mod listen;
mod load;
mod metrics;
mod noting;
pub mod numbers;
mod oidc;
mod opened;
mod people;
mod pki;
mod refresh;
mod refusal;
mod reply;
mod request_id;
mod requests;
mod retaining;
mod routes;
pub mod server;
mod silences;
mod storage;
mod throttle;
mod watching;
mod web;
mod webhooks;

pub use admin::backing_up::BackupError;
pub use admin::casing::{CaseRefusal, CaseRow, short as short_case_name};
pub use admin::changing::{ChangeRefusal, ShownOn};
pub use admin::day_noting::{DAY_NOTE_CHARS_MAX, DAY_NOTES_MAX, DayNoteRefusal};
pub use admin::distributing::DistributeRefusal;
pub use admin::exporting::Export;
pub use admin::hooking::{NewWebhook, WEBHOOKS_MAX, WebhookRefusal, WebhookWish};
pub use admin::importing::{ImportError, Imported};
pub use admin::listing::{DeviceRow, DeviceState, StoreRow};
pub use admin::opening::OpenedContact;
pub use admin::peopling::{Acceptance, InvitationLink, PersonRefusal};
pub use admin::placing::{PLACE_NAME_CHARS_MAX, PlaceRefusal};
pub use admin::restoring::{Restored, restore};
pub use admin::restoring_postgres::restore_into;
pub use admin::retaining::{RETENTION_DAYS_MAX, Retained, RetentionRefusal};
pub use admin::setting::{DecidedFor, DeviceSettings, HEALTHY_HOURS_MAX, RolloutStatus, SettingsRefusal};
pub use admin::subjects::{SubjectContact, SubjectExport};
pub use admin::tokening::{NewToken, TOKEN_DAYS, TOKEN_DAYS_MAX, TokenRefusal, TokenWish};
pub use admin::{Admin, AdminError, NewDevice, Owed, OwedStore, Retirement, Revocation};
pub use config::Config;
pub use in_process::{InProcess, InProcessAnswer, NoConnection};
pub use limits::Limits;
pub use oidc::{BadOidc, Identity, OidcRole, OidcSettings};
pub use people::api_token::{ApiSecret, ApiToken, Scope};
pub use people::audit::{Actor, AuditEntry};
pub use people::password::BadPassword;
pub use people::token::Token;
pub use people::{Grant, Person, Role, Stores};
pub use pki::{KeyRing, PkiError, ServerAuthority};
pub use server::{Collector, StartError};
pub use storage::outbox::{DeliveryState, WebhookDelivery};
pub use storage::rollouts::{Rollout, RolloutState, StageHealth, Straggler};
pub use storage::settings::{Layer, LayerRow, Said};
pub use storage::webhooks::Webhook;
pub use storage::{
    AuditReport, BadDatabaseUrl, Break, CHECKPOINT_PAGES, ChangeRow, DatabaseUrl, DayNote, DoubledStore,
    Erasure, FollowUp, OpenError, Place, PlaceKind, RetentionDays, RetentionField, SealedContact, SqlError,
    SqlFault, StorageError, StoreReport, Subject, SubjectRow, Tree, VerifyReport,
};
pub use webhooks::address::PrivateNetworks;
pub use webhooks::event::EventType;
pub use webhooks::guard::BadUrl;
pub use webhooks::secret::WebhookSecret;
