//! The agent's own keys, replaced: the old key hands over in the chain of submissions.
//!
//! Up to the submission that carries the change the old keys sign and open, behind it the new ones; so
//! says the number, whatever Central has answered yet. A process that dies anywhere in between has
//! either not changed its keys or has the change waiting; a Central that stored it gives the receipt again.

use crate::agent::{Agent, AgentError, ConnectError};
use crate::enrolment::Enrolment;
use pagetally_contract::SealingKeyPair;
use pagetally_proof::{SigningKey, VerifyingKey};
use pagetally_store::{AgentIdentity, StateKey, StoreError};

/// Holds one byte while new keys are asked for.
const ASKED: StateKey = StateKey::new("identity-rotation-asked");

/// What became of the wish for new keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NewKeys {
    /// They are made, and nobody has to be told: no Central knows this agent.
    InForce,
    /// They are made; the submission of this number tells Central, and is the last one under the old.
    Waiting {
        /// The number.
        number: u64,
    },
    /// Submissions wait for Central; the keys are replaced at the first pass that finds none.
    Later,
}

impl Agent {
    /// Replaces the agent's two key pairs, at once where nothing waits for Central.
    ///
    /// # Errors
    ///
    /// [`AgentError`] where the store cannot be used.
    pub fn replace_identity_keys(&mut self) -> Result<NewKeys, AgentError> {
        self.store().set_state(ASKED, &[1])?;
        self.replace_asked_keys()
    }

    /// Does what was asked for, if it was and now is the time.
    pub(crate) fn replace_asked_keys(&mut self) -> Result<NewKeys, AgentError> {
        let asked = self.store().state(ASKED)?;
        if asked.is_none_or(|asked| asked.is_empty()) || self.is_in_quarantine()? {
            return Ok(NewKeys::Later);
        }
        let next = AgentIdentity {
            agent: self.id(),
            ..AgentIdentity::generate()?
        };
        let made = if self.enrolment()?.is_none() {
            if !self.has_no_chain()? {
                return Ok(NewKeys::Later);
            }
            self.store().set_identity(&next)?;
            NewKeys::InForce
        } else {
            let public = SealingKeyPair::from_seed(*next.sealing.expose()).public();
            let now = self.clocks().wall();
            match self
                .store()
                .rotate_identity(&next, *public.as_bytes(), now)?
            {
                Some(number) => NewKeys::Waiting { number },
                None => return Ok(NewKeys::Later),
            }
        };
        self.take_identity(next);
        self.store().set_state(ASKED, &[])?;
        tracing::info!(key = %self.identity().signing.verifying_key(), "this agent's keys were replaced");
        Ok(made)
    }

    /// Asks for new keys again where a change was taken back.
    pub(crate) fn reload_identity(&mut self) -> Result<(), AgentError> {
        let before = self.identity().signing.verifying_key();
        let Some(identity) = self.store().identity()? else {
            return Ok(());
        };
        if identity.signing.verifying_key() != before {
            self.take_identity(identity);
            self.store().set_state(ASKED, &[1])?;
        }
        Ok(())
    }

    fn is_in_quarantine(&self) -> Result<bool, AgentError> {
        let enrolment = self.enrolment()?;
        Ok(enrolment.is_some_and(|Enrolment { quarantine, .. }| quarantine.is_some()))
    }

    fn has_no_chain(&self) -> Result<bool, AgentError> {
        let waiting = !self.store().outbox()?.is_empty();
        Ok(!waiting && self.store().former_keys()?.is_empty())
    }

    /// The key that this agent signed its first submission with.
    pub(crate) fn first_key(&self) -> Result<VerifyingKey, StoreError> {
        let former = self.store().former_keys()?;
        let first = former.first().map(|keys| keys.rotation.rotation.old_key);
        Ok(first.unwrap_or_else(|| self.identity().signing.verifying_key()))
    }

    /// The keys before the present ones, the oldest first, each with the last number under them.
    pub(crate) fn former_pairs(
        &self,
    ) -> Result<Vec<(u64, SigningKey, SealingKeyPair)>, ConnectError> {
        let former = self.store().former_keys().map_err(ConnectError::Keys)?;
        let pairs = former.into_iter().map(|keys| {
            let sealing = SealingKeyPair::from_seed(*keys.sealing.expose());
            (keys.rotation.rotation.number, keys.signing, sealing)
        });
        Ok(pairs.collect())
    }
}
