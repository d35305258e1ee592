//! The variables `OTEL_…`, as OpenTelemetry's specification defines them.

use std::collections::BTreeMap;
use std::env;

use super::error::InvalidVariable;

/// The variables that name an endpoint, of traces and of all signals.
const ENDPOINTS: [&str; 2] = ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"];

/// A variable of the exporter that is set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExporterVariable<'v> {
    /// Its whole name.
    pub name: String,
    /// Its value, without spaces around it.
    pub value: &'v str,
    /// Whether it is for traces alone, and not for all signals.
    pub for_traces: bool,
}

/// The variables whose name begins with `OTEL_` and that aren't empty: an empty one counts as not set.
#[derive(Clone, Debug, Default)]
pub struct Variables(BTreeMap<String, String>);

impl Variables {
    /// Those of this process; none without an endpoint, since they may be for other programs.
    ///
    /// # Errors
    /// A value is not valid UTF-8.
    pub fn from_process() -> Result<Self, InvalidVariable> {
        let is_set = |name: &&str| env::var_os(name).is_some_and(|value| !value.is_empty());
        if !ENDPOINTS.iter().any(is_set) {
            return Ok(Self::default());
        }
        let named =
            env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value)));
        named
            .filter(|(name, value)| name.starts_with("OTEL_") && !value.is_empty())
            .map(|(name, value)| match value.into_string() {
                Ok(value) => Ok((name, value)),
                Err(_) => {
                    Err(InvalidVariable::new(&name, "is not valid UTF-8", "write it in UTF-8"))
                }
            })
            .collect::<Result<BTreeMap<_, _>, _>>()
            .map(Self)
    }

    /// The value of a variable, without spaces around it.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|value| value.trim()).filter(|value| !value.is_empty())
    }

    /// A variable of the exporter: `OTEL_EXPORTER_OTLP_TRACES_…` or else `OTEL_EXPORTER_OTLP_…`.
    pub fn exporter(&self, rest: &str) -> Option<ExporterVariable<'_>> {
        let both = [("OTEL_EXPORTER_OTLP_TRACES_", true), ("OTEL_EXPORTER_OTLP_", false)];
        both.into_iter().find_map(|(prefix, for_traces)| {
            let name = format!("{prefix}{rest}");
            let value = self.get(&name)?;
            Some(ExporterVariable { name, value, for_traces })
        })
    }

    /// Whether traces are to be sent: an endpoint is set, and nothing turns them off. Without an endpoint no
    /// other variable is looked at.
    ///
    /// # Errors
    /// A variable asks for something else than OTLP.
    pub fn want_traces(&self) -> Result<bool, InvalidVariable> {
        const DISABLED: &str = "OTEL_SDK_DISABLED";
        const EXPORTER: &str = "OTEL_TRACES_EXPORTER";
        if self.exporter("ENDPOINT").is_none() {
            return Ok(false);
        }
        match self.get(DISABLED) {
            Some(value) if value.eq_ignore_ascii_case("true") => return Ok(false),
            Some(value) if !value.eq_ignore_ascii_case("false") => {
                return Err(InvalidVariable::value(DISABLED, value, "true and false are allowed"));
            }
            _ => {}
        }
        match self.get(EXPORTER) {
            Some(value) if value.eq_ignore_ascii_case("none") => Ok(false),
            Some(value) if !value.eq_ignore_ascii_case("otlp") => {
                Err(InvalidVariable::value(EXPORTER, value, "otlp and none are allowed"))
            }
            _ => Ok(true),
        }
    }
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Variables {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(variables: I) -> Self {
        Self(variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(variables: &[(&str, &str)]) -> Result<bool, String> {
        let variables: Variables = variables.iter().copied().collect();
        variables.want_traces().map_err(|error| error.to_string())
    }

    const ENDPOINT: (&str, &str) = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://localhost:4318");

    #[test]
    fn traces_are_wanted_only_with_an_endpoint() {
        let own = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://localhost:4318/v1/traces");
        assert_eq!(wanted(&[]), Ok(false));
        assert_eq!(wanted(&[("OTEL_SERVICE_NAME", "a"), (ENDPOINT.0, " ")]), Ok(false));
        assert_eq!(wanted(&[ENDPOINT]), Ok(true));
        assert_eq!(wanted(&[own]), Ok(true));
        assert_eq!(wanted(&[ENDPOINT, ("OTEL_TRACES_EXPORTER", "OTLP")]), Ok(true));
        assert_eq!(wanted(&[ENDPOINT, ("OTEL_TRACES_EXPORTER", "none")]), Ok(false));
        assert_eq!(wanted(&[ENDPOINT, ("OTEL_SDK_DISABLED", "True")]), Ok(false));
        assert_eq!(wanted(&[ENDPOINT, ("OTEL_SDK_DISABLED", "false")]), Ok(true));
    }

    #[test]
    fn what_is_not_otlp_is_refused_by_the_name_of_its_variable_if_an_endpoint_is_set() {
        for (name, value, advice) in [
            ("OTEL_TRACES_EXPORTER", "zipkin", "otlp and none are allowed"),
            ("OTEL_SDK_DISABLED", "1", "true and false are allowed"),
        ] {
            let refusal = wanted(&[ENDPOINT, (name, value)]).unwrap_err();
            assert_eq!(refusal, format!("{name} is \"{value}\"; {advice}"));
            assert_eq!(wanted(&[(name, value)]), Ok(false));
        }
        assert_eq!(wanted(&[("OTEL_TRACES_EXPORTER", "otlp")]), Ok(false));
    }

    #[test]
    fn a_variable_of_traces_is_preferred_to_that_of_all_signals() {
        let both: Variables =
            [("OTEL_EXPORTER_OTLP_TIMEOUT", "1"), ("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "2")]
                .into_iter()
                .collect();
        let name = "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT".to_owned();
        let own = ExporterVariable { name, value: "2", for_traces: true };
        assert_eq!(both.exporter("TIMEOUT"), Some(own));
    }
}
