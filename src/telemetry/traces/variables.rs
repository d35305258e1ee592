//! The variables `OTEL_…`, as OpenTelemetry's specification defines them.

use std::collections::BTreeMap;
use std::env;

use super::error::InvalidVariable;

/// Names the endpoint of all signals.
const ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
const TRACES_EXPORTER: &str = "OTEL_TRACES_EXPORTER";

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
    /// Those of this process.
    ///
    /// # Errors
    /// A value is not valid UTF-8.
    pub fn from_process() -> Result<Self, InvalidVariable> {
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

    /// Whether traces are to be sent: an endpoint is set, and nothing turns them off.
    ///
    /// # Errors
    /// A variable asks for something else than OTLP.
    pub fn want_traces(&self) -> Result<bool, InvalidVariable> {
        const DISABLED: &str = "OTEL_SDK_DISABLED";
        match self.get(DISABLED) {
            Some(value) if value.eq_ignore_ascii_case("true") => return Ok(false),
            Some(value) if !value.eq_ignore_ascii_case("false") => {
                return Err(InvalidVariable::value(DISABLED, value, "true and false are allowed"));
            }
            _ => {}
        }
        let has_endpoint = self.exporter("ENDPOINT").is_some();
        match self.get(TRACES_EXPORTER) {
            None => Ok(has_endpoint),
            Some(value) if value.eq_ignore_ascii_case("none") => Ok(false),
            Some(value) if !value.eq_ignore_ascii_case("otlp") => {
                Err(InvalidVariable::value(TRACES_EXPORTER, value, "otlp and none are allowed"))
            }
            Some(_) if has_endpoint => Ok(true),
            Some(_) => {
                let advice = "set it to the collector, such as http://localhost:4318";
                let found = format!("is not set, but {TRACES_EXPORTER} is \"otlp\"");
                Err(InvalidVariable::new(ENDPOINT, found, advice))
            }
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

    #[test]
    fn traces_are_wanted_only_with_an_endpoint() {
        let endpoint = (ENDPOINT, "http://localhost:4318");
        let own = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://localhost:4318/v1/traces");
        assert_eq!(wanted(&[]), Ok(false));
        assert_eq!(wanted(&[("OTEL_SERVICE_NAME", "a"), (ENDPOINT, " ")]), Ok(false));
        assert_eq!(wanted(&[endpoint]), Ok(true));
        assert_eq!(wanted(&[own]), Ok(true));
        assert_eq!(wanted(&[endpoint, (TRACES_EXPORTER, "OTLP")]), Ok(true));
        assert_eq!(wanted(&[endpoint, (TRACES_EXPORTER, "none")]), Ok(false));
        assert_eq!(wanted(&[endpoint, ("OTEL_SDK_DISABLED", "True")]), Ok(false));
        assert_eq!(wanted(&[endpoint, ("OTEL_SDK_DISABLED", "false")]), Ok(true));
    }

    #[test]
    fn what_is_not_otlp_is_refused_by_the_name_of_its_variable() {
        let refusal = wanted(&[(TRACES_EXPORTER, "zipkin")]).unwrap_err();
        assert_eq!(refusal, "OTEL_TRACES_EXPORTER is \"zipkin\"; otlp and none are allowed");
        let refusal = wanted(&[("OTEL_SDK_DISABLED", "1")]).unwrap_err();
        assert_eq!(refusal, "OTEL_SDK_DISABLED is \"1\"; true and false are allowed");
        let refusal = wanted(&[(TRACES_EXPORTER, "otlp")]).unwrap_err();
        assert!(refusal.starts_with("OTEL_EXPORTER_OTLP_ENDPOINT is not set"), "{refusal}");
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
