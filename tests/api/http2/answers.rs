//! Answers that are read slowly, or not at all.

use super::*;

/// The answer to a request of this client, of which it lets one byte come at a time.
async fn barely_read(server: &TestServer) -> (Client, RecvStream) {
    let stream = TcpStream::connect(server.address).await.unwrap();
    let mut builder = Builder::new();
    let builder = builder.initial_window_size(1).initial_connection_window_size(1 << 20);
    let (requests, connection) = builder.handshake(stream).await.unwrap();
    let requests = requests.ready().await.unwrap();
    let mut client = Client { requests, connection: tokio::spawn(connection) };
    let large = json!({"inputs": vec!["a ".repeat(20); 100], "tokens": true}).to_string();
    let (answer, _stream) = client.begin("/embed", &large);
    (client, answer.await.unwrap().into_body())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_nobody_reads_costs_its_stream_and_no_other() {
    let mut config = config(tiny("sentence"));
    config.http.progress_window = SHORT;
    let app = TestApp::new(&config);
    let server = TestServer::start(&app).await;
    let mut client = Client::connect(&server).await;
    // More than the window of a stream.
    let large = json!({"inputs": vec!["a ".repeat(20); 100], "tokens": true}).to_string();
    let (answer, _stream) = client.begin("/embed", &large);
    let mut unread = answer.await.unwrap().into_body();
    until_metric(&app, "strata_http_streams_cut_off_total", 1.0).await;
    assert_eq!(client.ask("/livez", "").await.0, 200);
    let error = loop {
        match unread.data().await {
            Some(Ok(_)) => {}
            Some(Err(error)) => break error,
            None => panic!("the answer is whole"),
        }
    };
    assert_eq!(error.reason(), Some(Reason::CANCEL));
    assert_eq!(app.metric("strata_memory_used_bytes").await, 0.0);
    drop(client);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_leaves_a_stream_open_to_read_slowly_gets_its_answer() {
    let mut config = config(tiny("sentence"));
    config.http.progress_window = Duration::from_secs(1);
    // Far less than the client reads.
    config.http.answer_bytes_per_second = 10_000;
    let app = TestApp::new(&config);
    let server = TestServer::start(&app).await;
    let mut client = Client::connect(&server).await;
    let large = json!({"inputs": vec!["a ".repeat(20); 100], "tokens": true}).to_string();
    let (answer, _stream) = client.begin("/embed", &large);
    let mut body = answer.await.unwrap().into_body();
    let mut read = 0;
    while let Some(part) = body.data().await {
        let part = part.unwrap();
        tokio::time::sleep(Duration::from_millis(50)).await;
        body.flow_control().release_capacity(part.len()).unwrap();
        read += part.len();
    }
    assert!(read > 200_000, "{read} bytes");
    drop(client);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_of_which_a_byte_is_read_is_not_handed_over_and_holds_its_memory() {
    let app = TestApp::tiny("sentence");
    let server = TestServer::start(&app).await;
    let (client, body) = barely_read(&server).await;
    // Far more than the pieces that were handed over.
    assert!(app.metric("strata_memory_used_bytes").await > 200_000.0);
    assert_eq!(server.open.busy(), 1);
    drop((client, body));
    until_metric(&app, "strata_memory_used_bytes", 0.0).await;
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_waits_for_an_answer_that_is_read_and_not_for_one_that_is_not() {
    let app = TestApp::tiny("sentence");
    let server = TestServer::start(&app).await;
    let stalled = barely_read(&server).await;
    let mut client = Client::connect(&server).await;
    let large = json!({"inputs": vec!["a ".repeat(20); 100], "tokens": true}).to_string();
    let (answer, _stream) = client.begin("/embed", &large);
    let mut body = answer.await.unwrap().into_body();
    let stopping = tokio::spawn(server.stop());
    let started = Instant::now();
    let mut read = 0;
    // Longer than an idle connection would have.
    while let Some(part) = body.data().await {
        let part = part.unwrap();
        if started.elapsed() < Duration::from_millis(1_500) {
            tokio::time::sleep(SHORT / 3).await;
        }
        body.flow_control().release_capacity(part.len()).unwrap();
        read += part.len();
    }
    assert!(read > 200_000, "{read} bytes");
    drop(client);
    // The window of a stream is longer by default.
    timeout(Duration::from_secs(10), stopping).await.unwrap().unwrap();
    drop(stalled);
}
