//! Canonical bytes, salted Merkle tree, hash chain, Ed25519 signatures, offline verification.
