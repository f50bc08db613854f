#include "leak_findings.h"

#include <algorithm>
#include <charconv>
#include <functional>
#include <map>
#include <set>

#include "leak_holders.h"
#include "leak_known.h"
#include "leak_links.h"
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

using Made = std::map<std::string, std::string>;  ///< accessors of tokens, and of who made each
using Wanted = std::function<bool(const Json& access)>;

/// The daemon goes over its log in steps; an entry may come in several of them.
class Accesses final {
 public:
  explicit Accesses(Session& session) : session_(session) {}

  bool search_all(const std::vector<std::string>& accessors, const Wanted& wanted) {
    constexpr std::size_t kAtOnce = 1000;
    for (std::size_t i = 0; i < accessors.size(); i += kAtOnce) {
      const auto begin = accessors.begin() + static_cast<std::ptrdiff_t>(i);
      const auto count = std::min(kAtOnce, accessors.size() - i);
      Json body = Json::object();
      body.set("accessors", texts({begin, begin + static_cast<std::ptrdiff_t>(count)}));
      if (!search(std::move(body), wanted)) return false;
    }
    return true;
  }

  bool search(Json body, const Wanted& wanted = {}) {
    for (;;) {
      const auto step = post(session_, "searching the audit log", "sys/leaks/accesses", body);
      if (!step) return false;
      if (const Json* found = list_in(*step, "accesses")) {
        for (const Json& entry : found->elements()) {
          if (!wanted || wanted(entry)) add(entry);
        }
      }
      if (const Json* made = list_in(*step, "made")) {
        for (const Json& one : made->elements()) {
          made_.emplace(text_in(one, "accessor"), text_in(one, "made_by"));
        }
      }
      lines_ += number_in(*step, "lines");
      if (text_in(*step, "done") == "true") return true;
      body.set("from", Json::string(text_in(*step, "next")));
      body.set("until", Json::string(text_in(*step, "until")));
      session_.console().progress("searching the audit log: " + std::to_string(lines_) + " lines");
    }
  }
  [[nodiscard]] const std::vector<Json>& entries() const noexcept { return entries_; }
  /// The tokens that were made in what was searched.
  [[nodiscard]] const Made& made() const noexcept { return made_; }

 private:
  void add(const Json& entry) {
    std::vector<std::string> key;
    for (const std::string_view name : kSame) key.push_back(text_in(entry, name));
    const auto [place, is_new] = places_.emplace(std::move(key), entries_.size());
    if (is_new) {
      entries_.push_back(entry);
      return;
    }
    Json& known = entries_[place->second];
    known.set("count", Json::number(number_in(known, "count") + number_in(entry, "count")));
    known.set("last", Json::string(text_in(entry, "last")));
    known.set("last_request", Json::string(text_in(entry, "last_request")));
  }

  Session& session_;
  std::vector<Json> entries_;
  std::map<std::vector<std::string>, std::size_t> places_;  ///< by what is the same of each
  Made made_;
  std::int64_t lines_ = 0;
};

/// Whoever read a value has it, and so has whoever wrote it.
bool gives_value(const Json& access) {
  const std::string operation = text_in(access, "operation");
  return operation == "read" || operation == "create" || operation == "update" ||
         operation == "patch";
}

class Finding final {
 public:
  Finding(Session& session, const LeakSubject& subject) : session_(session), subject_(subject) {
    found_.set("subject", subject.to_json());
  }

  std::optional<Json> run() {
    const auto asking = asking_accessor(session_);
    if (!asking) return std::nullopt;
    asking_ = *asking;
    if (!(subject_.path.empty() ? by_caller() : by_path())) return std::nullopt;
    if (!add_holders() || !add_peers()) return std::nullopt;
    if (subject_.path.empty() && !is_known(session_, subject_, found_)) return std::nullopt;
    return std::move(found_);
  }

