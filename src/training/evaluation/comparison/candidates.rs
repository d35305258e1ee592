//! Which recipes are worth comparing.

use serde::Serialize;

use crate::model::recipe::{Combine, Pooling, Recipe, last_four};

/// A recipe and its place in a table of layers by poolings.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Contender {
    /// What is read of the layers, in words.
    pub layers: String,
    /// How tokens are pooled.
    pub pooling: Pooling,
    /// Both of it, as `train` takes it.
    pub recipe: Recipe,
}

impl Contender {
    /// `last four averaged, mean`
    pub fn name(&self) -> String {
        format!("{}, {}", self.layers, self.pooling.name())
    }
}

/// The poolings that are compared.
pub const POOLINGS: [Pooling; 4] = [Pooling::Mean, Pooling::Cls, Pooling::Max, Pooling::MeanMax];

/// Every layer alone and the last four averaged, concatenated, and weighted with factors that are learnt,
/// each with every pooling; or, where it should be `quick`, the ten recipes that matter most. Of an
/// encoder with `layers` layers.
pub fn contenders(layers: usize, quick: bool) -> Vec<Contender> {
    let all = rows(layers).into_iter().enumerate().flat_map(|(row, (name, layers, combine))| {
        POOLINGS.into_iter().filter(move |&pooling| !quick || matters_most(row, pooling)).map(
            move |pooling| {
                let recipe =
                    Recipe { layers: layers.clone(), combine, pooling, ..Recipe::default() };
                Contender { layers: name.clone(), pooling, recipe }
            },
        )
    });
    all.collect()
}

/// Averaged, concatenated, weighted, where there are several layers; then each layer from the last on.
fn rows(layers: usize) -> Vec<(String, Vec<i32>, Combine)> {
    let several = last_four(layers);
    let number = match several.len() {
        4 => "four".to_owned(),
        n => n.to_string(),
    };
    let combined = [
        ("averaged", Combine::Mean),
        ("concatenated", Combine::Concat),
        ("weighted", Combine::Weighted),
    ];
    let combined = combined
        .into_iter()
        .filter(|_| several.len() > 1)
        .map(|(how, combine)| (format!("last {number} {how}"), several.clone(), combine));
    let alone = (1..=layers as i32).map(|back| {
        let name = match back {
            1 => "last layer".to_owned(),
            2 => "second to last layer".to_owned(),
            back => format!("layer {}", layers as i32 + 1 - back),
        };
        (name, vec![-back], Combine::Mean)
    });
    let embeddings = ("embedding output".to_owned(), vec![0], Combine::Mean);
    combined.chain(alone).chain([embeddings]).collect()
}

/// By the row of [`rows`]: the mean of all combinations, of the last layer and of the one before it, CLS
/// of what isn't weighted, and the last layer's other poolings.
fn matters_most(row: usize, pooling: Pooling) -> bool {
    match row {
        0 | 1 => matches!(pooling, Pooling::Mean | Pooling::Cls),
        2 | 4 => pooling == Pooling::Mean,
        3 => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_layer_and_combination_meets_every_pooling() {
        let all = contenders(6, false);
        assert_eq!(all.len(), (3 + 7) * 4);
        assert_eq!(all[0].recipe, Recipe::default());
        assert_eq!(all[0].name(), "last four averaged, mean");
        let names: Vec<&str> = all.iter().step_by(4).map(|of| of.layers.as_str()).collect();
        assert_eq!(names[3..6], ["last layer", "second to last layer", "layer 4"]);
        assert_eq!(all[39].recipe.layers, [0]);
    }

    #[test]
    fn ten_are_quick() {
        let quick = contenders(12, true);
        assert_eq!(quick.len(), 10);
        assert!(quick.iter().all(|of| contenders(12, false).contains(of)));
    }

    #[test]
    fn one_layer_is_not_combined() {
        let names: Vec<String> =
            contenders(1, false).into_iter().step_by(4).map(|of| of.layers).collect();
        assert_eq!(names, ["last layer", "embedding output"]);
    }
}
