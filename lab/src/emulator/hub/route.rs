//! From a request to the function that answers it, with the faults before and after.

use super::Hub;
use super::answer;
use super::content;
use super::faults::{Before, Endpoint, Fault, Inside, Travel};
use super::leave::Departures;
use super::log_server::LogServer;
use super::queue::Due;
use super::register::Registrar;
use super::row::RowId;
use super::strikes::Occasion;
use super::sync::Syncing;
use super::token::TokenHash;
use crate::emulator::edge::EdgeFault;
use crate::emulator::message::{Delivery, Request, Response};
use dayfly::hub::wire::queue::Metrics;
use dayfly::hub::wire::{AGENT_API, LOG_API, PUBLIC_API};
use dayfly::model::id::{AgentType, JobId};
use dayfly::model::time::Timestamp;

/// What a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Route<'request> {
    Register,
    Sync,
    Payload(&'request str),
    QueuedJobs,
    Metrics,
    Occupancy,
    Refresh,
    Disconnect,
    LogPush(&'request str),
    LogRead(&'request str),
    /// What follows after the public API's base.
    Public(&'request str),
    Health,
    /// The same path without the slash at its end.
    Slash(&'request str),
    WrongMethod,
    Unknown,
}

impl Route<'_> {
    fn endpoint(self) -> Endpoint {
        match self {
            Self::Register => Endpoint::Register,
            Self::Sync => Endpoint::Sync,
            Self::Payload(_) => Endpoint::Payload,
            Self::QueuedJobs => Endpoint::QueuedJobs,
            Self::Metrics | Self::Occupancy => Endpoint::Metrics,
            Self::Refresh => Endpoint::Refresh,
            Self::Disconnect => Endpoint::Disconnect,
            Self::LogPush(_) => Endpoint::LogPush,
            Self::LogRead(_) => Endpoint::LogRead,
            Self::Public("agents") => Endpoint::AgentList,
            Self::Public(_) => Endpoint::Public,
            Self::Health | Self::Slash(_) | Self::WrongMethod | Self::Unknown => Endpoint::Unknown,
        }
    }
}

impl Hub {
    /// Answers a request at a moment up to which everything due has been done, unless the edge
    /// answers in the hub's place.
    pub(super) fn answer_at_edge(&mut self, request: &Request, now: Timestamp) -> Response {
        let route = route(&request.method, &request.path);
        let client = &request.client_address;
        let edge = self.edge.as_ref();
        let draws = &mut self.organization.draws;
        match edge.and_then(|edge| edge.fault(route.endpoint(), draws, now)) {
            None => self.answer(request, route, now),
            Some(EdgeFault::Unseen(foreign)) => foreign.response(client, None),
            Some(EdgeFault::AnswerLost(foreign)) => {
                let own = self.answer(request, route, now);
                foreign.response(client, Some(&own))
            }
        }
    }

    fn answer(&mut self, request: &Request, route: Route<'_>, now: Timestamp) -> Response {
        if self.faults.0.is_empty() {
            return self.dispatch(request, route, now);
        }
        let mut occasion = Occasion {
            endpoint: route.endpoint(),
            reported: None,
            answered: None,
        };
        if route == Route::Sync {
            occasion.reported = super::sync::reported_state(&request.body);
        }
        if let Some(before) = self.faults.before(occasion, now) {
            return instead(before, request);
        }
        self.struck = self.faults.inside(occasion, now);
        let mut response = self.dispatch(request, route, now);
        self.struck.clear();
        if route == Route::Sync {
            occasion.answered = super::sync::answered_action(&response.body);
        }
        for fault in self.faults.after(occasion, now) {
            self.spoil(&mut response, &fault, request);
        }
        response
    }

    fn dispatch(&mut self, request: &Request, route: Route<'_>, now: Timestamp) -> Response {
        match route {
            Route::Register => self.of_type(request, |hub, name| {
                hub.registrar(now).register(name, request)
            }),
            Route::Sync => self.syncing(now).answer(request),
            Route::Payload(job) => self.of_row(request, |hub, row| {
                let means = (&hub.organization, hub.struck.as_slice());
                let jobs = &mut hub.work.jobs;
                jobs.serve_payload(hub.rows.get(row), job, means, now)
            }),
            Route::QueuedJobs => self.of_type(request, |hub, name| {
                let jobs = &hub.work.jobs;
                jobs.queued(&name, &hub.organization, &hub.struck)
            }),
            Route::Metrics => self.of_type(request, |hub, name| {
                let jobs = hub.work.jobs.metrics(&name, &hub.struck);
                let agents = hub.rows.agent_metrics(&name);
                answer::json(200, &Metrics { jobs, agents })
            }),
            Route::Occupancy => self.of_type(request, |hub, name| {
                answer::json(200, &hub.work.jobs.metrics(&name, &hub.struck))
            }),
            Route::Refresh => self.of_row(request, |hub, row| {
                hub.organization.refresh(hub.rows.get(row), now)
            }),
            Route::Disconnect => {
                self.of_row(request, |hub, row| hub.departures(now).disconnect(row))
            }
            Route::LogPush(job) => self.log_server(now).push(&JobId::new(job), request),
            Route::LogRead(job) => self.log_server(now).read(&JobId::new(job), request),
            Route::Public(rest) => self.public(rest, request, now),
            Route::Health => answer::text(200, ""),
            Route::Slash(path) => answer::redirect(301, path.to_owned()),
            Route::WrongMethod => answer::status(405),
            Route::Unknown => answer::status(404),
        }
    }

    /// Does all that is due up to `now`, each at its own moment, and gives the time that counts.
    pub(super) fn advance(&mut self, now: Timestamp) -> Timestamp {
        let now = now.max(self.now);
        while let Some(at) = self.next_deadline().filter(|at| *at <= now) {
            self.now = self.now.max(at);
            self.do_next(at);
        }
        self.now = now;
        now
    }

    fn do_next(&mut self, at: Timestamp) {
        let Some((number, due)) = self.work.queue.take_due(at) else {
            self.departures(at).clean_round();
            return;
        };
        let settings = &self.organization.settings;
        match due {
            Due::Built => self.work.build_payload(number, &self.organization, at),
            Due::Ready => {
                if !self.faults.scheduling(at).contains(&Inside::NeverReady) {
                    self.work.make_ready(number, settings, at);
                }
            }
            Due::WaitedTooLong | Due::Stop => {
                self.work.stop_now(number, &mut self.rows, settings, at);
            }
        }
    }

    fn registrar(&mut self, now: Timestamp) -> Registrar<'_> {
        Registrar {
            organization: &mut self.organization,
            types: &self.types,
            rows: &mut self.rows,
            work: &mut self.work,
            now,
        }
    }

    fn syncing(&mut self, now: Timestamp) -> Syncing<'_> {
        Syncing {
            organization: &mut self.organization,
            rows: &mut self.rows,
            work: &mut self.work,
            noticed: &mut self.noticed,
            now,
        }
    }

    pub(super) fn departures(&mut self, now: Timestamp) -> Departures<'_> {
        Departures {
            settings: &self.organization.settings,
            types: &self.types,
            rows: &mut self.rows,
            work: &mut self.work,
            now,
        }
    }

    fn log_server(&mut self, now: Timestamp) -> LogServer<'_> {
        LogServer {
            organization: &self.organization,
            work: &mut self.work,
            struck: &self.struck,
            noticed: &mut self.noticed,
            now,
        }
    }

    /// What a registration token may do.
    fn of_type(
        &mut self,
        request: &Request,
        then: impl FnOnce(&mut Self, AgentType) -> Response,
    ) -> Response {
        let Some(token) = agent_token(request) else {
            return answer::status(401);
        };
        match self.types.by_token(&token).cloned() {
            Some(name) => then(self, name),
            None => answer::status(404),
        }
    }

    /// What an access token may do.
    fn of_row(
        &mut self,
        request: &Request,
        then: impl FnOnce(&mut Self, RowId) -> Response,
    ) -> Response {
        let Some(token) = agent_token(request) else {
            return answer::status(401);
        };
        match self.rows.by_token(&token) {
            Some(row) => then(self, row),
            None => answer::status(404),
        }
    }

    /// Lets a fault of the answer strike.
    fn spoil(&self, response: &mut Response, fault: &Fault, request: &Request) {
        match fault {
            Fault::Before(_) | Fault::Inside(_) => {}
            Fault::Travel(Travel::Dropped) => response.delivery = Delivery::Dropped,
            Fault::Travel(Travel::Lost) => response.delivery = Delivery::BlackHole,
            Fault::Travel(Travel::Delayed(span)) => response.delivery = Delivery::Delayed(*span),
            Fault::Travel(Travel::CommittedThen { status }) => {
                *response = answer::status(*status);
            }
            Fault::Travel(Travel::ReplacedBy(foreign)) => {
                *response = foreign.response(&request.client_address, Some(response));
            }
            Fault::Travel(Travel::WithStatus(status)) => response.status = *status,
            Fault::Content(said) => {
                let own_job = self.assigned_job_of(request);
                content::rewrite(&mut response.body, said, own_job);
            }
        }
    }

    fn assigned_job_of(&self, request: &Request) -> Option<JobId> {
        let row = self.rows.by_token(&agent_token(request)?)?;
        self.rows.get(row)?.assigned_job.clone()
    }
}

