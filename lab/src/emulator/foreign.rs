//! Answers that are not the hub's: what an ingress, a proxy, an allow list or a captive portal
//! puts in the place of the hub's own answer.
//!
//! Each is one shape that is seen in the field. What is not here: which answer is replaced
//! ([`edge`](super::edge)), and what a client should make of it.

use super::message::{Delivery, Response};

const TEXT: &str = "text/plain; charset=utf-8";
const HTML: &str = "text/html";
const JSON: &str = "application/json";
/// Where redirects lead: another host, on which nothing listens.
const ELSEWHERE: &str = "https://127.0.0.2:9/login";

/// One foreign answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ForeignAnswer {
    /// 404 of an ingress controller's default backend, in plain text.
    NotFoundIngress,
    /// 404 of nginx, in HTML.
    NotFoundNginx,
    /// 404 of Envoy without a route: no body and no content type.
    NotFoundEnvoy,
    /// 404 of Go's own router, in plain text.
    NotFoundGo,
    /// 404 of the organization's allow list: two lines that name the client's address.
    NotFoundAllowList,
    /// 401 of the edge, in plain text.
    UnauthorizedText,
    /// 401 of a proxy, in HTML.
    UnauthorizedHtml,
    /// 403 in HTML.
    ForbiddenHtml,
    /// 502 in HTML.
    BadGatewayHtml,
    /// 502 in plain text.
    BadGatewayText,
    /// 503 in HTML.
    UnavailableHtml,
    /// 503 in plain text.
    UnavailableText,
    /// 504 in HTML.
    GatewayTimeoutHtml,
    /// 504 in plain text.
    GatewayTimeoutText,
    /// 200 with the page of a captive portal.
    CaptivePortal,
    /// 200 without a body.
    EmptyBody,
    /// 200 with `{}`.
    EmptyObject,
    /// 200 with `[]`.
    EmptyList,
    /// 200 with `null`.
    Null,
    /// The first half of the hub's own answer, with its status; the beginning of an object where
    /// the hub has not seen the request.
    Truncated,
    /// 302 to another host.
    RedirectFound,
    /// 307 to another host.
    RedirectTemporary,
}

impl ForeignAnswer {
    /// All of them.
    pub const ALL: [Self; 22] = [
        Self::NotFoundIngress,
        Self::NotFoundNginx,
        Self::NotFoundEnvoy,
        Self::NotFoundGo,
        Self::NotFoundAllowList,
        Self::UnauthorizedText,
        Self::UnauthorizedHtml,
        Self::ForbiddenHtml,
        Self::BadGatewayHtml,
        Self::BadGatewayText,
        Self::UnavailableHtml,
        Self::UnavailableText,
        Self::GatewayTimeoutHtml,
        Self::GatewayTimeoutText,
        Self::CaptivePortal,
        Self::EmptyBody,
        Self::EmptyObject,
        Self::EmptyList,
        Self::Null,
        Self::Truncated,
        Self::RedirectFound,
        Self::RedirectTemporary,
    ];

