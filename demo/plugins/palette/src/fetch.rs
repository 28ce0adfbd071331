//! One GET request over wasi:http.

use crate::wasi::http::outgoing_handler;
use crate::wasi::http::types::{ErrorCode, Fields, IncomingResponse, OutgoingBody, OutgoingRequest, Scheme};
use crate::wasi::io::streams::StreamError;

/// The most that is read of an answer. A palette has a few hundred bytes.
const LARGEST_ANSWER: usize = 64 * 1024;

/// The body of the answer, or why there is none.
pub fn get(url: &str) -> Result<Vec<u8>, String> {
    let request = request(url)?;
    let body = request.body().map_err(|()| "the request has no body")?;
    let pending = outgoing_handler::handle(request, None).map_err(words)?;
    OutgoingBody::finish(body, None).map_err(words)?;
    pending.subscribe().block();
    let response = pending.get().ok_or("no answer came")?.map_err(|()| "the answer was taken before")?.map_err(words)?;
    match response.status() {
        200 => read(&response),
        status => Err(format!("the server answered {status}")),
    }
}

fn request(url: &str) -> Result<OutgoingRequest, String> {
    let (scheme, rest) = url.split_once("://").ok_or("the address has no scheme")?;
    let (authority, path) = rest.find('/').map_or((rest, "/"), |at| rest.split_at(at));
    let scheme = if scheme == "https" { Scheme::Https } else { Scheme::Http };
    let request = OutgoingRequest::new(Fields::new());
    request.set_scheme(Some(&scheme)).map_err(|()| "the scheme was refused")?;
    request.set_authority(Some(authority)).map_err(|()| "the host was refused")?;
    request.set_path_with_query(Some(path)).map_err(|()| "the path was refused")?;
    Ok(request)
}

fn read(response: &IncomingResponse) -> Result<Vec<u8>, String> {
    let body = response.consume().map_err(|()| "the answer has no body")?;
    let stream = body.stream().map_err(|()| "the answer was taken before")?;
    let mut bytes = Vec::new();
    loop {
        match stream.blocking_read(LARGEST_ANSWER as u64) {
            Ok(piece) => bytes.extend_from_slice(&piece),
            Err(StreamError::Closed) => return Ok(bytes),
            Err(StreamError::LastOperationFailed(error)) => return Err(error.to_debug_string()),
        }
        if bytes.len() > LARGEST_ANSWER {
            return Err("the answer is too long".to_string());
        }
    }
}

fn words(code: ErrorCode) -> String {
    match code {
        ErrorCode::HttpRequestDenied => "the request was refused".to_string(),
        other => format!("the request failed ({other})"),
    }
}
