//! Outputs out of fold: each row's by a fit of the other folds, which has not seen it.

use super::linear::SEARCH_TOLERANCE;
use super::method::ResolvedMethod;
use super::prepared::{PreparedRows, Preprocessor};
use super::training_data::TrainingData;
use crate::training::data::Targets;
use crate::training::error::TrainError;

/// Rows and their folds.
#[derive(Debug, Clone, Copy)]
pub struct FoldedRows<'a> {
    /// Features and targets of all rows.
    pub data: TrainingData<'a>,
    /// The rows that take part, `(n)`.
    pub rows: &'a [usize],
    /// The fold of each of them, `(n)`.
    pub folds: &'a [usize],
    /// How many folds there are, at least 2.
    pub count: usize,
}

/// The outputs of rows out of fold.
#[derive(Debug, Clone, PartialEq)]
pub struct OutOfFold {
    /// Logits before temperature, or numbers in their unit, `(n,k)`, in the order of the rows.
    pub outputs: Vec<f64>,
    /// The targets of the rows, `(n)`.
    pub targets: Targets,
    /// The fold of each row, `(n)`.
    pub folds: Vec<usize>,
    /// How many fits ended before they converged.
    pub unconverged: usize,
}

/// One fold, with rows made ready by those that are fitted.
pub struct Fold<'a> {
    /// Positions in [`FoldedRows::rows`] of the rows that are scored.
    pub scored: Vec<usize>,
    /// All other rows.
    pub fitting: PreparedRows,
    /// The rows that are scored.
    pub scoring: PreparedRows,
    /// What made both ready.
    pub preprocessor: Preprocessor<'a>,
}

impl<'a> FoldedRows<'a> {
    /// The rows of a fold, and all others, standardised by the others alone.
    ///
    /// # Errors
    /// One of the two would be empty; a tensor operation failed.
    pub fn fold(&self, fold: usize) -> Result<Fold<'a>, TrainError> {
        let all = 0..self.rows.len();
        let (scored, fitted): (Vec<usize>, Vec<usize>) =
            all.partition(|&position| self.folds[position] == fold);
        if scored.is_empty() || fitted.is_empty() {
            let (folds, texts) = (self.count, self.rows.len());
            return Err(TrainError::TooManyFolds { folds, texts });
        }
        let pick = |positions: &[usize]| -> Vec<usize> {
            positions.iter().map(|&position| self.rows[position]).collect()
        };
        let fitted = pick(&fitted);
        let preprocessor = Preprocessor::new(self.data, &fitted);
        Ok(Fold {
            fitting: preprocessor.prepare(&fitted)?,
            scoring: preprocessor.prepare(&pick(&scored))?,
            preprocessor,
            scored,
        })
    }

    /// The outputs of all rows, with one method for all folds. `done` is called after each fold. Fits of
    /// one layer begin at `start`, which may come from a fit of all rows: the minimum is unique, and
    /// where the gradient's norm is below `g`, the loss is less than `g²·C·n/2` above it, so that hardly
    /// anything of the start is left.
    ///
    /// # Errors
    /// As [`ResolvedMethod::fit`]; more folds than groups.
    pub fn outputs(
        &self,
        method: ResolvedMethod<'_>,
        start: Option<&[f64]>,
        done: &mut dyn FnMut(),
    ) -> Result<OutOfFold, TrainError> {
        let mut found = self.empty();
        for number in 0..self.count {
            let fold = self.fold(number)?;
            let start = start.map(<[f64]>::to_vec);
            let fit = method.fit(&fold.fitting, SEARCH_TOLERANCE, start)?;
            found.put(&fold.scored, &fold.preprocessor.outputs(&fit.layers, &fold.scoring)?);
            found.unconverged += usize::from(fit.convergence.is_some_and(|end| !end.converged));
            done();
        }
        Ok(found)
    }

    /// Outputs of 0, to be replaced fold by fold.
    pub fn empty(&self) -> OutOfFold {
        OutOfFold {
            outputs: vec![0.0; self.rows.len() * self.data.outputs],
            targets: self.data.targets.select(self.rows),
            folds: self.folds.to_vec(),
            unconverged: 0,
        }
    }
}

impl OutOfFold {
    /// Puts the outputs `(m,k)` of a fold into their places `(m)`.
    pub fn put(&mut self, positions: &[usize], outputs: &[f64]) {
        let k = outputs.len() / positions.len();
        for (&position, outputs) in positions.iter().zip(outputs.chunks_exact(k)) {
            self.outputs[position * k..][..k].copy_from_slice(outputs);
        }
    }

    /// The rows of `fold` alone with their positions, and all others.
    pub fn divide(&self, fold: usize) -> (Self, Vec<usize>, Self) {
        let (inside, outside): (Vec<usize>, Vec<usize>) =
            (0..self.folds.len()).partition(|&position| self.folds[position] == fold);
        (self.select(&inside), inside, self.select(&outside))
    }

    fn select(&self, positions: &[usize]) -> Self {
        let k = self.outputs.len() / self.folds.len();
        let outputs = |&position: &usize| &self.outputs[position * k..][..k];
        Self {
            outputs: positions.iter().flat_map(outputs).copied().collect(),
            targets: self.targets.select(positions),
            folds: positions.iter().map(|&position| self.folds[position]).collect(),
            unconverged: self.unconverged,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::training::features::Features;
    use crate::training::options::ClassWeights;

    #[test]
    fn each_fold_is_scored_by_a_fit_of_the_others_alone() {
        // The numbers of a fold have nothing to do with those of the other.
        let features = Features { rows: 6, width: 1, values: vec![1., 2., 3., 10., 20., 30.] };
        let targets = Targets::Regression(vec![1.0, 2.0, 3.0, -10.0, -20.0, -30.0]);
        let (class_weights, weighted_layers) = (ClassWeights::None, None);
        let data = TrainingData {
            features: &features,
            targets: &targets,
            outputs: 1,
            class_weights,
            weighted_layers,
        };
        let (rows, folds) = ([0, 1, 2, 3, 4, 5], [0, 0, 0, 1, 1, 1]);
        let folded = FoldedRows { data, rows: &rows, folds: &folds, count: 2 };
        // Standardised by the other fold: its mean is 20, its deviation √(200/3).
        let fold = folded.fold(0).unwrap();
        let x: Vec<f64> = fold.scoring.x.flatten_all().unwrap().to_vec1().unwrap();
        assert!((x[0] - (1.0 - 20.0) / (200.0_f64 / 3.0).sqrt()).abs() < 1e-12, "{x:?}");
        let mut fits = 0;
        let method = ResolvedMethod::Linear { strength: 1e6 };
        let found = folded.outputs(method, None, &mut || fits += 1).unwrap();
        assert_eq!((fits, found.folds.as_slice()), (2, folds.as_slice()));
        for (output, expected) in found.outputs.iter().zip([-1., -2., -3., 10., 20., 30.]) {
            assert!((output - expected).abs() < 0.01, "{:?}", found.outputs);
        }
        let (inside, positions, outside) = found.divide(1);
        assert_eq!(positions, [3, 4, 5]);
        assert_eq!(inside.targets, Targets::Regression(vec![-10.0, -20.0, -30.0]));
        assert_eq!((inside.outputs.len(), outside.folds), (3, vec![0; 3]));
        let none = FoldedRows { count: 3, ..folded }.outputs(method, None, &mut || ());
        assert!(none.unwrap_err().to_string().contains("too few for 3 folds"));
    }
}