 private:
  bool by_path() {
    const auto other = other_path(session_, subject_.path);
    if (!other) return false;
    Accesses accesses(session_);
    if (!at_path(subject_.path, "could_read", accesses)) return false;
    if (!other->empty() && !at_path(*other, "could_read_there", accesses)) return false;
    std::vector<Json> had;
    for (const Json& access : accesses.entries()) {
      if (!gives_value(access) || was_anothers(access)) continue;
      note(access);
      had.push_back(access);
    }
    found_.set("accesses", list_of(had));
    return add_others();
  }

  /// Of the mount that was at this path before: what it had is elsewhere today.
  [[nodiscard]] bool was_anothers(const Json& access) const {
    const std::string today = text_in(access, "path_today");
    return !today.empty() && !paths_.contains(today);
  }

  /// Who could read it there, and who did.
  bool at_path(const std::string& path, std::string_view name, Accesses& accesses) {
    paths_.insert(path);
    Json body = Json::object();
    body.set("path", Json::string(path));
    auto readers = post(session_, "asking who could read " + path, "sys/leaks/readers", body);
    if (!readers) return false;
    found_.set(name, *std::move(readers));
    return accesses.search(std::move(body));
  }

  /// What else those who had it got: whoever is an attacker has that too.
  bool add_others() {
    Accesses others(session_);
    const std::vector<std::string> all(accessors_.begin(), accessors_.end());
    if (!others.search_all(all, {}) || !follow_made(others)) return false;
    std::vector<Json> rest;
    for (const Json& access : others.entries()) {
      if (gives_value(access) && !paths_.contains(path_today(access))) rest.push_back(access);
    }
    found_.set("also_accessed", list_of(rest));
    return true;
  }

  bool by_caller() {
    Json body = Json::object();
    if (!subject_.accessor.empty()) {
      body.set("accessors", texts({subject_.accessor}));
      accessors_.insert(subject_.accessor);
      tokens_.insert(subject_.accessor);
    }
    if (!subject_.unit.empty()) body.set("unit", Json::string(subject_.unit));
    if (subject_.uid) body.set("uid", Json::number(*subject_.uid));
    Accesses accesses(session_);
    if (!accesses.search(std::move(body)) || !follow_made(accesses)) return false;
    for (const Json& access : accesses.entries()) note(access);
    for (const auto& [accessor, maker] : made_by_) tokens_.insert(accessor);
    // A peer's may have been given as well.
    for (const auto& [accessor, name] : peers_) tokens_.erase(accessor);
    found_.set("accesses", list_of(accesses.entries()));
    return true;
  }

  /// What was done with the tokens that were made with these, and so on: they are in the same
  /// hands. Nobody's who asks: he made those of half the house.
  bool follow_made(Accesses& accesses) {
    for (;;) {
      std::vector<std::string> fresh;
      for (const auto& [accessor, maker] : accesses.made()) {
        if (made_by_.contains(accessor) || !hands_on(maker)) continue;
        made_by_.emplace(accessor, maker);
        if (!accessors_.contains(accessor) && accessor != asking_) fresh.push_back(accessor);
      }
      if (fresh.empty()) return true;
      const auto is_new = [this](const Json& access) { return !is_subjects(access); };
      if (!accesses.search_all(fresh, is_new)) return false;
    }
  }

  /// Of a path, who wrote it alone has it from somewhere else.
  [[nodiscard]] bool hands_on(const std::string& maker) const {
    if (maker == asking_) return maker == subject_.accessor;
    return subject_.path.empty() || readers_.contains(maker) || made_by_.contains(maker);
  }

  /// Whether the first search, by unit or user, had it already.
  [[nodiscard]] bool is_subjects(const Json& access) const {
    return (subject_.uid && number_in(access, "uid") == *subject_.uid) ||
           (!subject_.unit.empty() && text_in(access, "unit") == subject_.unit);
  }