/// The answer in the place of the one that the request would have got.
fn instead(fault: Before, request: &Request) -> Response {
    match fault {
        Before::Answer { status, body: "" } => answer::status(status),
        Before::Answer { status, body } => answer::refusal(status, body),
        Before::Foreign(foreign) => foreign.response(&request.client_address, None),
        Before::Reset => answer::dropped(),
        Before::BlackHole => Response {
            delivery: Delivery::BlackHole,
            ..answer::dropped()
        },
    }
}

/// The token of a hub call. The hub splits at `Token ` and wants exactly two parts.
pub(super) fn agent_token(request: &Request) -> Option<TokenHash> {
    let header = request.authorization.as_deref()?;
    let (_, token) = header.split_once("Token ")?;
    let is_whole = !token.is_empty() && !token.contains("Token ");
    is_whole.then(|| TokenHash::of(token))
}

fn route<'request>(method: &str, path: &'request str) -> Route<'request> {
    if path == "/" {
        return by_method(method, "GET", Route::Health);
    }
    if let Some(shorter) = path.strip_suffix('/') {
        return Route::Slash(shorter);
    }
    if let Some(rest) = path.strip_prefix(AGENT_API) {
        return agent_route(method, rest);
    }
    if let Some(rest) = path.strip_prefix(LOG_API) {
        return log_route(method, rest);
    }
    match path
        .strip_prefix(PUBLIC_API)
        .and_then(|rest| rest.strip_prefix('/'))
    {
        Some(rest) => Route::Public(rest),
        None => Route::Unknown,
    }
}

