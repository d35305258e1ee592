//! Numbers on the command line. The error of a parser says what is allowed; clap adds the flag and the
//! value.

use std::str::FromStr;

/// A TCP port.
pub fn port(written: &str) -> Result<u16, String> {
    written.parse().map_err(|_| "it must be a whole number from 0 to 65535".to_owned())
}

/// Threads of a forward pass. The configuration checks the range.
pub fn threads(written: &str) -> Result<u32, String> {
    written.parse().map_err(|_| "it must be a whole number from 0 to 1024".to_owned())
}

/// A whole number that isn't negative.
pub fn whole<T: FromStr>(written: &str) -> Result<T, String> {
    written.parse().map_err(|_| "it must be a whole number such as 8, not below 0".to_owned())
}

/// A whole number of at least 1.
pub fn count(written: &str) -> Result<usize, String> {
    let number = written.parse().ok().filter(|&number| number > 0);
    number.ok_or_else(|| "it must be a whole number of at least 1".to_owned())
}

/// A number of seconds.
pub fn seconds(written: &str) -> Result<f64, String> {
    written.parse().map_err(|_| "it must be a number of seconds, such as 5 or 0.5".to_owned())
}
