//! One file per route: its request, its answer, its handler.

pub mod classify;
pub mod embed;
pub mod health;
pub mod info;
pub mod metrics;
pub mod tag;
pub mod zero_shot;
