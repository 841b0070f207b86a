//! The pass: adopt settings, discover, read, store, send. What other fleet tools embed.
