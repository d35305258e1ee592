//! Every instruction set against plain loops, on buffers that end at a protected page.

mod attention;
mod distances;
mod emulated;
mod f32_products;
mod functions;
mod gemm;
mod golden;
mod guarded;
mod int8;
#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
mod permission;
mod rotation;
mod rows;
mod same_bits;
mod support;
mod tiles;
mod token_scores;
mod views;
