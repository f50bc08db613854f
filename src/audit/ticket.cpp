#include "coffer/audit/trail.h"
#include "coffer/base/log.h"
#include "line.h"
#include "render.h"
#include "ticket_state.h"

namespace coffer::audit {
namespace {

constexpr std::string_view kHashForm = "hmac-sha256:";
constexpr std::size_t kTypicalFacts = 1024;
constexpr std::size_t kTypicalAuth = 384;

void append_peer(std::string& out, const model::Peer& peer) {
  append_name(out, "peer");
  out.append("{\"uid\":");
  append_number(out, peer.uid);
  out.append(",\"gid\":");
  append_number(out, peer.gid);
  out.append(",\"pid\":");
  out.append(std::to_string(peer.pid));
  append_member(out, "unit", peer.unit);
  out.push_back('}');
}

/// A credential that leaves, as Vault's device writes it: who holds it can be found by its hash.
void append_auth(std::string& out, const model::Auth& auth, const Hasher* hasher) {
  append_name(out, "auth");
  out.push_back('{');
  if (hasher != nullptr) {
    append_name(out, "client_token");
    out.push_back('"');
    hasher->append(out, auth.client_token);
    out.push_back('"');
  }
  append_member(out, "accessor", auth.accessor);
  append_member(out, "display_name", auth.display_name);
  append_member(out, "policies", auth.policies);
  append_member(out, "token_policies", auth.policies);
  append_member(out, "token_type", auth.token_type);
  out.push_back('}');
}

/// What was handed out can be found by its lease, also after that has ended.
void append_lease(std::string& out, std::string_view lease_id) {
  append_name(out, "secret");
  out.push_back('{');
  append_member(out, "lease_id", lease_id);
  out.push_back('}');
}

/// Time, type and request id stand first and in this order: readers of the log rely on it.
void append_head(std::string& out, WallTime time, std::string_view type, const Uuid& request) {
  out.append("{\"time\":\"").append(to_rfc3339(time));
  out.append("\",\"type\":\"").append(type);
  out.append("\",\"request\":{\"id\":\"").append(to_string(request)).append("\"");
}

}  // namespace

/// What both lines say alike: from behind the request's id to before the response.
const std::string& Ticket::State::rendered_facts() {
  if (!facts.empty()) return facts;
  facts.reserve(kTypicalFacts);
  facts.push_back(',');
  facts.append("\"operation\":\"").append(model::to_string(request.operation)).append("\"");
  if (!mount.empty()) facts.append(",").append(mount);
  if (!request_token.empty()) facts.append(",").append(request_token);
  append_member(facts, "path", request.path);
  if (hasher != nullptr && !request.fields.empty()) {
    std::string text = request.fields.text();
    append_data(facts, text, *hasher);
    wipe(text);
  }
  facts.push_back('}');
  if (!auth.empty() || !policy_results.empty()) {
    facts.append(",\"auth\":{").append(auth);
    if (!policy_results.empty()) append_raw_member(facts, "policy_results", policy_results);
    facts.push_back('}');
  }
  append_peer(facts, peer);
  if (!rule.empty()) append_raw_member(facts, "rule", rule);
  if (hasher == nullptr) {
    append_member(facts, "data_omitted", "sealed");
  } else {
    append_name(facts, "hmac_key_version");
    append_number(facts, hasher->key_version());
  }
  return facts;
}

Line Ticket::State::request_line() {
  Line line{Line::Kind::request, request.id, {}};
  const std::string& common = rendered_facts();
  line.body.reserve(common.size() + 512);  // the log adds its members without a new allocation
  append_head(line.body, request.time, "request", request.id);
  line.body.append(common);
  return line;
}

Line Ticket::State::response_line(std::size_t extra) {
  Line line{Line::Kind::response, request.id, {}};
  const std::string& common = rendered_facts();
  line.body.reserve(common.size() + extra + 512);
  append_head(line.body, clock.wall(), "response", request.id);
  line.body.append(common);
  return line;
}

Ticket::Ticket(std::unique_ptr<State> state) : state_(std::move(state)) {}
Ticket::Ticket(Ticket&&) noexcept = default;

Ticket& Ticket::operator=(Ticket&& other) noexcept {
  const Ticket dropped(std::move(*this));  // its own destructor tells if it was left open
  state_ = std::move(other.state_);
  return *this;
}

/// A ticket that nobody closed is a bug or an exception: the log must still say how it ended.
Ticket::~Ticket() {
  if (state_ == nullptr) return;
  log::error("request " + to_string(state_->request.id) +
             " ended without closing its audit ticket");
  if (!state_->durable) return;  // no outside effect was allowed, and no answer left
  const Line line = interrupted_line(state_->clock.wall(), state_->request.id, 0);
  const auto written = state_->log.append({&line, 1}, true);
  if (!written.ok()) log::error(written.error());
}

void Ticket::identified(const model::Caller& caller) {
  State& state = *state_;
  state.facts.clear();
  state.auth.clear();
  state.request_token.clear();
  state.auth.reserve(kTypicalAuth);
  state.request_token.reserve(kTypicalAuth / 2);
  // Only ever a hash: a token that came here by mistake must not be written.
  const bool hashed = caller.token_hash.starts_with(kHashForm);
  const std::string_view token = hashed ? std::string_view(caller.token_hash) : std::string_view();
  append_member(state.auth, "client_token", token);
  append_member(state.auth, "accessor", caller.accessor);
  append_member(state.auth, "display_name", caller.display_name);
  append_member(state.auth, "policies", caller.policies);
  append_member(state.auth, "token_policies", caller.policies);
  append_member(state.auth, "token_type", caller.token_type);
  append_member(state.request_token, "client_token", token);
  append_member(state.request_token, "client_token_accessor", caller.accessor);
}

void Ticket::decided(const model::Decision& decision) {
  State& state = *state_;
  state.facts.clear();
  state.policy_results = decision.allowed ? "{\"allowed\":true" : "{\"allowed\":false";
  if (decision.allowed && !decision.policy.empty()) {
    append_name(state.policy_results, "granting_policies");
    state.policy_results.append("[{");
    append_member(state.policy_results, "name", decision.policy);
    append_member(state.policy_results, "type", "acl");
    state.policy_results.append("}]");
  }
  state.policy_results.push_back('}');
  state.rule.clear();
  if (decision.rule.empty() && decision.policy.empty()) return;
  state.rule.push_back('{');
  append_member(state.rule, "path", decision.rule);
  append_member(state.rule, "policy", decision.policy);
  state.rule.push_back('}');
}

void Ticket::routed(std::string_view mount_path, std::string_view mount_type) {
  State& state = *state_;
  state.facts.clear();
  state.mount.clear();
  append_member(state.mount, "mount_point", mount_path);
  append_member(state.mount, "mount_type", mount_type);
}

Result<void> Ticket::make_durable() {
  State& state = *state_;
  if (state.durable) return {};
  const Line line = state.request_line();
  COFFER_CHECK(state.log.append({&line, 1}, true));
  state.durable = true;
  return {};
}

Entry Ticket::close(const model::Response& response) && {
  State& state = *state_;
  Entry entry;
  if (!state.durable) entry.request = state.request_line();
  entry.response = state.response_line(4 * response.data.size());
  std::string& body = entry.response.body;
  // What has a type of its own isn't JSON (metrics), and holds nothing of anyone's.
  const bool data =
      state.hasher != nullptr && !response.data.empty() && response.content_type.empty();
  const bool lease = !response.lease_id.empty();
  if (data || response.auth || lease || !response.warnings.empty()) {
    body.append(",\"response\":{");
    if (lease) append_lease(body, response.lease_id);
    if (response.auth) append_auth(body, *response.auth, state.hasher.get());
    if (data) append_data(body, response.data, *state.hasher);
    append_member(body, "warnings", response.warnings);
    body.push_back('}');
  }
  state_.reset();
  return entry;
}

Entry Ticket::close(const Error& error) && {
  State& state = *state_;
  Entry entry;
  if (!state.durable) entry.request = state.request_line();
  entry.response = state.response_line(error.text.size());
  append_member(entry.response.body, "error", error.text);
  state_.reset();
  return entry;
}

}  // namespace coffer::audit
