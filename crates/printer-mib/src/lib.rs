//! What to ask a printer and what its answers mean, without I/O.
