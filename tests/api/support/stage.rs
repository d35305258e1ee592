//! A stand-in for the model that implements `Engine`: it reports its passes, waits for the test, and
//! fails if the test chooses a fault. It computes nothing.

use std::error::Error;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use strata::batching::Engine;
use strata::model::output::{Output, PassOutput};
use strata::model::task::{OutputSpec, Task};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// What the engine does with a pass when it may go on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fault {
    /// It returns zeros.
    #[default]
    None,
    /// Every pass is an error, a trial pass too.
    Broken,
    /// A pass that holds this token id is an error.
    ErrorOn(u32),
    /// A pass that holds this token id panics.
    PanicOn(u32),
    /// A pass of several sequences is an error.
    ErrorOnSeveral,
}

#[derive(Default)]
struct Shared {
    open: AtomicBool,
    fault: Mutex<Fault>,
}

/// The test's handle: waits for passes, and chooses their fault.
pub struct Stage {
    shared: Arc<Shared>,
    passes: UnboundedReceiver<usize>,
    go: UnboundedSender<()>,
}

impl Stage {
    /// Waits for a pass to start; returns its number of sequences.
    pub async fn pass(&mut self) -> usize {
        self.passes.recv().await.unwrap()
    }

    /// The number of sequences of a pass that has started, if there is one that was not asked for.
    pub fn try_pass(&mut self) -> Option<usize> {
        self.passes.try_recv().ok()
    }

    /// Lets the waiting pass go on, and all later ones.
    pub fn open(&self) {
        self.shared.open.store(true, Ordering::SeqCst);
        let _ = self.go.send(());
    }

    pub fn fault(&self, fault: Fault) {
        *self.shared.fault.lock().unwrap() = fault;
    }
}

/// The engine: each pass waits for the [`Stage`].
pub struct BlockingEngine {
    shared: Arc<Shared>,
    passes: UnboundedSender<usize>,
    go: Mutex<UnboundedReceiver<()>>,
}

pub fn blocking_engine() -> (BlockingEngine, Stage) {
    let shared = Arc::new(Shared::default());
    let (started, passes) = unbounded_channel();
    let (go, gone) = unbounded_channel();
    let engine =
        BlockingEngine { shared: Arc::clone(&shared), passes: started, go: Mutex::new(gone) };
    (engine, Stage { shared, passes, go })
}

impl Engine for BlockingEngine {
    type Item = Task;
    type Output = PassOutput;

    fn run(&self, items: &[&Task]) -> Result<Vec<PassOutput>, Box<dyn Error + Send + Sync>> {
        // An error means that the test has ended.
        let _ = self.passes.send(items.len());
        if !self.shared.open.load(Ordering::SeqCst) {
            self.go.lock().unwrap().blocking_recv();
        }
        let fault = *self.shared.fault.lock().unwrap();
        let holds = |id: u32| items.iter().any(|task| task.sequence.ids.contains(&id));
        match fault {
            Fault::Broken => return Err("the injected error".into()),
            Fault::ErrorOn(id) if holds(id) => return Err(format!("the error of {id}").into()),
            Fault::ErrorOnSeveral if items.len() > 1 => return Err("the error of several".into()),
            Fault::PanicOn(id) if holds(id) => panic!("the injected message"),
            _ => {}
        }
        let output = |task: &&Task| {
            let values = task.spec.outputs().iter().map(|output| zeros(output, task)).collect();
            PassOutput::Whole(Output { values })
        };
        Ok(items.iter().map(output).collect())
    }

    fn trial(&self) -> Result<(), Box<dyn Error + Send + Sync>> {
        match *self.shared.fault.lock().unwrap() {
            Fault::Broken => Err("the injected error".into()),
            _ => Ok(()),
        }
    }
}

/// As many numbers as a real engine gives.
fn zeros(output: &OutputSpec, task: &Task) -> Vec<f32> {
    let numbers = match output {
        OutputSpec::Embedding(recipe) => recipe.dimensions,
        OutputSpec::Tokens(recipe) => recipe.dimensions * task.sequence.tokens(),
        OutputSpec::Logits(head) => head.descriptor().labels.len(),
        OutputSpec::Contributions(attribution) => attribution.bias().len() * task.sequence.tokens(),
        OutputSpec::Tags(tagger) => tagger.labels().len() * task.sequence.tokens(),
        OutputSpec::Vectors(head, _) => head.columns() * task.sequence.tokens(),
        // A sparse row has no number of numbers; this one has none.
        OutputSpec::Sparse(_) => 0,
    };
    vec![0.0; numbers]
}
