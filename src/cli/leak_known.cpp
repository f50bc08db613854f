#include "leak_known.h"

#include <algorithm>

namespace coffer::cli {
namespace {

using model::Json;

const std::vector<Json>& elements_of(const Json* list) {
  static const std::vector<Json> none;
  return list != nullptr && list->is_array() ? list->elements() : none;
}

bool found_anything(const Json& findings) {
  if (!elements_of(findings.find("accesses")).empty()) return true;
  const auto& holders = elements_of(findings.find("holders"));
  return std::any_of(holders.begin(), holders.end(), [](const Json& holder) {
    const std::string leases = text_in(holder, "lease_count");
    return text_in(holder, "alive") == "true" || !text_in(holder, "made_by").empty() ||
           (!leases.empty() && leases != "0");
  });
}

bool names(const Json& role, const LeakSubject& subject) {
  const auto has = [&role](std::string_view list, const std::string& wanted) {
    const auto& all = elements_of(role.find(list));
    return std::any_of(all.begin(), all.end(),
                       [&wanted](const Json& one) { return one.text() == wanted; });
  };
  return subject.uid ? has("bound_uids", std::to_string(*subject.uid))
                     : has("bound_units", subject.unit);
}

/// Those that the caller may see. nullopt: the command is over.
std::optional<Json> roles_that_name(Session& session, const LeakSubject& subject) {
  const std::string path = "auth/unix/role";
  Json found = Json::array();
  const auto list = session.ask_first("listing roles", {.method = "LIST", .path = path}, {403});
  if (!list) return std::nullopt;
  for (const Json& name : elements_of(list->json.find_path({"data", "keys"}))) {
    const auto role =
        session.ask_first("reading a role", {.path = path + "/" + std::string(name.text())}, {403});
    if (!role) return std::nullopt;
    const Json* data = role->json.find("data");
    if (data != nullptr && names(*data, subject)) found.push(name);
  }
  return found;
}

}  // namespace

bool is_known(Session& session, const LeakSubject& subject, Json& findings) {
  if (found_anything(findings)) return true;
  if (!subject.accessor.empty()) {
    session.fail(kRemote,
                 "Nothing knows the -token-accessor: no token that is alive, no request in the "
                 "audit log and no lease; is it mistyped? Nothing was done");
    return false;
  }
  auto roles = roles_that_name(session, subject);
  if (!roles) return false;
  if (roles->elements().empty()) {
    session.fail(kRemote, "Nothing knows the " + std::string(subject.uid ? "-uid" : "-unit") +
                              ": no request in the audit log and no role of auth/unix that you "
                              "may read; is it mistyped? Nothing was done");
    return false;
  }
  findings.set("unix_roles", *std::move(roles));
  return true;
}

}  // namespace coffer::cli
