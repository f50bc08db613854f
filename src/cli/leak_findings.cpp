#include "leak_findings.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <set>

#include "render.h"

namespace coffer::cli {
namespace {

using model::Json;

constexpr std::string_view kSame[] = {"path",       "operation", "accessor", "display_name",
                                      "token_type", "uid",       "unit"};

Json texts(const std::vector<std::string>& all) {
  Json list = Json::array();
  for (const std::string& text : all) list.push(Json::string(text));
  return list;
}

const Json* list_in(const Json& object, std::string_view name) {
  const Json* list = object.find(name);
  return list != nullptr && list->is_array() ? list : nullptr;
}

std::int64_t number_in(const Json& object, std::string_view name) {
  const std::string text = text_in(object, name);
  std::int64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

std::optional<Json> post(Session& session, std::string_view doing, const std::string& path,
                         const Json& body) {
  const auto answer = session.ask_first(
      doing, {.method = "POST", .path = path, .query = {}, .body = body.compact()});
  if (!answer) return std::nullopt;
  const Json* data = answer->json.find("data");
  if (data == nullptr) {
    session.nothing_found(path);
    return std::nullopt;
  }
  return *data;
}

/// The daemon goes over its log in steps; an entry may come in several of them.
class Accesses final {
 public:
  explicit Accesses(Session& session) : session_(session) {}

  bool search(Json body) {
    for (;;) {
      const auto step = post(session_, "searching the audit log", "sys/leaks/accesses", body);
      if (!step) return false;
      if (const Json* found = list_in(*step, "accesses")) {
        for (const Json& entry : found->elements()) add(entry);
      }
      truncated_ = truncated_ || text_in(*step, "truncated") == "true";
      lines_ += number_in(*step, "lines");
      if (text_in(*step, "done") == "true") return true;
      body.set("from", Json::string(text_in(*step, "next")));
      body.set("until", Json::string(text_in(*step, "until")));
      session_.console().progress("searching the audit log: " + std::to_string(lines_) + " lines");
    }
  }
  [[nodiscard]] const std::vector<Json>& entries() const noexcept { return entries_; }
  [[nodiscard]] bool truncated() const noexcept { return truncated_; }

 private:
  void add(const Json& entry) {
    for (Json& known : entries_) {
      const bool same = std::all_of(std::begin(kSame), std::end(kSame), [&](std::string_view name) {
        return text_in(known, name) == text_in(entry, name);
      });
      if (!same) continue;
      known.set("count", Json::number(number_in(known, "count") + number_in(entry, "count")));
      known.set("last", Json::string(text_in(entry, "last")));
      known.set("last_request", Json::string(text_in(entry, "last_request")));
      return;
    }
    entries_.push_back(entry);
  }

  Session& session_;
  std::vector<Json> entries_;
  std::int64_t lines_ = 0;
  bool truncated_ = false;
};

/// Whoever read a value has it, and so has whoever wrote it.
bool gives_value(const Json& access) {
  const std::string operation = text_in(access, "operation");
  return operation == "read" || operation == "create" || operation == "update" ||
         operation == "patch";
}

Json list_of(const std::vector<Json>& all) {
  Json list = Json::array();
  for (const Json& one : all) list.push(one);
  return list;
}

class Finding final {
 public:
  Finding(Session& session, const LeakSubject& subject) : session_(session), subject_(subject) {
    found_.set("subject", subject.to_json());
  }

  std::optional<Json> run() {
    if (!(subject_.path.empty() ? by_caller() : by_path())) return std::nullopt;
    if (!add_holders() || !add_peers()) return std::nullopt;
    found_.set("truncated", Json::boolean(truncated_));
    return std::move(found_);
  }

 private:
  bool by_path() {
    Json body = Json::object();
    body.set("path", Json::string(subject_.path));
    auto readers =
        post(session_, "asking who could read " + subject_.path, "sys/leaks/readers", body);
    if (!readers) return false;
    found_.set("could_read", *std::move(readers));
    Accesses accesses(session_);
    if (!accesses.search(body)) return false;
    std::vector<Json> had;
    for (const Json& access : accesses.entries()) {
      if (!gives_value(access)) continue;
      note(access);
      had.push_back(access);
    }
    found_.set("accesses", list_of(had));
    truncated_ = accesses.truncated();
    return add_others();
  }

  /// What else those who had it got: whoever is an attacker has that too.
  bool add_others() {
    Accesses others(session_);
    const std::vector<std::string> all(accessors_.begin(), accessors_.end());
    constexpr std::size_t kAtOnce = 1000;
    for (std::size_t i = 0; i < all.size(); i += kAtOnce) {
      Json body = Json::object();
      const auto begin = all.begin() + static_cast<std::ptrdiff_t>(i);
      const auto count = std::min(kAtOnce, all.size() - i);
      body.set("accessors", texts({begin, begin + static_cast<std::ptrdiff_t>(count)}));
      if (!others.search(std::move(body))) return false;
    }
    std::vector<Json> rest;
    for (const Json& access : others.entries()) {
      if (gives_value(access) && text_in(access, "path") != subject_.path) rest.push_back(access);
    }
    found_.set("also_accessed", list_of(rest));
    truncated_ = truncated_ || others.truncated();
    return true;
  }

  bool by_caller() {
    Json body = Json::object();
    if (!subject_.accessor.empty()) {
      body.set("accessors", texts({subject_.accessor}));
      tokens_.insert(subject_.accessor);
    }
    if (!subject_.unit.empty()) body.set("unit", Json::string(subject_.unit));
    if (subject_.uid) body.set("uid", Json::number(*subject_.uid));
    Accesses accesses(session_);
    if (!accesses.search(std::move(body))) return false;
    for (const Json& access : accesses.entries()) note(access);
    found_.set("accesses", list_of(accesses.entries()));
    truncated_ = accesses.truncated();
    return true;
  }

  void note(const Json& access) {
    const std::string accessor = text_in(access, "accessor");
    if (accessor.empty()) return;
    accessors_.insert(accessor);
    if (text_in(access, "token_type") != "unix") {
      tokens_.insert(accessor);
    } else {
      peers_.emplace(accessor, text_in(access, "display_name"));
    }
  }

  /// Peers of the socket have no token that could end; their leases can.
  bool add_peers() {
    Json peers = Json::array();
    for (const auto& [accessor, name] : peers_) {
      Json body = Json::object();
      body.set("accessor", Json::string(accessor));
      const auto answer = session_.ask_first(
          "looking up the leases of a peer",
          {.method = "POST", .path = "sys/leases/owned", .query = {}, .body = body.compact()},
          {403});
      if (!answer) return false;
      Json peer = std::move(body);
      peer.set("display_name", Json::string(name));
      const Json* data = answer->json.find("data");
      for (const std::string_view part : {"lease_count", "lease_ids"}) {
        const Json* value = data == nullptr ? nullptr : data->find(part);
        if (value != nullptr) peer.set(part, *value);
      }
      peers.push(std::move(peer));
    }
    found_.set("peers", std::move(peers));
    return true;
  }

  /// Their tokens that are alive, and what they may still do.
  bool add_holders() {
    Json holders = Json::array();
    for (const std::string& accessor : tokens_) {
      Json body = Json::object();
      body.set("accessor", Json::string(accessor));
      const auto answer = session_.ask_first("looking up a token",
                                             {.method = "POST",
                                              .path = "auth/token/lookup-accessor",
                                              .query = {},
                                              .body = body.compact()},
                                             {400, 403, 404});
      if (!answer) return false;
      Json holder = Json::object();
      holder.set("accessor", Json::string(accessor));
      const Json* data = answer->json.find("data");
      const bool alive = answer->status == 200 && data != nullptr;
      holder.set("alive", Json::boolean(alive));
      for (const std::string_view name : {"display_name", "policies", "ttl", "expire_time"}) {
        const Json* part = alive ? data->find(name) : nullptr;
        if (part != nullptr) holder.set(name, *part);
      }
      holders.push(std::move(holder));
    }
    found_.set("holders", std::move(holders));
    return true;
  }

  Session& session_;
  const LeakSubject& subject_;
  Json found_ = Json::object();
  std::set<std::string> accessors_;
  std::set<std::string> tokens_;
  std::map<std::string, std::string> peers_;  ///< by accessor, their names
  bool truncated_ = false;
};

std::string joined(const Json* list) {
  std::string all;
  if (list == nullptr) return all;
  for (const Json& one : list->elements()) all += (all.empty() ? "" : ", ") + cell(one);
  return all;
}

void print_accesses(Console& console, const Json* list, std::string_view title) {
  console.line("\n" + std::string(title));
  if (list == nullptr || list->elements().empty()) return console.line("nothing is in the log");
  std::vector<std::vector<std::string>> lines;
  for (const Json& one : list->elements()) {
    const std::string unit = text_in(one, "unit");
    lines.push_back({text_in(one, "path"), text_in(one, "operation"), text_in(one, "count"),
                     text_in(one, "first"), text_in(one, "last"), text_in(one, "display_name"),
                     text_in(one, "accessor"), text_in(one, "uid"), unit});
  }
  console.line(render_columns(
      {"Path", "Operation", "Count", "First", "Last", "Who", "Accessor", "Uid", "Unit"}, lines));
}

void print_readers(Console& console, const Json& readers) {
  console.line("\nWho could read " + text_in(readers, "path"));
  std::vector<std::vector<std::string>> lines;
  for (const auto& [kind, list] :
       {std::pair{"token", "tokens"}, std::pair{"unix role", "unix_roles"}}) {
    const Json* all = list_in(readers, list);
    if (all == nullptr) continue;
    for (const Json& one : all->elements()) {
      const bool token = one.find("accessor") != nullptr;
      lines.push_back({kind, text_in(one, token ? "display_name" : "name"),
                       text_in(one, "accessor"), joined(one.find("policies"))});
    }
  }
  if (lines.empty()) return console.line("nobody now");
  console.line(render_columns({"Kind", "Name", "Accessor", "Policies"}, lines));
}

void print_peers(Console& console, const Json& findings) {
  const Json* peers = list_in(findings, "peers");
  if (peers == nullptr || peers->elements().empty()) return;
  console.line("\nPeers of the socket among them");
  std::vector<std::vector<std::string>> lines;
  for (const Json& one : peers->elements()) {
    const bool told = one.find("lease_count") != nullptr;
    lines.push_back({text_in(one, "accessor"), text_in(one, "display_name"),
                     told ? text_in(one, "lease_count") : "not told"});
  }
  console.line(render_columns({"Accessor", "Name", "Leases"}, lines));
}

}  // namespace

std::string text_in(const Json& object, std::string_view name) {
  const Json* value = object.find(name);
  return value == nullptr || value->is_null() ? std::string() : cell(*value);
}

Json LeakSubject::to_json() const {
  Json json = Json::object();
  if (!path.empty()) json.set("path", Json::string(path));
  if (!accessor.empty()) json.set("token_accessor", Json::string(accessor));
  if (!unit.empty()) json.set("unit", Json::string(unit));
  if (uid) json.set("uid", Json::number(*uid));
  return json;
}

std::optional<Json> find_out(Session& session, const LeakSubject& subject) {
  return Finding(session, subject).run();
}

void print_findings(Session& session, const Json& findings) {
  Console& console = session.console();
  if (const Json* readers = findings.find("could_read")) print_readers(console, *readers);
  print_accesses(console, findings.find("accesses"), "Who did, by the audit log");
  if (const Json* others = findings.find("also_accessed")) {
    print_accesses(console, others, "What else they had");
  }
  console.line("\nTheir tokens");
  std::vector<std::vector<std::string>> lines;
  if (const Json* holders = list_in(findings, "holders")) {
    for (const Json& one : holders->elements()) {
      lines.push_back({text_in(one, "accessor"), text_in(one, "alive") == "true" ? "alive" : "gone",
                       text_in(one, "display_name"), joined(one.find("policies"))});
    }
  }
  console.line(lines.empty() ? "none"
                             : render_columns({"Accessor", "State", "Name", "Policies"}, lines));
  print_peers(console, findings);
  if (text_in(findings, "truncated") == "true") {
    session.console().warning("there is more in the audit log than is shown here");
  }
}

}  // namespace coffer::cli
