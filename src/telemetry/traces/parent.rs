//! The caller's span, from the headers `traceparent` and `tracestate` of W3C Trace Context.

use axum::http::HeaderMap;

/// The most bytes of `tracestate` that are kept; W3C Trace Context asks to pass on at least as many. What
/// is longer is left out, since a client would otherwise set the memory that each span takes.
const STATE_BYTES: usize = 512;

/// The caller's span.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parent {
    /// The id of the trace; not 0.
    pub trace_id: u128,
    /// The id of the caller's span; not 0.
    pub span_id: u64,
    /// Whether the caller records its part of the trace.
    pub sampled: bool,
    /// The values of `tracestate` as they were sent, joined by commas; empty without the header, or if they
    /// have more than 512 bytes.
    pub state: String,
}

impl Parent {
    /// Reads the headers. A `traceparent` that isn't valid, or of which there are two, counts as none,
    /// and `tracestate` means nothing without it.
    pub fn read(headers: &HeaderMap) -> Option<Self> {
        let mut values = headers.get_all("traceparent").iter();
        let (Some(value), None) = (values.next(), values.next()) else { return None };
        let (trace_id, span_id, sampled) = parse(value.as_bytes())?;
        let state = state(headers).unwrap_or_default();
        Some(Self { trace_id, span_id, sampled, state })
    }
}

/// The values of `tracestate`, joined by commas; `None` if they can't be read or are too long together.
fn state(headers: &HeaderMap) -> Option<String> {
    let mut state = String::new();
    for value in headers.get_all("tracestate") {
        let value = value.to_str().ok()?;
        let comma = if state.is_empty() { "" } else { "," };
        if state.len() + comma.len() + value.len() > STATE_BYTES {
            return None;
        }
        state.extend([comma, value]);
    }
    Some(state)
}

/// Trace id, span id, and whether the flag `sampled` is set. Version `00` has four fields and nothing
/// else; a later version begins with the same fields and may have more.
fn parse(value: &[u8]) -> Option<(u128, u64, bool)> {
    let (known, rest) = value.split_at_checked(55)?;
    let separated = [2, 35, 52].iter().all(|&at| known[at] == b'-');
    let version = hexadecimal(&known[..2])?;
    let goes_on = rest.is_empty() || (version > 0 && rest[0] == b'-');
    if !separated || !goes_on || version == 0xff {
        return None;
    }
    let trace_id = hexadecimal(&known[3..35]).filter(|&id| id != 0)?;
    let span_id = hexadecimal(&known[36..52]).filter(|&id| id != 0)?;
    let flags = hexadecimal(&known[53..])?;
    Some((trace_id, u64::try_from(span_id).ok()?, flags & 1 == 1))
}

/// The number that at most 32 digits stand for; upper-case digits aren't allowed.
fn hexadecimal(digits: &[u8]) -> Option<u128> {
    digits.iter().try_fold(0, |number, digit| {
        let value = match digit {
            b'0'..=b'9' => digit - b'0',
            b'a'..=b'f' => digit - b'a' + 10,
            _ => return None,
        };
        Some(number << 4 | u128::from(value))
    })
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
    const SPAN: &str = "00f067aa0ba902b7";

    fn read(headers: &[(&'static str, &str)]) -> Option<Parent> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        Parent::read(&map)
    }

    fn sampled(value: &str) -> Option<bool> {
        read(&[("traceparent", value)]).map(|parent| {
            assert_eq!(format!("{:032x}", parent.trace_id), TRACE);
            assert_eq!(format!("{:016x}", parent.span_id), SPAN);
            parent.sampled
        })
    }

    #[test]
    fn ids_and_the_sampled_flag_are_read() {
        assert_eq!(sampled(&format!("00-{TRACE}-{SPAN}-01")), Some(true));
        assert_eq!(sampled(&format!("00-{TRACE}-{SPAN}-00")), Some(false));
        // Flags that aren't known say nothing about this one.
        assert_eq!(sampled(&format!("00-{TRACE}-{SPAN}-fe")), Some(false));
        assert_eq!(sampled(&format!("00-{TRACE}-{SPAN}-ff")), Some(true));
        assert_eq!(sampled(&format!("cc-{TRACE}-{SPAN}-01")), Some(true));
        assert_eq!(sampled(&format!("cc-{TRACE}-{SPAN}-01-what-the-future-brings")), Some(true));
    }

    #[test]
    fn a_value_that_is_not_valid_counts_as_none() {
        let zeros = "0".repeat(32);
        for value in [
            String::new(),
            format!("00-{TRACE}-{SPAN}"),
            format!("00-{TRACE}-{SPAN}-1"),
            format!("00-{TRACE}-{SPAN}-01-"),
            format!("00-{TRACE}-{SPAN}-01-more"),
            format!("cc-{TRACE}-{SPAN}-01.more"),
            format!("ff-{TRACE}-{SPAN}-01"),
            format!("0-{TRACE}-{SPAN}-011"),
            format!("00-{zeros}-{SPAN}-01"),
            format!("00-{TRACE}-{}-01", &zeros[..16]),
            format!("00-{}-{SPAN}-01", TRACE.to_uppercase()),
            format!("00-{TRACE}-{SPAN}-0A"),
            format!("00-{TRACE}-{SPAN}-+1"),
            format!("00_{TRACE}_{SPAN}_01"),
            format!("00-{}-{SPAN}0-01", &TRACE[1..]),
            format!("00-{TRACE}-{SPAN}-01é"),
        ] {
            assert_eq!(sampled(&value), None, "{value}");
        }
    }

    #[test]
    fn two_parents_are_none_and_several_states_are_one_list() {
        let parent = format!("00-{TRACE}-{SPAN}-01");
        assert_eq!(read(&[("traceparent", &parent), ("traceparent", &parent)]), None);
        assert_eq!(read(&[("tracestate", "a=1")]), None);
        let read = read(&[("traceparent", &parent), ("tracestate", "a=1"), ("tracestate", "b=2")]);
        assert_eq!(read.unwrap().state, "a=1,b=2");
    }

    #[test]
    fn a_state_is_kept_whole_or_not_at_all() {
        let parent = format!("00-{TRACE}-{SPAN}-01");
        let kept = |states: &[&str]| {
            let states = states.iter().map(|state| ("tracestate", *state));
            let headers: Vec<_> =
                [("traceparent", parent.as_str())].into_iter().chain(states).collect();
            read(&headers).unwrap().state.len()
        };
        let value = format!("a={}", "x".repeat(STATE_BYTES));
        assert_eq!(kept(&[&value[..STATE_BYTES]]), STATE_BYTES);
        assert_eq!(kept(&[&value[..=STATE_BYTES]]), 0);
        // With the comma between them.
        assert_eq!(kept(&[&value[..256], &value[..255]]), STATE_BYTES);
        assert_eq!(kept(&[&value[..256], &value[..256]]), 0);
        assert_eq!(kept(&["a=1", &"x".repeat(60_000)]), 0);
        assert_eq!(kept(&["a=1", "b=é"]), 0);
    }
}
