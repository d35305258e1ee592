//! The functions that libFuzzer calls with its inputs. `tests/corpora` calls them with the inputs in
//! `corpus/`, so that what fuzzing has reached is tested with every change.

pub mod targets;
