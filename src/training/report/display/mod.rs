//! A training report as text.

use std::fmt;

use crate::charts::text_table;
use crate::training::evaluation::CrossValidationScores;
use crate::training::fit::{
    Calibration, CalibrationOutcome, MIN_MISTAKES, SearchTrials, ThresholdChoice,
};
use crate::training::metrics::{Scores, label_table};
use crate::training::report::training_report::{SplitSizes, StrengthBound, TrainingReport};

impl fmt::Display for TrainingReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let SplitSizes { fitting, validation, held_out } = self.rows;
        writeln!(
            f,
            "{}: {} training rows, {validation} of them for validation; {held_out} held out",
            self.data.file,
            fitting + validation,
        )?;
        if self.data.header {
            writeln!(f, "the first line was read as a header")?;
        }
        if !self.class_weights.is_none() {
            writeln!(f, "class weights: balanced")?;
        }
        self.write_fit(f)?;
        if let Some(calibration) = &self.calibration {
            writeln!(f, "{}", calibration_line(calibration))?;
        }
        if let Some(ThresholdChoice { rule, .. }) = &self.thresholds {
            writeln!(f, "thresholds: {}, by micro and macro F1 out of fold", rule.name())?;
        }
        if let Some(scores) = &self.cross_validation {
            write_cross_validation(f, scores)?;
        }
        if self.input.truncated > 0 {
            writeln!(f, "{} texts were truncated", self.input.truncated)?;
        }
        if let (Some(at_half), Scores::MultiLabel(chosen)) =
            (self.micro_f1_at_half, &self.held_out.scores)
        {
            writeln!(
                f,
                "warning: on the held-out rows thresholds of 0.5 have micro F1 {:.2} %, the chosen ones \
                 {:.2} %",
                100.0 * at_half,
                100.0 * chosen.micro_f1
            )?;
        }
        let held_out = self.test.as_ref().map_or("held out", |test| &test.file);
        if let Some(entities) = &self.entities {
            let (headers, rows) = entities.table();
            let table = text_table(&headers, &rows);
            write!(
                f,
                "{held_out}, {} texts: {}\n\n{table}\n\ntokens ",
                entities.texts,
                entities.line()
            )?;
        }
        write!(f, "{held_out}: {}", self.held_out.line())?;
        if !self.held_out.per_label.is_empty() {
            let (headers, rows) = label_table(&self.held_out.per_label);
            write!(f, "\n\n{}", text_table(&headers, &rows))?;
        }
        Ok(())
    }
}

impl TrainingReport {
    fn write_fit(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let (Some(strength), Some(end), SearchTrials::Strengths(trials)) =
            (self.strength, self.convergence, &self.search)
        {
            writeln!(
                f,
                "strength C = {strength}, the best of {} {}{}; {} after {} iterations (gradient norm \
                 {:.1e})",
                trials.len(),
                self.chosen_on.name(),
                match self.strength_bound {
                    Some(StrengthBound::Smallest) => ", the smallest that is tried",
                    Some(StrengthBound::Largest) => ", the largest that is tried",
                    None => "",
                },
                if end.converged { "converged" } else { "NOT converged" },
                end.iterations,
                end.gradient_norm,
            )?;
        }
        if let (Some(hidden), Some(epochs), SearchTrials::Epochs(tried)) =
            (&self.hidden, self.epochs, &self.search)
        {
            writeln!(
                f,
                "hidden layers {:?}: {epochs} epochs, the best of {} on the validation part",
                hidden.widths,
                tried.len()
            )?;
        }
        Ok(())
    }
}

/// `temperature 1.042: log loss out of fold 0.4310 before, 0.4305 after`
fn calibration_line(calibration: &Calibration) -> String {
    let Calibration { temperature, log_loss_before, log_loss_after, mistakes, outcome } =
        *calibration;
    match outcome {
        CalibrationOutcome::Fitted => format!(
            "temperature {temperature:.3}: log loss out of fold {log_loss_before:.4} before, \
             {log_loss_after:.4} after"
        ),
        CalibrationOutcome::TooFewMistakes => format!(
            "temperature 1: {mistakes} mistakes out of fold are too few to fit one ({MIN_MISTAKES} are needed); \
             log loss out of fold {log_loss_before:.4}"
        ),
        CalibrationOutcome::NoClearGain { temperature } => format!(
            "temperature 1: {temperature:.3} doesn't clearly lower the log loss out of fold, \
             {log_loss_before:.4}"
        ),
    }
}

fn write_cross_validation(
    f: &mut fmt::Formatter<'_>,
    cross_validation: &CrossValidationScores,
) -> fmt::Result {
    let CrossValidationScores { scores, unconverged, log_loss, calibration_error } =
        cross_validation;
    let shown = scores.iter().map(|score| format!("{} {}", score.metric, score.show()));
    write!(f, "{} folds: {}", scores[0].folds.len(), shown.collect::<Vec<_>>().join(", "))?;
    if *unconverged > 0 {
        write!(f, "; {unconverged} NOT converged")?;
    }
    if let (Some(loss), Some(error)) = (log_loss, calibration_error) {
        write!(f, "; out-of-fold log loss {loss:.4}, calibration error {error:.4}")?;
    }
    writeln!(f)
}

#[cfg(test)]
mod tests;