    /// Its name in options and files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NotFoundIngress => "404-ingress",
            Self::NotFoundNginx => "404-nginx",
            Self::NotFoundEnvoy => "404-envoy",
            Self::NotFoundGo => "404-go",
            Self::NotFoundAllowList => "404-allow-list",
            Self::UnauthorizedText => "401-text",
            Self::UnauthorizedHtml => "401-html",
            Self::ForbiddenHtml => "403-html",
            Self::BadGatewayHtml => "502-html",
            Self::BadGatewayText => "502-text",
            Self::UnavailableHtml => "503-html",
            Self::UnavailableText => "503-text",
            Self::GatewayTimeoutHtml => "504-html",
            Self::GatewayTimeoutText => "504-text",
            Self::CaptivePortal => "captive-portal",
            Self::EmptyBody => "empty-body",
            Self::EmptyObject => "empty-object",
            Self::EmptyList => "empty-list",
            Self::Null => "null",
            Self::Truncated => "truncated",
            Self::RedirectFound => "302",
            Self::RedirectTemporary => "307",
        }
    }

    /// The answers that a word means: a name, a status (`404`), `html`, `json` or `redirect`.
    /// Empty for any other word.
    pub fn meant(word: &str) -> Vec<Self> {
        let is_meant = |foreign: &Self| {
            foreign.name() == word
                || match word {
                    "html" => foreign.content_type() == HTML,
                    "json" => foreign.content_type() == JSON,
                    "redirect" => foreign.location().is_some(),
                    status => foreign.status().to_string() == status,
                }
        };
        Self::ALL.into_iter().filter(is_meant).collect()
    }

    /// The answer itself, to a client at this address. `own` is what the hub has answered, if it
    /// has seen the request.
    pub fn response(self, client_address: &str, own: Option<&Response>) -> Response {
        let status = match (self, own) {
            (Self::Truncated, Some(own)) => own.status,
            _ => self.status(),
        };
        Response {
            status,
            content_type: self.content_type(),
            location: self.location().map(str::to_owned),
            body: self.body(client_address, own),
            delivery: Delivery::Prompt,
        }
    }

    const fn status(self) -> u16 {
        match self {
            Self::NotFoundIngress
            | Self::NotFoundNginx
            | Self::NotFoundEnvoy
            | Self::NotFoundGo
            | Self::NotFoundAllowList => 404,
            Self::UnauthorizedText | Self::UnauthorizedHtml => 401,
            Self::ForbiddenHtml => 403,
            Self::BadGatewayHtml | Self::BadGatewayText => 502,
            Self::UnavailableHtml | Self::UnavailableText => 503,
            Self::GatewayTimeoutHtml | Self::GatewayTimeoutText => 504,
            Self::CaptivePortal
            | Self::EmptyBody
            | Self::EmptyObject
            | Self::EmptyList
            | Self::Null
            | Self::Truncated => 200,
            Self::RedirectFound => 302,
            Self::RedirectTemporary => 307,
        }
    }

    const fn content_type(self) -> &'static str {
        match self {
            Self::NotFoundEnvoy | Self::EmptyBody | Self::RedirectTemporary => "",
            Self::NotFoundIngress
            | Self::NotFoundGo
            | Self::NotFoundAllowList
            | Self::UnauthorizedText
            | Self::BadGatewayText
            | Self::UnavailableText
            | Self::GatewayTimeoutText => TEXT,
            Self::NotFoundNginx
            | Self::UnauthorizedHtml
            | Self::ForbiddenHtml
            | Self::BadGatewayHtml
            | Self::UnavailableHtml
            | Self::GatewayTimeoutHtml
            | Self::CaptivePortal
            | Self::RedirectFound => HTML,
            Self::EmptyObject | Self::EmptyList | Self::Null | Self::Truncated => JSON,
        }
    }

    const fn location(self) -> Option<&'static str> {
        match self {
            Self::RedirectFound | Self::RedirectTemporary => Some(ELSEWHERE),
            _ => None,
        }
    }

    fn body(self, client_address: &str, own: Option<&Response>) -> Vec<u8> {
        let text = match self {
            Self::NotFoundEnvoy | Self::EmptyBody | Self::RedirectTemporary => String::new(),
            Self::NotFoundIngress => "default backend - 404".to_owned(),
            Self::NotFoundGo => "404 page not found\n".to_owned(),
            Self::NotFoundAllowList => format!(
                "Access to this organization is limited to certain addresses.\n\
                 Your address {client_address} is not one of them.\n"
            ),
            Self::UnauthorizedText => "Unauthorized".to_owned(),
            Self::BadGatewayText => "bad gateway".to_owned(),
            Self::UnavailableText => "no healthy upstream".to_owned(),
            Self::GatewayTimeoutText => "upstream request timeout".to_owned(),
            Self::NotFoundNginx => page("404 Not Found"),
            Self::UnauthorizedHtml => page("401 Authorization Required"),
            Self::ForbiddenHtml => page("403 Forbidden"),
            Self::BadGatewayHtml => page("502 Bad Gateway"),
            Self::UnavailableHtml => page("503 Service Temporarily Unavailable"),
            Self::GatewayTimeoutHtml => page("504 Gateway Time-out"),
            Self::RedirectFound => page("302 Found"),
            Self::CaptivePortal => "<!DOCTYPE html>\n<html><head><title>Sign in to the network\
                 </title></head>\n<body><form action=\"/login\"></form></body></html>\n"
                .to_owned(),
            Self::EmptyObject => "{}".to_owned(),
            Self::EmptyList => "[]".to_owned(),
            Self::Null => "null".to_owned(),
            Self::Truncated => {
                return match own {
                    Some(own) => own.body[..own.body.len() / 2].to_vec(),
                    None => b"{\"".to_vec(),
                };
            }
        };
        text.into_bytes()
    }
}

/// The short page of a proxy.
fn page(title: &str) -> String {
    format!(
        "<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1>\
         </center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_mean_their_own_answer() {
        for foreign in ForeignAnswer::ALL {
            assert_eq!(ForeignAnswer::meant(foreign.name()).len(), 1, "{foreign:?}");
        }
    }

    #[test]
    fn group_words_mean_all_answers_of_the_group() {
        let count = |word| ForeignAnswer::meant(word).len();
        assert_eq!(
            ["404", "401", "html", "redirect", "200"].map(count),
            [5, 2, 8, 2, 6]
        );
        assert_eq!(ForeignAnswer::meant("418"), []);
    }

    #[test]
    fn truncated_answer_keeps_status_and_half_the_body() {
        let own = Response {
            status: 201,
            body: b"{\"token\":\"abc\"}".to_vec(),
            ..ForeignAnswer::EmptyObject.response("", None)
        };
        let cut = ForeignAnswer::Truncated.response("", Some(&own));
        assert_eq!((cut.status, cut.body.as_slice()), (201, &b"{\"token"[..]));
        let unseen = ForeignAnswer::Truncated.response("", None);
        assert_eq!((unseen.status, unseen.body.as_slice()), (200, &b"{\""[..]));
    }
}
