//! Every instruction set against plain loops, on buffers that end where readable memory ends.

mod attention;
mod emulated;
mod functions;
mod gemm;
mod guarded;
mod int8;
mod rows;
mod same_bits;
mod support;
