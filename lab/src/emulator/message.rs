//! A request and a response of an emulated server, without a socket in sight.

use std::time::Duration;

/// What a client asked, as far as an emulated server looks at it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// `GET`, `POST`, `PATCH` or `DELETE`.
    pub method: String,
    /// The path without the query.
    pub path: String,
    /// The query without its question mark, undecoded; empty if there is none.
    pub query: String,
    /// The `Authorization` header, if it was sent.
    pub authorization: Option<String>,
    /// The `X-Amz-Target` header, if it was sent: the operation, where AWS speaks JSON.
    pub target: Option<String>,
    /// The `User-Agent` header, if it was sent.
    pub user_agent: Option<String>,
    /// The `X-aws-ec2-metadata-token` header, if it was sent.
    pub metadata_token: Option<String>,
    /// The `X-aws-ec2-metadata-token-ttl-seconds` header, if it was sent.
    pub metadata_token_ttl: Option<String>,
    /// The address of the client, for the agent's row.
    pub client_address: String,
    /// The body, whole.
    pub body: Vec<u8>,
}

/// What the server answers, and how the answer travels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// The `Content-Type` header; empty for none.
    pub content_type: &'static str,
    /// The `Location` header of a redirect.
    pub location: Option<String>,
    /// The body, whole.
    pub body: Vec<u8>,
    /// Whether, and when, the client gets to see it.
    pub delivery: Delivery,
}

/// What becomes of an answer on its way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Delivery {
    /// It arrives.
    #[default]
    Prompt,
    /// It arrives, late.
    Delayed(Duration),
    /// The connection is closed instead.
    Dropped,
    /// Nothing ever comes; the client has to give up by itself.
    BlackHole,
}
