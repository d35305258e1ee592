//! Requests and their answers, from the first byte to the last.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn many_requests_share_a_connection_and_get_the_answers_of_http_1() {
    let app = TestApp::tiny("sentence");
    let server = TestServer::start(&app).await;
    let mut client = Client::connect(&server).await;
    let bodies: Vec<_> =
        (0..40).map(|at| json!({"inputs": format!("film {at}")}).to_string()).collect();
    let begun: Vec<_> = bodies.iter().map(|body| client.begin("/embed", body)).collect();
    for ((answer, _stream), body) in begun.into_iter().zip(bodies) {
        let (parts, found) = answer.await.unwrap().into_parts();
        assert_eq!(parts.status, 200);
        for name in ["connection", "keep-alive"] {
            assert!(!parts.headers.contains_key(name), "{name} is of HTTP/1");
        }
        let found: Value = serde_json::from_slice(&read(found).await).unwrap();
        let expected = app.post_raw("/embed", body).await.ok();
        assert_eq!(found["embeddings"], expected["embeddings"]);
    }
    let (status, headers, problem) = client.ask("/none", "").await;
    assert_eq!((status.as_u16(), &problem["code"]), (404, &json!("not_found")));
    assert_eq!(problem["request_id"], headers["x-request-id"].to_str().unwrap());
    assert_eq!(server.open.count(), 1);
    drop(client);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_bytes_say_what_a_client_speaks_however_they_come() {
    let app = TestApp::tiny("sentence");
    let server = TestServer::start(&app).await;
    // The server's settings are the answer to a preface, and 400 to what is none.
    let first_bytes = |sent: Vec<u8>| {
        let address = server.address;
        spawn_blocking(move || {
            let mut stream = StdStream::connect(address).unwrap();
            stream.set_nodelay(true).unwrap();
            stream.set_read_timeout(Some(PATIENCE)).unwrap();
            for byte in sent {
                stream.write_all(&[byte]).unwrap();
                std::thread::sleep(Duration::from_millis(1));
            }
            let mut read = [0; 9];
            stream.read_exact(&mut read).unwrap();
            read
        })
    };
    const SETTINGS: u8 = 4;
    let settings = [0, 0, 0, SETTINGS, 0, 0, 0, 0, 0];
    let http2 = first_bytes([PREFACE, &settings].concat()).await.unwrap();
    assert_eq!(http2[3], SETTINGS);
    for http1 in ["PROPFIND / HTTP/1.1\r\nhost: a\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n"] {
        let answer = first_bytes(http1.as_bytes().to_vec()).await.unwrap();
        assert_eq!(&answer[..8], b"HTTP/1.1", "{http1}");
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_lets_requests_end_and_takes_no_new_ones() {
    let (app, mut stage) = TestApp::staged(&config(tiny("sentence")));
    let server = TestServer::start(&app).await;
    let mut idle = Client::connect(&server).await;
    idle.ask("/livez", "").await;
    let mut busy = Client::connect(&server).await;
    let (answer, _stream) = busy.begin("/embed", &json!({"inputs": "a"}).to_string());
    stage.pass().await;
    server.advance(Stage::Delay);
    // The idle one may still ask once, and is then closed.
    assert_eq!(idle.ask("/livez", "").await.0, 200);
    idle.closed().await.unwrap();
    stage.open();
    assert_eq!(answer.await.unwrap().status(), 200);
    busy.closed().await.unwrap();
    let last = Client::connect(&server).await;
    server.stop().await;
    last.closed().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_is_cancelled_leaves_the_queue() {
    let (app, mut stage) = TestApp::staged(&config(tiny("sentence")));
    let server = TestServer::start(&app).await;
    let mut client = Client::connect(&server).await;
    let body = json!({"inputs": "a"}).to_string();
    let (first, _first) = client.begin("/embed", &body);
    stage.pass().await;
    let (second, mut stream) = client.begin("/embed", &body);
    let waits = async || app.batcher().status().waiting_sequences == 1;
    timeout(PATIENCE, until(waits)).await.unwrap();
    stream.send_reset(Reason::CANCEL);
    until_metric(&app, CANCELLED, 1.0).await;
    assert!(second.await.is_err());
    stage.open();
    assert_eq!(first.await.unwrap().status(), 200);
    assert_eq!(stage.try_pass(), None, "it is not computed");
    drop(client);
    server.stop().await;
}
