#include "leak_holders.h"

#include "leak_findings.h"
#include "leak_responder.h"

namespace coffer::cli {
namespace {

using model::Json;

/// A report has a megabyte for everything; how many there are is told of each.
constexpr std::size_t kMostIdsEach = 10;
constexpr std::size_t kMostIds = 1000;

}  // namespace

Json about(const std::string& accessor) {
  Json body = Json::object();
  body.set("accessor", Json::string(accessor));
  return body;
}

bool add_leases(Session& session, Json& owner, std::size_t most) {
  Json body = about(text_in(owner, "accessor"));
  body.set("limit", Json::number(static_cast<std::int64_t>(most == 0 ? 1 : most)));
  const auto answer = session.ask_first(
      "looking up leases",
      {.method = "POST", .path = "sys/leases/owned", .query = {}, .body = body.compact()}, {403});
  if (!answer) return false;
  const Json* data = answer->json.find("data");
  if (data == nullptr) return true;
  if (const Json* count = data->find("lease_count")) owner.set("lease_count", *count);
  const Json* ids = data->find("lease_ids");
  if (ids != nullptr && most > 0) owner.set("lease_ids", *ids);
  return true;
}

/// To whom lookups are denied, every token seems to be gone: both are 403, as in Vault.
bool LeakHolders::may_look() {
  if (!may_look_) {
    may_look_ = may_update(session_, kLookUpToken).value_or(false);
    if (!*may_look_) {
      session_.console().warning("which tokens are alive isn't told without the right to update " +
                                 std::string(kLookUpToken) + " and sys/capabilities-self");
    }
  }
  return *may_look_;
}

std::optional<Json> LeakHolders::look_up(const std::string& accessor) {
  Json holder = about(accessor);
  const auto answer = session_.ask_first(
      "looking up a token",
      {.method = "POST", .path = kLookUpToken, .query = {}, .body = holder.compact()},
      {400, 403, 404});
  if (!answer) return std::nullopt;
  const Json* data = answer->json.find("data");
  const bool alive = answer->status == 200 && data != nullptr;
  if (answer->status != 403 || may_look()) holder.set("alive", Json::boolean(alive));
  for (const std::string_view name : {"display_name", "policies", "ttl", "expire_time"}) {
    const Json* part = alive ? data->find(name) : nullptr;
    if (part != nullptr) holder.set(name, *part);
  }
  if (alive) return holder;
  if (!add_leases(session_, holder, ids_ < kMostIds ? kMostIdsEach : 0)) return std::nullopt;
  const Json* ids = holder.find("lease_ids");
  if (ids != nullptr) ids_ += ids->elements().size();
  return holder;
}

}  // namespace coffer::cli
