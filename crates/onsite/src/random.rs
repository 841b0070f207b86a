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

/// A number drawn evenly from all of `u64`, for jitter.
///
/// # Errors
///
/// Where the operating system has no random numbers.
pub fn random_number() -> Result<u64, NoRandomness> {
    Ok(u64::from_le_bytes(bytes()?))
}