  /// Each with whose token made its token, if that is known.
  [[nodiscard]] Json list_of(const std::vector<Json>& all) const {
    Json list = Json::array();
    for (Json one : all) {
      set_maker(one, text_in(one, "accessor"));
      list.push(std::move(one));
    }
    return list;
  }
  void set_maker(Json& one, const std::string& accessor) const {
    const auto maker = made_by_.find(accessor);
    if (maker != made_by_.end()) one.set("made_by", Json::string(maker->second));
  }

  void note(const Json& access) {
    const std::string accessor = text_in(access, "accessor");
    if (accessor.empty()) return;
    accessors_.insert(accessor);
    if (text_in(access, "operation") == "read") readers_.insert(accessor);
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
      Json peer = about(accessor);
      peer.set("display_name", Json::string(name));
      if (!add_leases(session_, peer)) return false;
      peers.push(std::move(peer));
    }
    found_.set("peers", std::move(peers));
    return true;
  }

  /// Their tokens that are alive, and what they may still do; and what those left that are gone.
  bool add_holders() {
    Json holders = Json::array();
    LeakHolders known(session_);
    std::set<std::string> alive;
    for (const std::string& accessor : tokens_) {
      auto holder = known.look_up(accessor);
      if (!holder) return false;
      if (text_in(*holder, "alive") == "true") alive.insert(accessor);
      set_maker(*holder, accessor);
      holders.push(*std::move(holder));
    }
    // With a token that is alive those end that it made. One that a restore made void takes
    // nothing along any more.
    for (const auto& [accessor, maker] : made_by_) {
      if (tokens_.contains(accessor) || alive.contains(maker)) continue;
      auto holder = known.look_up(accessor);
      if (!holder) return false;
      if (text_in(*holder, "alive") == "true" || text_in(*holder, "lease_count") == "0") continue;
      set_maker(*holder, accessor);
      holders.push(*std::move(holder));
    }
    found_.set("holders", std::move(holders));
    return true;
  }

  Session& session_;
  const LeakSubject& subject_;
  Json found_ = Json::object();
  std::string asking_;
  std::set<std::string> paths_;      ///< of the subject, if it is one: all that have the value
  std::set<std::string> accessors_;  ///< all that were searched for, or found by path
  std::set<std::string> readers_;    ///< of those, who read
  std::set<std::string> tokens_;
  Made made_by_;
  std::map<std::string, std::string> peers_;  ///< by accessor, their names
};

}  // namespace

std::string text_in(const Json& object, std::string_view name) {
  const Json* value = object.find(name);
  return value == nullptr || value->is_null() ? std::string() : cell(*value);
}

std::string path_today(const Json& access) {
  const std::string today = text_in(access, "path_today");
  return today.empty() ? text_in(access, "path") : today;
}

Json LeakSubject::to_json() const {
  Json json = Json::object();
  if (!path.empty()) json.set("path", Json::string(path));
  if (!accessor.empty()) json.set("token_accessor", Json::string(accessor));
  if (!unit.empty()) json.set("unit", Json::string(unit));
  if (uid) json.set("uid", Json::number(*uid));
  return json;
}

bool tells_who_is_alive(const Json& findings) {
  const Json* holders = list_in(findings, "holders");
  return holders == nullptr ||
         std::all_of(holders->elements().begin(), holders->elements().end(),
                     [](const Json& holder) { return holder.find("alive") != nullptr; });
}

std::optional<std::string> asking_accessor(Session& session) {
  const auto self = session.ask_first("looking up who is asking",
                                      {.path = "auth/token/lookup-self"}, {400, 403, 404});
  if (!self) return std::nullopt;
  const Json* own = self->json.find_path({"data", "accessor"});
  return own == nullptr ? std::string() : std::string(own->text());
}

std::optional<Json> find_out(Session& session, const LeakSubject& subject) {
  return Finding(session, subject).run();
}

}  // namespace coffer::cli
