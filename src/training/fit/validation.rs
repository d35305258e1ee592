//! What is chosen on the validation part.

use super::decision_rule::Decision;
use super::prepared::Prepared;
use super::search;
use super::search::Found;
use super::training_data::Data;
use super::{temperature, thresholds};
use crate::training::data::{Split, Targets};
use crate::training::error::TrainError;
use crate::training::options::Settings;
use crate::training::stage::Stage;

/// What is found on the validation part.
pub fn choose<'a>(
    data: Data<'_>,
    split: &Split,
    settings: &'a Settings,
    progress: &mut dyn FnMut(Stage<'_>),
) -> Result<(Found<'a>, Decision), TrainError> {
    let prepared = Prepared::of(data, &split.fitting);
    let (fitting, validation) = (prepared.part(&split.fitting)?, prepared.part(&split.validation)?);
    let method = (&settings.method, settings.seed);
    let found = search::search(&fitting, &validation, method, progress)?;
    let logits = found.layers.forward(&validation.x)?;
    let calibration = temperature::fit(&logits, &validation.y)?;
    let mut decision = Decision { calibration, thresholds: None };
    if let Targets::Several(rows) = &validation.y {
        decision.thresholds = Some(thresholds::fit(&decision.scale(logits), rows));
    }
    Ok((found, decision))
}
