//! What a connection may wait for, begin and cancel.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_preface_that_does_not_end_and_a_connection_without_requests_are_closed() {
    let mut config = config(tiny("sentence"));
    config.http.header_timeout = SHORT;
    config.http.idle_timeout = SHORT;
    let app = TestApp::new(&config);
    let server = TestServer::start(&app).await;
    let half = server.begin(&PREFACE[..20]);
    until_metric(&app, &closed_for("head_timeout"), 1.0).await;
    drop(half);
    let mut client = Client::connect(&server).await;
    client.ask("/livez", "").await;
    // An idle client learns that, and leaves without an error.
    let requests = client.requests.clone();
    timeout(PATIENCE, client.connection).await.unwrap().unwrap().unwrap();
    drop(requests);
    until_metric(&app, &closed_for("idle"), 1.0).await;
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn beyond_the_limit_an_idle_connection_makes_room() {
    let mut config = config(tiny("sentence"));
    config.http.connections = at_least_one(1);
    let app = TestApp::new(&config);
    let server = TestServer::start(&app).await;
    let mut first = Client::connect(&server).await;
    first.ask("/livez", "").await;
    until(async || server.open.idle() == 1).await;
    let mut second = Client::connect(&server).await;
    first.closed().await.unwrap();
    second.ask("/livez", "").await;
    until_metric(&app, &closed_for("evicted"), 1.0).await;
    drop(second);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_begins_and_cancels_without_end_is_cut_off_alone() {
    let (app, mut stage) = TestApp::staged(&config(tiny("sentence")));
    let server = TestServer::start(&app).await;
    let body = json!({"inputs": "a"}).to_string();
    let mut other = Client::connect(&server).await;
    let (answer, _stream) = other.begin("/embed", &body);
    stage.pass().await;
    let client = Client::connect(&server).await;
    const AT_ONCE: usize = 50;
    // The other client's, and the one that asks for it.
    const NONE: f64 = 2.0;
    let attack = async {
        for _ in 0..40 {
            let mut begun = Vec::new();
            for _ in 0..AT_ONCE {
                let Ok(mut requests) = client.requests.clone().ready().await else { return };
                let request = Request::post("http://a/embed")
                    .version(Version::HTTP_2)
                    .header("content-type", "application/json")
                    .body(())
                    .unwrap();
                let Ok(sent) = requests.send_request(request, false) else { return };
                begun.push(sent);
            }
            // So that the server has begun them: h2 counts those that it hasn't by itself.
            let all = async || app.metric(IN_PROGRESS).await == NONE + AT_ONCE as f64;
            if timeout(PATIENCE / 10, until(all)).await.is_err() {
                // It takes no more.
                return;
            }
            begun.iter_mut().for_each(|(_, stream)| stream.send_reset(Reason::CANCEL));
            until(async || app.metric(IN_PROGRESS).await == NONE).await;
        }
        panic!("none is refused");
    };
    timeout(PATIENCE, attack).await.unwrap();
    let _ = timeout(PATIENCE, client.connection).await.unwrap().unwrap();
    until_metric(&app, &closed_for("cancellations"), 1.0).await;
    stage.open();
    assert_eq!(answer.await.unwrap().status(), 200);
    drop(other);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_has_a_number_of_requests_at_a_time() {
    let app = TestApp::tiny("sentence");
    let server = TestServer::start(&app).await;
    let mut client = Client::connect(&server).await;
    client.ask("/livez", "").await;
    assert_eq!(client.requests.current_max_send_streams(), 256);
    // Beyond the limit of `middleware`, and of HTTP/2 itself.
    for (bytes, status) in [(20_000, 431), (100_000, 431)] {
        let request = Request::get("http://a/livez")
            .version(Version::HTTP_2)
            .header("x", "x".repeat(bytes))
            .body(())
            .unwrap();
        let (answer, _) = client.requests.send_request(request, true).unwrap();
        assert_eq!(answer.await.unwrap().status(), status, "{bytes} bytes");
    }
    assert_eq!(client.ask("/livez", "").await.0, 200);
    drop(client);
    server.stop().await;
}
