//! Proof that a reading is what an agent read: canonical bytes, a salted Merkle tree, a chain of
//! signed submissions.
//!
//! An agent turns each document of a pass into canonical bytes ([`canonical`]), hashes each with
//! its own random [`Salt`] into a [`Leaf`], and builds a [`MerkleTree`] over them. The root, the
//! submission's number and the hash of the submission before it stand in a [`SubmissionHeader`],
//! which the agent signs ([`SignedHeader`]). Whoever holds the agent's public key can then check
//! one document from its salt, its [`InclusionPath`] and the signed header ([`verify_document`]),
//! without seeing any other document, and follow the chain ([`verify_link`], [`verify_chain`])
//! across changes of the agent's key ([`SignedRotation`], [`KeyHistory`]). A [`Proof`] has all of it
//! in one file.
//!
//! Everything here is a pure function of its arguments: no clock, no file, no socket, no source
//! of randomness. No XML and no encryption either; those belong to `contract`.
//!
//! ```
//! use pagetally_model::{AgentId, SubmissionId, Timestamp};
//! use pagetally_proof::{
//!     Hash, Leaf, LeafKind, MerkleTree, Salt, SignedHeader, SigningKey, SubmissionHeader,
//!     canonical, verify_document,
//! };
//!
//! let key = SigningKey::from_seed([7; 32]); // from a cryptographic random source in real life
//! let document = canonical::to_bytes(&serde_json::json!({"pages": 6466, "id": "a"}))?;
//! let leaf = Leaf::new(LeafKind::Audit, Salt::from_bytes([1; 32]), document);
//! let other = Leaf::new(LeafKind::PassReport, Salt::from_bytes([2; 32]), b"{}".to_vec());
//! let tree = MerkleTree::new(vec![leaf.hash(), other.hash()]);
//!
//! let header = SubmissionHeader {
//!     id: SubmissionId::from_bytes([3; 16]),
//!     content: tree.root(),
//!     leaves: tree.len(),
//!     ..SubmissionHeader::first(AgentId::from_bytes([4; 16]), Timestamp::from_unix_millis(0))
//! };
//! let signed = SignedHeader::sign(header, &key);
//!
//! let path = tree.path(0).expect("there are two leaves");
//! verify_document(&leaf, &path, &signed, &key.verifying_key())?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod canonical;
mod chain;
mod hash;
mod key;
mod leaf;
mod merkle;
mod proof;
mod rotation;
mod submission;
mod verify;
mod withheld;

pub use chain::{ChainError, verify_chain, verify_link};
pub use hash::{Hash, HexError, Salt};
pub use key::{Domain, KeyError, Signature, SignatureError, SigningKey, VerifyingKey};
pub use leaf::{LEAF_FORMAT, Leaf, LeafKind};
pub use merkle::{InclusionError, InclusionPath, MerkleTree};
pub use proof::{MAX_PROOF_BYTES, PROOF_FORMAT, Proof, ProofError};
pub use rotation::{
    KeyHistory, KeyRotation, MAX_ROTATIONS, ROTATION_FORMAT, RotationError, SignedRotation,
};
pub use submission::{ALGORITHM, HEADER_FORMAT, HeaderError, SignedHeader, SubmissionHeader};
pub use verify::{DocumentError, verify_document};
pub use withheld::{Withheld, WithheldLeaf, WithheldReason};
