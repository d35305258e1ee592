//! What is read of a checkpoint's tensors besides the encoder's.

/// What older versions of transformers saved as tensors, though it follows from the config.
pub(super) const BUFFERS: [&str; 2] = ["embeddings.position_ids", "embeddings.token_type_ids"];
