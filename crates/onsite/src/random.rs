//! Random ids, from the operating system.

/// The operating system gave no random numbers.
#[derive(Debug, thiserror::Error)]
#[error("the operating system gave no random numbers: {reason}")]
pub struct NoRandomness {
    reason: String,
}

/// 16 fresh bytes for an id.
pub(crate) fn bytes<const N: usize>() -> Result<[u8; N], NoRandomness> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| NoRandomness {
        reason: error.to_string(),
    })?;
    Ok(bytes)
}
