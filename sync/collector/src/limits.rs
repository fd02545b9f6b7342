//! The collector's limits as one value, for a test or an unusual network that has to change some of them. The numbers
//! and their reasons are in [`afterword_protocol::limits`].

use std::time::Duration;

use afterword_protocol::limits::{
    BATCHES_IN_FLIGHT_MAX, BODY_TIMEOUT, DEVICE_CONNECTIONS_MAX, ENROL_CONNECTIONS_MAX, HANDSHAKE_TIMEOUT,
    HEADER_TIMEOUT, IDLE_TIMEOUT, REQUEST_TIMEOUT, SHUTDOWN_TIMEOUT,
};

/// Connections of people's browsers at once, each of which opens up to six.
pub const WEB_CONNECTIONS_MAX: usize = 300;

/// The limits that can be set for one collector; [`Limits::default`] is the constants of this module.
#[derive(Debug, Clone)]
pub struct Limits {
    /// [`HANDSHAKE_TIMEOUT`].
    pub handshake: Duration,
    /// [`HEADER_TIMEOUT`].
    pub header: Duration,
    /// [`BODY_TIMEOUT`].
    pub body: Duration,
    /// [`REQUEST_TIMEOUT`].
    pub request: Duration,
    /// [`IDLE_TIMEOUT`].
    pub idle: Duration,
    /// [`SHUTDOWN_TIMEOUT`].
    pub shutdown: Duration,
    /// [`DEVICE_CONNECTIONS_MAX`].
    pub device_connections: usize,
    /// [`ENROL_CONNECTIONS_MAX`].
    pub enrol_connections: usize,
    /// [`WEB_CONNECTIONS_MAX`].
    pub web_connections: usize,
    /// [`BATCHES_IN_FLIGHT_MAX`]; never more than that.
    pub batches_in_flight: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            handshake: HANDSHAKE_TIMEOUT,
            header: HEADER_TIMEOUT,
            body: BODY_TIMEOUT,
            request: REQUEST_TIMEOUT,
            idle: IDLE_TIMEOUT,
            shutdown: SHUTDOWN_TIMEOUT,
            device_connections: DEVICE_CONNECTIONS_MAX,
            web_connections: WEB_CONNECTIONS_MAX,
            enrol_connections: ENROL_CONNECTIONS_MAX,
            batches_in_flight: BATCHES_IN_FLIGHT_MAX,
        }
    }
}
