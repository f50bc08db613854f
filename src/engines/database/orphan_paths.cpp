// orphans/: users that no lease knows, as after a restore; told, and revoked by name.
#include "coffer/lifecycle/unsearched.h"
#include "coffer/model/json_writer.h"
#include "fields.h"
#include "issue.h"
#include "orphans.h"
#include "roles.h"

namespace coffer::engines::database {
namespace {

using engine::Context;
using model::Request;
using model::Response;

constexpr std::size_t kMostTold = 1000;
constexpr std::size_t kMostNamed = 1000;
constexpr std::string_view kRevoke = "/revoke";

Result<Found> connection_named(Context& context, std::string_view name) {
  COFFER_TRY(auto found, find_connection(context.tx, context.mount.uuid, name));
  if (!found) return make_error(ErrorCode::invalid_argument, "no configuration of this name");
  return *std::move(found);
}

std::string_view why(const Orphan& orphan, std::uint64_t epoch) {
  if (orphan.made.epoch > epoch) return "later_epoch";
  return orphan.made.epoch < epoch ? "earlier_epoch" : "no_lease";
}

std::string told(const std::vector<Orphan>& orphans, std::uint64_t epoch) {
  model::JsonWriter json;
  json.begin_object().key("epoch").number(static_cast<std::int64_t>(epoch));
  json.key("total").number(static_cast<std::int64_t>(orphans.size()));
  json.key("users").begin_array();
  for (std::size_t i = 0; i < std::min(orphans.size(), kMostTold); ++i) {
    const Orphan& orphan = orphans[i];
    json.begin_object().key("username").string(orphan.username);
    json.key("epoch").number(static_cast<std::int64_t>(orphan.made.epoch));
    json.key("created").string(to_rfc3339(orphan.made.created));
    json.key("reason").string(why(orphan, epoch));
    json.key("this_vault").boolean(orphan.of_this_vault).end_object();
  }
  json.end_array().end_object();
  return std::move(json).take();
}

Error bad_entry(std::size_t index, std::string_view what) {
  return bad_field("usernames", "entry " + std::to_string(index + 1) + " " + std::string(what));
}

Result<std::vector<std::string>> names_in(const Request& request) {
  COFFER_TRY(auto given, request.fields.strings("usernames"));
  if (!given || given->empty()) return bad_field("usernames", "is missing");
  if (given->size() > kMostNamed) return bad_field("usernames", "more than 1000 names");
  return *std::move(given);
}

/// All of them, before any is ended: a list with a mistake in it does nothing.
Result<void> check_names(House& house, const std::vector<std::string>& names, const Known& known,
                         bool of_others) {
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto made = parse_made_name(names[i]);
    if (!made) return bad_entry(i, "isn't a name that a vault makes");
    if (known.owned.contains(names[i])) {
      return bad_entry(i, "isn't an orphan: a lease, a static role or the configuration has it");
    }
    COFFER_TRY(const bool ours, is_name_of(house.parts.vault, made->lease));
    if (!ours && !of_others) {
      return bad_entry(i, "may be another vault's: with field \"other_vaults\" it is revoked");
    }
  }
  return {};
}

/// Of a role that is there now; none: what the plugin does by itself.
Result<Strings> revocation_of(Context& context, const std::optional<std::string>& wanted,
                              std::string_view name) {
  if (!wanted || wanted->empty()) return Strings();
  COFFER_TRY(const auto role, find_role(context.tx, context.mount.uuid, *wanted));
  if (!role) return bad_field("role", "no role of this name");
  if (role->db_name != name) return bad_field("role", "is of another configuration");
  return role->revocation;
}

lifecycle::Leases::Stray stray_of(const Context& context, const Found& found,
                                  const std::string& username, const Strings& revocation) {
  lifecycle::NewLease terms{
      .prefix = context.mount.path + "orphans/" + found.row.name + "/",
      .kind = std::string(kLeaseKind),
      .target = target_name(found),
      .payload = encode(Payload{found.mount, found.id, username, revocation, {}}),
      .renewable = false};
  terms.owned_by(*context.caller);
  return {.terms = std::move(terms), .name = username};
}

}  // namespace

Result<Response> list_orphans(House& house, Context& context, const Request&,
                              std::string_view name) {
  COFFER_TRY(const Found found, connection_named(context, name));
  COFFER_TRY(const auto orphans, find_orphans(house, context.tx, found));
  COFFER_CHECK(lifecycle::note_searched(context.tx, context.mount.uuid, name));
  Response response{.data = told(orphans, house.parts.leases.epoch())};
  if (!found.row.username_template.empty()) {
    response.warnings.push_back(
        "the configuration has a username_template: users with names of its own aren't found");
  }
  return response;
}

/// A name that isn't there is passed over, and told: it may be on another server. While the server
/// is away none can be looked for, and all are ended once it is back.
Result<Response> revoke_orphans(House& house, Context& context, const Request& request,
                                std::string_view name) {
  name.remove_suffix(kRevoke.size());
  COFFER_TRY(const auto names, names_in(request));
  COFFER_TRY(const auto of_others, request.fields.boolean("other_vaults"));
  COFFER_TRY(const auto role, request.fields.string("role"));
  COFFER_TRY(const Found found, connection_named(context, name));
  COFFER_TRY(const Strings revocation, revocation_of(context, role, name));
  Names wanted(names.begin(), names.end());
  COFFER_TRY(const Known known, known_among(house, found, wanted));
  COFFER_CHECK(check_names(house, names, known, of_others.value_or(false)));
  const auto there = made_users(house, context.tx, found);
  if (!there.ok() && there.error().code != ErrorCode::unavailable) return there.error();
  const std::size_t asked = wanted.size();
  if (there.ok()) {
    std::erase_if(wanted, [&](const std::string& user) { return !there->contains(user); });
  }
  std::vector<lifecycle::Leases::Stray> strays;
  for (const std::string& user : wanted) {
    if (known.ending.contains(user)) continue;
    strays.push_back(stray_of(context, found, user, revocation));
  }
  COFFER_CHECK(
      house.parts.leases.end_strays(context.tx, std::move(strays), context.now, context.then));
  model::JsonWriter json;
  json.begin_object().key("revoking").number(static_cast<std::int64_t>(wanted.size()));
  json.key("not_there").number(static_cast<std::int64_t>(asked - wanted.size())).end_object();
  Response response{.data = std::move(json).take()};
  if (!there.ok())
    response.warnings.push_back("the server wasn't reached: it is tried until it is");
  return response;
}

}  // namespace coffer::engines::database
