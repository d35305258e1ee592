//! Small bodies whose tokenisation takes long, with a short deadline: `make bench-tokenising`.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::http::post;
use crate::load::{Pool, Request};
use crate::server::Server;
use crate::verdict::at_most;
use crate::work::{snippets, words};

const DEADLINE: Duration = Duration::from_secs(2);
/// How long after its deadline a request may still use the processor.
const AFTERWARDS: Duration = Duration::from_secs(20);

pub async fn run() -> anyhow::Result<()> {
    let texts = snippets()?;
    let prompt: String = words(&texts, 20_000).chars().take(65_000).collect();
    let long: String = words(&texts, 20_000).chars().take(8_000).collect();
    let bodies = [
        (
            "a prompt of 65 kB for 1,024 inputs",
            json!({"prompt": prompt, "inputs": vec!["a"; 1_024]}),
        ),
        ("1,024 texts of 8 kB", json!({"inputs": vec![&long; 1_024]})),
        (
            "1,024 texts of 8 kB in windows",
            json!({"inputs": vec![&long; 1_024], "long_text": "window"}),
        ),
    ];
    for (name, body) in bodies {
        let server = Server::start(&[])?;
        let headers = format!("x-timeout-ms: {}\r\n", DEADLINE.as_millis());
        let bytes = post("/embed", &headers, &body.to_string()).into();
        let start = Instant::now();
        let attack = Request { bytes, texts: 1_024 };
        let pool = Pool::new(server.address, None);
        let (answered, used) = tokio::join!(pool.answered(&attack, start, start), async {
            tokio::time::sleep(DEADLINE).await;
            let before = server.usage()?.processor;
            tokio::time::sleep(AFTERWARDS).await;
            anyhow::Ok(server.usage()?.processor - before)
        });
        println!("\n{name}: {} {} after {:.2} s", answered.status, answered.code, answered.latency);
        at_most("processor seconds after its deadline", used?, 0.5);
    }
    Ok(())
}