fn agent_route<'request>(method: &str, rest: &'request str) -> Route<'request> {
    match rest {
        "/register" => by_method(method, "POST", Route::Register),
        "/sync" => by_method(method, "POST", Route::Sync),
        "/refresh" => by_method(method, "POST", Route::Refresh),
        "/disconnect" => by_method(method, "POST", Route::Disconnect),
        "/jobs" => by_method(method, "GET", Route::QueuedJobs),
        "/metrics" => by_method(method, "GET", Route::Metrics),
        "/occupancy" => by_method(method, "GET", Route::Occupancy),
        other => match one_segment(other, "/jobs/") {
            Some(job) => by_method(method, "GET", Route::Payload(job)),
            None => Route::Unknown,
        },
    }
}

fn log_route<'request>(method: &str, rest: &'request str) -> Route<'request> {
    match (one_segment(rest, "/"), method) {
        (Some(job), "POST") => Route::LogPush(job),
        (Some(job), "GET") => Route::LogRead(job),
        (Some(_), _) => Route::WrongMethod,
        (None, _) => Route::Unknown,
    }
}

fn one_segment<'path>(path: &'path str, prefix: &str) -> Option<&'path str> {
    let segment = path.strip_prefix(prefix)?;
    (!segment.is_empty() && !segment.contains('/')).then_some(segment)
}

fn by_method<'request>(method: &str, wanted: &str, route: Route<'request>) -> Route<'request> {
    if method == wanted {
        route
    } else {
        Route::WrongMethod
    }
}
