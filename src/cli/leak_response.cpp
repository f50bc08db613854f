#include "leak_response.h"

#include <algorithm>

#include "coffer/base/clock.h"
#include "leak_holders.h"
#include "leak_responder.h"
#include "leak_rotation.h"

namespace coffer::cli {
namespace {

using model::Json;

constexpr std::string_view kRefused = "refused: ";
/// What there is room for at the begin: a request has 1 MiB, and outcomes come to it.
constexpr std::size_t kMostReport = std::size_t{640} << 10U;
/// The whole report is written each time. What may be done again without harm is recorded so many
/// at a time: a thousand tokens are revoked in seconds, not minutes.
constexpr std::size_t kAtOnce = 64;

HttpRequest post(const std::string& path, const Json& body) {
  return {.method = "POST", .path = path, .query = {}, .body = body.compact()};
}

std::string outcome_of(const Json& step, const Answer& answer) {
  if (answer.status < 300) return "done";
  if (text_in(step, "act") == "rotate" && text_in(step, "at_once") != "true" &&
      answer.status != 403) {
    return "has no rotator";
  }
  return std::string(kRefused) + std::to_string(answer.status);
}

bool is_refused(const Json& step) { return text_in(step, "outcome").starts_with(kRefused); }

}  // namespace

bool LeakResponse::load() {
  const auto answer = session_.ask_first("reading the response " + name_, {.path = api()});
  if (!answer) return false;
  const Json* data = answer->json.find("data");
  if (answer->missing() || data == nullptr) return true;
  signed_ = text_in(*data, "signed") == "true";
  data_ = *data;
  if (const Json* report = data->find("report")) report_ = *report;
  return true;
}

bool LeakResponse::begin(Json findings, const std::vector<LeakStep>& steps) {
  report_ = std::move(findings);
  std::vector<Json> all;
  all.reserve(steps.size());
  for (const LeakStep& step : steps) all.push_back(step.to_json());
  set_steps(all);
  make_room();
  return save();
}

/// What is left out is in the audit log still.
void LeakResponse::make_room() {
  for (const char* const name : {"also_accessed", "accesses"}) {
    const Json* list = report_.find(name);
    if (list == nullptr || !list->is_array()) continue;
    std::vector<Json> kept = list->elements();
    const std::size_t all = kept.size();
    while (!kept.empty() && report_.compact().size() > kMostReport) {
      kept.resize(kept.size() / 2);
      Json shorter = Json::array();
      for (const Json& one : kept) shorter.push(one);
      report_.set(name, std::move(shorter));
    }
    if (kept.size() == all) continue;
    const auto left_out = static_cast<std::int64_t>(all - kept.size());
    report_.set(std::string(name) + "_left_out", Json::number(left_out));
    session_.console().warning("the report has no room for " + std::to_string(left_out) + " of " +
                               std::to_string(all) + " in " + name + ": the audit log has them");
  }
}

bool LeakResponse::carry_out() {
  const Json* steps = report_.find("steps");
  std::vector<Json> all = steps == nullptr ? std::vector<Json>() : steps->elements();
  std::size_t unrecorded = 0;
  for (Json& step : all) {
    if (text_in(step, "outcome") != "intended" && !is_refused(step)) continue;
    bool over = false;
    const std::string act = text_in(step, "act");
    if (act == "rotate") {
      const auto rotated = LeakRotation(session_, name_, step).done_already();
      if (!rotated || !keep(all)) return false;
      over = *rotated;
    }
    const bool done = over ? settle(step, "done") : carry_out(step);
    const bool again = act == "revoke" || act == "end leases of";
    if (done && again && ++unrecorded < kAtOnce) continue;
    if (!keep(all) || !done) return false;
    unrecorded = 0;
  }
  return unrecorded == 0 || keep(all);
}

std::size_t LeakResponse::refused() const {
  const Json* steps = report_.find("steps");
  if (steps == nullptr) return 0;
  return static_cast<std::size_t>(
      std::count_if(steps->elements().begin(), steps->elements().end(), is_refused));
}

bool LeakResponse::sign() {
  const auto answer =
      session_.ask_first("signing the response " + name_, post(api() + "/sign", Json::object()));
  if (!answer || answer->json.find("data") == nullptr) return false;
  data_ = *answer->json.find("data");
  return true;
}

void LeakResponse::set_steps(const std::vector<Json>& steps) {
  Json changed = Json::array();
  for (const Json& one : steps) changed.push(one);
  report_.set("steps", std::move(changed));
}

bool LeakResponse::keep(const std::vector<Json>& steps) {
  set_steps(steps);
  return save();
}

bool LeakResponse::save() {
  Json body = Json::object();
  body.set("report", report_);
  return session_.ask_first("recording the response " + name_, post(api(), body)).has_value();
}

/// A refusal is an outcome as well; only a daemon that isn't there ends it, to be resumed.
bool LeakResponse::carry_out(Json& step) {
  const std::string act = text_in(step, "act");
  if (act == "revoke") {
    const auto own = is_own(text_in(step, "what"));
    if (!own) return false;
    if (*own) return settle(step, std::string(kRefused) + "the token in use comes from it");
  }
  const bool rotates = act == "rotate";
  if (rotates && !LeakRotation(session_, name_, step).let_the_last_one_end()) return false;
  HttpRequest request{.method = "POST", .path = text_in(step, "request"), .query = {}};
  request.body = text_in(step, "body");
  const auto answer =
      session_.ask_first(act + " " + text_in(step, "what"), request, {400, 403, 404, 405, 412});
  if (!answer) return false;
  // An accessor that is nobody's any more is answered as a denial is, as in Vault.
  const bool gone = act == "revoke" &&
                    (answer->status == 200 ||
                     (answer->status == 403 && may_update(session_, request.path).value_or(false)));
  if (rotates && answer->status < 300 && !LeakRotation(session_, name_, step).await()) {
    return false;
  }
  if (gone) return end_what_it_left(step);
  return settle(step, outcome_of(step, *answer));
}

/// A restore since it was planned made the token void, maybe, and its leases stand.
bool LeakResponse::end_what_it_left(Json& step) {
  const std::string accessor = text_in(step, "what");
  const auto answer =
      session_.ask_first("ending the leases of " + accessor,
                         post("sys/leases/revoke-owned", about(accessor)), {400, 403, 404});
  if (!answer) return false;
  if (answer->status >= 300 && !answer->missing()) {
    session_.console().warning("the token " + accessor +
                               " is gone: whether leases of it stand couldn't be seen to");
    return settle(step, outcome_of(step, *answer));  // a report that says otherwise isn't signed
  }
  return settle(step, "gone already");
}

/// Another may have begun it, who meant the token of who goes on.
std::optional<bool> LeakResponse::is_own(const std::string& accessor) {
  if (line_.empty()) {
    auto line = responding_line(session_);
    if (!line) return std::nullopt;
    line_ = *std::move(line);
  }
  return std::find(line_.begin(), line_.end(), accessor) != line_.end();
}

bool LeakResponse::settle(Json& step, const std::string& outcome) {
  step.set("outcome", Json::string(outcome));
  step.set("time", Json::string(to_rfc3339(system_clock().wall())));
  session_.console().line(text_in(step, "act") + " " + text_in(step, "what") + ": " + outcome);
  return true;
}

}  // namespace coffer::cli
