//! What a request's headers say: who asks, with which key, how urgently, until when.

use std::sync::Arc;
use std::time::Instant;

use axum::http::{Extensions, HeaderMap};

use super::client::{client_address, priority};
use super::connection::FirstByte;
use super::deadline::timeout;
use super::error::ApiError;
use super::key_charge::KeyCharge;
use super::memory::MemoryCharge;
use super::service::Service;
use super::state::AppState;
use super::timings::StageClock;
use crate::batching::{ClientId, Priority};
use crate::keys::Key;

/// Who asks, how urgently, and what the request holds.
pub struct Caller {
    /// The model that it asks: until its body is read, one of those that serve.
    pub service: Arc<Service>,
    /// The time after which the answer is of no use.
    pub deadline: Instant,
    /// The client with whom others share passes: whoever has the key, or the address.
    pub client: ClientId,
    /// What it counts against the limits of its key.
    pub charge: KeyCharge,
    /// How urgent it is.
    pub priority: Priority,
    /// What the request holds: its body, later its inputs and tokens.
    pub memory: MemoryCharge,
    /// Measures its stages.
    pub clock: StageClock,
}

impl Caller {
    /// Reads the headers, and refuses at once what has no chance: nothing is read of a body that
    /// would be thrown away.
    ///
    /// # Errors
    /// The server is starting, a header can't be read, or there is no room or no time.
    pub fn new(
        headers: &HeaderMap,
        extensions: &Extensions,
        state: &AppState,
    ) -> Result<Self, ApiError> {
        let (services, config) = (state.services(), state.config());
        let service = services.first().cloned().ok_or(ApiError::Starting)?;
        let first_byte = extensions.get().map_or_else(Instant::now, |FirstByte(at)| *at);
        let deadline = first_byte + timeout(headers, config)?;
        let key = extensions.get::<Arc<Key>>().cloned();
        let client = match &key {
            Some(key) => ClientId::numbered(key.sha256().prefix()),
            None => client_address(headers, extensions, &config.trusted_proxies).into(),
        };
        let priority = priority(headers)?;
        let charge = KeyCharge { key, metrics: Arc::clone(state.key_metrics()) };
        charge.check()?;
        // Which of several models is asked is in the body: it is read if one of them has room.
        let room =
            |service: &Arc<Service>| service.batcher.check_room(client, priority, Some(deadline));
        if let Some(Err(error)) = services.iter().map(room).max_by_key(Result::is_ok) {
            // No field is at fault yet.
            return Err(ApiError::refused(error, ""));
        }
        let clock = extensions.get::<StageClock>().cloned().unwrap_or_default();
        let memory = state.memory().charge();
        Ok(Self { service, deadline, client, charge, priority, memory, clock })
    }

    /// The model that it asks.
    pub fn service(&self) -> Arc<Service> {
        Arc::clone(&self.service)
    }

    /// The same, once it is known which model it asks.
    pub fn asking(self, service: Arc<Service>) -> Self {
        self.clock.asks(&service.model);
        Self { service, ..self }
    }

    /// The same client with a second submission of the same request, which holds memory of its own and
    /// isn't measured.
    pub fn beside(&self) -> Self {
        let Self { deadline, client, priority, .. } = *self;
        let (service, charge) = (Arc::clone(&self.service), self.charge.clone());
        let (memory, clock) = (self.memory.another(), StageClock::default());
        Self { service, deadline, client, charge, priority, memory, clock }
    }
}
